//! `{ date = "%d.%m.%Y" }`: a date or a time out of a text.

use jiff::SignedDuration;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;
use serde_json::Value as Json;

use super::{Transform, text};

pub(super) fn make(arguments: Option<&toml::Value>) -> Result<Transform, String> {
    let notation = arguments.and_then(toml::Value::as_str).filter(|notation| notation.contains('%'));
    let notation =
        notation.ok_or("`{ date = \"%d.%m.%Y\" }`, with the notation of the source's dates")?.to_owned();
    Ok(Box::new(move |value| {
        let text = text("date", &value)?;
        read(&notation, text)
            .map(Json::from)
            .ok_or_else(|| format!("`date` needs a date like `{notation}`, not {}", Json::from(text)))
    }))
}

/// A date as such; with a time of day, the moment in UTC. Whether it can be stored, the field says.
fn read(notation: &str, text: &str) -> Option<String> {
    let parts = BrokenDownTime::parse(notation, text.trim()).ok()?;
    if parts.hour().is_none() && parts.timestamp().is_none() {
        return Some(parts.to_date().ok()?.to_string());
    }
    let utc = match (parts.to_datetime(), parts.offset(), parts.iana_time_zone()) {
        (Ok(there), Some(offset), _) => {
            there.checked_sub(SignedDuration::from_secs(offset.seconds().into())).ok()?
        }
        (Ok(there), None, None) => there,
        // Seconds since 1970, or the name of a time zone.
        _ => TimeZone::UTC.to_datetime(parts.to_timestamp().ok()?),
    };
    Some(format!("{utc}Z"))
}
