//! One GET of a JWK set, bounded in time and size.

use std::sync::Arc;

use reqwest::redirect::Policy;
use serde_json::Value as Json;

use crate::auth::key::Key;
use crate::config::JwksSettings;
use crate::value::json;

/// Bytes of a set at the most, and keys in it.
const LARGEST: usize = 256 << 10;
const MOST_KEYS: usize = 100;

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unfetched {
    /// The server does not answer as it should.
    #[error("{0}")]
    Away(String),
    /// It answers with something else than keys.
    #[error("{0}")]
    Garbage(&'static str),
}

pub(super) struct Fetcher {
    http: reqwest::Client,
    url: url::Url,
}

impl Fetcher {
    pub(super) fn new(settings: &JwksSettings) -> Result<Fetcher, String> {
        // Fails when it is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .timeout(settings.timeout)
            // The address in the settings is trusted, and no other.
            .redirect(Policy::none())
            .user_agent(concat!("oponn/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| format!("HTTP cannot be used: {error}"))?;
        Ok(Fetcher { http, url: settings.url.clone() })
    }

    /// The keys in the set that can be used here.
    pub(super) async fn keys(&self) -> Result<Vec<Arc<Key>>, Unfetched> {
        // The address may have a secret in it.
        let away = |error: reqwest::Error| Unfetched::Away(error.without_url().to_string());
        let mut response = self.http.get(self.url.clone()).send().await.map_err(away)?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(Unfetched::Away(format!(
                "the server answers with status {}",
                response.status().as_u16()
            )));
        }
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(away)? {
            if body.len() + piece.len() > LARGEST {
                return Err(Unfetched::Garbage("the answer has more than 256 KiB"));
            }
            body.extend_from_slice(&piece);
        }
        keys(&body)
    }
}

fn keys(body: &[u8]) -> Result<Vec<Arc<Key>>, Unfetched> {
    let set = json::parse(body).map_err(|_| Unfetched::Garbage("the answer is not JSON"))?;
    let list = set.get("keys").and_then(Json::as_array);
    let list = list.ok_or(Unfetched::Garbage("the answer is no JWK set: it has no list `keys`"))?;
    if list.len() > MOST_KEYS {
        return Err(Unfetched::Garbage("the set has more than 100 keys"));
    }
    let keys: Vec<_> = list.iter().filter_map(|jwk| Key::of_jwk(jwk.as_object()?)).map(Arc::new).collect();
    match keys.is_empty() {
        true => Err(Unfetched::Garbage("the set has no public key for signatures that can be used")),
        false => Ok(keys),
    }
}
