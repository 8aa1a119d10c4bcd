//! GET with patience: tries again when the server is busy or away.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Response, StatusCode, Url};

use crate::importer::definition::Definition;

/// Statuses after which the same request may succeed.
const TRANSIENT: [u16; 7] = [408, 425, 429, 500, 502, 503, 504];

/// The longest wait between two tries.
const LONGEST: Duration = Duration::from_secs(60);

/// How often and when to try again.
pub(super) struct Retry {
    retries: u64,
    backoff: Duration,
}

/// A try that failed.
struct Failed {
    reason: String,
    /// Whether another try makes sense, and what the server said about when.
    again: Option<Option<Duration>>,
}

impl Retry {
    pub(super) fn define(definition: &mut Definition<'_>) -> Retry {
        Retry {
            retries: definition.number("retries", 0).unwrap_or(4),
            backoff: definition.duration("backoff").unwrap_or(Duration::from_millis(500)),
        }
    }

    /// The body of a successful answer.
    pub(super) async fn get(&self, client: &Client, url: &Url) -> Result<Bytes, String> {
        let mut wait = self.backoff;
        for left in (0..=self.retries).rev() {
            let failed = match attempt(client, url).await {
                Ok(body) => return Ok(body),
                Err(failed) => failed,
            };
            match failed.again {
                Some(asked) if left > 0 => {
                    let wait_now = asked.unwrap_or(wait).min(LONGEST);
                    tracing::info!(url = shown(url), reason = failed.reason, ?wait_now, "trying again");
                    tokio::time::sleep(wait_now).await;
                    wait = (wait * 2).min(LONGEST);
                }
                Some(_) => {
                    let tries = self.retries + 1;
                    return Err(format!("{} failed {tries} times: {}", shown(url), failed.reason));
                }
                None => return Err(format!("{} failed: {}", shown(url), failed.reason)),
            }
        }
        Err(format!("{} was not asked", shown(url)))
    }
}

async fn attempt(client: &Client, url: &Url) -> Result<Bytes, Failed> {
    let away = |error: reqwest::Error| Failed { reason: causes(error.without_url()), again: Some(None) };
    let response = client.get(url.clone()).send().await.map_err(away)?;
    let status = response.status();
    if !status.is_success() {
        let again = TRANSIENT.contains(&status.as_u16()).then(|| retry_after(&response));
        return Err(Failed { reason: reason(status), again });
    }
    response.bytes().await.map_err(away)
}

fn reason(status: StatusCode) -> String {
    match status.as_u16() {
        401 | 403 => format!("the server answered {status}; check `headers`"),
        404 => format!("the server answered {status}; check `url`"),
        _ => format!("the server answered {status}"),
    }
}

/// Seconds; dates in this header are rare and the backoff does then.
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// An error with what caused it.
fn causes(error: reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// The address without its query, which may hold a key.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    // Neither can fail for http and https.
    let _ = url.set_password(None);
    let _ = url.set_username("");
    url.into()
}
