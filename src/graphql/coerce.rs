//! Coerces the values that come with a request to the types that the schema declares, as the GraphQL specification
//! says (sections 3, 5.6, 5.8.5 and 6.1.2). Each fault has its path in the value.

use apollo_compiler::Schema;
use apollo_compiler::ast::{Type, VariableDefinition};
use apollo_compiler::executable::{ExecutableDocument, Operation};
use apollo_compiler::parser::SourceSpan;
use serde_json::{Map, Value as Json};

use super::error::ApiError;
use super::position::Positions;
use super::resolve::{Variables, resolve};
use crate::engine::Step;
use crate::engine::input::Faults;

mod document;
mod given;
mod literal;
mod usage;

pub use given::Single;

/// A fault in a variable or an argument. All such faults are the client's.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The message for the client; it names the path.
    pub message: String,
    /// The position in the operation's text.
    pub at: Option<SourceSpan>,
    /// The path in the value, starting with the variable's name (`$input`) or the argument's.
    pub path: Vec<Step>,
}

impl Fault {
    /// The fault as clients see it.
    pub(super) fn into_error(self, positions: &Positions) -> ApiError {
        ApiError::input(self.message, &self.path).at(positions.of_span(self.at))
    }
}

/// Coerces the variables of a valid operation: defaults are filled in, single values become lists where
/// lists are expected, unless they are faults, and every value fits its declared type.
pub fn variables(
    schema: &Schema,
    operation: &Operation,
    given: &Map<String, Json>,
    single: Single,
) -> Result<Variables, Vec<Fault>> {
    let mut values = Variables::with_capacity(operation.variables.len());
    let mut found = Vec::new();
    for definition in &operation.variables {
        let mut faults = Faults::default();
        let value = variable(schema, definition, given, single, &mut faults);
        found.extend(located(faults, definition.location()));
        values.extend(value.map(|value| (definition.name.clone(), value)));
    }
    if found.is_empty() { Ok(values) } else { Err(found) }
}

fn variable(
    schema: &Schema,
    definition: &VariableDefinition,
    given: &Map<String, Json>,
    single: Single,
    faults: &mut Faults,
) -> Option<Json> {
    let (name, ty) = (definition.name.as_str(), &*definition.ty);
    match (given.get(name), &definition.default_value) {
        (Some(value), _) => {
            faults.at(&format!("${name}"), |faults| given::coerce(schema, ty, value, single, faults))
        }
        (None, Some(default)) => resolve(schema, ty, default, &Variables::default()),
        (None, None) => {
            if ty.is_non_null() {
                faults.at(&format!("${name}"), |faults| required(ty, faults));
            }
            None
        }
    }
}

/// Checks every value of an operation: that the value fits its type, that no input field is given twice, and that
/// every variable is used where its type fits. Runs once per operation text. Unknown names are left to the validator.
pub fn check(schema: &Schema, document: &ExecutableDocument, operation: &Operation) -> Vec<Fault> {
    document::check(schema, document, operation)
}

/// The faults, each with the position in the text that it belongs to.
fn located(faults: Faults, at: Option<SourceSpan>) -> impl Iterator<Item = Fault> {
    let found = faults.finish(Some(())).err().unwrap_or_default();
    found.into_iter().map(move |fault| Fault { message: fault.message, at, path: fault.path })
}

/// Notes that a value has to be given.
fn required(ty: &Type, faults: &mut Faults) {
    faults.add(format!("a value of the type {ty} is required"));
}

/// The type without its exclamation mark.
fn nullable(ty: &Type) -> Type {
    ty.clone().nullable()
}

#[cfg(test)]
mod tests;
