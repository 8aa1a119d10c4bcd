//! Moments and days from their text, exactly to the millisecond.

use bson::DateTime;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A moment in RFC 3339 with any offset.
pub fn date_time(text: &str) -> Result<DateTime, String> {
    let (moment, fraction, offset) = split(text).ok_or("write the date, T, the time and an offset or Z")?;
    if fraction.trim_end_matches('0').len() > 3 {
        return Err("it is finer than a millisecond".to_owned());
    }
    if moment.ends_with(":60") {
        return Err("leap seconds cannot be stored".to_owned());
    }
    let fraction = if fraction.is_empty() { "0" } else { fraction };
    let timestamp: Timestamp = format!("{moment}.{fraction}{offset}")
        .to_ascii_uppercase()
        .parse()
        .map_err(|_| "there is no such moment")?;
    Ok(DateTime::from_millis(timestamp.as_millisecond()))
}

/// A day, stored as its midnight in UTC.
pub fn date(text: &str) -> Result<DateTime, String> {
    if !has_form(text, b"0000-00-00") {
        return Err("write year, month and day".to_owned());
    }
    let date: Date = text.parse().map_err(|_| "there is no such day")?;
    let midnight = date.to_zoned(TimeZone::UTC).map_err(|_| "there is no such day")?;
    Ok(DateTime::from_millis(midnight.timestamp().as_millisecond()))
}

/// Date and time, digits of the fraction, offset. `None` when the text has another form than RFC 3339.
fn split(text: &str) -> Option<(&str, &str, &str)> {
    let (moment, rest) = text.split_at_checked(19)?;
    let (fraction, offset) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(rest.find(|char: char| !char.is_ascii_digit())?),
        None => ("", rest),
    };
    let form = has_form(moment, b"0000-00-00T00:00:00") || has_form(moment, b"0000-00-00t00:00:00");
    let empty_fraction = rest.starts_with('.') && fraction.is_empty();
    let zone = matches!(offset, "Z" | "z") || has_form(offset, b"+00:00") || has_form(offset, b"-00:00");
    (form && zone && !empty_fraction).then_some((moment, fraction, offset))
}

/// Whether the text is like the form, where a zero stands for any digit.
fn has_form(text: &str, form: &[u8]) -> bool {
    text.len() == form.len()
        && text.bytes().zip(form).all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            other => byte == *other,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_become_milliseconds() {
        for (text, millis) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T00:00:00.001Z", 1),
            ("1970-01-01t01:00:00.500000z", 3_600_500),
            ("1970-01-01T02:00:00+02:00", 0),
            ("1969-12-31T23:30:00-00:30", 0),
            ("1969-12-31T23:59:59.999Z", -1),
            ("2026-01-31T09:30:00.25+05:45", 1_769_831_100_250),
        ] {
            assert_eq!(date_time(text), Ok(DateTime::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "2026-01-31",
            "2026-01-31T09:30Z",
            "2026-01-31T09:30:00",
            "2026-01-31 09:30:00Z",
            "2026-01-31T09:30:00.Z",
            "2026-01-31T09:30:00.0001Z",
            "2026-02-30T09:30:00Z",
            "2026-01-31T24:00:00Z",
            "2016-12-31T23:59:60Z",
            "2026-01-31T09:30:00+0100",
            "2026-01-31T09:30:00+01:00[Europe/Berlin]",
            "2026-01-31T09:30:00+99:00",
            "+02026-01-31T09:30:00Z",
            "2026-01-31T09:30:0éZ",
        ] {
            assert!(date_time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn days_become_midnight_in_utc() {
        assert_eq!(date("1970-01-02"), Ok(DateTime::from_millis(86_400_000)));
        assert_eq!(date("1969-12-31"), Ok(DateTime::from_millis(-86_400_000)));
        for text in ["", "1970-1-2", "1970-02-30", "1970-01-02T00:00:00Z", "19700102", "-970-01-02"] {
            assert!(date(text).is_err(), "{text}");
        }
    }
}
