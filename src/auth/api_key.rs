//! API keys: long random texts of which the settings have only the hash.
//!
//! One round of SHA-256 is enough. A slow hash makes guessing dear where people choose passwords; a key is 256 random
//! bits, which nobody guesses however fast.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::config::ApiKeySettings;
use crate::viewer::{Identity, Viewer};

/// Beginning of every key, by which people and scanners for secrets know one.
pub(super) const PREFIX: &str = "oponn_";

/// The keys in the settings.
pub(super) struct ApiKeys(Vec<([u8; 32], Arc<Viewer>)>);

impl ApiKeys {
    pub(super) fn new(settings: &[ApiKeySettings]) -> ApiKeys {
        let viewer = |key: &ApiKeySettings| {
            let roles = key.roles.iter().map(|role| role.as_str().into());
            let identity = Identity::of(&["key", &key.name]);
            Arc::new(Viewer::new(roles, key.claims.clone()).known_as(Some(identity)))
        };
        ApiKeys(settings.iter().map(|key| (key.hash, viewer(key))).collect())
    }

    /// The viewer of a key. How long this takes says nothing about the keys that there are. A text that `oponn auth key new`
    /// has not made is none, whatever hashes the settings have: somebody would have to think it up.
    pub(super) fn find(&self, key: &str) -> Option<Arc<Viewer>> {
        let hash: [u8; 32] = Sha256::digest(key.as_bytes()).into();
        let mut found = None;
        for (known, viewer) in &self.0 {
            if bool::from(known.ct_eq(&hash)) {
                found = Some(viewer);
            }
        }
        found.filter(|_| key.starts_with(PREFIX)).cloned()
    }
}

/// A new key.
pub struct NewKey {
    /// The key itself.
    pub key: String,
    /// Its hash, for the settings.
    pub hash: String,
}

impl NewKey {
    /// Makes a key. Fails when the system has no random numbers.
    pub fn generate() -> Result<NewKey, String> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)
            .map_err(|error| format!("the system gives no random numbers: {error}"))?;
        let key = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
        let hash = hex::encode(Sha256::digest(key.as_bytes()));
        Ok(NewKey { key, hash })
    }
}
