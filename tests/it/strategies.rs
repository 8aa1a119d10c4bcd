//! What a request sees and costs with each strategy of the cache.

use oponn::cache::Strategy;
use reqwest::StatusCode;
use serde_json::{Value as Json, json};

use super::support::app::{CacheKind, StoreKind, TestApp};

const SDL: &str = "
type Book @collection { id: ID! isbn: String! @unique title: String! price: Int! }
type Shop @collection { id: ID! name: String! }
";

const BACKENDS: [(StoreKind, CacheKind); 2] =
    [(StoreKind::Sqlite, CacheKind::Memory), (StoreKind::Mongo, CacheKind::Redis)];

/// A server that lets requests choose, with two books and a shop; their lists and the first book are cached.
struct World {
    app: TestApp,
    book: String,
}

impl World {
    async fn new((store, cache): (StoreKind, CacheKind)) -> World {
        let setup = TestApp::with(SDL).on(store, cache);
        let app = setup.options(|options| options.allow_cache_override = true).start().await;
        let text = "mutation { a: createBook(input: {isbn: \"1\", title: \"a\", price: 10}) { id }
            createBook(input: {isbn: \"2\", title: \"b\", price: 20}) { id }
            createShop(input: {name: \"x\"}) { id } }";
        let made = app.data(text, Json::Null).await;
        let book = made["a"]["id"].as_str().expect("a book has an id").to_owned();
        let world = World { app, book };
        world.read(Strategy::Reconcile).await;
        assert_eq!(world.read(Strategy::Reconcile).await, (10, "1 2".into(), 0), "all is cached");
        world
    }

    async fn ask(&self, strategy: Strategy, text: &str) -> Json {
        let request = self.app.http.post(self.app.url("/graphql")).header("oponn-cache", strategy.as_str());
        let request = request.json(&json!({ "query": text, "variables": { "id": self.book } }));
        let response = request.send().await.expect("the server answers");
        let body = response.bytes().await.expect("the answer is whole");
        let mut body: Json = serde_json::from_slice(&body).expect("the answer is JSON");
        assert!(body.get("errors").is_none(), "{text}\n{body:#}");
        body["data"].take()
    }

    /// The first book's price, the books in the order of their prices, and how often the store was asked
    /// for all that.
    async fn read(&self, strategy: Strategy) -> (i64, String, u64) {
        let before = self.app.store_operations().await;
        let text = "query($id: ID!) { book(id: $id) { price }
            books(orderBy: [{field: PRICE, direction: ASC}]) { nodes { isbn } } }";
        let seen = self.ask(strategy, text).await;
        let nodes = seen["books"]["nodes"].as_array().expect("a list");
        let order: Vec<&str> = nodes.iter().filter_map(|node| node["isbn"].as_str()).collect();
        let price = seen["book"]["price"].as_i64().expect("a price");
        (price, order.join(" "), self.app.store_operations().await - before)
    }

    /// How often the store was asked for the list of another type.
    async fn shops(&self) -> u64 {
        let before = self.app.store_operations().await;
        self.ask(Strategy::Reconcile, "{ shops { nodes { name } } }").await;
        self.app.store_operations().await - before
    }

    /// Sets the first book's price.
    async fn write(&self, strategy: Strategy, price: i64) {
        let text = format!("mutation($id: ID!) {{ updateBook(id: $id, set: {{price: {price}}}) {{ id }} }}");
        self.ask(strategy, &text).await;
    }

    async fn batch_reads(&self, result: &str) -> u64 {
        self.app.metric("oponn_cache_reads_total", &[("kind", "batch"), ("result", result)]).await
    }
}

#[tokio::test]
async fn reconcile_serves_what_was_written_from_the_cache() {
    for backends in BACKENDS {
        let world = World::new(backends).await;
        world.write(Strategy::Reconcile, 30).await;
        assert_eq!(world.read(Strategy::Reconcile).await, (30, "2 1".into(), 0), "{backends:?}");
    }
}

#[tokio::test]
async fn invalidate_voids_the_type_and_no_other() {
    for backends in BACKENDS {
        let world = World::new(backends).await;
        world.shops().await;
        world.write(Strategy::Invalidate, 30).await;
        let (price, order, asked) = world.read(Strategy::Invalidate).await;
        assert_eq!((price, order.as_str()), (30, "2 1"), "{backends:?}");
        assert!(asked >= 1, "{backends:?}: the list has to be read anew");
        assert_eq!(world.read(Strategy::Invalidate).await.2, 0, "{backends:?}: it is cached again");
        assert_eq!(world.shops().await, 0, "{backends:?}: the other type stays");
    }
}

#[tokio::test]
async fn ttl_leaves_the_cache_as_it_was() {
    for backends in BACKENDS {
        let world = World::new(backends).await;
        world.write(Strategy::Ttl, 30).await;
        // For everybody, whatever strategy they read with.
        for reader in [Strategy::Ttl, Strategy::Invalidate, Strategy::Reconcile] {
            assert_eq!(world.read(reader).await, (10, "1 2".into(), 0), "{backends:?}");
        }
        assert_eq!(world.read(Strategy::Bypass).await.0, 30, "{backends:?}: it was written");
        world.write(Strategy::Invalidate, 40).await;
        let (price, order, _) = world.read(Strategy::Reconcile).await;
        assert_eq!((price, order.as_str()), (40, "2 1"), "{backends:?}: nothing stale is left");
    }
}

#[tokio::test]
async fn bypass_reads_the_store_and_keeps_nothing() {
    for backends in BACKENDS {
        let world = World::new(backends).await;
        for _ in 0..2 {
            let (price, order, asked) = world.read(Strategy::Bypass).await;
            assert_eq!((price, order.as_str(), asked), (10, "1 2", 2), "{backends:?}");
        }
        assert_eq!(world.batch_reads("bypass").await, 2, "{backends:?}");
        assert_eq!(world.app.metric("oponn_cache_trusted", &[]).await, 1, "{backends:?}");
        // What it reads is not kept.
        world.write(Strategy::Invalidate, 30).await;
        world.read(Strategy::Bypass).await;
        assert!(world.read(Strategy::Reconcile).await.2 >= 1, "{backends:?}");
        // What it writes is reconciled.
        world.write(Strategy::Bypass, 5).await;
        assert_eq!(world.read(Strategy::Reconcile).await, (5, "1 2".into(), 0), "{backends:?}");
    }
}

#[tokio::test]
async fn refresh_reads_the_store_and_keeps_what_it_read() {
    for backends in BACKENDS {
        let world = World::new(backends).await;
        world.write(Strategy::Ttl, 30).await;
        for _ in 0..2 {
            let (price, order, asked) = world.read(Strategy::Refresh).await;
            assert_eq!((price, order.as_str(), asked), (30, "2 1", 2), "{backends:?}");
        }
        assert_eq!(world.read(Strategy::Reconcile).await, (30, "2 1".into(), 0), "{backends:?}");
        // What it writes is reconciled.
        world.write(Strategy::Refresh, 5).await;
        assert_eq!(world.read(Strategy::Reconcile).await, (5, "1 2".into(), 0), "{backends:?}");
    }
}

#[tokio::test]
async fn a_choice_that_cannot_be_granted_is_refused() {
    let send = async |app: &TestApp, strategy: &str| {
        let request = app.http.post(app.url("/graphql")).header("oponn-cache", strategy);
        let response = request.json(&json!({ "query": "{ __typename }" })).send().await;
        let response = response.expect("the server answers");
        let status = response.status();
        let body = response.bytes().await.expect("the answer is whole");
        let body: Json = serde_json::from_slice(&body).expect("the answer is JSON");
        (status, body["errors"][0].clone())
    };
    let choosy = TestApp::with(SDL).options(|options| options.allow_cache_override = true).start().await;
    let (status, error) = send(&choosy, "none").await;
    assert_eq!((status, &error["extensions"]["code"]), (StatusCode::BAD_REQUEST, &json!("BAD_USER_INPUT")));
    let message = "The header Oponn-Cache is \"none\"; it has to be one of reconcile, invalidate, ttl, bypass, \
                   refresh.";
    assert_eq!(error["message"], message);

    let plain = TestApp::new(SDL).await;
    let (status, error) = send(&plain, "bypass").await;
    assert_eq!((status, &error["extensions"]["code"]), (StatusCode::FORBIDDEN, &json!("FORBIDDEN")));
    let message = error["message"].as_str().expect("a message");
    assert!(message.contains("--allow-cache-override"), "{message}");
}
