//! Converts a source's value into the input form of the target field, if the conversion is lossless.
//!
//! Leaves other values unchanged, because the engine gives the better error message.

use serde_json::Value as Json;

use crate::schema::{Kind, Scalar};
use crate::value::json;

/// The value as an input of this kind; lists item by item.
pub(super) fn coerce(kind: &Kind, value: Json) -> Json {
    match (kind, value) {
        (_, Json::Array(items)) => Json::Array(items.into_iter().map(|item| coerce(kind, item)).collect()),
        (Kind::Scalar(scalar), value) => scalar_value(*scalar, value),
        (_, value) => value,
    }
}

fn scalar_value(scalar: Scalar, value: Json) -> Json {
    match (scalar, value) {
        (Scalar::Int | Scalar::Long | Scalar::Float, Json::String(text)) => {
            number(&text).unwrap_or(Json::String(text))
        }
        (Scalar::Boolean, Json::String(text)) => match text.as_str() {
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            _ => Json::String(text),
        },
        (Scalar::String | Scalar::Id | Scalar::Decimal, Json::Number(number)) => {
            Json::String(number.to_string())
        }
        (_, value) => value,
    }
}

/// The JSON number in a text, with every digit.
pub(super) fn number(text: &str) -> Option<Json> {
    match json::parse(text.trim().as_bytes()) {
        Ok(number @ Json::Number(_)) => Some(number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn takes_the_form_of_the_field() {
        for (scalar, value, result) in [
            (Scalar::Int, json!("-1200"), "-1200"),
            (Scalar::Int, json!("12a"), "\"12a\""),
            (Scalar::Float, json!("1.50"), "1.50"),
            (Scalar::Boolean, json!("true"), "true"),
            (Scalar::Boolean, json!("yes"), "\"yes\""),
            (Scalar::String, json!(9780), "\"9780\""),
            (Scalar::Date, json!("2024-01-01"), "\"2024-01-01\""),
            (Scalar::Int, json!(["1", "2"]), "[1,2]"),
            (Scalar::Int, Json::Null, "null"),
        ] {
            assert_eq!(coerce(&Kind::Scalar(scalar), value).to_string(), result);
        }
        let price: Json = serde_json::from_str("19.90").expect("a number");
        assert_eq!(coerce(&Kind::Scalar(Scalar::Decimal), price), json!("19.90"));
    }
}
