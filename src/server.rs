//! The API over HTTP: routes, limits, probes, shutdown.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::routing::{any, get};
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::engine::Engine;
use crate::graphql::Api;

mod body;
mod choice;
mod connections;
mod fault;
mod graphiql;
mod graphql;
mod health;
mod negotiate;
mod observe;
mod sample;

use choice::Choices;

pub use choice::CACHE_STRATEGY;
pub use connections::serve;
pub use sample::sample_query;

/// Header that carries a request's id in both directions.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Smaller responses are not compressed.
const COMPRESS_FROM: u64 = 1_024;

/// How the API is served.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Bytes of a request's body at the most.
    pub body_limit: usize,
    /// How long a client may take to send a request's body.
    pub body_timeout: Duration,
    /// How long a client may take to send a request's head, and how long it may keep an idle
    /// connection.
    pub head_timeout: Duration,
    /// Operations that one request may carry; `None` turns batching off.
    pub batch_max: Option<usize>,
    /// Origins whose pages may call the API; `*` for all.
    pub cors_origins: Vec<String>,
    /// How long requests in flight may take to finish after the signal to stop.
    pub grace: Duration,
    /// Whether a request may choose how it uses the cache.
    pub allow_cache_override: bool,
}

impl Default for ServerOptions {
    fn default() -> ServerOptions {
        ServerOptions {
            body_limit: 2 << 20,
            body_timeout: Duration::from_secs(30),
            head_timeout: Duration::from_secs(75),
            batch_max: None,
            cors_origins: Vec::new(),
            grace: Duration::from_secs(20),
            allow_cache_override: false,
        }
    }
}

/// What every handler knows.
pub(crate) struct State {
    api: Arc<Api>,
    /// The same with each strategy of the cache, when requests may choose.
    choices: Option<Choices>,
    options: ServerOptions,
    page: graphiql::Page,
    stopping: AtomicBool,
}

impl State {
    fn engine(&self) -> &Engine {
        self.api.engine()
    }
}

/// The server of one application: its routes and what they share.
#[derive(Clone)]
pub struct Server {
    state: Arc<State>,
}

impl Server {
    /// Serves an API in this way.
    pub fn new(api: Arc<Api>, options: ServerOptions) -> Server {
        let model = api.engine().model();
        for collection in &model.collections {
            for field in &collection.fields {
                api.engine().metrics().declare_field(&collection.name, &field.name);
            }
        }
        let page = graphiql::Page::new(&sample_query(model));
        let choices = options.allow_cache_override.then(|| Choices::new(&api));
        let state = State { api, choices, options, page, stopping: AtomicBool::new(false) };
        Server { state: Arc::new(state) }
    }

    /// All routes.
    pub fn router(&self) -> Router {
        let api = Router::new().route("/graphql", any(graphql::handle));
        let api = match cors(&self.state.options) {
            Some(cors) => api.layer(cors),
            None => api,
        };
        Router::new()
            .merge(api)
            .route("/", get(graphiql::page))
            .route("/graphiql/{file}", get(graphiql::file))
            .route("/healthz", get(health::alive))
            .route("/readyz", get(health::ready))
            .route("/metrics", get(health::metrics))
            .fallback(fault::nothing_here)
            .method_not_allowed_fallback(fault::wrong_method)
            .layer(
                CompressionLayer::new()
                    .quality(CompressionLevel::Fastest)
                    .compress_when(SizeAbove::new(COMPRESS_FROM)),
            )
            .layer(CatchPanicLayer::custom(fault::panicked))
            .layer(axum::middleware::from_fn_with_state(self.state.clone(), observe::observe))
            .with_state(self.state.clone())
    }

    /// Makes `/readyz` say that the server is going away.
    pub(crate) fn stop(&self) {
        self.state.stopping.store(true, Ordering::Relaxed);
    }

    pub(crate) fn options(&self) -> &ServerOptions {
        &self.state.options
    }
}

/// What browsers are told about pages of other origins; nothing when none is allowed.
fn cors(options: &ServerOptions) -> Option<CorsLayer> {
    let origins = &options.cors_origins;
    let allowed = match origins.iter().any(|origin| origin == "*") {
        true => AllowOrigin::any(),
        false if origins.is_empty() => return None,
        false => AllowOrigin::list(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok())),
    };
    let mut headers = vec![header::ACCEPT, header::AUTHORIZATION, header::CONTENT_TYPE, REQUEST_ID];
    headers.extend(options.allow_cache_override.then_some(CACHE_STRATEGY));
    Some(
        CorsLayer::new()
            .allow_origin(allowed)
            .allow_methods([Method::GET, Method::POST])
            .allow_headers(headers)
            .expose_headers([REQUEST_ID])
            .max_age(Duration::from_secs(24 * 60 * 60)),
    )
}
