//! Who sends a request: the viewer for its credentials, or why there is none.
//!
//! A request brings one credential at the most: a token (a JWT, checked against its issuer's settings and keys) or an
//! API key. Without one it is anonymous, if that is allowed. A bad credential is never taken for none.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use axum::http::HeaderMap;

use crate::config::{AuthMode, AuthSettings};
use crate::metrics::{AuthResult, Metrics};
use crate::viewer::Viewer;

mod api_key;
mod checked;
mod claims;
mod credentials;
mod crypto;
mod denied;
mod issuer;
mod jwks;
mod key;
mod sign;
mod token;

pub use api_key::NewKey;
pub use denied::Denied;
pub use sign::{Signing, SigningFault};

use api_key::ApiKeys;
use checked::Checked;
use claims::{Moment, Reading};
use credentials::Credentials;
use issuer::Issuer;
use token::Token;

/// Identifies the senders of requests, as the settings say.
pub struct Authenticator {
    /// The viewer of requests without credentials.
    anonymous: Option<Arc<Viewer>>,
    keys: ApiKeys,
    tokens: Tokens,
    metrics: Arc<Metrics>,
}

/// What becomes of tokens.
enum Tokens {
    /// They are checked.
    Verified { issuers: Vec<Issuer>, checked: Checked },
    /// They are believed.
    Trusted(Vec<(Option<String>, Reading)>),
}

impl Authenticator {
    /// An authenticator for these settings; all that is wrong with keys in them. Within a runtime: keys that a server
    /// has are fetched as long as the authenticator lives.
    pub fn new(settings: &AuthSettings, metrics: Arc<Metrics>) -> Result<Authenticator, Vec<String>> {
        let tokens = match settings.mode {
            AuthMode::Verified => {
                let (mut issuers, mut faults) = (Vec::new(), Vec::new());
                for issuer in &settings.issuers {
                    match Issuer::new(issuer, &metrics) {
                        Ok(issuer) => issuers.push(issuer),
                        Err(fault) => faults.push(fault),
                    }
                }
                if !faults.is_empty() {
                    return Err(faults);
                }
                Tokens::Verified { issuers, checked: Checked::new() }
            }
            AuthMode::Trusted => {
                let one =
                    |issuer: &crate::config::IssuerSettings| (issuer.issuer.clone(), Reading::new(issuer));
                Tokens::Trusted(settings.issuers.iter().map(one).collect())
            }
        };
        let anonymous =
            settings.anonymous.as_deref().map(|role| Viewer::new([role.into()], Default::default()));
        Ok(Authenticator {
            anonymous: anonymous.map(Arc::new),
            keys: ApiKeys::new(&settings.keys),
            tokens,
            metrics,
        })
    }

    /// All that is wrong with keys in these settings, as far as it can be found without asking a server for keys.
    pub fn faults(settings: &AuthSettings) -> Vec<String> {
        match settings.mode {
            AuthMode::Verified => {
                settings.issuers.iter().filter_map(|issuer| Issuer::check_key(issuer).err()).collect()
            }
            AuthMode::Trusted => Vec::new(),
        }
    }

    /// The viewer of a request with these headers. Time counts from this call: whoever is let in stays in until the
    /// request has been answered.
    pub async fn authenticate(&self, headers: &HeaderMap) -> Result<Arc<Viewer>, Denied> {
        let now = Moment::of(SystemTime::now());
        let found = match credentials::of(headers) {
            Ok(Credentials::None) => {
                self.anonymous.clone().map(|viewer| (viewer, AuthResult::Anonymous)).ok_or(Denied::Missing)
            }
            Ok(Credentials::ApiKey(key)) => {
                self.keys.find(key).map(|viewer| (viewer, AuthResult::Key)).ok_or(Denied::ApiKey)
            }
            Ok(Credentials::Token(token)) => {
                self.of_token(token, now).await.map(|viewer| (viewer, AuthResult::Token))
            }
            Err(denied) => Err(denied),
        };
        let result = found.as_ref().map_or_else(Denied::result, |(_, result)| *result);
        self.metrics.authenticated(result);
        found.map(|(viewer, _)| viewer)
    }

    /// Whether those are let in who do not say who they are.
    pub fn lets_anonymous_in(&self) -> bool {
        self.anonymous.is_some()
    }

    /// Whether a request brings credentials, right or wrong.
    pub fn has_credentials(headers: &HeaderMap) -> bool {
        credentials::are_in(headers)
    }

    async fn of_token(&self, text: &str, now: Moment) -> Result<Arc<Viewer>, Denied> {
        match &self.tokens {
            Tokens::Verified { issuers, checked } => {
                let hash = checked::hash(text);
                if let Some(viewer) = checked.get(&hash, issuers, now) {
                    return Ok(viewer);
                }
                let token = Token::read(text)?;
                let place = issuers.iter().position(|issuer| Some(issuer.name()) == token.issuer());
                let place = place.ok_or(Denied::Issuer)?;
                let (reader, key) = issuers[place].check(&token, now).await?;
                Ok(checked.keep(hash, text.len(), place, reader, key))
            }
            Tokens::Trusted(issuers) => {
                let token = Token::read(text)?;
                let named = |(name, _): &&(Option<String>, Reading)| {
                    name.as_deref().is_none_or(|name| Some(name) == token.issuer())
                };
                // The table without an issuer is for those that no other table is for.
                let reading = issuers.iter().filter(named).max_by_key(|(name, _)| name.is_some());
                let (_, reading) = reading.ok_or(Denied::Issuer)?;
                reading.viewer(&token.claims)
            }
        }
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator").finish_non_exhaustive()
    }
}
