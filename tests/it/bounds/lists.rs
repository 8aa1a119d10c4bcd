//! Lists that are asked for once, however many and of however many kinds, do not keep others from being cached.

use std::fmt::Write;

use serde_json::{Value as Json, json};

use super::until;
use crate::support::app::{CacheKind, StoreKind, TestApp};

const SDL: &str = "type Book @collection { id: ID! a: Int b: Int c: Int d: Int e: Int title: String }";

/// Some lists that nobody has asked for before.
fn strange(round: usize, condition: impl Fn(usize) -> String) -> String {
    (0..100).fold("{".to_owned(), |mut text, n| {
        let _ = write!(text, " l{n}: books(where: {{{}}}) {{ totalCount }}", condition(100 * round + n));
        text
    }) + " }"
}

/// Whether the store is not asked for an ordinary list.
async fn is_cached(app: &TestApp) -> bool {
    let ordinary = "{ books(where: {title: {eq: \"x\"}}, orderBy: [{field: A}]) { nodes { id } } }";
    let before = app.store_operations().await;
    app.data(ordinary, Json::Null).await;
    app.store_operations().await == before
}

async fn lists_are_cached_after_a_flood(cache: CacheKind) {
    let app = TestApp::with(SDL).on(StoreKind::Sqlite, cache).engine(|options| {
        options.limits.batches = 200;
        options.limits.shapes = 16;
    });
    let app = app.start().await;
    app.data("mutation { createBook(input: {title: \"x\"}) { id } }", json!({})).await;
    for round in 0..6 {
        app.data(&strange(round, |n| format!("a: {{eq: {n}}}")), Json::Null).await;
    }
    until(async || is_cached(&app).await).await;
    // Each fixes other fields.
    let kinds = |n: usize| {
        let fields = ["a", "b", "c", "d", "e"].iter().enumerate().filter(|(bit, _)| n >> bit & 1 == 1);
        let fields: Vec<String> = fields.map(|(_, field)| format!("{field}: {{eq: {n}}}")).collect();
        fields.join(", ")
    };
    app.data("mutation { updateBooks(where: {}, all: true, set: {a: 1}) { count } }", Json::Null).await;
    for round in 0..6 {
        app.data(&strange(round, kinds), Json::Null).await;
    }
    until(async || is_cached(&app).await).await;
    let evicted = app.metric("oponn_cache_evicted_total", &[]).await;
    assert!(evicted > 100, "{evicted}");
    // What is cached is right.
    app.data("mutation { createBook(input: {title: \"x\"}) { id } }", json!({})).await;
    let counted = app.data("{ books(where: {title: {eq: \"x\"}}) { totalCount } }", Json::Null).await;
    assert_eq!(counted["books"]["totalCount"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_cached_after_a_flood_in_redis() {
    lists_are_cached_after_a_flood(CacheKind::Redis).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_cached_after_a_flood_in_memory() {
    lists_are_cached_after_a_flood(CacheKind::Memory).await;
}
