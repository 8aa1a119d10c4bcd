//! The values that a filter's operators compare: a field's or ids, each with its own stored form and its own
//! meaning of absence.

use bson::Bson;
use serde_json::Value as Json;

use super::id;
use super::value::leaf;
use crate::query::{CmpOp, Filter};
use crate::schema::{Collection, Field, Filled, Kind, Model};

/// The values that operators compare.
pub enum Subject<'a> {
    /// A field.
    Field(&'a Field),
    /// The ids of this type, or of an interface that it implements and whose types all have ids of this kind.
    Id(&'a Collection),
}

impl Subject<'_> {
    /// The kind of one value of a field; `None` for ids.
    pub fn kind(&self) -> Option<&Kind> {
        match self {
            Subject::Field(field) => Some(&field.ty.kind),
            Subject::Id(_) => None,
        }
    }

    /// The stored form of a value.
    pub fn stored(&self, model: &Model, given: &Json) -> Result<Bson, String> {
        match self {
            Subject::Field(field) => leaf(model, field, given),
            Subject::Id(of) => id::id(of, given).map(|id| id.to_bson()),
        }
    }

    /// Matches any one of the values. An id is never null.
    pub fn equal(&self, path: &str, mut values: Vec<Bson>) -> Filter {
        if matches!(self, Subject::Id(_)) {
            values.retain(|value| *value != Bson::Null);
        }
        if self.absent_is_zero() && values.iter().filter_map(number).any(|value| value == 0) {
            values.push(Bson::Null);
        }
        Filter::In(path.to_owned(), values)
    }

    /// Compares with a value that is not null.
    pub fn cmp(&self, path: &str, op: CmpOp, value: Bson) -> Filter {
        let zero_too = self.absent_is_zero()
            && number(&value).is_some_and(|value| match op {
                CmpOp::Lt => 0 < value,
                CmpOp::Lte => 0 <= value,
                CmpOp::Gt => 0 > value,
                CmpOp::Gte => 0 >= value,
            });
        let holds = Filter::Cmp(path.to_owned(), op, value);
        if zero_too { Filter::Or(vec![holds, Filter::eq(path, Bson::Null)]) } else { holds }
    }

    /// Matches documents that have a value.
    pub fn exists(&self, path: &str) -> Filter {
        let always = matches!(self, Subject::Id(_)) || self.absent_is_zero();
        if always { Filter::all() } else { Filter::Exists(path.to_owned()) }
    }

    /// Documents that other programs wrote have no version number, which counts as 0.
    fn absent_is_zero(&self) -> bool {
        matches!(self, Subject::Field(field) if field.filled == Filled::Version)
    }
}

fn number(value: &Bson) -> Option<i64> {
    match value {
        Bson::Int32(number) => Some((*number).into()),
        Bson::Int64(number) => Some(*number),
        _ => None,
    }
}
