//! Values given as JSON: those of variables.

use async_graphql::indexmap::IndexMap;
use async_graphql::registry::{MetaInputValue, MetaType, MetaTypeName, Registry};
use serde_json::{Map, Value as Json};

use crate::engine::input::{Faults, shown};
use crate::graphql::arguments::default;

/// The value as the type has it. Faults are noted; then the result has no meaning.
pub fn coerce(registry: &Registry, ty: &str, given: &Json, faults: &mut Faults) -> Option<Json> {
    match (MetaTypeName::create(ty), given) {
        (MetaTypeName::NonNull(inner), Json::Null) => {
            faults.add(format!("expected a value of the type {inner}, got null"));
            None
        }
        (MetaTypeName::NonNull(inner), given) => coerce(registry, inner, given, faults),
        (_, Json::Null) => Some(Json::Null),
        (MetaTypeName::List(inner), Json::Array(items)) => {
            let item = |(index, item)| {
                faults.at_index(index, |faults| coerce(registry, inner, item, faults)).unwrap_or_default()
            };
            Some(Json::Array(items.iter().enumerate().map(item).collect()))
        }
        (MetaTypeName::List(inner), single) => {
            Some(Json::Array(vec![coerce(registry, inner, single, faults)?]))
        }
        (MetaTypeName::Named(name), given) => named(registry, name, given, faults),
    }
}

fn named(registry: &Registry, name: &str, given: &Json, faults: &mut Faults) -> Option<Json> {
    let fits = match registry.types.get(name) {
        Some(MetaType::InputObject { input_fields, .. }) => {
            if let Json::Object(fields) = given {
                return Some(Json::Object(object(registry, name, input_fields, fields, faults)));
            }
            false
        }
        Some(MetaType::Enum { enum_values, .. }) => {
            given.as_str().is_some_and(|value| enum_values.contains_key(value))
        }
        Some(MetaType::Scalar { .. }) => fits_scalar(name, given),
        _ => false,
    };
    if !fits {
        faults.add(format!("expected a value of the type {name}, got {}", shown(given)));
    }
    fits.then(|| given.clone())
}

fn object(
    registry: &Registry,
    name: &str,
    known: &IndexMap<String, MetaInputValue>,
    given: &Map<String, Json>,
    faults: &mut Faults,
) -> Map<String, Json> {
    let mut fields = Map::with_capacity(given.len());
    for (key, value) in given {
        faults.at(key, |faults| match known.get(key) {
            Some(field) => {
                let value = coerce(registry, &field.ty, value, faults);
                fields.extend(value.map(|value| (key.clone(), value)));
            }
            None => faults.add(format!("the type {name} has no such field")),
        });
    }
    for field in known.values().filter(|field| !given.contains_key(&field.name)) {
        match default(field) {
            Some(default) => {
                fields.insert(field.name.clone(), default);
            }
            None if MetaTypeName::create(&field.ty).is_non_null() => {
                faults.at(&field.name, |faults| {
                    faults.add(format!("a value of the type {} is required", field.ty))
                });
            }
            None => {}
        }
    }
    fields
}

/// Whether a value that is not null can be one of the scalar. oponn's own scalars are judged by those
/// who store or compare them.
fn fits_scalar(name: &str, given: &Json) -> bool {
    match (name, given) {
        ("String", given) => given.is_string(),
        ("Boolean", given) => given.is_boolean(),
        ("ID", Json::String(_)) => true,
        ("ID", Json::Number(number)) => is_whole(&number.to_string()),
        ("Int", Json::Number(number)) => number.to_string().parse::<i32>().is_ok(),
        ("Float", Json::Number(number)) => number.to_string().parse().is_ok_and(f64::is_finite),
        ("ID" | "Int" | "Float", _) => false,
        _ => true,
    }
}

/// Whether a number's text is that of a whole number of any size.
pub fn is_whole(number: &str) -> bool {
    let digits = number.strip_prefix('-').unwrap_or(number);
    digits.bytes().all(|byte| byte.is_ascii_digit())
}
