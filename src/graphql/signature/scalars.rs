//! Scalars in JSON Schema: narrower in answers than in what is taken.

use serde_json::{Value as Json, json};

use crate::schema::{IdKind, Scalar};

/// Maximum length of an id that is a string.
const LONGEST_ID: usize = 1_024;

/// What answers have.
pub fn given(scalar: Scalar) -> Json {
    match scalar {
        Scalar::Id | Scalar::String => json!({ "type": "string" }),
        Scalar::Int => int(),
        Scalar::Long => json!({ "type": "integer", "format": "int64" }),
        Scalar::Float => json!({ "type": "number", "format": "double" }),
        Scalar::Boolean => json!({ "type": "boolean" }),
        Scalar::DateTime => json!({ "type": "string", "format": "date-time" }),
        Scalar::Date => json!({ "type": "string", "format": "date" }),
        Scalar::Decimal => json!({ "type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?([eE][-+]?[0-9]+)?$" }),
        Scalar::Uuid => json!({ "type": "string", "format": "uuid" }),
        Scalar::Json => json!({}),
    }
}

/// What is taken. Where a rule cannot be said in JSON Schema, less is said to be taken than is.
pub fn taken(scalar: Scalar) -> Json {
    match scalar {
        Scalar::Id => json!({ "type": ["string", "integer"] }),
        Scalar::Long => json!({
            "type": ["integer", "string"],
            "minimum": i64::MIN,
            "maximum": i64::MAX,
            "pattern": "^[-+]?[0-9]{1,18}$",
        }),
        // No finer than milliseconds, no leap seconds, and no moment that is none.
        Scalar::DateTime => json!({
            "type": "string",
            "format": "date-time",
            "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\
                        (\\.[0-9]{1,3}0*)?([Zz]|[-+]([01][0-9]|2[0-3]):[0-5][0-9])$",
        }),
        Scalar::Date => json!({
            "type": "string",
            "format": "date",
            "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
        }),
        // Of 34 digits at the most.
        Scalar::Decimal => json!({
            "type": ["string", "number"],
            "pattern": "^[-+]?[0-9]{1,20}(\\.[0-9]{1,14})?$",
        }),
        Scalar::Uuid => uuid(),
        Scalar::String | Scalar::Int | Scalar::Float | Scalar::Boolean | Scalar::Json => given(scalar),
    }
}

/// What is taken as an id of a kind.
pub fn id(kind: IdKind) -> Json {
    match kind {
        IdKind::ObjectId => json!({ "type": "string", "pattern": "^[0-9a-fA-F]{24}$" }),
        IdKind::Uuid => uuid(),
        IdKind::String => {
            json!({ "type": ["string", "integer"], "minLength": 1, "maxLength": LONGEST_ID })
        }
    }
}

/// As described, or null.
pub fn nullable(mut described: Json) -> Json {
    let Some(rules) = described.as_object_mut() else { return described };
    if rules.is_empty() {
        return described;
    }
    match rules.get_mut("type") {
        Some(Json::Array(types)) => types.push(json!("null")),
        Some(one) => *one = json!([one, "null"]),
        None => return json!({ "anyOf": [described, { "type": "null" }] }),
    }
    if let Some(Json::Array(values)) = rules.get_mut("enum") {
        values.push(Json::Null);
    }
    described
}

fn int() -> Json {
    json!({ "type": "integer", "format": "int32", "minimum": i32::MIN, "maximum": i32::MAX })
}

fn uuid() -> Json {
    let pattern = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$";
    json!({ "type": "string", "format": "uuid", "pattern": pattern })
}
