//! Arguments as the engine takes them: variables put in, literals coerced, defaults filled in.

use async_graphql::Value;
use async_graphql::dynamic::Schema;
use async_graphql::parser::types::Field;
use async_graphql::registry::MetaField;
use serde_json::{Map, Value as Json};

use super::coerce::Variables;

/// The value of an argument or input field of the type `ty` (`[BookOrder!]`). `None` when it is a
/// variable without a value: then it counts as not given. The operation must have passed
/// [`check`](super::coerce::check) and the variables must be coerced, so that nothing can fail but one
/// thing, which is left to the reader of the value: a variable that is null where a default would
/// have stood (`direction: $d`) gives null.
pub fn resolve(schema: &Schema, ty: &str, value: &Value, variables: &Variables) -> Option<Json> {
    let _ = (schema, ty, value, variables);
    unimplemented!()
}

/// All arguments of a field with a value; those not given stand with their defaults, if they have one.
pub fn of_field(
    schema: &Schema,
    definition: &MetaField,
    field: &Field,
    variables: &Variables,
) -> Map<String, Json> {
    let _ = (schema, definition, field, variables);
    unimplemented!()
}
