//! The API over HTTP: routes, limits, probes, shutdown.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get};
use bytes::Bytes;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use crate::auth::Authenticator;
use crate::engine::Engine;
use crate::graphql::{Api, Body};
use crate::metrics::Metrics;
use crate::operations::Operations;

mod administer;
mod body;
mod choice;
mod claims;
mod client_address;
mod connections;
mod document_id;
mod faces;
mod fault;
mod graphiql;
mod graphql;
mod health;
mod html;
mod media;
mod negotiate;
mod observe;
mod own_page;
mod persisted;
mod places;
mod quota;
mod rest;
mod sample;
mod saved;
mod share;
mod text_hash;
mod tls;
mod unread;
mod upload;

use faces::Face;
use rest::About;
use rest::page::Described;
use saved::Documents;
use unread::Unread;
use upload::Room;

pub use choice::{CACHE_STRATEGY, COST};
pub use connections::{Listeners, serve};
pub use quota::QuotaOptions;
pub use rest::{RouteFault, Routes};
pub use sample::sample_query;
pub use tls::{Tls, TlsFiles};

/// Header that carries a request's id in both directions.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Smaller responses are not compressed.
const COMPRESS_FROM: u64 = 1_024;

/// The compressed form of a body, if that is wanted and worth it. A body that is sent repeatedly keeps it.
fn packed(body: &Body, wanted: bool) -> Option<Bytes> {
    let is_large = body.plain().len() as u64 >= COMPRESS_FROM;
    if wanted && is_large { body.gzip() } else { None }
}

/// How the API is served.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Maximum bytes of a request's body.
    pub body_limit: usize,
    /// How long a client may take to send a request's body.
    pub body_timeout: Duration,
    /// How long a client may take to send a request's head, and how long it may keep an idle connection.
    pub head_timeout: Duration,
    /// How long a client may take until TLS has come about.
    pub handshake_timeout: Duration,
    /// How long a client may go without reading any of its answer.
    pub write_timeout: Duration,
    /// Maximum number of connections.
    pub connections: usize,
    /// Maximum number of connections from one address; `None` for half of all.
    pub connections_per_address: Option<usize>,
    /// Maximum bytes of all request bodies together. The first bytes of each body are not counted.
    pub bodies: usize,
    /// Maximum bytes of all large answers that clients have not read yet.
    pub unread: usize,
    /// Maximum bytes of texts that clients may name by their hashes; 0 turns persisted queries off.
    pub persisted: u64,
    /// The documents that clients may name by ids, and their operations by names.
    pub saved: Arc<Operations>,
    /// Whether these are all that is carried out.
    pub only_saved: bool,
    /// The routes of saved operations.
    pub routes: Arc<Routes>,
    /// The name that their description gives the API.
    pub title: String,
    /// The version that their description gives the API.
    pub version: String,
    /// Maximum number of operations in one request; `None` turns batching off.
    pub batch_max: Option<usize>,
    /// Bytes of the answers to one request's operations after which no further operation is carried out.
    pub batch_answers: usize,
    /// Origins whose pages may call the API; `*` for all.
    pub cors_origins: Vec<String>,
    /// Whether they may do so with what their browsers know the user by; never for `*`.
    pub cors_credentials: bool,
    /// How long requests in flight may take to finish after the signal to stop.
    pub grace: Duration,
    /// Whether a request may choose how it uses the cache.
    pub allow_cache_override: bool,
    /// Identifies the senders of requests; `None` when nobody is asked who they are, and everything is open.
    pub auth: Option<Arc<Authenticator>>,
    /// What senders of requests may take per time; `None` when nothing is counted.
    pub quota: Option<QuotaOptions>,
}

impl Default for ServerOptions {
    fn default() -> ServerOptions {
        ServerOptions {
            body_limit: 2 << 20,
            body_timeout: Duration::from_secs(30),
            head_timeout: Duration::from_secs(75),
            handshake_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(30),
            connections: 10_000,
            connections_per_address: None,
            bodies: 64 << 20,
            unread: 256 << 20,
            persisted: 16 << 20,
            saved: Arc::default(),
            only_saved: false,
            routes: Arc::default(),
            title: "API".to_owned(),
            version: "1".to_owned(),
            batch_max: None,
            batch_answers: 16 << 20,
            cors_origins: Vec::new(),
            cors_credentials: false,
            grace: Duration::from_secs(20),
            allow_cache_override: false,
            auth: None,
            quota: None,
        }
    }
}

/// The state that all handlers share.
pub(crate) struct ServerState {
    api: Arc<Api>,
    options: ServerOptions,
    page: graphiql::Page,
    described: Described,
    documents: Documents,
    room: Room,
    unread: Unread,
    stopping: AtomicBool,
}

impl ServerState {
    fn engine(&self) -> &Engine {
        self.api.engine()
    }
}

/// The server of one application: its routes and their shared state.
#[derive(Clone)]
pub struct Server {
    state: Arc<ServerState>,
}

impl Server {
    /// A server for an API, with these options.
    pub fn new(api: Arc<Api>, options: ServerOptions) -> Server {
        let model = api.engine().model();
        for collection in &model.collections {
            for field in &collection.fields {
                api.engine().metrics().declare_field(&collection.name, &field.name);
            }
        }
        let page = graphiql::Page::new(&sample_query(model));
        let about = About {
            title: options.title.clone(),
            version: options.version.clone(),
            required_identity: options.auth.as_ref().map(|auth| !auth.lets_anonymous_in()),
            has_quotas: options.quota.is_some(),
        };
        let state = ServerState {
            described: Described::new(&options.routes, &about),
            documents: Documents::new(options.saved.clone(), options.only_saved, options.persisted),
            room: Room::new(&options),
            unread: Unread::new(options.unread),
            stopping: AtomicBool::new(false),
            api,
            options,
            page,
        };
        Server { state: Arc::new(state) }
    }

    /// The routes of a listener.
    fn router(&self, face: Face) -> Router {
        if face == Face::Admin {
            return faces::admin(&self.state);
        }
        let api = Router::new().route("/graphql", any(graphql::handle));
        let api = api.merge(rest::router(&self.state.options.routes));
        let api = match cors(&self.state.options) {
            Some(cors) => api.layer(cors),
            None => api,
        };
        let editor = match self.state.options.only_saved {
            true => Router::new().route("/", get(saved::no_editor)),
            false => {
                Router::new().route("/", get(graphiql::page)).route("/graphiql/{file}", get(graphiql::file))
            }
        };
        Router::new()
            .merge(api)
            .merge(editor)
            .merge(face.probes())
            .fallback(fault::nothing_here)
            .method_not_allowed_fallback(fault::wrong_method)
            .layer(
                CompressionLayer::new()
                    .quality(CompressionLevel::Fastest)
                    .compress_when(SizeAbove::new(COMPRESS_FROM)),
            )
            .layer(CatchPanicLayer::custom(fault::panicked))
            .layer(from_fn_with_state(self.state.clone(), observe::observe))
            .with_state(self.state.clone())
    }

    /// The routes for connections past the bound: probes, and for everything else the answer that there is no place.
    fn router_without_place(&self, face: Face) -> Router {
        face.probes()
            .fallback(fault::no_place)
            .layer(from_fn_with_state(self.state.clone(), observe::observe))
            .with_state(self.state.clone())
    }

    /// Makes `/readyz` say that the server is going away.
    pub(crate) fn stop(&self) {
        self.state.stopping.store(true, Ordering::Relaxed);
    }

    pub(crate) fn options(&self) -> &ServerOptions {
        &self.state.options
    }

    fn metrics(&self) -> &Metrics {
        self.state.engine().metrics()
    }
}

/// The CORS rules for pages of other origins; none when no origin is allowed. A page of an allowed origin may send any
/// headers: clients send many, and no answer depends on the page.
fn cors(options: &ServerOptions) -> Option<CorsLayer> {
    let origins = &options.cors_origins;
    let everybody = origins.iter().any(|origin| origin == "*");
    let allowed = match everybody {
        true => AllowOrigin::any(),
        false if origins.is_empty() => return None,
        false => AllowOrigin::list(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok())),
    };
    Some(
        CorsLayer::new()
            .allow_origin(allowed)
            // Everybody's pages would act for whoever looks at them.
            .allow_credentials(options.cors_credentials && !everybody)
            .allow_methods([
                Method::GET,
                Method::HEAD,
                Method::POST,
                Method::PUT,
                Method::PATCH,
                Method::DELETE,
            ])
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers([
                REQUEST_ID,
                header::RETRY_AFTER,
                header::WWW_AUTHENTICATE,
                header::ETAG,
                quota::POLICY,
                quota::LEFT,
            ])
            .max_age(Duration::from_secs(24 * 60 * 60)),
    )
}
