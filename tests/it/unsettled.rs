//! Writes that are between the store and the cache when the program ends.

use std::sync::Arc;

use futures_util::poll;
use oponn::cache::{CacheLimits, MemoryCache};
use oponn::engine::{Caller, Engine, EngineOptions};
use oponn::metrics::Metrics;
use oponn::store::{MongoStore, Store};
use serde_json::{Map, json};

use crate::support::app::model;
use crate::support::proxy::Proxy;
use crate::support::services::MongoDatabase;

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_nobody_waits_for_is_waited_for_at_the_end() {
    let model = Arc::new(model("type Item @collection { id: ID! name: String }"));
    let place = MongoDatabase::new();
    let url = place.url();
    let host = url.split('/').nth(2).expect("a URL names a host");
    let proxy = Proxy::start(host).await;
    let store = MongoStore::connect(model.clone(), &url.replace(host, proxy.address())).await;
    let store = store.expect("the test server's URL is valid");
    store.prepare().await.expect("it can be prepared");
    let cache = Arc::new(MemoryCache::new(CacheLimits::default()));
    let metrics = Arc::new(Metrics::default());
    let options = EngineOptions::default();
    let engine = Arc::new(Engine::new(model, Arc::new(store), cache, metrics.clone(), options));
    engine.settled().await;

    proxy.hold();
    let (writer, mut input) = (engine.clone(), Map::new());
    input.insert("name".to_owned(), json!("held"));
    let collection = engine.model().collection("Item").expect("it is in the schema").clone();
    let write = tokio::spawn(async move {
        writer.view(&Caller::default()).create(&collection, &input, &[]).await.map(drop)
    });
    let mut settled = Box::pin(engine.settled());
    while poll!(&mut settled).is_ready() {
        // The write has not begun yet.
        tokio::task::yield_now().await;
        settled = Box::pin(engine.settled());
    }
    proxy.restore();
    settled.await;
    assert!(
        metrics.render().contains("oponn_cache_reconcile_seconds_count 1"),
        "the cache has heard of it when the end has come"
    );
    write.await.expect("it does not panic").expect("it is written");
}
