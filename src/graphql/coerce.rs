//! Values that come with a request, brought to the types that the schema declares, as the GraphQL
//! specification says (sections 3, 5.6, 5.8.5 and 6.1.2). async-graphql's validation leaves these gaps.

use std::collections::HashMap;

use async_graphql::dynamic::Schema;
use async_graphql::parser::types::{ExecutableDocument, OperationDefinition, VariableDefinition};
use async_graphql::registry::MetaTypeName;
use async_graphql::{Name, Pos};
use serde_json::{Map, Value as Json};

use super::arguments::resolve;
use crate::engine::Step;
use crate::engine::input::Faults;

mod document;
mod given;
mod literal;
mod position;

/// What is wrong with a variable or an argument. All of them are the client's.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// For the client; it names the place.
    pub message: String,
    /// Where in the operation's text.
    pub at: Pos,
    /// Where in the value, from the variable's (`$input`) or the argument's name on.
    pub path: Vec<Step>,
}

/// Coerced values of an operation's variables; enums are strings. A variable that was not given and
/// has no default is not in it.
pub type Variables = HashMap<Name, Json>;

/// Coerces the variables of an operation: defaults are filled in, single values become lists where
/// lists are expected, and every value fits its declared type. The operation must have passed
/// async-graphql's validation.
pub fn variables(
    schema: &Schema,
    operation: &OperationDefinition,
    given: &Map<String, Json>,
) -> Result<Variables, Vec<Fault>> {
    let mut values = Variables::with_capacity(operation.variable_definitions.len());
    let mut found = Vec::new();
    for definition in &operation.variable_definitions {
        let mut faults = Faults::default();
        let value = variable(schema, &definition.node, given, &mut faults);
        found.extend(located(faults, definition.pos));
        values.extend(value.map(|value| (definition.node.name.node.clone(), value)));
    }
    if found.is_empty() { Ok(values) } else { Err(found) }
}

fn variable(
    schema: &Schema,
    definition: &VariableDefinition,
    given: &Map<String, Json>,
    faults: &mut Faults,
) -> Option<Json> {
    let name = definition.name.node.as_str();
    let ty = definition.var_type.node.to_string();
    match (given.get(name), &definition.default_value) {
        (Some(value), _) => {
            faults.at(&format!("${name}"), |faults| given::coerce(schema.registry(), &ty, value, faults))
        }
        (None, Some(default)) => {
            resolve(schema, &ty, &default.node.clone().into_value(), &Variables::default())
        }
        (None, None) => {
            if MetaTypeName::create(&ty).is_non_null() {
                faults.at(&format!("${name}"), |faults| {
                    faults.add(format!("a value of the type {ty} is required"))
                });
            }
            None
        }
    }
}

/// Checks what async-graphql does not: that every variable stands where its type fits, and that
/// literals fit their types also when variables stand beside them. Once per operation text; the
/// document must have passed async-graphql's validation.
pub fn check(schema: &Schema, document: &ExecutableDocument, operation: &OperationDefinition) -> Vec<Fault> {
    document::check(schema.registry(), document, operation)
}

/// The faults with the place in the text to which they belong.
fn located(faults: Faults, at: Pos) -> impl Iterator<Item = Fault> {
    let found = faults.finish(Some(())).err().unwrap_or_default();
    found.into_iter().map(move |fault| Fault { message: fault.message, at, path: fault.path })
}

#[cfg(test)]
mod tests;
