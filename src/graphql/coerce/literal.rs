//! Values written in an operation's text, with or without variables in them.

use async_graphql::indexmap::IndexMap;
use async_graphql::registry::{MetaInputValue, MetaType, MetaTypeName, Registry};
use async_graphql_value::Value;

use super::given::is_whole;
use super::position::{Definitions, Location};
use crate::engine::input::Faults;

/// What literals are checked against.
pub struct Literals<'a> {
    /// The schema's types.
    pub registry: &'a Registry,
    /// The operation's variables.
    pub variables: &'a Definitions<'a>,
}

impl Literals<'_> {
    /// Notes a fault for everything in the value that does not fit where it stands.
    pub fn check(&self, location: Location<'_>, value: &Value, faults: &mut Faults) {
        if let Value::Variable(name) = value {
            return self.variables.check(location, name, faults);
        }
        self.typed(location.ty, value, faults);
    }

    fn typed(&self, ty: &str, value: &Value, faults: &mut Faults) {
        match (MetaTypeName::create(ty), value) {
            (MetaTypeName::NonNull(inner), Value::Null) => {
                faults.add(format!("expected a value of the type {inner}, got null"));
            }
            (MetaTypeName::NonNull(inner), value) => self.typed(inner, value, faults),
            (_, Value::Null) => {}
            (MetaTypeName::List(inner), Value::List(items)) => {
                for (index, item) in items.iter().enumerate() {
                    faults.at_index(index, |faults| self.check(Location::item(inner), item, faults));
                }
            }
            (MetaTypeName::List(inner), single) => self.typed(inner, single, faults),
            (MetaTypeName::Named(name), value) => self.named(name, value, faults),
        }
    }

    fn named(&self, name: &str, value: &Value, faults: &mut Faults) {
        let fits = match (self.registry.types.get(name), value) {
            (Some(MetaType::InputObject { input_fields, .. }), Value::Object(fields)) => {
                return self.object(name, input_fields, fields, faults);
            }
            (Some(MetaType::Enum { enum_values, .. }), Value::Enum(value)) => {
                enum_values.contains_key(value.as_str())
            }
            (Some(MetaType::Scalar { .. }), value) => fits_scalar(name, value),
            _ => false,
        };
        if !fits {
            faults.add(format!("expected a value of the type {name}, got {}", shown(value)));
        }
    }

    fn object(
        &self,
        name: &str,
        known: &IndexMap<String, MetaInputValue>,
        given: &IndexMap<async_graphql::Name, Value>,
        faults: &mut Faults,
    ) {
        for (key, value) in given {
            faults.at(key, |faults| match known.get(key.as_str()) {
                Some(field) => self.check(Location::of(field), value, faults),
                None => faults.add(format!("the type {name} has no such field")),
            });
        }
        for field in known.values().filter(|field| !given.contains_key(field.name.as_str())) {
            if MetaTypeName::create(&field.ty).is_non_null() && field.default_value.is_none() {
                faults.at(&field.name, |faults| {
                    faults.add(format!("a value of the type {} is required", field.ty))
                });
            }
        }
    }
}

/// Whether a literal that is not null can be one of the scalar; see
/// [`given`](super::given) for oponn's own.
fn fits_scalar(name: &str, value: &Value) -> bool {
    match (name, value) {
        ("String", value) => matches!(value, Value::String(_)),
        ("Boolean", value) => matches!(value, Value::Boolean(_)),
        ("ID", Value::String(_)) => true,
        ("ID", Value::Number(number)) => is_whole(&number.to_string()),
        ("Int", Value::Number(number)) => number.to_string().parse::<i32>().is_ok(),
        ("Float", Value::Number(number)) => number.to_string().parse().is_ok_and(f64::is_finite),
        ("ID" | "Int" | "Float", _) => false,
        _ => true,
    }
}

/// A literal as messages show it: cut where it is long.
fn shown(value: &Value) -> String {
    match value {
        Value::List(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::String(text) => crate::engine::input::shown(&text.as_str().into()),
        other => format!("{other:.60}"),
    }
}
