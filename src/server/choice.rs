//! Lets a request choose how it uses the cache, on a server that allows it.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, StatusCode};

use super::ServerState;
use super::fault::RequestFault;
use crate::cache::Strategy;
use crate::graphql::Api;
use crate::metrics::ErrorCode;

/// Header that names the strategy of a request.
pub const CACHE_STRATEGY: HeaderName = HeaderName::from_static("oponn-cache");

/// The API, once per strategy.
pub(super) struct Choices([(Strategy, Arc<Api>); Strategy::ALL.len()]);

impl Choices {
    pub(super) fn new(api: &Arc<Api>) -> Choices {
        let with = |strategy| match strategy {
            Strategy::Reconcile => api.clone(),
            other => Arc::new(api.on(Arc::new(api.engine().with_strategy(other)))),
        };
        Choices(Strategy::ALL.map(|strategy| (strategy, with(strategy))))
    }

    fn get(&self, name: &[u8]) -> Option<&Api> {
        let strategy = Strategy::parse(std::str::from_utf8(name).ok()?)?;
        self.0.iter().find(|(found, _)| *found == strategy).map(|(_, api)| &**api)
    }
}

/// The API that a request is for. A choice that cannot be granted is refused, not passed over: who
/// compares strategies must not compare one with itself.
pub(super) fn of<'a>(state: &'a ServerState, headers: &HeaderMap) -> Result<&'a Api, RequestFault> {
    let Some(name) = headers.get(CACHE_STRATEGY) else { return Ok(&state.api) };
    let Some(choices) = &state.choices else {
        let message = "The header Oponn-Cache is not allowed here; leave it out, or start oponn with \
                       --allow-cache-override.";
        let fault = RequestFault::new(StatusCode::FORBIDDEN, message);
        return Err(RequestFault { code: ErrorCode::Forbidden, ..fault });
    };
    choices.get(name.as_bytes()).ok_or_else(|| {
        let names = Strategy::ALL.map(Strategy::as_str).join(", ");
        let name = String::from_utf8_lossy(name.as_bytes());
        RequestFault::bad_request(format!("The header Oponn-Cache is {name:?}; it has to be one of {names}."))
    })
}
