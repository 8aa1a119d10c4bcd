//! One GET with a bounded body, which follows redirects without leaking the first server's secrets.

use std::time::Duration;

use reqwest::header::{HeaderMap, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};

use crate::importer::definition::Definition;

/// Statuses after which the same request may succeed.
pub(super) const TRANSIENT: [u16; 7] = [408, 425, 429, 500, 502, 503, 504];

/// Redirects that are followed.
const REDIRECTS: usize = 10;

/// How requests are sent.
pub(super) struct Fetch {
    /// Made with the first request.
    client: std::sync::OnceLock<Client>,
    /// For the loader's own server.
    headers: HeaderMap,
    timeout: Duration,
    /// Maximum bytes of a body, uncompressed.
    max_body: usize,
}

/// A failed attempt.
pub(super) struct Failed {
    pub(super) reason: String,
    /// Whether to retry, and the server's `Retry-After`, if given.
    pub(super) again: Option<Option<Duration>>,
}

impl Failed {
    /// A failure that a retry would not help.
    pub(super) fn forever(reason: impl Into<String>) -> Failed {
        Failed { reason: reason.into(), again: None }
    }

    fn away(error: reqwest::Error) -> Failed {
        Failed { reason: causes(error.without_url()), again: Some(None) }
    }
}

impl Fetch {
    pub(super) fn define(definition: &mut Definition<'_>, headers: HeaderMap) -> Fetch {
        Fetch {
            client: std::sync::OnceLock::new(),
            headers,
            timeout: definition.duration("timeout").unwrap_or(Duration::from_secs(30)),
            max_body: definition.size("max_body").unwrap_or(64_000_000),
        }
    }

    /// The answer, its body still unread. The loader's headers may be secrets, so a redirect passes them on
    /// only to the same server.
    pub(super) async fn send(&self, url: &Url) -> Result<Response, Failed> {
        let client = self.client().map_err(Failed::forever)?;
        let (mut at, mut headers) = (url.clone(), self.headers.clone());
        for _ in 0..=REDIRECTS {
            let request = client.get(at.clone()).headers(headers.clone());
            let response = request.send().await.map_err(Failed::away)?;
            if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                return Ok(response);
            }
            let to = response.headers().get(LOCATION).and_then(|to| at.join(to.to_str().ok()?).ok());
            let to = to.filter(|to| matches!(to.scheme(), "http" | "https"));
            let to =
                to.ok_or_else(|| Failed::forever("the server redirects to no address that can be read"))?;
            if to.origin() != at.origin() {
                headers.clear();
            }
            at = to;
        }
        Err(Failed::forever(format!("the server redirects more than {REDIRECTS} times")))
    }

    pub(super) async fn body(&self, mut response: Response) -> Result<Vec<u8>, Failed> {
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(Failed::away)? {
            if body.len() + piece.len() > self.max_body {
                let max = self.max_body;
                let what = format!(
                    "the answer has more than {max} bytes; ask for smaller pages, or raise `max_body`"
                );
                return Err(Failed::forever(what));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }

    fn client(&self) -> Result<&Client, String> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        // Fails when it is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .timeout(self.timeout)
            .redirect(Policy::none())
            .user_agent(concat!("oponn/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| format!("HTTP cannot be used: {error}"))?;
        Ok(self.client.get_or_init(|| client))
    }
}

/// An error with its causes.
fn causes(error: reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
