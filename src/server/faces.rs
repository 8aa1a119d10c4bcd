//! What a server shows at each of its listeners.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;

use super::{ServerState, administer, fault, health, observe};

/// What is served at a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    /// Everything.
    Whole,
    /// What is for clients.
    Public,
    /// What is for operators, orchestrators and Prometheus.
    Admin,
}

impl Face {
    /// The routes to be served however busy the server is.
    pub(super) fn probes(self) -> Router<Arc<ServerState>> {
        match self {
            Face::Public => Router::new(),
            Face::Whole | Face::Admin => Router::new()
                .route("/healthz", get(health::alive))
                .route("/readyz", get(health::ready))
                .route("/metrics", get(health::metrics)),
        }
    }
}

/// The routes of the admin listener.
pub(super) fn admin(state: &Arc<ServerState>) -> Router {
    Face::Admin
        .probes()
        .route("/cache", administer::cache())
        .fallback(fault::nothing_to_administer)
        .method_not_allowed_fallback(fault::wrong_method)
        .layer(CatchPanicLayer::custom(fault::panicked))
        .layer(from_fn_with_state(state.clone(), observe::observe))
        .with_state(state.clone())
}
