//! Whether a variable may be used where it is used (section 5.8.5 of the specification).

use apollo_compiler::Name;
use apollo_compiler::ast::{InputValueDefinition, Type, VariableDefinition};
use apollo_compiler::collections::HashMap;
use apollo_compiler::executable::Operation;

use super::nullable;
use crate::engine::input::Faults;

/// Where a value can be used: an argument, an input field or an item of a list.
#[derive(Clone, Copy)]
pub struct Location<'a> {
    /// The expected type.
    pub ty: &'a Type,
    /// Whether there is a default when no value is given.
    has_default: bool,
}

impl<'a> Location<'a> {
    /// The location of an argument or an input field.
    pub fn of(value: &'a InputValueDefinition) -> Location<'a> {
        Location { ty: &value.ty, has_default: value.default_value.is_some() }
    }

    /// The location of an item of a list.
    pub fn item(ty: &'a Type) -> Location<'a> {
        Location { ty, has_default: false }
    }
}

/// The variables that an operation declares.
pub struct Definitions<'a>(HashMap<&'a Name, &'a VariableDefinition>);

impl<'a> Definitions<'a> {
    /// The variables of an operation.
    pub fn of(operation: &'a Operation) -> Definitions<'a> {
        Definitions(operation.variables.iter().map(|definition| (&definition.name, &**definition)).collect())
    }

    /// Adds a fault if the variable may not be used in this location. Undeclared variables are left to the validator.
    pub fn check(&self, location: Location<'_>, name: &Name, faults: &mut Faults) {
        let Some(definition) = self.0.get(name) else { return };
        let never_null = definition.default_value.as_ref().is_some_and(|default| !default.is_null());
        let fits = match never_null || location.has_default {
            true => definition.ty.is_assignable_to(&nullable(location.ty)),
            false => definition.ty.is_assignable_to(location.ty),
        };
        if !fits {
            faults.add(format!(
                "the variable ${name} of the type {} cannot stand for a value of the type {}",
                definition.ty, location.ty
            ));
        }
    }
}
