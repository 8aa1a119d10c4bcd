//! Stores values of the scalar JSON as BSON.

use bson::{Bson, Document};
use serde_json::{Number, Value as Json};

/// The maximum nesting of lists and objects: MongoDB stores at most 100 levels in a document.
const DEPTH: usize = 64;

/// The stored form: whole numbers as 32 or 64 bits, others as doubles.
pub fn stored(given: &Json) -> Result<Bson, String> {
    nested(given, DEPTH)
}

fn nested(given: &Json, depth: usize) -> Result<Bson, String> {
    let deeper = || depth.checked_sub(1).ok_or_else(|| format!("JSON may be {DEPTH} levels deep"));
    match given {
        Json::Null => Ok(Bson::Null),
        Json::Bool(truth) => Ok(Bson::Boolean(*truth)),
        Json::Number(given) => number(given),
        Json::String(text) => Ok(Bson::String(text.clone())),
        Json::Array(items) => {
            let depth = deeper()?;
            items.iter().map(|item| nested(item, depth)).collect::<Result<_, _>>().map(Bson::Array)
        }
        Json::Object(fields) => {
            let depth = deeper()?;
            let mut document = Document::new();
            for (key, value) in fields {
                if key.contains('\0') {
                    return Err("keys of JSON objects must not hold the character NUL".to_owned());
                }
                document.insert(key, nested(value, depth)?);
            }
            Ok(Bson::Document(document))
        }
    }
}

fn number(given: &Number) -> Result<Bson, String> {
    let text = given.to_string();
    if let Ok(whole) = text.parse::<i64>() {
        return Ok(i32::try_from(whole).map_or(Bson::Int64(whole), Bson::Int32));
    }
    let whole = !text.contains(['.', 'e', 'E']);
    match text.parse::<f64>() {
        Ok(float) if float.is_finite() && !whole => Ok(Bson::Double(float)),
        _ => Err(format!("the number {text:.60} does not fit 64 bits; give it as a string")),
    }
}

#[cfg(test)]
mod tests {
    use bson::{bson, doc};

    use super::*;

    fn read(text: &str) -> Result<Bson, String> {
        stored(&serde_json::from_str(text).expect("the test's JSON is well formed"))
    }

    #[test]
    fn json_becomes_bson() {
        assert_eq!(read("null"), Ok(Bson::Null));
        assert_eq!(
            read(r#"{"a": [1, 4294967296, 0.5, "x", true, {"$b": null}]}"#),
            Ok(Bson::Document(doc! { "a": [1, 4_294_967_296_i64, 0.5, "x", true, { "$b": null }] }))
        );
        assert_eq!(read("[]"), Ok(bson!([])));
    }

    #[test]
    fn what_bson_cannot_say_is_refused() {
        assert!(read("9223372036854775808").is_err());
        assert!(read("1e999").is_err());
        assert!(read(r#"{"a\u0000": 1}"#).is_err());
        assert!(read(&format!("{}{}", "[".repeat(64), "]".repeat(64))).is_ok());
        assert!(read(&format!("{}{}", "[".repeat(65), "]".repeat(65))).is_err());
    }
}
