//! Tokens that have passed all checks, so that the next request with the same token need not repeat them.
//!
//! A token is found by its hash, and only while it is valid and its key is honoured.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};

use super::claims::{Moment, Validity};
use super::issuer::Issuer;
use super::key::Key;
use crate::viewer::Viewer;

/// Bytes of all of them at the most: some thousands of tokens of ordinary length.
const ROOM: u64 = 16 << 20;
/// Bytes of one beside its text.
const EACH: u64 = 512;

pub(super) type TokenHash = [u8; 32];

pub(super) fn hash(token: &str) -> TokenHash {
    Sha256::digest(token.as_bytes()).into()
}

pub(super) struct Checked(Cache<TokenHash, Arc<Token>, Weight>);

struct Token {
    viewer: Arc<Viewer>,
    validity: Validity,
    /// The place of its issuer in the settings.
    issuer: usize,
    key: Arc<Key>,
    length: usize,
}

#[derive(Clone)]
struct Weight;

impl Weighter<TokenHash, Arc<Token>> for Weight {
    fn weight(&self, _: &TokenHash, token: &Arc<Token>) -> u64 {
        // The claims stand in it in base64, and take up more as values.
        token.length as u64 * 4 + EACH
    }
}

impl Checked {
    pub(super) fn new() -> Checked {
        Checked(Cache::with_weighter((ROOM / 4_096) as usize, ROOM, Weight))
    }

    pub(super) fn get(&self, hash: &TokenHash, issuers: &[Issuer], now: Moment) -> Option<Arc<Viewer>> {
        let token = self.0.get(hash)?;
        let holds = token.validity.check(now).is_ok() && issuers[token.issuer].honours(&token.key);
        if !holds {
            self.0.remove(hash);
        }
        holds.then(|| token.viewer.clone())
    }

    /// Keeps a token, and returns its viewer.
    pub(super) fn keep(
        &self,
        hash: TokenHash,
        length: usize,
        issuer: usize,
        (viewer, validity): (Arc<Viewer>, Validity),
        key: Arc<Key>,
    ) -> Arc<Viewer> {
        self.0.insert(hash, Arc::new(Token { viewer: viewer.clone(), validity, issuer, key, length }));
        viewer
    }
}
