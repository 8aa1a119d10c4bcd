//! The inputs with which clients ask for lists: filters and orders.

use async_graphql::dynamic::{Enum, EnumItem, InputObject, TypeRef};

use super::objects::output;
use super::parts::{Types, input_value};
use crate::engine::input::{Operand, Operator};
use crate::schema::{Field, FieldType, Kind, Scalar, names};

/// The name of the filter type of a collection type or interface.
pub fn of_list(types: &mut Types<'_>, of: &str) -> String {
    types.once(names::where_(of), |types, name| {
        let id = FieldType { kind: Kind::Scalar(Scalar::Id), required: true, list: None };
        let made = junctions(name).description(format!("Which {of} documents: all conditions must hold."));
        let made =
            made.field(input_value("id", TypeRef::named(of_field(types, &id)), "By the document's id."));
        let fields = types.comparable(of);
        with_fields(types, made, &fields).into()
    })
}

/// The name of the filter type of an embedded type.
fn of_embedded(types: &mut Types<'_>, of: &str) -> String {
    types.once(names::where_(of), |types, name| {
        let fields = types.model.embedded.get(of).map_or(&[][..], |embedded| &embedded.fields);
        let made = junctions(name).description(format!("Which {of} values: all conditions must hold."));
        with_fields(types, made, fields).into()
    })
}

/// The name of the order type of a collection type or interface.
pub fn order(types: &mut Types<'_>, of: &str) -> String {
    types.once(names::order(of), |types, name| {
        let fields = types.once(names::order_field(of), |types, name| {
            let fields = names::order_fields(&types.comparable(of), &types.model.embedded);
            let items = fields.into_iter().map(|(name, _)| EnumItem::new(name));
            Enum::new(name)
                .description(format!("What lists of {of} documents can be ordered by."))
                .items(items)
                .into()
        });
        let direction = direction(types);
        let ascending = async_graphql::Value::Enum(async_graphql::Name::new(names::ASC));
        InputObject::new(name)
            .description("One part of an order; those before it decide first.")
            .field(input_value(names::FIELD, TypeRef::named_nn(fields), "By this field."))
            .field(
                input_value(names::DIRECTION, TypeRef::named_nn(direction), "Which way.")
                    .default_value(ascending),
            )
            .into()
    })
}

fn direction(types: &mut Types<'_>) -> String {
    types.once(names::DIRECTION_TYPE.to_owned(), |_, name| {
        Enum::new(name)
            .description("Which way an order goes.")
            .item(EnumItem::new(names::ASC).description("Smallest first; what has no value comes first."))
            .item(EnumItem::new(names::DESC).description("Greatest first; what has no value comes last."))
            .into()
    })
}

fn string_mode(types: &mut Types<'_>) -> String {
    types.once(names::STRING_MODE.to_owned(), |_, name| {
        Enum::new(name)
            .description("How letters are compared.")
            .item(EnumItem::new(names::SENSITIVE).description("Letters of other case differ."))
            .item(EnumItem::new(names::INSENSITIVE).description("Letters of other case are the same."))
            .into()
    })
}

/// A filter type with its `and`, `or` and `not`.
fn junctions(name: &str) -> InputObject {
    InputObject::new(name)
        .field(input_value("and", TypeRef::named_nn_list(name), "All of these hold."))
        .field(input_value("or", TypeRef::named_nn_list(name), "One of these holds."))
        .field(input_value("not", TypeRef::named(name), "This does not hold."))
}

fn with_fields(types: &mut Types<'_>, made: InputObject, fields: &[Field]) -> InputObject {
    fields.iter().fold(made, |made, field| {
        let filter = of_field(types, &field.ty);
        made.field(input_value(
            &field.name,
            TypeRef::named(filter),
            field.description.as_deref().unwrap_or_default(),
        ))
    })
}

/// The name of the filter type of a field.
fn of_field(types: &mut Types<'_>, ty: &FieldType) -> String {
    let of = match &ty.kind {
        Kind::Embedded(name) if ty.list.is_none() => return of_embedded(types, name),
        kind => output(types, kind),
    };
    let (name, text) = match ty.list {
        None => (names::filter(&of), format!("Conditions on a value of the type {of}; all must hold.")),
        Some(_) => (names::list_filter(&of), format!("Conditions on a list of {of}; all must hold.")),
    };
    types.once(name, |types, name| {
        let made = InputObject::new(name).description(text);
        let operators = Operator::of(ty).iter().map(|operator| {
            let operand = match operator.operand() {
                Operand::Value | Operand::NullableValue => TypeRef::named(&of),
                Operand::Values => TypeRef::named_nn_list(&of),
                Operand::NullableValues => TypeRef::named_list(&of),
                Operand::Text => TypeRef::named(TypeRef::STRING),
                Operand::Flag => TypeRef::named(TypeRef::BOOLEAN),
                Operand::Mode => TypeRef::named(string_mode(types)),
                Operand::Filter => TypeRef::named(of_embedded(types, &of)),
            };
            input_value(operator.name(), operand, operator.description())
        });
        operators.fold(made, InputObject::field).into()
    })
}
