//! Converts one scalar value from JSON to stored form, exactly or not at all.

use bson::spec::BinarySubtype;
use bson::{Binary, Bson, DateTime};
use serde_json::Value as Json;

use super::{decimal, json};
use crate::schema::Scalar;
use crate::value::moment;

/// The stored form of a value that is not null. The error says what was expected and what was given.
pub fn scalar(kind: Scalar, given: &Json) -> Result<Bson, String> {
    let stored = match kind {
        Scalar::Id => id_text(given).map(Bson::String),
        Scalar::String => given.as_str().map(|text| Bson::String(text.to_owned())),
        Scalar::Int => integer(given).and_then(|n| i32::try_from(n).ok()).map(Bson::Int32),
        Scalar::Long => long(given).map(Bson::Int64),
        Scalar::Float => float(given).map(Bson::Double),
        Scalar::Boolean => given.as_bool().map(Bson::Boolean),
        Scalar::Uuid => given.as_str().and_then(uuid).map(uuid_value),
        Scalar::DateTime => return text_value(kind, given, moment::date_time),
        Scalar::Date => return text_value(kind, given, moment::date),
        Scalar::Decimal => return decimal::read(given).ok_or_else(|| expected(kind, given)),
        Scalar::Json => return json::stored(given),
    };
    stored.ok_or_else(|| expected(kind, given))
}

fn text_value(
    kind: Scalar,
    given: &Json,
    read: impl Fn(&str) -> Result<DateTime, String>,
) -> Result<Bson, String> {
    let text = given.as_str().ok_or_else(|| expected(kind, given))?;
    read(text).map(Bson::DateTime).map_err(|why| format!("{}: {why}", expected(kind, given)))
}

/// `expected ..., got ...`
fn expected(kind: Scalar, given: &Json) -> String {
    let what = match kind {
        Scalar::Id => "an ID (a string)",
        Scalar::String => "a String",
        Scalar::Int => "an Int (a whole number from -2147483648 to 2147483647)",
        Scalar::Float => "a Float (a finite number)",
        Scalar::Boolean => "a Boolean (true or false)",
        Scalar::DateTime => "a DateTime (a string like \"2026-01-31T09:30:00Z\")",
        Scalar::Date => "a Date (a string like \"2026-01-31\")",
        Scalar::Decimal => "a Decimal (a string like \"12.50\" of 34 digits at the most)",
        Scalar::Long => "a Long (a whole number of 64 bits, or a string of one)",
        Scalar::Uuid => "a UUID (a string like \"01890a5d-ac96-774b-bcce-b302099a8057\")",
        Scalar::Json => "JSON",
    };
    format!("expected {what}, got {}", shown(given))
}

/// A given value as messages show it, truncated if long.
pub fn shown(given: &Json) -> String {
    const SHOWN: usize = 60;
    let text = match given {
        Json::Array(_) => "a list".to_owned(),
        Json::Object(_) => "an object".to_owned(),
        // Writes out only the part that may be shown.
        Json::String(text) => Json::String(text.chars().take(SHOWN + 1).collect()).to_string(),
        other => other.to_string(),
    };
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

/// The text of an ID: a string, or a whole number as GraphQL allows.
pub fn id_text(given: &Json) -> Option<String> {
    match given {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => {
            let text = number.to_string();
            let digits = text.strip_prefix('-').unwrap_or(&text);
            digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(text)
        }
        _ => None,
    }
}

/// A whole number. `3.0` and `3e2` count too, because some sources write whole numbers that way.
fn integer(given: &Json) -> Option<i64> {
    /// Beyond this, doubles skip whole numbers.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let text = given.as_number()?.to_string();
    text.parse().ok().or_else(|| {
        let float: f64 = text.parse().ok()?;
        // In this range the conversion is exact.
        (float.fract() == 0.0 && float.abs() < EXACT).then_some(float as i64)
    })
}

fn long(given: &Json) -> Option<i64> {
    match given {
        Json::String(text) => text.parse().ok(),
        other => integer(other),
    }
}

fn float(given: &Json) -> Option<f64> {
    given.as_number()?.to_string().parse().ok().filter(|float: &f64| float.is_finite())
}

/// A UUID in its usual form of 36 characters.
pub fn uuid(text: &str) -> Option<uuid::Uuid> {
    if text.len() == 36 { uuid::Uuid::try_parse(text).ok() } else { None }
}

fn uuid_value(uuid: uuid::Uuid) -> Bson {
    Bson::Binary(Binary { subtype: BinarySubtype::Uuid, bytes: uuid.as_bytes().to_vec() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn raw(text: &str) -> Json {
        serde_json::from_str(text).expect("the test's JSON is well formed")
    }

    #[test]
    fn values_get_their_stored_form() {
        for (kind, given, stored) in [
            (Scalar::Id, json!("a"), Bson::from("a")),
            (Scalar::Id, json!(42), Bson::from("42")),
            (Scalar::String, json!("\u{0}é"), Bson::from("\u{0}é")),
            (Scalar::Int, json!(-2147483648_i64), Bson::Int32(i32::MIN)),
            (Scalar::Int, raw("3.0"), Bson::Int32(3)),
            (Scalar::Long, json!(i64::MAX), Bson::Int64(i64::MAX)),
            (Scalar::Long, json!("-9223372036854775808"), Bson::Int64(i64::MIN)),
            (Scalar::Float, json!(3), Bson::Double(3.0)),
            (Scalar::Float, raw("1e-3"), Bson::Double(0.001)),
            (Scalar::Boolean, json!(true), Bson::Boolean(true)),
        ] {
            assert_eq!(scalar(kind, &given), Ok(stored), "{} {given}", kind.name());
        }
        let uuid = scalar(Scalar::Uuid, &json!("01890A5D-ac96-774b-bcce-b302099a8057")).expect("a UUID");
        let Bson::Binary(binary) = uuid else { panic!("stored as {uuid:?}") };
        assert_eq!((binary.subtype, binary.bytes.len()), (BinarySubtype::Uuid, 16));
    }

    #[test]
    fn other_values_are_refused_with_what_was_expected() {
        for (kind, given) in [
            (Scalar::Id, raw("1.5")),
            (Scalar::Id, json!(true)),
            (Scalar::String, json!(1)),
            (Scalar::Int, json!(2147483648_i64)),
            (Scalar::Int, json!("1")),
            (Scalar::Int, raw("1.5")),
            (Scalar::Int, raw("1e400")),
            (Scalar::Long, raw("9223372036854775808")),
            (Scalar::Long, json!("1.0")),
            (Scalar::Long, json!("")),
            (Scalar::Float, raw("1e400")),
            (Scalar::Float, json!("1")),
            (Scalar::Boolean, json!(0)),
            (Scalar::Boolean, json!("true")),
            (Scalar::Uuid, json!("01890a5dac96774bbcceb302099a8057")),
            (Scalar::Uuid, json!("{01890a5d-ac96-774b-bcce-b302099a80}")),
            (Scalar::DateTime, json!(1)),
            (Scalar::Date, json!(["2026-01-31"])),
            (Scalar::Decimal, json!(null)),
        ] {
            let message = scalar(kind, &given).expect_err(kind.name());
            assert!(message.starts_with("expected ") && message.contains(", got "), "{message}");
        }
        let long = "x".repeat(5_000);
        let message = scalar(Scalar::Int, &json!(long)).expect_err("a string is no Int");
        assert!(message.ends_with("x..."), "{message}");
        assert!(message.len() < 200, "{message}");
    }
}
