//! `"number"` and `{ number = { decimal = ",", group = "." } }`: a number out of a text.

use serde_json::Value as Json;

use super::{Transform, text};
use crate::importer::coerce;

pub(super) fn make(arguments: Option<&toml::Value>) -> Result<Transform, String> {
    let (decimal, group) = marks(arguments)
        .ok_or("`\"number\"` or `{ number = { decimal = \",\", group = \".\" } }`, each one character")?;
    Ok(Box::new(move |value| {
        if value.is_number() {
            return Ok(value);
        }
        let text = text("number", &value)?;
        let plain: String = text
            .trim()
            .chars()
            .filter(|c| Some(*c) != group)
            .map(|c| if c == decimal { '.' } else { c })
            .collect();
        coerce::number(&plain).ok_or_else(|| format!("`number` needs a number, not {}", Json::from(text)))
    }))
}

/// The marks of decimals and of groups.
fn marks(arguments: Option<&toml::Value>) -> Option<(char, Option<char>)> {
    let (mut decimal, mut group) = ('.', None);
    let Some(arguments) = arguments else { return Some((decimal, group)) };
    for (name, value) in arguments.as_table()? {
        let mut chars = value.as_str()?.chars();
        let mark = chars.next().filter(|_| chars.next().is_none())?;
        match name.as_str() {
            "decimal" => decimal = mark,
            "group" => group = Some(mark),
            _ => return None,
        }
    }
    (Some(decimal) != group).then_some((decimal, group))
}
