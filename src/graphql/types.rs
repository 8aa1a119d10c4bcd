//! The generated API as an async-graphql schema, for validation, introspection and SDL. Nothing is
//! resolved through it: every field resolves to null, and requests are answered by plan.

use async_graphql::dynamic::Schema;

use super::ApiLimits;
use crate::schema::Model;

/// The API of a model.
pub fn build(model: &Model, limits: &ApiLimits) -> Result<Schema, String> {
    let _ = (model, limits);
    unimplemented!()
}

/// The schema in the schema definition language: types sorted by name, fields in the order of the
/// schema file.
pub fn sdl(schema: &Schema) -> String {
    let _ = schema;
    unimplemented!()
}
