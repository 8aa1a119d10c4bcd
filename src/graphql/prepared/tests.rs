//! An operation that is prepared once and run more than once, without a GraphQL request.

use tempfile::TempDir;

use super::*;
use crate::cache::{CacheLimits, MemoryCache};
use crate::engine::EngineOptions;
use crate::engine::input::sample;
use crate::graphql::ApiLimits;
use crate::metrics::{GraphqlOutcome, Metrics};
use crate::store::{SqliteStore, Store};

/// An engine on an empty store, and the shared part of its API.
async fn api(folder: &TempDir) -> (Engine, Shared) {
    let model = Arc::new(sample::model());
    let store = SqliteStore::open(model.clone(), &folder.path().join("test.db")).expect("it can be made");
    store.prepare().await.expect("it can be prepared");
    let (store, cache) = (Arc::new(store), Arc::new(MemoryCache::new(CacheLimits::default())));
    let engine = Engine::new(model, store, cache, Arc::new(Metrics::default()), EngineOptions::default());
    let shared =
        Shared::new(&engine, ApiLimits::default(), Default::default()).expect("the sample has an API");
    (engine, shared)
}

fn prepare(shared: &Shared, text: &str, given: &Json) -> Prepared {
    let definition = shared.definitions.of(None).expect("the sample has an API");
    let document = shared.documents.get(&definition, text).expect("the test's text is valid");
    let operation = document.operation(None).expect("it has one operation");
    let given = given.as_object().expect("variables are an object");
    Prepared::new(shared, &document, operation, given, Single::List).ok().expect("nothing refuses it")
}

async fn run(prepared: &Prepared, (engine, shared): &(Engine, Shared)) -> Answer {
    prepared.run(engine, &Caller::default(), shared, shared.budget(), b"").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prepared_operation_is_run_again_and_sees_what_was_written() {
    fn outlives_its_request(_: &(impl Send + Sync + 'static)) {}
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let api = api(&folder).await;
    let list = prepare(&api.1, "{ apples { totalCount } }", &serde_json::json!({}));
    outlives_its_request(&list);
    let write = "mutation($breed: String!) { createApple(input: {breed: $breed, size: SMALL}) { breed } }";
    let write = prepare(&api.1, write, &serde_json::json!({ "breed": "Cox" }));
    for count in 0..3 {
        let answer = run(&list, &api).await;
        assert_eq!(answer.data(), format!("{{\"apples\":{{\"totalCount\":{count}}}}}").as_bytes());
        assert_eq!(answer.outcome(), GraphqlOutcome::Ok);
        let written = run(&write, &api).await;
        assert_eq!(written.data(), br#"{"createApple":{"breed":"Cox"}}"#);
        assert!(written.read.is_none() && written.place.is_none(), "a write's answer is not kept");
    }
    // By now the list is in the cache.
    run(&list, &api).await;
    let cached = run(&list, &api).await;
    assert!(cached.read.is_some_and(|read| read.pages == 1) && cached.place.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_data_stands_behind_the_opening_and_errors_apart() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let api = api(&folder).await;
    let one =
        prepare(&api.1, "query($id: ID!) { apple(id: $id) { breed } }", &serde_json::json!({ "id": "none" }));
    let answer = one.run(&api.0, &Caller::default(), &api.1, api.1.budget(), b"data: ").await;
    assert_eq!(answer.json, br#"data: {"apple":null}"#);
    assert_eq!(answer.data(), br#"{"apple":null}"#);
    let wrong = "query($first: Int) { apples(first: $first) { nodes { id } } }";
    let wrong = prepare(&api.1, wrong, &serde_json::json!({ "first": -1 }));
    let answer = run(&wrong, &api).await;
    assert_eq!((answer.data(), answer.outcome()), (&b"null"[..], GraphqlOutcome::Errors));
    assert_eq!(answer.errors.len(), 1);
}
