//! The sender of a request: who it is, what it may take, and what it chooses by headers.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, StatusCode, header};

use super::ServerState;
use super::fault::{RETRY_AFTER, RequestFault};
use crate::auth::{Authenticator, Denied};
use crate::engine::{Caller, Strategy};
use crate::metrics::ErrorCode;
use crate::quota::Allowance;
use crate::viewer::Viewer;

/// The header that names a request's cache strategy.
pub const CACHE_STRATEGY: HeaderName = HeaderName::from_static("oponn-cache");

/// The header by which a request asks what it costs.
pub const COST: HeaderName = HeaderName::from_static("oponn-cost");

/// The sender of a request.
pub(super) struct Sender {
    pub(super) caller: Caller,
    /// Who it is; `None` when nobody is asked.
    pub(super) viewer: Option<Arc<Viewer>>,
    /// What it may take; `None` when nothing is counted.
    pub(super) allowance: Option<Arc<Allowance>>,
    /// Whether it wants to know what its operations cost.
    pub(super) tells_cost: bool,
}

/// The sender of a request.
pub(super) async fn sender(state: &ServerState, headers: &HeaderMap) -> Result<Sender, RequestFault> {
    let quota = state.options.quota.as_ref().map(|quota| (&quota.quotas, quota.address(headers)));
    let viewer = match &state.options.auth {
        Some(auth) => {
            if let Some((quotas, address)) = quota
                && Authenticator::has_credentials(headers)
            {
                quotas.may_try(address).map_err(|refusal| RequestFault::over_quota(&refusal))?;
            }
            // On its own, so that requests to servers that ask nobody do not carry it.
            let viewer = Box::pin(auth.authenticate(headers)).await;
            if let (Some((quotas, address)), Err(denied)) = (quota, &viewer)
                && denied.may_be_a_guess()
            {
                quotas.failed(address);
            }
            Some(viewer.map_err(refuse)?)
        }
        None => None,
    };
    let rights = viewer.as_ref().map(|viewer| state.engine().rights(viewer));
    let allowance = quota.map(|(quotas, address)| Arc::new(quotas.allowance(viewer.as_deref(), address)));
    let caller = Caller { strategy: strategy(state, headers)?, rights };
    Ok(Sender { caller, viewer, allowance, tells_cost: tells_cost(headers)? })
}

fn tells_cost(headers: &HeaderMap) -> Result<bool, RequestFault> {
    match headers.get(COST).map(|value| value.as_bytes()) {
        None | Some(b"false") => Ok(false),
        Some(b"true") => Ok(true),
        Some(_) => Err(RequestFault::bad_request("The header Oponn-Cost has to be true or false.")),
    }
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
