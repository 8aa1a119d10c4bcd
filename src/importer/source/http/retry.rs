//! GET with retries when the server is busy or unreachable.

use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::{Response, StatusCode, Url};

use super::ends::Ends;
use super::fetch::{Failed, Fetch, TRANSIENT};
use crate::config::bare;
use crate::importer::definition::Definition;

/// The longest wait between two tries.
const LONGEST: Duration = Duration::from_secs(60);

/// The number and timing of retries.
pub(super) struct Retry {
    retries: u64,
    backoff: Duration,
}

impl Retry {
    pub(super) fn define(definition: &mut Definition<'_>) -> Retry {
        Retry {
            retries: definition.number("retries", 0).unwrap_or(4),
            backoff: definition.duration("backoff").unwrap_or(Duration::from_millis(500)),
        }
    }

    /// The body of a successful answer; `None` if the answer means the end of the pages.
    pub(super) async fn get(&self, fetch: &Fetch, url: &Url, ends: &Ends) -> Result<Option<Vec<u8>>, String> {
        let mut wait = self.backoff;
        for left in (0..=self.retries).rev() {
            let failed = match attempt(fetch, url, ends).await {
                Ok(body) => return Ok(body),
                Err(failed) => failed,
            };
            match failed.again {
                Some(asked) if left > 0 => {
                    let wait_now = asked.unwrap_or(wait).min(LONGEST);
                    tracing::info!(url = bare(url), reason = failed.reason, ?wait_now, "trying again");
                    tokio::time::sleep(wait_now).await;
                    wait = (wait * 2).min(LONGEST);
                }
                Some(_) => {
                    let tries = self.retries + 1;
                    return Err(format!("{} failed {tries} times: {}", bare(url), failed.reason));
                }
                None => return Err(format!("{} failed: {}", bare(url), failed.reason)),
            }
        }
        Err(format!("{} was not asked", bare(url)))
    }
}

async fn attempt(fetch: &Fetch, url: &Url, ends: &Ends) -> Result<Option<Vec<u8>>, Failed> {
    let response = fetch.send(url).await?;
    let status = response.status();
    if ends.has(status) {
        return Ok(None);
    }
    if !status.is_success() {
        let again = TRANSIENT.contains(&status.as_u16()).then(|| retry_after(&response));
        return Err(Failed { reason: reason(status), again });
    }
    let body = fetch.body(response).await?;
    match body.trim_ascii().is_empty() {
        true if ends.without_body => Ok(None),
        true => Err(Failed::forever(format!(
            "the server answered {status} without a body; if that is how its pages end, name it in \
             `pagination.stop_at`"
        ))),
        false => Ok(Some(body)),
    }
}

fn reason(status: StatusCode) -> String {
    match status.as_u16() {
        401 | 403 => format!("the server answered {status}; check `headers`"),
        404 => {
            format!("the server answered {status}; check `url`, or `pagination.stop_at` if its pages end so")
        }
        _ => format!("the server answered {status}"),
    }
}

/// Seconds; for the rare dates in this header, the backoff applies.
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}
