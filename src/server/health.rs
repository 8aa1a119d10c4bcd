//! Probes for orchestrators, and metrics for Prometheus.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value as Json, json};

use super::ServerState;
use crate::metrics;

/// A store or cache that takes longer to answer counts as away.
const PATIENCE: Duration = Duration::from_secs(2);

/// Reports that the process runs.
pub(super) async fn alive() -> Response {
    answer(StatusCode::OK, json!({ "status": "alive" }))
}

/// Whether requests can be answered: the store is there. The cache is only reported, since reads can bypass it.
pub(super) async fn ready(State(state): State<Arc<ServerState>>) -> Response {
    let (store, cache) = (state.engine().store(), state.engine().cache());
    let store_ping =
        async { tokio::time::timeout(PATIENCE, store.ping()).await.is_ok_and(|ping| ping.is_ok()) };
    let cache_ping =
        async { tokio::time::timeout(PATIENCE, cache.ping()).await.is_ok_and(|ping| ping.is_ok()) };
    let (store_answers, cache_answers) = tokio::join!(store_ping, cache_ping);
    let (status, word) = match (state.stopping.load(Ordering::Relaxed), store_answers) {
        (true, _) => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
        (false, false) => (StatusCode::SERVICE_UNAVAILABLE, "store away"),
        (false, true) => (StatusCode::OK, "ready"),
    };
    let mut body = json!({
        "status": word,
        "store": { "kind": store.name(), "answers": store_answers },
        "cache": { "kind": cache.name(), "answers": cache_answers },
    });
    if let Some(fault) = store.fault() {
        body["store"]["fault"] = fault.to_string().into();
    }
    answer(status, body)
}

async fn answers<E>(ping: impl Future<Output = Result<(), E>>) -> bool {
    tokio::time::timeout(PATIENCE, ping).await.is_ok_and(|answer| answer.is_ok())
}

/// All metrics in Prometheus' text format.
pub(super) async fn metrics(State(state): State<Arc<ServerState>>) -> Response {
    // Pings the cache so that its gauge is right even on a server without requests.
    answers(state.engine().cache().ping()).await;
    ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], state.engine().metrics().render()).into_response()
}

fn answer(status: StatusCode, body: Json) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, body.to_string()).into_response()
}
