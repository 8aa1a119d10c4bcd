//! Whether a variable may stand where it stands (section 5.8.5 of the specification).

use std::collections::HashMap;

use async_graphql::parser::types::{OperationDefinition, VariableDefinition};
use async_graphql::registry::{MetaInputValue, MetaTypeName};
use async_graphql::{Name, Value};

use crate::engine::input::Faults;

/// A place for a value: an argument, an input field or an item of a list.
#[derive(Clone, Copy)]
pub struct Location<'a> {
    /// The type that the place has.
    pub ty: &'a str,
    /// Whether a value is there when none is given.
    has_default: bool,
}

impl<'a> Location<'a> {
    /// The place of an argument or an input field.
    pub fn of(value: &'a MetaInputValue) -> Location<'a> {
        Location { ty: &value.ty, has_default: value.default_value.is_some() }
    }

    /// The place of an item of a list.
    pub fn item(ty: &'a str) -> Location<'a> {
        Location { ty, has_default: false }
    }
}

/// The variables that an operation declares.
pub struct Definitions<'a>(HashMap<&'a Name, (&'a VariableDefinition, String)>);

impl<'a> Definitions<'a> {
    /// The variables of an operation.
    pub fn of(operation: &'a OperationDefinition) -> Definitions<'a> {
        let definitions = operation.variable_definitions.iter().map(|definition| &definition.node);
        Definitions(
            definitions
                .map(|definition| (&definition.name.node, (definition, definition.var_type.node.to_string())))
                .collect(),
        )
    }

    /// Notes a fault if the variable may not stand there. That it is declared is async-graphql's to see.
    pub fn check(&self, location: Location<'_>, name: &Name, faults: &mut Faults) {
        let Some((definition, ty)) = self.0.get(name) else { return };
        let never_null = definition.default_value.as_ref().is_some_and(|default| default.node != Value::Null);
        let expected = match MetaTypeName::create(location.ty) {
            MetaTypeName::NonNull(inner) if never_null || location.has_default => inner,
            _ => location.ty,
        };
        if !is_compatible(ty, expected) {
            faults.add(format!(
                "the variable ${name} of the type {ty} cannot stand for a value of the type {}",
                location.ty
            ));
        }
    }
}

/// Whether every value of a variable's type is one of the place's type.
fn is_compatible(variable: &str, location: &str) -> bool {
    match (MetaTypeName::create(variable), MetaTypeName::create(location)) {
        (MetaTypeName::NonNull(variable), MetaTypeName::NonNull(location)) => {
            is_compatible(variable, location)
        }
        (_, MetaTypeName::NonNull(_)) => false,
        (MetaTypeName::NonNull(variable), _) => is_compatible(variable, location),
        (MetaTypeName::List(variable), MetaTypeName::List(location)) => is_compatible(variable, location),
        (MetaTypeName::Named(variable), MetaTypeName::Named(location)) => variable == location,
        (MetaTypeName::List(_), MetaTypeName::Named(_)) | (MetaTypeName::Named(_), MetaTypeName::List(_)) => {
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_fit_as_the_specification_says() {
        for (variable, location, fits) in [
            ("Int", "Int", true),
            ("Int!", "Int", true),
            ("Int", "Int!", false),
            ("Int", "[Int]", false),
            ("[Int!]!", "[Int]", true),
            ("[Int!]", "[Int!]", true),
            ("[Int]!", "[Int!]", false),
            ("[[Int!]!]", "[[Int]]", true),
            ("String", "Int", false),
            ("[Int]", "Int", false),
        ] {
            assert_eq!(is_compatible(variable, location), fits, "{variable} for {location}");
        }
    }
}
