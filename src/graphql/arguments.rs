//! Arguments of an operation's fields, as those who carry them out read them.

use apollo_compiler::ast::{InputValueDefinition, Type};
use apollo_compiler::executable::Field;
use apollo_compiler::{Node, Schema};
use serde_json::{Map, Value as Json};

use super::error::ApiError;
use super::resolve::{Variables, default, resolve};
use crate::engine::Step;

/// All arguments of a field with a value; those not given stand with their defaults, if they have one.
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

/// The same for fields whose arguments are never null: only here can a null be seen that comes by a variable with
/// a default. What is inside input objects is for those who read them.
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

/// The path to the first null in a value of the type that may not be there, lists included.
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
