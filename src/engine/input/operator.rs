//! The filter operators: which fields have which, and what operand each takes. The API's filter types are
//! built from this table, and filters are read by it.

use crate::schema::{FieldType, Kind, Scalar};

/// One operator of a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is described by its own `description`")]
pub enum Operator {
    Eq,
    Ne,
    In,
    Nin,
    Lt,
    Lte,
    Gt,
    Gte,
    Exists,
    StartsWith,
    EndsWith,
    Contains,
    Matches,
    Mode,
    Has,
    HasAny,
    HasAll,
    IsEmpty,
    SomeItem,
}

/// The operand of an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// A value of the field's type, or null.
    NullableValue,
    /// A list of such values.
    NullableValues,
    /// A value of the field's type.
    Value,
    /// A list of such values.
    Values,
    /// A string.
    Text,
    /// True or false.
    Flag,
    /// A `StringMode`.
    Mode,
    /// A filter of the embedded type.
    Filter,
}

use Operator::*;

const OF_JSON: &[Operator] = &[Exists];
const OF_VALUES: &[Operator] = &[Eq, Ne, In, Nin, Lt, Lte, Gt, Gte, Exists];
const OF_STRINGS: &[Operator] =
    &[Eq, Ne, In, Nin, Lt, Lte, Gt, Gte, Exists, StartsWith, EndsWith, Contains, Matches, Mode];
const OF_LISTS: &[Operator] = &[Has, HasAny, HasAll, IsEmpty, Exists];
const OF_JSON_LISTS: &[Operator] = &[IsEmpty, Exists];
const OF_EMBEDDED_LISTS: &[Operator] = &[SomeItem, IsEmpty, Exists];

impl Operator {
    /// The operators of a field; none for an embedded value, which is filtered by its own fields.
    pub fn of(ty: &FieldType) -> &'static [Operator] {
        match (&ty.kind, ty.list.is_some()) {
            (Kind::Embedded(_), false) => &[],
            (Kind::Embedded(_), true) => OF_EMBEDDED_LISTS,
            (Kind::Scalar(Scalar::Json), false) => OF_JSON,
            (Kind::Scalar(Scalar::Json), true) => OF_JSON_LISTS,
            (_, true) => OF_LISTS,
            (Kind::Scalar(Scalar::String), false) => OF_STRINGS,
            (Kind::Scalar(_) | Kind::Enum(_), false) => OF_VALUES,
        }
    }

    /// The operators of the `id` field.
    pub fn of_id() -> &'static [Operator] {
        OF_VALUES
    }

    /// The name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Eq => "eq",
            Ne => "ne",
            In => "in",
            Nin => "nin",
            Lt => "lt",
            Lte => "lte",
            Gt => "gt",
            Gte => "gte",
            Exists => "exists",
            StartsWith => "startsWith",
            EndsWith => "endsWith",
            Contains => "contains",
            Matches => "matches",
            Mode => "mode",
            Has => "has",
            HasAny => "hasAny",
            HasAll => "hasAll",
            IsEmpty => "isEmpty",
            SomeItem => "some",
        }
    }

    /// The operand it takes.
    pub fn operand(self) -> Operand {
        match self {
            Eq | Ne => Operand::NullableValue,
            In | Nin => Operand::NullableValues,
            Lt | Lte | Gt | Gte | Has => Operand::Value,
            HasAny | HasAll => Operand::Values,
            StartsWith | EndsWith | Contains | Matches => Operand::Text,
            Exists | IsEmpty => Operand::Flag,
            Mode => Operand::Mode,
            SomeItem => Operand::Filter,
        }
    }

    /// Its meaning, for the API's documentation.
    pub fn description(self) -> &'static str {
        match self {
            Eq => "Equal to the value; null also finds documents without the field.",
            Ne => "Not equal to the value.",
            In => "Equal to one of the values.",
            Nin => "Equal to none of the values.",
            Lt => "Less than the value.",
            Lte => "Less than the value or equal.",
            Gt => "Greater than the value.",
            Gte => "Greater than the value or equal.",
            Exists => "Whether the document has the field, be it null.",
            StartsWith => "Starts with the text.",
            EndsWith => "Ends with the text.",
            Contains => "Has the text somewhere.",
            Matches => "The regular expression matches somewhere; ^ and $ bind it to the ends.",
            Mode => "Whether letters of other case count as the same; not for lt, lte, gt, gte.",
            Has => "One item is equal to the value.",
            HasAny => "One item is equal to one of the values.",
            HasAll => "For each of the values there is an equal item.",
            IsEmpty => "Whether there are no items; no list counts as none.",
            SomeItem => "One item satisfies the filter.",
        }
    }
}
