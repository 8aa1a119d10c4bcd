//! Arguments as the engine takes them: variables put in, literals coerced, defaults filled in.

use async_graphql::dynamic::Schema;
use async_graphql::parser::parse_query;
use async_graphql::parser::types::{DocumentOperations, Field, Selection};
use async_graphql::registry::{MetaField, MetaInputValue, MetaType, MetaTypeName, Registry};
use async_graphql_value::Value;
use serde_json::{Map, Value as Json};

use super::coerce::Variables;

/// The value of an argument or input field of the type `ty` (`[BookOrder!]`). `None` when it is a
/// variable without a value: then it counts as not given. The operation must have passed
/// [`check`](super::coerce::check) and the variables must be coerced, so that nothing can fail but one
/// thing, which is left to the reader of the value: a variable that is null where a default would
/// have stood (`direction: $d`) gives null.
pub fn resolve(schema: &Schema, ty: &str, value: &Value, variables: &Variables) -> Option<Json> {
    typed(schema.registry(), ty, value, variables)
}

/// All arguments of a field with a value; those not given stand with their defaults, if they have one.
pub fn of_field(
    schema: &Schema,
    definition: &MetaField,
    field: &Field,
    variables: &Variables,
) -> Map<String, Json> {
    let mut arguments = Map::new();
    for argument in definition.args.values() {
        let given = field.arguments.iter().find(|(name, _)| name.node == *argument.name);
        let value = given.and_then(|(_, value)| resolve(schema, &argument.ty, &value.node, variables));
        arguments.extend(value.or_else(|| default(argument)).map(|value| (argument.name.clone(), value)));
    }
    arguments
}

fn typed(registry: &Registry, ty: &str, value: &Value, variables: &Variables) -> Option<Json> {
    match (MetaTypeName::create(ty), value) {
        (_, Value::Variable(name)) => variables.get(name).cloned(),
        (_, Value::Null) => Some(Json::Null),
        (MetaTypeName::NonNull(inner), value) => typed(registry, inner, value, variables),
        (MetaTypeName::List(inner), Value::List(items)) => {
            // In a list, a variable without a value is null.
            let item = |item| typed(registry, inner, item, variables).unwrap_or_default();
            Some(Json::Array(items.iter().map(item).collect()))
        }
        (MetaTypeName::List(inner), single) => {
            Some(Json::Array(vec![typed(registry, inner, single, variables)?]))
        }
        (MetaTypeName::Named(name), value) => match (registry.types.get(name), value) {
            (Some(MetaType::InputObject { input_fields, .. }), Value::Object(given)) => {
                let mut fields = Map::with_capacity(given.len());
                for field in input_fields.values() {
                    let value = given.get(field.name.as_str());
                    let value = value.and_then(|value| typed(registry, &field.ty, value, variables));
                    fields.extend(value.or_else(|| default(field)).map(|value| (field.name.clone(), value)));
                }
                Some(Json::Object(fields))
            }
            _ => untyped(value, variables),
        },
    }
}

/// A literal of a scalar or an enum; JSON's may hold anything.
fn untyped(value: &Value, variables: &Variables) -> Option<Json> {
    Some(match value {
        Value::Variable(name) => return variables.get(name).cloned(),
        Value::Null | Value::Binary(_) => Json::Null,
        Value::Number(number) => Json::Number(number.clone()),
        Value::String(text) => Json::String(text.clone()),
        Value::Boolean(truth) => Json::Bool(*truth),
        Value::Enum(name) => Json::String(name.to_string()),
        Value::List(items) => items.iter().map(|item| untyped(item, variables).unwrap_or_default()).collect(),
        Value::Object(fields) => fields
            .iter()
            .filter_map(|(key, value)| Some((key.to_string(), untyped(value, variables)?)))
            .collect(),
    })
}

/// The default of an argument or an input field. The registry has it as text.
pub fn default(of: &MetaInputValue) -> Option<Json> {
    let text = of.default_value.as_deref()?;
    match text {
        "null" => Some(Json::Null),
        "true" => Some(Json::Bool(true)),
        "false" => Some(Json::Bool(false)),
        name if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && !name.starts_with(|first: char| first.is_ascii_digit()) =>
        {
            Some(Json::String(name.to_owned()))
        }
        literal => untyped(&parse_literal(literal)?, &Variables::default()),
    }
}

/// The parser reads whole documents only, so the literal is put into one.
fn parse_literal(text: &str) -> Option<Value> {
    let document = parse_query(format!("{{ field(argument: {text}) }}")).ok()?;
    let DocumentOperations::Single(mut operation) = document.operations else { return None };
    let Selection::Field(mut field) = operation.node.selection_set.node.items.pop()?.node else {
        return None;
    };
    Some(field.node.arguments.pop()?.1.node)
}
