//! Lets a request choose how it uses the cache, on a server that allows this override.

use axum::http::{HeaderMap, HeaderName, StatusCode};

use super::ServerState;
use super::fault::RequestFault;
use crate::engine::{Caller, Strategy};
use crate::metrics::ErrorCode;

/// The header that names a request's cache strategy.
pub const CACHE_STRATEGY: HeaderName = HeaderName::from_static("oponn-cache");

/// The caller of a request. A strategy that cannot be granted is refused, not ignored: a client that compares
/// strategies must not compare one with itself.
pub(super) fn caller(state: &ServerState, headers: &HeaderMap) -> Result<Caller, RequestFault> {
    let Some(name) = headers.get(CACHE_STRATEGY) else { return Ok(Caller::default()) };
    if !state.options.allow_cache_override {
        let message = "The header Oponn-Cache is not allowed here; leave it out, or start oponn with \
                       --allow-cache-override.";
        let fault = RequestFault::new(StatusCode::FORBIDDEN, message);
        return Err(RequestFault { code: ErrorCode::Forbidden, ..fault });
    }
    let strategy = std::str::from_utf8(name.as_bytes()).ok().and_then(Strategy::parse);
    strategy.map(|strategy| Caller { strategy, viewer: None }).ok_or_else(|| {
        let names = Strategy::ALL.map(Strategy::as_str).join(", ");
        let name = String::from_utf8_lossy(name.as_bytes());
        RequestFault::bad_request(format!("The header Oponn-Cache is {name:?}; it has to be one of {names}."))
    })
}
