//! A token (a JWT) taken apart. Nothing in it is believed here.

use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value as Json};

use super::Denied;
use crate::value::json;

/// Bytes of a token at the most. Those of people in hundreds of groups have some thousand.
const LONGEST: usize = 16 << 10;

/// A token.
pub(super) struct Token<'t> {
    /// What is signed: the first two parts.
    pub(super) message: &'t str,
    pub(super) signature: &'t str,
    header: Map<String, Json>,
    pub(super) claims: Map<String, Json>,
}

impl<'t> Token<'t> {
    pub(super) fn read(text: &'t str) -> Result<Token<'t>, Denied> {
        if text.len() > LONGEST {
            return Err(Denied::Malformed("it has more than 16 KiB"));
        }
        let parts: Vec<&str> = text.splitn(4, '.').collect();
        let [header, claims, signature] = parts[..] else {
            return Err(Denied::Malformed("it has to have three parts with dots between them"));
        };
        let header = object(header).ok_or(Denied::Malformed("its header is not JSON in base64url"))?;
        let message = &text[..text.len() - signature.len() - 1];
        let claims = object(claims).ok_or(Denied::Malformed("its claims are not JSON in base64url"))?;
        Ok(Token { message, signature, header, claims })
    }

    /// The claim `iss`.
    pub(super) fn issuer(&self) -> Option<&str> {
        self.claims.get("iss")?.as_str()
    }

    /// The algorithm that it claims to be signed with; none that is unknown here, such as `none`. Keys that a token
    /// brings itself (`jwk`, `jku`, `x5c`, `x5u`) are not looked at.
    pub(super) fn algorithm(&self) -> Result<Algorithm, Denied> {
        if self.header.contains_key("crit") {
            return Err(Denied::Critical);
        }
        let name = self.header.get("alg").and_then(Json::as_str);
        name.and_then(|name| Algorithm::from_str(name).ok()).ok_or(Denied::Algorithm)
    }

    /// The name of the key that it claims to be signed with.
    pub(super) fn key(&self) -> Result<Option<&str>, Denied> {
        match self.header.get("kid") {
            None => Ok(None),
            Some(Json::String(name)) => Ok(Some(name)),
            Some(_) => Err(Denied::Malformed("its `kid` is not a text")),
        }
    }

    /// Whether it is of a kind; `application/` before it may be left out.
    pub(super) fn is_of_type(&self, ty: &str) -> bool {
        let bare = |ty: &str| {
            let ty = ty.to_ascii_lowercase();
            ty.strip_prefix("application/").map(str::to_owned).unwrap_or(ty)
        };
        self.header.get("typ").and_then(Json::as_str).is_some_and(|found| bare(found) == bare(ty))
    }
}

fn object(part: &str) -> Option<Map<String, Json>> {
    match json::parse(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()? {
        Json::Object(object) => Some(object),
        _ => None,
    }
}
