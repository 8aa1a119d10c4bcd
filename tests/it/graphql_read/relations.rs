//! Relations: one batch per level, however many parents there are.

use serde_json::{Value as Json, json};

use super::{SDL, create, ids};
use crate::support::app::{CacheKind, StoreKind, TestApp};

async fn stocked(store: StoreKind, cache: CacheKind) -> TestApp {
    let app = TestApp::with(SDL).on(store, cache).start().await;
    let shops: Vec<Json> =
        (0..10).map(|n| json!({ "id": format!("s{n}"), "name": format!("Shop {n}") })).collect();
    create(&app, "Shop", "Shops", json!(shops)).await;
    let books: Vec<Json> = (0..100)
        .map(|n| {
            json!({ "id": format!("b{n:02}"), "title": format!("Book {n}"), "price": format!("{}.50", n % 7),
                "shopId": format!("s{}", n % 10) })
        })
        .collect();
    create(&app, "Book", "Books", json!(books)).await;
    app.engine.cache().clear().await.expect("the cache can be cleared");
    app
}

async fn operations(app: &TestApp, text: &str) -> (Json, u64) {
    let before = app.store_operations().await;
    let data = app.data(text, Json::Null).await;
    (data, app.store_operations().await - before)
}

async fn one_batch_per_level(store: StoreKind, cache: CacheKind) {
    let app = stocked(store, cache).await;
    let text = "{ books(first: 100) { nodes { id title shop { id name } } } }";
    let (cold, operations_cold) = operations(&app, text).await;
    assert_eq!(operations_cold, 2, "the list, and all its shops at once");
    let (warm, operations_warm) = operations(&app, text).await;
    assert_eq!((operations_warm, &warm), (0, &cold));
    for book in cold["books"]["nodes"].as_array().expect("rows") {
        let number: usize = book["id"].as_str().expect("an id")[1..].parse().expect("a number");
        assert_eq!(book["shop"]["id"], format!("s{}", number % 10));
    }

    let text = "{ shops(first: 10) { nodes { id books(first: 3, orderBy: [{field: PRICE, direction: DESC}]) { nodes { id } } } } }";
    let (cold, operations_cold) = operations(&app, text).await;
    assert_eq!(operations_cold, 2, "the list, and the first rows of ten lists at once");
    let (warm, operations_warm) = operations(&app, text).await;
    assert_eq!((operations_warm, &warm), (0, &cold));
    // The books of shop 0 are 0, 10, .. 90 with the prices 0, 3, 6, 2, 5, 1, 4, 0, 3, 6.
    assert_eq!(ids(&cold["shops"]["nodes"][0]["books"]), ["b20", "b90", "b40"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_batch_per_level_on_sqlite_and_memory() {
    one_batch_per_level(StoreKind::Sqlite, CacheKind::Memory).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_batch_per_level_on_mongodb_and_redis() {
    one_batch_per_level(StoreKind::Mongo, CacheKind::Redis).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_levels_cost_three_operations() {
    let app = stocked(StoreKind::Sqlite, CacheKind::Memory).await;
    let text = "{ books(first: 30) { nodes { shop { books(first: 2) { nodes { id shop { name } } } } } } }";
    let (_, cold) = operations(&app, text).await;
    assert_eq!(cold, 3, "books, their shops, the shops' books; the shops are known by then");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apple_moves_between_lists_and_both_are_right_at_once() {
    for (store, cache) in [(StoreKind::Sqlite, CacheKind::Memory), (StoreKind::Mongo, CacheKind::Redis)] {
        let app = TestApp::with(SDL).on(store, cache).start().await;
        let fruit = |id: &str, size: &str, colour: &str| json!({ "id": id, "breed": id, "size": size, "colour": colour });
        create(&app, "Apple", "Apples", json!([fruit("a1", "LARGE", "red"), fruit("a2", "SMALL", "green")]))
            .await;
        create(
            &app,
            "Orange",
            "Oranges",
            json!([fruit("o1", "LARGE", "orange"), fruit("o2", "SMALL", "red")]),
        )
        .await;
        let lists = r#"{
            large: fruits(where: {size: {eq: LARGE}}, orderBy: [{field: BREED}]) { totalCount nodes { __typename id } }
            small: fruits(where: {size: {eq: SMALL}}, orderBy: [{field: BREED}]) { totalCount nodes { __typename id } }
            red: fruits(where: {colour: {eq: "red"}}) { nodes { id ... on Apple { acidity } ... on Orange { breed } } }
        }"#;
        let (before, _) = operations(&app, lists).await;
        assert_eq!(ids(&before["large"]), ["a1", "o1"]);
        assert_eq!(ids(&before["small"]), ["a2", "o2"]);
        app.data(
            r#"mutation { updateApple(id: "a1", set: {size: SMALL, colour: "green"}) { id } }"#,
            Json::Null,
        )
        .await;
        let (after, reads) = operations(&app, lists).await;
        assert_eq!(reads, 0, "the lists were repaired, not read anew");
        assert_eq!(ids(&after["large"]), ["o1"]);
        assert_eq!(ids(&after["small"]), ["a1", "a2", "o2"]);
        assert_eq!(after["small"]["totalCount"], 3);
        assert_eq!(after["small"]["nodes"][0]["__typename"], "Apple");
        assert_eq!(after["red"]["nodes"], json!([{ "id": "o2", "breed": "o2" }]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stampede_costs_one_store_operation() {
    let app = stocked(StoreKind::Mongo, CacheKind::Redis).await;
    let beside = TestApp::beside(&app).await;
    let text = "{ books(first: 20, orderBy: [{field: TITLE}]) { totalCount nodes { id title } } }";
    let (before, before_beside) = (app.store_operations().await, beside.store_operations().await);
    let readers = (0..200).map(|n| if n % 2 == 0 { &app } else { &beside });
    let answers = futures_util::future::join_all(readers.map(|server| server.data(text, Json::Null))).await;
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    let operations = app.store_operations().await - before + beside.store_operations().await - before_beside;
    assert_eq!(operations, 1);
}
