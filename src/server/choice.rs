//! The caller of a request: who sends it, and how it uses the cache on a server that lets requests choose.

use axum::http::{HeaderMap, HeaderName, StatusCode, header};

use super::ServerState;
use super::fault::{RETRY_AFTER, RequestFault};
use crate::auth::Denied;
use crate::engine::{Caller, Strategy};
use crate::metrics::ErrorCode;

/// The header that names a request's cache strategy.
pub const CACHE_STRATEGY: HeaderName = HeaderName::from_static("oponn-cache");

/// The caller of a request.
pub(super) async fn caller(state: &ServerState, headers: &HeaderMap) -> Result<Caller, RequestFault> {
    let rights = match &state.options.auth {
        Some(auth) => {
            let viewer = auth.authenticate(headers).await.map_err(refuse)?;
            Some(state.engine().rights(&viewer))
        }
        None => None,
    };
    Ok(Caller { strategy: strategy(state, headers)?, rights })
}

/// A strategy that cannot be granted is refused, not ignored: a client that compares strategies must not compare one
/// with itself.
fn strategy(state: &ServerState, headers: &HeaderMap) -> Result<Strategy, RequestFault> {
    let Some(name) = headers.get(CACHE_STRATEGY) else { return Ok(Strategy::default()) };
    if !state.options.allow_cache_override {
        let message = "The header Oponn-Cache is not allowed here; leave it out, or start oponn with \
                       --allow-cache-override.";
        let fault = RequestFault::new(StatusCode::FORBIDDEN, message);
        return Err(RequestFault { code: ErrorCode::Forbidden, ..fault });
    }
    let strategy = std::str::from_utf8(name.as_bytes()).ok().and_then(Strategy::parse);
    strategy.ok_or_else(|| {
        let names = Strategy::ALL.map(Strategy::as_str).join(", ");
        let name = String::from_utf8_lossy(name.as_bytes());
        RequestFault::bad_request(format!("The header Oponn-Cache is {name:?}; it has to be one of {names}."))
    })
}

/// A token that cannot be judged is not a wrong one: its client need not sign in again.
fn refuse(denied: Denied) -> RequestFault {
    let (status, code, header) = match denied {
        Denied::KeysAway => {
            (StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Unavailable, (header::RETRY_AFTER, RETRY_AFTER))
        }
        Denied::Missing => {
            (StatusCode::UNAUTHORIZED, ErrorCode::Unauthenticated, (header::WWW_AUTHENTICATE, "Bearer"))
        }
        _ => (
            StatusCode::UNAUTHORIZED,
            ErrorCode::Unauthenticated,
            (header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\""),
        ),
    };
    RequestFault { code, header: Some(header), ..RequestFault::new(status, denied.to_string()) }
}
