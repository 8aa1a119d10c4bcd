//! A whole application in this process: the real router on a free port, on a store and a cache that no
//! other test uses.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use oponn::auth::Authenticator;
use oponn::cache::{Cache, NoCache};
use oponn::config::{AuthSettings, QuotaSettings};
use oponn::engine::{Clock, Engine, EngineOptions};
use oponn::graphql::{Api, ApiLimits};
use oponn::metrics::Metrics;
use oponn::probe::{self, Held, Point};
use oponn::quota::Quotas;
use oponn::schema::{self, Model};
use oponn::server::{self, QuotaOptions, Server, ServerOptions};
use redis::aio::MultiplexedConnection;
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_util::task::AbortOnDropHandle;

use super::place::{Cached, Documents, Place};
use super::redis_server::connected;
use super::saved::SavedFolder;
use super::scrape::Scrape;
use super::services::redis_prefix;

/// Where a test's documents live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    Sqlite,
    Mongo,
}

/// Where a test's entities and batches are cached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheKind {
    Memory,
    Redis,
    None,
}

/// Puts something around a cache.
type Around = Box<dyn FnOnce(Arc<dyn Cache>) -> Arc<dyn Cache>>;

/// How to make an application.
pub struct Setup {
    sdl: String,
    pub(super) store: StoreKind,
    pub(super) cache: CacheKind,
    pub(super) redis: Option<String>,
    mongodb: Option<String>,
    around: Option<Around>,
    auth: Option<AuthSettings>,
    quota: Option<QuotaSettings>,
    saved: SavedFolder,
    api: ApiLimits,
    options: ServerOptions,
    pub(super) engine: EngineOptions,
}

impl Setup {
    pub fn on(mut self, store: StoreKind, cache: CacheKind) -> Setup {
        (self.store, self.cache) = (store, cache);
        self
    }

    /// Another way to the Redis server.
    pub fn redis(mut self, url: &str) -> Setup {
        self.redis = Some(url.to_owned());
        self
    }

    /// Another way to the MongoDB server, a host and a port.
    pub fn mongodb(mut self, address: &str) -> Setup {
        self.mongodb = Some(address.to_owned());
        self
    }

    /// Something around its cache.
    pub fn around(mut self, around: impl FnOnce(Arc<dyn Cache>) -> Arc<dyn Cache> + 'static) -> Setup {
        self.around = Some(Box::new(around));
        self
    }

    pub fn api(mut self, change: impl FnOnce(&mut ApiLimits)) -> Setup {
        change(&mut self.api);
        self
    }

    pub fn options(mut self, change: impl FnOnce(&mut ServerOptions)) -> Setup {
        change(&mut self.options);
        self
    }

    pub fn engine(mut self, change: impl FnOnce(&mut EngineOptions)) -> Setup {
        change(&mut self.engine);
        self
    }

    /// Has its callers say who they are.
    pub fn auth(mut self, auth: AuthSettings) -> Setup {
        self.auth = Some(auth);
        self
    }

    /// Bounds what its callers may take per time.
    pub fn quota(mut self, quota: QuotaSettings) -> Setup {
        self.quota = Some(quota);
        self
    }

    /// With the saved operations of a folder, which may be all that is carried out.
    pub fn saved(mut self, folder: &Path, only: bool) -> Setup {
        self.saved = SavedFolder { path: Some(folder.to_owned()), only };
        self
    }

    /// Has the store followed on behalf of the cache, as `oponn serve` does on MongoDB.
    pub fn followed(mut self) -> Setup {
        self.engine.limits.freshness = Some(Duration::from_secs(3));
        self
    }

    pub async fn start(mut self) -> TestApp {
        let model = Arc::new(model(&self.sdl));
        let place = Arc::new(Place::new(&self, &model).await);
        let store = place.store(&model, self.mongodb.as_deref()).await;
        store.prepare().await.expect("the store can be prepared");
        let metrics = Arc::default();
        let mut cache = place.cache(None, &metrics).await;
        if let Some(around) = self.around.take() {
            cache = around(cache);
        }
        TestApp::serve(self, model, place, cache, metrics, true).await
    }
}

/// Waits until the cache may be read.
pub async fn vouched(engine: &Engine) {
    let vouched = async {
        while !engine.vouched().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), vouched).await.expect("somebody vouches for the cache");
}

/// A store and a cache.
#[derive(Clone)]
pub struct Kept(Arc<Model>, Arc<Place>);

/// An application that serves. It stops with this value.
pub struct TestApp {
    pub engine: Arc<Engine>,
    pub http: reqwest::Client,
    address: SocketAddr,
    place: Arc<Place>,
    auth: Option<AuthSettings>,
    saved: SavedFolder,
    /// Dropped to stop.
    _stop: oneshot::Sender<()>,
    /// As a process that is killed: dropped without a word to the other servers.
    following: AbortOnDropHandle<()>,
}

impl TestApp {
    /// An application of a schema, on SQLite and memory.
    pub async fn new(sdl: &str) -> TestApp {
        TestApp::with(sdl).start().await
    }

    /// An application of a schema, made as the setup says.
    pub fn with(sdl: &str) -> Setup {
        Setup {
            sdl: sdl.to_owned(),
            store: StoreKind::Sqlite,
            cache: CacheKind::Memory,
            redis: None,
            mongodb: None,
            around: None,
            auth: None,
            quota: None,
            saved: SavedFolder::default(),
            api: ApiLimits::default(),
            options: ServerOptions::default(),
            engine: EngineOptions { deployment: redis_prefix(), ..EngineOptions::default() },
        }
    }

    /// Another server on the same store and cache.
    pub async fn beside(other: &TestApp) -> TestApp {
        TestApp::beside_by(other, None).await
    }

    /// Another server on the same store and cache, of another schema.
    pub async fn beside_with(other: &TestApp, sdl: &str) -> TestApp {
        let (mut setup, place) = (TestApp::with(sdl), other.place.clone());
        setup.engine = place.engine.clone();
        let model = Arc::new(model(sdl));
        place.store(&model, None).await.prepare().await.expect("the store can be prepared");
        let metrics = Arc::default();
        let cache = place.cache(None, &metrics).await;
        TestApp::serve(setup, model, place, cache, metrics, false).await
    }

    /// Another server on the same store and cache, with another way to the Redis server.
    pub async fn beside_by(other: &TestApp, redis: Option<&str>) -> TestApp {
        TestApp::beside_on(other, redis, None, true).await
    }

    /// Another server on the same store and cache, with another way to the MongoDB server.
    pub async fn beside_through(other: &TestApp, mongodb: &str) -> TestApp {
        TestApp::beside_on(other, None, Some(mongodb), true).await
    }

    /// Another server on the same store, and on another Redis, for which nobody vouches.
    pub async fn astray(other: &TestApp, redis: &str) -> TestApp {
        TestApp::beside_on(other, Some(redis), None, false).await
    }

    async fn beside_on(other: &TestApp, redis: Option<&str>, mongodb: Option<&str>, waits: bool) -> TestApp {
        let (mut setup, place) = (TestApp::with(""), other.place.clone());
        (setup.engine, setup.mongodb) = (place.engine.clone(), mongodb.map(str::to_owned));
        (setup.auth, setup.saved) = (other.auth.clone(), other.saved.clone());
        let metrics = Arc::default();
        let cache = place.cache(redis, &metrics).await;
        TestApp::serve(setup, other.engine.model().clone(), place, cache, metrics, waits).await
    }

    /// The store and the cache, to serve on them again when this server has gone.
    pub fn keep(&self) -> Kept {
        Kept(self.engine.model().clone(), self.place.clone())
    }

    /// A server on a store and a cache that another one has served on.
    pub async fn at(Kept(model, place): Kept) -> TestApp {
        let mut setup = TestApp::with("");
        setup.engine = place.engine.clone();
        let metrics = Arc::default();
        let cache = place.cache(None, &metrics).await;
        TestApp::serve(setup, model, place, cache, metrics, true).await
    }

    /// Ends its tailer, without a word to the other servers.
    pub fn stop_following(&self) {
        self.following.abort();
    }

    /// Another server on the same store, which caches nothing: it tells what is true.
    pub async fn uncached(other: &TestApp) -> TestApp {
        TestApp::uncached_by(other, Clock::default()).await
    }

    /// The same, by another clock than that on the wall.
    pub async fn uncached_by(other: &TestApp, clock: Clock) -> TestApp {
        let (mut setup, place) = (TestApp::with(""), other.place.clone());
        setup.engine.clock = clock;
        TestApp::serve(setup, other.engine.model().clone(), place, Arc::new(NoCache), Arc::default(), false)
            .await
    }

    async fn serve(
        mut setup: Setup,
        model: Arc<Model>,
        place: Arc<Place>,
        cache: Arc<dyn Cache>,
        metrics: Arc<Metrics>,
        waits: bool,
    ) -> TestApp {
        if let Some(auth) = &setup.auth {
            let auth = Authenticator::new(auth, metrics.clone()).expect("the keys are right");
            setup.options.auth = Some(Arc::new(auth));
        }
        let (saved, operations, routes) = setup.saved.prepare(&model, &setup.api);
        (setup.options.saved, setup.options.only_saved) = (Arc::new(operations), setup.saved.only);
        setup.options.routes = Arc::new(routes);
        if let Some(settings) = &setup.quota {
            let quotas = Quotas::new(settings, None, 1 << 20, metrics.clone());
            let trusted_proxies = settings.trusted_proxies.clone();
            setup.options.quota = Some(QuotaOptions { quotas: Arc::new(quotas), trusted_proxies });
        }
        let store = place.store(&model, setup.mongodb.as_deref()).await;
        let engine = Arc::new(Engine::new(model, store, cache, metrics, setup.engine));
        let follower = engine.clone();
        let following = AbortOnDropHandle::new(tokio::spawn(async move { follower.follow().await }));
        if waits && engine.is_followed() {
            vouched(&engine).await;
        }
        let api = Api::with_saved(engine.clone(), setup.api, saved).expect("the schema can be served");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (stop, stopped) = oneshot::channel::<()>();
        let server = Server::new(Arc::new(api), setup.options);
        tokio::spawn(server::serve(listener, server, async {
            let _ = stopped.await;
        }));
        let http = client();
        let Setup { auth, saved, .. } = setup;
        TestApp { engine, http, address, place, auth, saved, _stop: stop, following }
    }

    /// Stops the next task of this server, or of one beside it, that comes to a point.
    pub fn hold(&self, point: Point) -> Held {
        probe::hold(&self.place.engine.deployment, point)
    }

    /// A connection to its Redis, as other programs have it.
    pub async fn raw_redis(&self) -> MultiplexedConnection {
        let Cached::Redis(url, ..) = &self.place.cached else { panic!("the cache is not Redis") };
        connected(url).await
    }

    /// The key of a part of its cache: `m` is the meta hash, `x:Item` the index of a type.
    pub fn key(&self, part: &str) -> String {
        format!("{{oponn:{}}}:{part}", self.place.engine.deployment)
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The application's database as another program sees it.
    pub async fn database(&self) -> mongodb::Database {
        let Documents::Mongo(database) = &self.place.documents else { panic!("the store is not MongoDB") };
        let client =
            mongodb::Client::with_uri_str(database.url()).await.expect("the test server's URL is valid");
        client.default_database().expect("the URL names a database")
    }

    /// The whole response to an operation.
    pub async fn query(&self, text: &str, variables: Json) -> Json {
        query(self.http.post(self.url("/graphql")), text, variables).await
    }

    /// The data of an operation that has to succeed.
    pub async fn data(&self, text: &str, variables: Json) -> Json {
        data(text, self.query(text, variables).await)
    }

    /// The whole response to an operation with this token.
    pub async fn query_as(&self, token: &str, text: &str, variables: Json) -> Json {
        query(self.http.post(self.url("/graphql")).bearer_auth(token), text, variables).await
    }

    /// As [`TestApp::data`], without waiting for the answer. The client goes away with the handle.
    pub fn sends(&self, text: &str, variables: Json) -> AbortOnDropHandle<Json> {
        let (request, text) = (self.http.post(self.url("/graphql")), text.to_owned());
        let asking = async move { data(&text, query(request, &text, variables).await) };
        AbortOnDropHandle::new(tokio::spawn(asking))
    }

    /// The sum of a counter's series that have these labels.
    pub async fn metric(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        self.metrics().await.value(name, labels) as u64
    }

    /// All metrics.
    pub async fn metrics(&self) -> Scrape {
        let response = self.http.get(self.url("/metrics")).send().await.expect("the server answers");
        Scrape::parse(&response.text().await.expect("metrics are text"))
    }

    /// How often the store was asked to do something since the start, in all.
    pub async fn store_operations(&self) -> u64 {
        self.metric("oponn_store_operations_total", &[]).await
    }
}

async fn query(request: reqwest::RequestBuilder, text: &str, variables: Json) -> Json {
    let request = request.json(&json!({ "query": text, "variables": variables }));
    let response = request.send().await.expect("the server answers");
    let body = response.bytes().await.expect("the answer is whole");
    serde_json::from_slice(&body).expect("the answer is JSON")
}

fn data(text: &str, mut response: Json) -> Json {
    assert!(response.get("errors").is_none(), "{text}\n{response:#}");
    response["data"].take()
}

/// A client for HTTP as it is: no proxy, nothing decoded.
pub fn client() -> reqwest::Client {
    // Fails when it is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().no_gzip().build().expect("a client can be made")
}

/// The model of a schema that has to be valid.
pub fn model(sdl: &str) -> Model {
    schema::load("test.graphql", sdl.as_bytes()).unwrap_or_else(|faults| {
        let faults: Vec<String> = faults.iter().map(|fault| fault.render(sdl)).collect();
        panic!("the test's schema is faulty:\n{}", faults.join("\n"))
    })
}
