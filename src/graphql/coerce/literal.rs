//! Checks values written in an operation's text, with or without variables in them.

use apollo_compiler::ast::{Type, Value};
use apollo_compiler::collections::HashSet;
use apollo_compiler::schema::{ExtendedType, InputObjectType};
use apollo_compiler::{Name, Node, Schema};

use super::given::of_scalar;
use super::usage::{Definitions, Location};
use super::{nullable, required};
use crate::engine::input::Faults;
use crate::graphql::resolve::untyped;

/// The message for an input field that is given twice.
const TWICE: &str = "the field is given more than once";

/// What literals are checked against.
pub struct Literals<'a> {
    /// The schema's types.
    pub schema: &'a Schema,
    /// The operation's variables.
    pub variables: &'a Definitions<'a>,
}

impl Literals<'_> {
    /// Adds a fault for everything in the value that does not fit its location.
    pub fn check(&self, location: Location<'_>, value: &Value, faults: &mut Faults) {
        let ty = location.ty;
        match value {
            Value::Variable(name) => self.variables.check(location, name, faults),
            Value::Null if ty.is_non_null() => {
                faults.add(format!("expected a value of the type {}, got null", nullable(ty)));
            }
            Value::Null => {}
            Value::List(items) if ty.is_list() => {
                for (index, item) in items.iter().enumerate() {
                    let location = Location::item(ty.item_type());
                    faults.at_index(index, |faults| self.check(location, item, faults));
                }
            }
            single if ty.is_list() => self.check(Location::item(&nullable(ty.item_type())), single, faults),
            single => self.named(ty, single, faults),
        }
    }

    fn named(&self, ty: &Type, value: &Value, faults: &mut Faults) {
        let name = ty.inner_named_type();
        let fits = match (self.schema.types.get(name), value) {
            (Some(ExtendedType::InputObject(ty)), Value::Object(fields)) => {
                return self.object(ty, fields, faults);
            }
            (Some(ExtendedType::Enum(ty)), Value::Enum(value)) => ty.values.contains_key(value),
            (Some(ExtendedType::Scalar(scalar)), value) => match value {
                Value::Enum(_) if scalar.is_built_in() => false,
                Value::Float(_) if matches!(name.as_str(), "Int" | "ID") => false,
                value if self.repeats(value, faults) => true,
                // The values of the variables are known only when the operation is carried out.
                value if has_variables(value) => !scalar.is_built_in(),
                value => {
                    faults.keep(of_scalar(name, &untyped(value)));
                    true
                }
            },
            // The validator reports every other fault here.
            _ => false,
        };
        if !fits {
            faults.add(format!("expected a value of the type {name}, got {}", shown(value)));
        }
    }

    /// Adds a fault for each field that is given twice in a literal of any form; returns whether there is one.
    fn repeats(&self, value: &Value, faults: &mut Faults) -> bool {
        match value {
            Value::List(items) => {
                let item = |(index, item)| faults.at_index(index, |faults| self.repeats(item, faults));
                items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| (index, &**item))
                    .map(item)
                    .fold(false, |any, one| any | one)
            }
            Value::Object(fields) => {
                let mut seen = HashSet::default();
                fields.iter().fold(false, |any, (key, value)| {
                    let repeated = faults.at(key, |faults| {
                        if seen.insert(key) {
                            return self.repeats(value, faults);
                        }
                        faults.add(TWICE);
                        true
                    });
                    any | repeated
                })
            }
            _ => false,
        }
    }

    fn object(&self, ty: &InputObjectType, given: &[(Name, Node<Value>)], faults: &mut Faults) {
        let mut seen = HashSet::default();
        for (key, value) in given {
            faults.at(key, |faults| match ty.fields.get(key) {
                _ if !seen.insert(key) => faults.add(TWICE),
                Some(field) => self.check(Location::of(field), value, faults),
                None => faults.add(format!("the type {} has no such field", ty.name)),
            });
        }
        for field in ty.fields.values().filter(|field| !seen.contains(&field.name)) {
            if field.is_required() {
                faults.at(&field.name, |faults| required(&field.ty, faults));
            }
        }
    }
}

fn has_variables(value: &Value) -> bool {
    match value {
        Value::Variable(_) => true,
        Value::List(items) => items.iter().any(|item| has_variables(item)),
        Value::Object(fields) => fields.iter().any(|(_, value)| has_variables(value)),
        _ => false,
    }
}

/// A literal as messages show it, cut off where it is long.
fn shown(value: &Value) -> String {
    crate::engine::input::shown(&match value {
        Value::Variable(name) => return format!("${name}"),
        Value::Enum(name) => return name.chars().take(60).collect(),
        other => untyped(other),
    })
}
