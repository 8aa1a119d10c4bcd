//! Gives each request an id, a span for its log lines, and a place in the metrics.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::X_CONTENT_TYPE_OPTIONS;
use axum::middleware::Next;
use axum::response::Response;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::{REQUEST_ID, ServerState};
use crate::metrics::Route;
use crate::telemetry::{self, traced};

/// Maximum length of an id that is taken from a client.
const LONGEST: usize = 128;

pub(super) async fn observe(State(state): State<Arc<ServerState>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request.headers().get(&REQUEST_ID).filter(|id| is_plain(id)).cloned().unwrap_or_else(new_id);
    let route = route(request.uri().path());
    let method = request.method().clone();
    let span = tracing::error_span!("request", id = id.to_str().unwrap_or_default());
    let traced = match route {
        // Traces of probes and scrapes would only be in the way.
        Route::Graphql => traced!(
            parent: &span,
            "http",
            otel.name = format_args!("{method} /graphql"),
            otel.kind = "server",
            otel.status_code = Empty,
            http.request.method = %method,
            http.route = "/graphql",
            http.response.status_code = Empty,
            request.id = id.to_str().unwrap_or_default(),
        ),
        _ => Span::none(),
    };
    telemetry::follow(&traced, request.headers());
    let inside = traced.clone();

    async move {
        let under_way = state.engine().metrics().http_begins();
        let mut response = next.run(request).await;
        drop(under_way);
        let took = started.elapsed();
        let status = response.status().as_u16();
        let route = response.extensions().get().copied().unwrap_or(route);
        state.engine().metrics().http_request(route, status, took);
        tracing::debug!(%method, ?route, status, ?took, "answered");
        traced.record("http.response.status_code", status);
        if response.status().is_server_error() {
            traced.record("otel.status_code", "ERROR");
        }
        response.headers_mut().insert(REQUEST_ID, id);
        response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        response
    }
    .instrument(inside)
    .instrument(span)
    .await
}

fn route(path: &str) -> Route {
    match path {
        "/graphql" => Route::Graphql,
        "/" => Route::Graphiql,
        "/healthz" | "/readyz" => Route::Health,
        "/metrics" => Route::Metrics,
        _ if path.starts_with("/graphiql/") => Route::Graphiql,
        _ => Route::Other,
    }
}

/// Whether an id from a client can stand in a log without harm.
fn is_plain(id: &HeaderValue) -> bool {
    let bytes = id.as_bytes();
    (1..=LONGEST).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)
}

fn new_id() -> HeaderValue {
    let mut buffer = uuid::Uuid::encode_buffer();
    let text = uuid::Uuid::new_v4().simple().encode_lower(&mut buffer);
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("-"))
}
