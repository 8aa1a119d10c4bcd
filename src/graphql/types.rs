//! The generated API: built with async-graphql as a schema, printed as SDL, and then used to validate operations.
//! Nothing is resolved through it: plans answer the requests.

use std::sync::Arc;

use apollo_compiler::Schema;
use apollo_compiler::ast::{FieldDefinition, Type};
use apollo_compiler::schema::{Component, ExtendedType, Name};
use apollo_compiler::validation::Valid;
use async_graphql::SDLExportOptions;
use async_graphql::dynamic::{self, SchemaBuilder};

use super::ApiLimits;
use super::introspection::Introspection;
use crate::schema::{Model, Surface};

mod definitions;
mod filters;
mod inputs;
mod objects;
mod parts;
mod roots;
mod scalars;
mod sources;

pub use definitions::Definitions;
use parts::{Stricter, Types};
pub use sources::{Shown, Sources};

/// The schema's description of itself.
const DESCRIPTION: &str = "Documents and lists of them, read through a cache that every write keeps right.";

/// What operations are validated against: the API of a surface.
pub struct Definition {
    /// The part of the model that it shows.
    pub surface: Arc<Surface>,
    /// The types, fields and directives of the API.
    pub schema: Valid<Schema>,
    /// What introspection tells clients of the schema.
    pub introspection: Introspection,
    /// Whose documents its types show.
    pub sources: Sources,
    /// Maximum levels of nested fields.
    pub depth: usize,
}

/// Builds the API of a part of a model. Fails when no API can be made of it, as when nothing in it can be read.
pub fn build(model: &Model, surface: Arc<Surface>, limits: &ApiLimits) -> Result<Definition, String> {
    let mut schema = schema(model, &surface, limits)?;
    add_one_of(&mut schema);
    let schema = schema.validate().map_err(|faulty| faulty.errors.to_string())?;
    let introspection = match limits.introspection {
        true => Introspection::of(&schema)?,
        false => Introspection::closed(),
    };
    Ok(Definition { surface, schema, introspection, sources: Sources::new(model), depth: limits.depth })
}

/// The generated API of a part of a model in the schema definition language: types sorted by name, fields in the order
/// of the schema file. Every schema printed here can be served.
pub fn sdl(model: &Model, surface: &Surface, limits: &ApiLimits) -> Result<String, String> {
    let schema = schema(model, surface, limits)?.validate().map_err(|faulty| faulty.errors.to_string())?;
    Ok(schema.serialize().to_string())
}

fn schema(model: &Model, surface: &Surface, limits: &ApiLimits) -> Result<Schema, String> {
    let (builder, stricter) = builder(model, surface, limits);
    let made = builder.finish().map_err(|error| error.to_string())?;
    let text = made.sdl_with_options(SDLExportOptions::new().include_specified_by());
    let mut schema = Schema::parse(text, "schema").map_err(|faulty| faulty.errors.to_string())?;
    schema.schema_definition.make_mut().description = Some(DESCRIPTION.into());
    for Stricter { on, field, ty } in stricter {
        let ty = Type::parse(ty, "type").map_err(|errors| errors.to_string())?;
        if let Some(ExtendedType::Object(object)) = schema.types.get_mut(on.as_str())
            && let Some(field) = object.make_mut().fields.get_mut(field.as_str())
        {
            field.make_mut().ty = ty;
        }
    }
    Ok(schema)
}

/// Adds `__Type.isOneOf`, from the specification of September 2025.
fn add_one_of(schema: &mut Schema) {
    if let Some(ExtendedType::Object(ty)) = schema.types.get_mut("__Type") {
        let name = Name::new_static_unchecked("isOneOf");
        let ty_of_field = Type::Named(Name::new_static_unchecked("Boolean"));
        let (description, arguments, directives) = (None, Vec::new(), Default::default());
        let field =
            FieldDefinition { description, name: name.clone(), arguments, ty: ty_of_field, directives };
        ty.make_mut().fields.insert(name, Component::new(field));
    }
}

fn builder(model: &Model, surface: &Surface, limits: &ApiLimits) -> (SchemaBuilder, Vec<Stricter>) {
    let mut types = Types::new(model, surface, limits);
    objects::register(&mut types);
    let query = roots::query(&mut types);
    let mutation = roots::mutation(&mut types);
    let mutation_name = mutation.as_ref().map(|mutation| mutation.type_name().to_owned());
    let mut builder =
        dynamic::Schema::build(query.type_name(), mutation_name.as_deref(), None).register(query);
    if let Some(mutation) = mutation {
        builder = builder.register(mutation);
    }
    let stricter = std::mem::take(&mut types.stricter);
    for ty in types.finish() {
        builder = builder.register(ty);
    }
    (builder, stricter)
}

#[cfg(test)]
mod tests;
