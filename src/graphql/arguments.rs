//! Arguments of an operation's fields, as those who carry them out read them.

use apollo_compiler::Schema;
use apollo_compiler::executable::Field;
use serde_json::{Map, Value as Json};

use super::resolve::{Variables, default, resolve};

/// All arguments of a field with a value; those not given stand with their defaults, if they have one.
pub fn of_field(schema: &Schema, field: &Field, variables: &Variables) -> Map<String, Json> {
    let mut arguments = Map::new();
    for argument in &field.definition.arguments {
        let given = field.arguments.iter().find(|given| given.name == argument.name);
        let value = given.and_then(|given| resolve(schema, &argument.ty, &given.value, variables));
        let value = value.or_else(|| default(schema, argument));
        arguments.extend(value.map(|value| (argument.name.to_string(), value)));
    }
    arguments
}
