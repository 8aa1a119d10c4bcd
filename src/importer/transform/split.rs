//! `{ split = ";" }`: a list out of a text.

use serde_json::Value as Json;

use super::{Transform, text};

pub(super) fn make(arguments: Option<&toml::Value>) -> Result<Transform, String> {
    let separator = arguments.and_then(toml::Value::as_str).filter(|separator| !separator.is_empty());
    let separator = separator.ok_or("`{ split = \";\" }`, with the separator")?.to_owned();
    Ok(Box::new(move |value| {
        let items = text("split", &value)?.split(&separator).map(str::trim).filter(|item| !item.is_empty());
        Ok(items.map(Json::from).collect())
    }))
}
