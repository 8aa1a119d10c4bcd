//! Stored values in plain forms, whichever program stored them.

use bson::raw::RawBsonRef;
use serde_json::Value as Json;

use super::{Id, moment};

/// A whole number, in any of the numeric forms that programs store; `None` for anything else.
pub fn whole(value: RawBsonRef<'_>) -> Option<i64> {
    match value {
        RawBsonRef::Int32(n) => Some(n.into()),
        RawBsonRef::Int64(n) => Some(n),
        // Within this range, whole doubles fit into i64 without loss.
        RawBsonRef::Double(x) if x.fract() == 0.0 && x.abs() <= 9_007_199_254_740_992.0 => Some(x as i64),
        _ => None,
    }
}

/// A decimal, in plain digits where those are readable, always exact. Doubles are not exact.
pub fn decimal(value: RawBsonRef<'_>) -> Option<String> {
    match value {
        RawBsonRef::Int32(n) => Some(n.to_string()),
        RawBsonRef::Int64(n) => Some(n.to_string()),
        RawBsonRef::Decimal128(n) => {
            let text = n.to_string();
            text.bytes().any(|byte| byte.is_ascii_digit()).then_some(text)
        }
        _ => None,
    }
}

/// Any value as JSON; `None` if JSON cannot say it.
pub fn json(value: RawBsonRef<'_>) -> Option<Json> {
    Some(match value {
        RawBsonRef::Null | RawBsonRef::Undefined => Json::Null,
        RawBsonRef::Boolean(value) => Json::Bool(value),
        RawBsonRef::String(text) | RawBsonRef::Symbol(text) => Json::String(text.to_owned()),
        RawBsonRef::Int32(n) => n.into(),
        RawBsonRef::Int64(n) => n.into(),
        RawBsonRef::Double(x) => Json::Number(serde_json::Number::from_f64(x)?),
        RawBsonRef::Decimal128(_) => {
            let text = decimal(value)?;
            text.parse().map(Json::Number).unwrap_or(Json::String(text))
        }
        RawBsonRef::DateTime(at) => Json::String(moment::shown(at.timestamp_millis())?),
        RawBsonRef::Document(document) => {
            let mut object = serde_json::Map::new();
            for element in document {
                let (key, value) = element.ok()?;
                object.insert(key.to_string(), json(value)?);
            }
            Json::Object(object)
        }
        RawBsonRef::Array(items) => {
            Json::Array(items.into_iter().map(|item| json(item.ok()?)).collect::<Option<_>>()?)
        }
        other => Json::String(Id::from_raw(other)?.to_string()),
    })
}
