//! The arguments of an operation's fields, as their executors read them.

use apollo_compiler::ast::{InputValueDefinition, Type};
use apollo_compiler::executable::Field;
use apollo_compiler::{Node, Schema};
use serde_json::{Map, Value as Json};

use super::error::ApiError;
use super::resolve::{Variables, default, resolve};
use crate::engine::Step;

/// The values of a field's arguments; an argument that is not given has its default, if there is one.
pub(super) fn of_field(schema: &Schema, field: &Field, variables: &Variables) -> Map<String, Json> {
    let mut arguments = Map::new();
    for argument in &field.definition.arguments {
        let given = field.arguments.iter().find(|given| given.name == argument.name);
        let value = given.and_then(|given| resolve(schema, &argument.ty, &given.value, variables));
        let value = value.or_else(|| default(schema, argument));
        arguments.extend(value.map(|value| (argument.name.to_string(), value)));
    }
    arguments
}

/// The same for fields whose arguments are never null. Only here does a null show that comes from a variable with a
/// default. Nulls inside input objects are left to the readers of those objects.
pub(super) fn given(
    schema: &Schema,
    field: &Field,
    variables: &Variables,
) -> Result<Map<String, Json>, Vec<ApiError>> {
    let values = of_field(schema, field, variables);
    let null = |definition: &Node<InputValueDefinition>| {
        let mut path = null_in(&definition.ty, values.get(&*definition.name)?)?;
        path.insert(0, Step::Key(definition.name.to_string()));
        let message =
            format!("{} must not be null; for its default leave the variable out.", definition.name);
        Some(ApiError::input(message, &path))
    };
    let errors: Vec<ApiError> = field.definition.arguments.iter().filter_map(null).collect();
    if errors.is_empty() { Ok(values) } else { Err(errors) }
}

/// The path to the first null in a value, lists included, that the type does not allow.
fn null_in(ty: &Type, value: &Json) -> Option<Vec<Step>> {
    match value {
        Json::Null => ty.is_non_null().then(Vec::new),
        Json::Array(items) if ty.is_list() => items.iter().enumerate().find_map(|(index, item)| {
            let mut path = null_in(ty.item_type(), item)?;
            path.insert(0, Step::Index(index));
            Some(path)
        }),
        _ => None,
    }
}
