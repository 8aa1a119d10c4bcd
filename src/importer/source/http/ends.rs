//! How an API says that there are no more pages.

use reqwest::StatusCode;

use super::fetch::TRANSIENT;
use crate::importer::definition::Definition;

/// Answers that say that there are no more pages.
#[derive(Default)]
pub(super) struct Ends {
    statuses: Vec<u16>,
    /// A success without a body.
    pub(super) without_body: bool,
}

impl Ends {
    /// Whether an answer with this status is one.
    pub(super) fn has(&self, status: StatusCode) -> bool {
        self.statuses.contains(&status.as_u16())
    }

    /// Reads `stop_at`.
    pub(super) fn define(definition: &mut Definition<'_>) -> Ends {
        let ends = definition.read("stop_at", |value| {
            let mut ends = Ends::default();
            for item in value.as_array().into_iter().flatten() {
                match (item.as_integer().and_then(|status| u16::try_from(status).ok()), item.as_str()) {
                    (Some(status @ (204 | 400..=499)), _) if !TRANSIENT.contains(&status) => {
                        ends.statuses.push(status);
                    }
                    (None, Some("no body")) => ends.without_body = true,
                    _ => return Err(remedy()),
                }
            }
            if value.is_array() { Ok(ends) } else { Err(remedy()) }
        });
        ends.unwrap_or_default()
    }
}

fn remedy() -> String {
    "a list of answers after which there is nothing: 204, statuses such as 404 that are not worth another try, and \
     \"no body\""
        .to_owned()
}
