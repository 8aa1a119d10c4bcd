//! Parses decimals exactly from their text, never by way of a binary fraction.

use bson::{Bson, Decimal128};
use serde_json::Value as Json;

/// Digits that a Decimal128 holds.
const DIGITS: usize = 34;

/// The decimal in a string or a number. `None` when the value is not a decimal or does not fit without rounding.
pub fn read(given: &Json) -> Option<Bson> {
    match given {
        Json::String(text) => parse(text),
        Json::Number(number) => parse(&number.to_string()),
        _ => None,
    }
    .map(Bson::Decimal128)
}

/// Parses `[+-]digits[.digits][e[+-]digits]`. Trailing zeros are kept while they fit, because a price is
/// shown as `1.50`.
fn parse(text: &str) -> Option<Decimal128> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (sign, unsigned) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let all = format!("{whole}{fraction}");
    if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut exponent = i64::from(exponent) - i64::try_from(fraction.len()).ok()?;
    let mut digits = all.trim_start_matches('0');
    while digits.len() > DIGITS {
        digits = digits.strip_suffix('0')?;
        exponent += 1;
    }
    let digits = if digits.is_empty() { "0" } else { digits };
    format!("{sign}{digits}E{exponent}").parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(text: &str) -> Option<String> {
        parse(text).map(|decimal| decimal.to_string())
    }

    #[test]
    fn decimals_keep_their_text() {
        for (text, expected) in [
            ("0", "0"),
            ("12.50", "12.50"),
            ("-0.001", "-0.001"),
            ("+7", "7"),
            (".5", "0.5"),
            ("5.", "5"),
            ("007", "7"),
            ("0.1", "0.1"),
            ("1e3", "1E+3"),
            ("1234567890123456789012345678901234", "1234567890123456789012345678901234"),
            ("0.0000000000000000000000000000000000000000001", "1E-43"),
            ("12345678901234567890123456789012340", "1.234567890123456789012345678901234E+34"),
        ] {
            assert_eq!(shown(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for text in [
            "",
            ".",
            "-",
            "1.2.3",
            "1,5",
            " 1",
            "1e",
            "e5",
            "1e9999999999",
            "1e7000",
            "1e-7000",
            "NaN",
            "Infinity",
            "0x10",
            "12345678901234567890123456789012345",
            "1.2345678901234567890123456789012345",
            "--1",
            "+-1",
            "٣",
        ] {
            assert_eq!(shown(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_do_not_pass_through_doubles() {
        let number: Json = serde_json::from_str("0.1000000000000000000000000000000001").expect("JSON");
        let Some(Bson::Decimal128(decimal)) = read(&number) else { panic!("no decimal") };
        assert_eq!(decimal.to_string(), "0.1000000000000000000000000000000001");
        assert_eq!(read(&json!(true)), None);
    }
}
