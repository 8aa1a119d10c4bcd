//! The credential in the headers of a request: one, or none.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::Denied;
use super::api_key::PREFIX;

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// What a request brings.
pub(super) enum Credentials<'h> {
    None,
    Token(&'h str),
    ApiKey(&'h str),
}

/// Whether a request brings any, right or wrong.
pub(super) fn are_in(headers: &HeaderMap) -> bool {
    headers.contains_key(header::AUTHORIZATION) || headers.contains_key(API_KEY)
}

/// Takes the credential. Which of several would count depends on who looks, a gateway or this server; so several are
/// refused.
pub(super) fn of(headers: &HeaderMap) -> Result<Credentials<'_>, Denied> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let mut keys = headers.get_all(API_KEY).iter();
    match (all.next(), keys.next(), all.next(), keys.next()) {
        (None, None, ..) => Ok(Credentials::None),
        (Some(value), None, None, _) => bearer(value),
        (None, Some(value), _, None) => {
            Ok(Credentials::ApiKey(value.to_str().map_err(|_| Denied::ApiKey)?.trim()))
        }
        _ => Err(Denied::Several),
    }
}

fn bearer(value: &HeaderValue) -> Result<Credentials<'_>, Denied> {
    let text = value.to_str().map_err(|_| Denied::Scheme)?.trim();
    let (scheme, rest) = text.split_once(' ').ok_or(Denied::Scheme)?;
    let credential = rest.trim_start();
    if !scheme.eq_ignore_ascii_case("bearer") || credential.contains([' ', ',']) {
        return Err(Denied::Scheme);
    }
    Ok(match credential.starts_with(PREFIX) {
        true => Credentials::ApiKey(credential),
        false => Credentials::Token(credential),
    })
}
