//! `{ date = "%d.%m.%Y" }`: a date or a time out of a text.

use jiff::fmt::strtime::BrokenDownTime;
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

/// A date as such; with a time of day, the moment in UTC.
fn read(notation: &str, text: &str) -> Option<String> {
    let parts = BrokenDownTime::parse(notation, text.trim()).ok()?;
    if let Ok(moment) = parts.to_timestamp() {
        return Some(moment.to_string());
    }
    if parts.hour().is_none() {
        return Some(parts.to_date().ok()?.to_string());
    }
    let moment = parts.to_datetime().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(moment.timestamp().to_string())
}
