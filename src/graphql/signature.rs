//! What a saved operation takes and gives, as JSON Schema: for those who call it otherwise than by GraphQL.

use std::collections::BTreeMap;

use apollo_compiler::ast::OperationType;
use apollo_compiler::schema::ExtendedType;
use serde_json::Value as Json;

use super::document::{Document, Saved};
use super::resolve::untyped;
use crate::schema::Model;

mod inputs;
mod outputs;
mod scalars;
mod usage;

pub use outputs::Shape;

use inputs::Inputs;
use usage::AtRoot;

/// Where the schemas of named types are in a description of an API.
pub const SCHEMAS: &str = "#/components/schemas/";

/// What an operation takes and gives.
#[derive(Clone, Debug)]
pub struct Signature {
    /// Whether it only reads.
    pub is_query: bool,
    /// What it takes, in the order of its text.
    pub variables: Vec<Variable>,
    /// Its data.
    pub data: Shape,
    /// The schemas of the types that variables name by references to [`SCHEMAS`].
    pub types: BTreeMap<String, Json>,
    at_root: Vec<AtRoot>,
}

impl Signature {
    /// The variable that went into an argument of a field at the root, at the beginning of this path in the arguments,
    /// and how many steps of the path lead to it.
    pub fn variable_at(&self, key: &str, path: &[Json]) -> Option<(&str, usize)> {
        let leads = |at: &&AtRoot| {
            at.key == key
                && at.path.len() <= path.len()
                && at.path.iter().zip(path).all(|(own, step)| step == own)
        };
        let found = self.at_root.iter().filter(leads).max_by_key(|at| at.path.len())?;
        Some((&found.variable, found.path.len()))
    }
}

/// A variable of an operation.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its type, as the operation has it.
    pub ty: String,
    /// Whether it has to be given.
    pub required: bool,
    /// Whether it is a list.
    pub is_list: bool,
    /// How one of its values is written where there is only text.
    pub text: Text,
    /// Its value if it is not given.
    pub default: Option<Json>,
    /// What it takes, in JSON Schema.
    pub schema: Json,
}

/// How a value is written where there is only text, as in an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// As it is.
    Plain,
    /// As a number, as JSON writes it.
    Number,
    /// As `true` or `false`.
    Boolean,
    /// Not at all: it consists of several values.
    None,
}

impl Saved {
    /// What the operation of a text takes and gives; `None` if the text was not prepared, or has not just one operation.
    pub fn signature(&self, model: &Model, text: &str) -> Option<Signature> {
        self.documents.get(text)?.signature(model, self.page_max)
    }
}

impl Document {
    fn signature(&self, model: &Model, page_max: u64) -> Option<Signature> {
        let schema = &*self.definition().schema;
        let parsed = self.parsed();
        let operation = parsed.operations.iter().next().filter(|_| parsed.operations.len() == 1)?;
        let mut inputs = Inputs::new(model, schema, page_max);
        let uses = usage::of(schema, parsed, operation);
        let mut variable = |definition: &apollo_compiler::ast::VariableDefinition| {
            let (ty, default) = (&*definition.ty, definition.default_value.as_ref());
            let uses = uses.places.get(&definition.name).map_or(&[][..], Vec::as_slice);
            Variable {
                name: definition.name.to_string(),
                ty: ty.to_string(),
                required: ty.is_non_null() && default.is_none(),
                is_list: ty.is_list(),
                text: text_of(schema, ty),
                default: default.map(|default| untyped(default)),
                schema: inputs.variable(ty, uses),
            }
        };
        let variables = operation.variables.iter().map(|definition| variable(definition)).collect();
        Some(Signature {
            is_query: operation.operation_type == OperationType::Query,
            variables,
            data: outputs::of(schema, parsed, operation),
            types: inputs.finish(),
            at_root: uses.at_root,
        })
    }
}

fn text_of(schema: &apollo_compiler::Schema, ty: &apollo_compiler::ast::Type) -> Text {
    // A list of lists.
    if ty.is_list() && ty.item_type().is_list() {
        return Text::None;
    }
    let name = ty.inner_named_type();
    match (name.as_str(), schema.types.get(name)) {
        ("Int" | "Float", _) => Text::Number,
        ("Boolean", _) => Text::Boolean,
        ("JSON", _) | (_, Some(ExtendedType::InputObject(_)) | None) => Text::None,
        _ => Text::Plain,
    }
}
