//! An issuer of tokens: its settings and its keys, and the checks that its tokens have to pass.

use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::Algorithm;

use super::Denied;
use super::claims::{Moment, Reading, Validity, is_for};
use super::jwks::Jwks;
use super::key::{self, Key};
use super::token::Token;
use crate::config::{IssuerSettings, KeySource};
use crate::metrics::Metrics;
use crate::viewer::Viewer;

pub(super) struct Issuer {
    name: String,
    audience: Vec<String>,
    algorithms: Vec<Algorithm>,
    ty: Option<String>,
    leeway: Duration,
    reading: Reading,
    keys: Keys,
}

enum Keys {
    /// The key in the settings, whatever name a token has for it.
    One(Arc<Key>),
    Server(Jwks),
}

fn no_key(settings: &IssuerSettings) -> String {
    format!("`{}` has no key", settings.place)
}

impl Issuer {
    /// Tells what is wrong with the key in the settings; what a server has is not looked at.
    pub(super) fn check_key(settings: &IssuerSettings) -> Result<(), String> {
        match &settings.key {
            Some(KeySource::Jwks(_)) => Ok(()),
            Some(source) => key::configured(settings, source).map(drop),
            None => Err(no_key(settings)),
        }
    }

    pub(super) fn new(settings: &IssuerSettings, metrics: &Arc<Metrics>) -> Result<Issuer, String> {
        let keys = match &settings.key {
            Some(KeySource::Jwks(jwks)) => {
                Keys::Server(Jwks::new(jwks.clone(), &settings.place, metrics.clone())?)
            }
            Some(source) => Keys::One(Arc::new(key::configured(settings, source)?)),
            None => return Err(no_key(settings)),
        };
        Ok(Issuer {
            name: settings.issuer.clone().unwrap_or_default(),
            audience: settings.audience.clone(),
            algorithms: settings.algorithms.clone(),
            ty: settings.ty.clone(),
            leeway: settings.leeway,
            reading: Reading::new(settings),
            keys,
        })
    }

    /// The claim `iss` of its tokens.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The viewer that a token stands for, and the key that it is signed with. What the token claims is looked at only
    /// after its signature, so that nobody learns anything by trying.
    pub(super) async fn check(
        &self,
        token: &Token<'_>,
        now: Moment,
    ) -> Result<((Arc<Viewer>, Validity), Arc<Key>), Denied> {
        let algorithm = token.algorithm()?;
        if !self.algorithms.contains(&algorithm) {
            return Err(Denied::Algorithm);
        }
        let keys = match &self.keys {
            Keys::One(key) => vec![key.clone()],
            Keys::Server(server) => server.find(token.key()?, algorithm).await?,
        };
        let key = keys.into_iter().find(|key| key.has_signed(token.message, token.signature, algorithm));
        let key = key.ok_or(Denied::Signature)?;
        if self.ty.as_ref().is_some_and(|ty| !token.is_of_type(ty)) {
            return Err(Denied::Type);
        }
        let validity = Validity::of(&token.claims, self.leeway)?;
        validity.check(now)?;
        if !self.audience.is_empty() && !is_for(&token.claims, &self.audience) {
            return Err(Denied::Audience);
        }
        Ok(((self.reading.viewer(&token.claims)?, validity), key))
    }

    /// Whether tokens that are signed with a key are still taken.
    pub(super) fn honours(&self, key: &Arc<Key>) -> bool {
        match &self.keys {
            Keys::One(_) => true,
            Keys::Server(server) => server.honours(key),
        }
    }
}
