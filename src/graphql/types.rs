//! The generated API as an async-graphql schema, for validation, introspection and SDL. Nothing is
//! resolved through it: every field resolves to null, and requests are answered by plan.

use async_graphql::SDLExportOptions;
use async_graphql::dynamic::{Schema, SchemaBuilder};

use super::ApiLimits;
use super::document::ValidateOnly;
use crate::schema::Model;

mod filters;
mod inputs;
mod objects;
mod parts;
mod roots;
mod scalars;

use parts::Types;

/// Nesting of selections and fragments that the validator follows at the least.
const RECURSION: usize = 32;

/// The API of a model. The page size is part of complexity and async-graphql's dynamic schemas count
/// fields only, so [`ApiLimits::complexity`] is left to the plan.
pub fn build(model: &Model, limits: &ApiLimits) -> Result<Schema, String> {
    builder(model, limits).extension(ValidateOnly).finish().map_err(|error| error.to_string())
}

pub fn builder(model: &Model, limits: &ApiLimits) -> SchemaBuilder {
    let mut types = Types::new(model, limits);
    objects::register(&mut types);
    let query = roots::query(&mut types);
    let mutation = roots::mutation(&mut types);
    let mutation_name = mutation.as_ref().map(|mutation| mutation.type_name().to_owned());
    let mut builder = Schema::build(query.type_name(), mutation_name.as_deref(), None).register(query);
    if let Some(mutation) = mutation {
        builder = builder.register(mutation);
    }
    for ty in types.finish() {
        builder = builder.register(ty);
    }
    builder = builder.limit_depth(limits.depth).limit_recursive_depth(limits.depth.max(RECURSION));
    if !limits.introspection {
        // Suggestions in messages would tell the names that introspection may not.
        builder = builder.disable_introspection().disable_suggestions();
    }
    builder
}

/// The schema in the schema definition language: types sorted by name, fields in the order of the
/// schema file.
pub fn sdl(schema: &Schema) -> String {
    schema.sdl_with_options(SDLExportOptions::new().include_specified_by().use_space_ident())
}

#[cfg(test)]
mod tests;
