//! Coerces values given as JSON: those of variables.

use apollo_compiler::Schema;
use apollo_compiler::ast::Type;
use apollo_compiler::schema::{ExtendedType, InputObjectType};
use serde_json::{Map, Number, Value as Json};

use super::{nullable, required};
use crate::engine::input::{Faults, scalar, shown};
use crate::graphql::resolve::default;
use crate::schema::Scalar;

/// What a single value is where a list is expected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Single {
    /// A list of one value, as GraphQL has it.
    #[default]
    List,
    /// A fault, as in JSON Schema.
    Fault,
}

/// The value coerced to the type. After a fault, which is noted, the result has no meaning.
pub fn coerce(schema: &Schema, ty: &Type, given: &Json, single: Single, faults: &mut Faults) -> Option<Json> {
    match given {
        Json::Null if ty.is_non_null() => {
            faults.add(format!("expected a value of the type {}, got null", nullable(ty)));
            None
        }
        Json::Null => Some(Json::Null),
        Json::Array(items) if ty.is_list() => {
            let item = |(index, item)| {
                faults
                    .at_index(index, |faults| coerce(schema, ty.item_type(), item, single, faults))
                    .unwrap_or_default()
            };
            Some(Json::Array(items.iter().enumerate().map(item).collect()))
        }
        given if ty.is_list() && single == Single::Fault => {
            faults.add(format!("expected a list, got {}", shown(given)));
            None
        }
        given if ty.is_list() => {
            Some(Json::Array(vec![coerce(schema, ty.item_type(), given, single, faults)?]))
        }
        given => named(schema, ty.inner_named_type(), given, single, faults),
    }
}

fn named(schema: &Schema, name: &str, given: &Json, single: Single, faults: &mut Faults) -> Option<Json> {
    let fits = match (schema.types.get(name), given) {
        (Some(ExtendedType::InputObject(ty)), Json::Object(fields)) => {
            return Some(Json::Object(object(schema, ty, fields, single, faults)));
        }
        (Some(ExtendedType::Enum(ty)), Json::String(value)) => ty.values.contains_key(value.as_str()),
        (Some(ExtendedType::Scalar(_)), given) => return faults.keep(of_scalar(name, given)),
        _ => false,
    };
    if !fits {
        faults.add(unfit(name, given));
    }
    fits.then(|| given.clone())
}

fn object(
    schema: &Schema,
    ty: &InputObjectType,
    given: &Map<String, Json>,
    single: Single,
    faults: &mut Faults,
) -> Map<String, Json> {
    let mut fields = Map::with_capacity(given.len());
    for (key, value) in given {
        faults.at(key, |faults| match ty.fields.get(key.as_str()) {
            Some(field) => {
                let value = coerce(schema, &field.ty, value, single, faults);
                fields.extend(value.map(|value| (key.clone(), value)));
            }
            None => faults.add(format!("the type {} has no such field", ty.name)),
        });
    }
    for field in ty.fields.values().filter(|field| !given.contains_key(field.name.as_str())) {
        match default(schema, field) {
            Some(default) => {
                fields.insert(field.name.to_string(), default);
            }
            None if field.ty.is_non_null() => faults.at(&field.name, |faults| required(&field.ty, faults)),
            None => {}
        }
    }
    fields
}

/// Coerces a value that is not null to a scalar. JSON does not tell integers from floats, so a whole number may have a
/// fraction or an exponent.
pub fn of_scalar(name: &str, given: &Json) -> Result<Json, String> {
    let value = match (name, given) {
        ("String", Json::String(_)) | ("Boolean", Json::Bool(_)) | ("ID", Json::String(_)) => {
            Some(given.clone())
        }
        ("ID", Json::Number(number)) => whole(number),
        ("Int", Json::Number(number)) => whole(number).filter(is_32_bit),
        ("Float", Json::Number(number)) => {
            number.as_str().parse().is_ok_and(f64::is_finite).then(|| given.clone())
        }
        ("String" | "Boolean" | "ID" | "Int" | "Float", _) => None,
        (name, given) => match Scalar::from_name(name) {
            Some(kind) => return scalar(kind, given).map(|_| given.clone()),
            None => Some(given.clone()),
        },
    };
    value.ok_or_else(|| unfit(name, given))
}

fn unfit(name: &str, given: &Json) -> String {
    format!("expected a value of the type {name}, got {}", shown(given))
}

/// A whole number of any size.
fn whole(number: &Number) -> Option<Json> {
    /// Beyond this number, doubles have gaps between whole numbers.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let digits = number.as_str().strip_prefix('-').unwrap_or(number.as_str());
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Json::Number(number.clone()));
    }
    let float: f64 = number.as_str().parse().ok()?;
    // In this range the conversion is exact.
    (float.fract() == 0.0 && float.abs() < EXACT).then(|| Json::from(float as i64))
}

fn is_32_bit(whole: &Json) -> bool {
    whole.as_i64().is_some_and(|whole| i32::try_from(whole).is_ok())
}
