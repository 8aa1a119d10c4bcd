//! Literals of an operation's text as JSON: variables substituted, single values made lists, defaults filled in.

use std::collections::HashMap;

use apollo_compiler::ast::{InputValueDefinition, Type, Value};
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::{Name, Schema};
use serde_json::{Map, Number, Value as Json};

/// The coerced values of an operation's variables; enums are strings. A variable that was not given and has no default
/// is missing.
pub(super) type Variables = HashMap<Name, Json>;

/// The value of an argument or input field of a type. `None` for a variable without a value, which counts as not
/// given. The operation must be valid and the variables coerced, so only one fault can remain, and it is left to the
/// reader of the value: a null variable where a default would have stood (`direction: $d`) gives null.
pub(super) fn resolve(schema: &Schema, ty: &Type, value: &Value, variables: &Variables) -> Option<Json> {
    match value {
        Value::Variable(name) => variables.get(name).cloned(),
        Value::Null => Some(Json::Null),
        Value::List(items) if ty.is_list() => {
            // In a list, a variable without a value is null.
            let item = |item| resolve(schema, ty.item_type(), item, variables).unwrap_or_default();
            Some(Json::Array(items.iter().map(|value| item(value)).collect()))
        }
        single if ty.is_list() => {
            Some(Json::Array(vec![resolve(schema, ty.item_type(), single, variables)?]))
        }
        Value::Object(given) => match schema.types.get(ty.inner_named_type()) {
            Some(ExtendedType::InputObject(object)) => {
                let mut fields = Map::with_capacity(given.len());
                for field in object.fields.values() {
                    let value = given.iter().find(|(name, _)| *name == field.name);
                    let value = value.and_then(|(_, value)| resolve(schema, &field.ty, value, variables));
                    let value = value.or_else(|| default(schema, field));
                    fields.extend(value.map(|value| (field.name.to_string(), value)));
                }
                Some(Json::Object(fields))
            }
            _ => any(value, variables),
        },
        scalar => any(scalar, variables),
    }
}

/// The default of an argument or an input field.
pub(super) fn default(schema: &Schema, of: &InputValueDefinition) -> Option<Json> {
    resolve(schema, &of.ty, of.default_value.as_ref()?, &Variables::default())
}

/// A literal without variables as JSON.
pub(super) fn untyped(value: &Value) -> Json {
    any(value, &Variables::default()).unwrap_or_default()
}

/// GraphQL writes numbers as JSON does.
fn number_of(text: &str) -> Json {
    text.parse::<Number>().map_or(Json::Null, Json::Number)
}

/// A literal of a scalar or an enum; a literal of the scalar JSON may hold anything.
fn any(value: &Value, variables: &Variables) -> Option<Json> {
    Some(match value {
        Value::Variable(name) => return variables.get(name).cloned(),
        Value::Null => Json::Null,
        Value::Int(number) => number_of(number.as_str()),
        Value::Float(number) => number_of(number.as_str()),
        Value::String(text) => Json::String(text.clone()),
        Value::Boolean(truth) => Json::Bool(*truth),
        Value::Enum(name) => Json::String(name.to_string()),
        Value::List(items) => items.iter().map(|item| any(item, variables).unwrap_or_default()).collect(),
        Value::Object(fields) => {
            fields.iter().filter_map(|(key, value)| Some((key.to_string(), any(value, variables)?))).collect()
        }
    })
}
