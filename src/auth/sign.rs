//! Tokens for development, signed with a key that a developer has.

use std::path::Path;
use std::time::Duration;

use jsonwebtoken::{Algorithm, AlgorithmFamily, Header};
use serde_json::{Map, Value as Json};

use super::{crypto, key};
use crate::config::{AuthSettings, IssuerSettings, KeySource};

/// What a token is to say.
#[derive(Clone, Debug, Default)]
pub struct Signing<'a> {
    /// The issuer that it is to be from; `None` for the only one.
    pub issuer: Option<&'a str>,
    /// Its claims, which go before those that follow from the settings.
    pub claims: Map<String, Json>,
    /// The roles, which go where the issuer's settings look for them.
    pub roles: Vec<String>,
    /// How long it is valid.
    pub expires: Duration,
    /// A file with a private key, or with a secret; `None` for the key in the settings.
    pub key_file: Option<&'a Path>,
    /// Name of the key, for an issuer whose server has several.
    pub kid: Option<String>,
}

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SigningFault(String);

impl Signing<'_> {
    /// The token, for the settings under which it is to be taken. `now` is in seconds since 1970.
    pub fn token(self, settings: &AuthSettings, now: u64) -> Result<String, SigningFault> {
        let issuer = self.issuer(settings)?;
        let algorithm = self.algorithm(issuer)?;
        let private = self.key(issuer, algorithm)?;
        let mut claims = Map::new();
        if let Some(name) = &issuer.issuer {
            claims.insert("iss".to_owned(), name.as_str().into());
        }
        if let Some(audience) = issuer.audience.first() {
            claims.insert("aud".to_owned(), audience.as_str().into());
        }
        claims.insert("iat".to_owned(), now.into());
        claims.insert("exp".to_owned(), now.saturating_add(self.expires.as_secs()).into());
        if !self.roles.is_empty() {
            let written =
                issuer.roles.first().is_some_and(|path| path.write(&mut claims, self.roles.clone().into()));
            if !written {
                return Err(SigningFault(format!(
                    "--roles: the first path in `{}.roles` does not say where roles are in a token; give one without \
                     brackets for lists, or put them into --claims",
                    issuer.place
                )));
            }
        }
        claims.extend(self.claims);
        let mut header = Header::new(algorithm);
        header.typ = issuer.ty.clone().or(header.typ);
        header.kid = self.kid;
        crypto::install();
        jsonwebtoken::encode(&header, &claims, &private).map_err(|_| {
            SigningFault(format!("the key cannot sign with {algorithm:?}; it may be of another kind"))
        })
    }

    fn issuer<'s>(&self, settings: &'s AuthSettings) -> Result<&'s IssuerSettings, SigningFault> {
        let names = || {
            let names = settings.issuers.iter().filter_map(|issuer| issuer.issuer.as_deref());
            names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        };
        match (self.issuer, &settings.issuers[..]) {
            (_, []) => Err(SigningFault(
                "the settings have no `[[auth.issuers]]`, so no token would be taken; add one with a `key`"
                    .to_owned(),
            )),
            (None, [one]) => Ok(one),
            (None, _) => Err(SigningFault(format!(
                "the settings have several issuers; choose one with --issuer: {}",
                names()
            ))),
            (Some(wanted), all) => {
                all.iter().find(|issuer| issuer.issuer.as_deref() == Some(wanted)).ok_or_else(|| {
                    SigningFault(format!("--issuer: there is none of this name; there are {}", names()))
                })
            }
        }
    }

    fn algorithm(&self, issuer: &IssuerSettings) -> Result<Algorithm, SigningFault> {
        let trusted = "in the mode `trusted` no token is checked, so any signature will do: have the gateway make the \
                       token";
        issuer.algorithms.first().copied().ok_or_else(|| SigningFault(trusted.to_owned()))
    }

    fn key(
        &self,
        issuer: &IssuerSettings,
        algorithm: Algorithm,
    ) -> Result<jsonwebtoken::EncodingKey, SigningFault> {
        let given = self.key_file.map(|path| KeySource::File(path.to_owned()));
        let remedy = "give a file with the private key with --key-file, or use an issuer for development with a `key` \
                      of its own";
        let text = match (given.as_ref(), &issuer.key) {
            (Some(source), _) => key::text(issuer, source).map_err(|_| {
                SigningFault("--key-file: the file cannot be read; name one with a private key".to_owned())
            })?,
            (None, Some(KeySource::Jwks(_)) | None) => {
                return Err(SigningFault(format!(
                    "`{}` has no key itself, only the address of one that checks; {remedy}",
                    issuer.place
                )));
            }
            (None, Some(source)) => key::text(issuer, source).map_err(SigningFault)?,
        };
        let is_private = match algorithm.family() {
            AlgorithmFamily::Hmac => key::label(&text).is_none(),
            _ => matches!(key::label(&text), Some("PRIVATE KEY" | "RSA PRIVATE KEY")),
        };
        let key = is_private.then(|| key::private(&text, algorithm.family())).flatten();
        key.ok_or_else(|| {
            let place = match self.key_file {
                Some(_) => "--key-file".to_owned(),
                None => format!("`{}`", issuer.place),
            };
            SigningFault(format!("{place} has no key that can sign with {algorithm:?}; {remedy}"))
        })
    }
}
