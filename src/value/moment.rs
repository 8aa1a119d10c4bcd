//! Parses and formats moments and days of the years 0 to 9999, exact to the millisecond.
//!
//! Parsing and formatting cover the same range, in UTC. Calculations use civil times, because jiff's
//! timestamps end before the year 9999 does.

use bson::DateTime;
use jiff::SignedDuration;
use jiff::civil::{self, Date};

/// Parses a moment in RFC 3339 with any offset.
pub fn date_time(text: &str) -> Result<DateTime, String> {
    let (moment, fraction, offset) = split(text).ok_or("write the date, T, the time and an offset or Z")?;
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > 3 {
        return Err("it is finer than a millisecond".to_owned());
    }
    if moment.ends_with(":60") {
        return Err("leap seconds cannot be stored".to_owned());
    }
    let none = || "there is no such moment".to_owned();
    let there: civil::DateTime = moment.to_ascii_uppercase().parse().map_err(|_| none())?;
    let utc = there.checked_sub(seconds(offset).ok_or_else(none)?).map_err(|_| none())?;
    let fraction = format!("{fraction:0<3}").parse().map_err(|_| none())?;
    stored(utc, fraction).ok_or_else(|| "as UTC it is not in the years 0 to 9999".to_owned())
}

/// Parses a day, stored as its midnight in UTC.
pub fn date(text: &str) -> Result<DateTime, String> {
    if !has_form(text, b"0000-00-00") {
        return Err("write year, month and day".to_owned());
    }
    let date: Date = text.parse().map_err(|_| "there is no such day")?;
    stored(date.at(0, 0, 0, 0), 0).ok_or_else(|| "there is no such day".to_owned())
}

/// The text of a stored moment; `None` outside the years 0 to 9999.
pub fn shown(millis: i64) -> Option<String> {
    let at = epoch().checked_add(SignedDuration::from_millis(millis)).ok()?;
    (at.year() >= 0).then(|| at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
}

fn epoch() -> civil::DateTime {
    civil::date(1970, 1, 1).at(0, 0, 0, 0)
}

/// A moment of whole seconds in UTC with the milliseconds that come to it.
fn stored(utc: civil::DateTime, millis: i64) -> Option<DateTime> {
    let whole = utc.duration_since(epoch()).as_secs() * 1_000;
    (utc.year() >= 0).then(|| DateTime::from_millis(whole + millis))
}

/// How far a place is ahead of UTC.
fn seconds(offset: &str) -> Option<SignedDuration> {
    let Some((hours, minutes)) = offset.split_once(':') else { return Some(SignedDuration::ZERO) };
    let (sign, hours) = hours.split_at_checked(1)?;
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    let ahead = SignedDuration::from_mins(hours * 60 + minutes);
    (hours < 24 && minutes < 60).then_some(if sign == "-" { -ahead } else { ahead })
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
    use proptest::prelude::*;

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
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
            ("9999-12-31T00:00:00.999-23:59", 253_402_300_740_999),
            ("0000-01-01T00:00:00Z", -62_167_219_200_000),
            ("0000-01-01T23:59:00+23:59", -62_167_219_200_000),
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
            "2026-01-31T09:30:00+24:00",
            "2026-01-31T09:30:00-01:60",
            "0000-01-01T00:00:00+00:01",
            "0000-01-01T23:58:59.999+23:59",
            "9999-12-31T23:59:59-00:01",
            "9999-12-31T00:01:00-23:59",
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
        assert_eq!(date("0000-01-01"), Ok(DateTime::from_millis(-62_167_219_200_000)));
        assert_eq!(date("9999-12-31"), Ok(DateTime::from_millis(253_402_214_400_000)));
        for text in ["", "1970-1-2", "1970-02-30", "1970-01-02T00:00:00Z", "19700102", "-970-01-02"] {
            assert!(date(text).is_err(), "{text}");
        }
    }
    #[test]
    fn moments_are_shown_to_the_end_of_the_year_9999() {
        for (millis, text) in [
            (-1, Some("1969-12-31T23:59:59.999Z")),
            (1_769_831_100_250, Some("2026-01-31T03:45:00.250Z")),
            (253_402_300_799_999, Some("9999-12-31T23:59:59.999Z")),
            (253_402_300_800_000, None),
            (-62_167_219_200_000, Some("0000-01-01T00:00:00.000Z")),
            (-62_167_219_200_001, None),
            (i64::MAX, None),
            (i64::MIN, None),
        ] {
            assert_eq!(shown(millis).as_deref(), text, "{millis}");
        }
    }

    /// Any moment that BSON has, those around the ends of the range more often.
    fn millis() -> impl Strategy<Value = i64> {
        let end = prop_oneof![Just(-62_167_219_200_000), Just(253_402_300_800_000_i64), Just(0)];
        prop_oneof![any::<i64>(), (end, -200_000_000..200_000_000_i64).prop_map(|(end, by)| end + by)]
    }

    proptest! {
        #[test]
        fn what_is_shown_is_taken(millis in millis()) {
            if let Some(text) = shown(millis) {
                prop_assert_eq!(date_time(&text), Ok(DateTime::from_millis(millis)));
                let midnight = millis - millis.rem_euclid(86_400_000);
                prop_assert_eq!(date(&text[..10]), Ok(DateTime::from_millis(midnight)));
            }
        }

        #[test]
        fn what_is_taken_is_shown(
            moment in "(0000-01-01|9999-12-31|[0-9]{4}-[01][0-9]-[0-3][0-9])T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]",
            fraction in "(\\.[0-9]{1,4})?",
            offset in "[+-]([0-3][0-9]:[0-6][0-9]|23:59)|Z",
        ) {
            let text = format!("{moment}{fraction}{offset}");
            if let Ok(taken) = date_time(&text) {
                let shown = shown(taken.timestamp_millis());
                prop_assert!(shown.is_some(), "{} is taken", text);
                prop_assert_eq!(date_time(&shown.unwrap_or_default()), Ok(taken));
            }
            if let Ok(taken) = date(&moment[..10]) {
                let shown = shown(taken.timestamp_millis()).map(|text| text[..10].to_owned());
                prop_assert_eq!(shown.as_deref(), Some(&moment[..10]));
            }
        }
    }
}
