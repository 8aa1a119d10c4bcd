//! Many large operations at once: some are carried out, one after the other, and the others are told to come again before
//! they have begun. None is broken off half-way because all of them have taken a part of the memory.

use futures_util::future::join_all;
use serde_json::{Value as Json, json};

use super::SDL;
use crate::support::app::{CacheKind, StoreKind, TestApp};

const ROWS: usize = 1_000;
const LISTS: usize = 5;
const CLIENTS: usize = 24;

async fn filled(store: StoreKind) -> TestApp {
    let app = TestApp::with(SDL).on(store, CacheKind::None).api(|limits| {
        limits.memory = 16 << 20;
        limits.executions = 16;
    });
    let app = app.start().await;
    let book = |n: usize| json!({ "isbn": n.to_string(), "title": format!("{n} {}", "x".repeat(100)) });
    let books: Vec<Json> = (0..ROWS).map(book).collect();
    let create = "mutation($books: [BookInput!]!) { createBooks(inputs: $books) { id } }";
    app.data(create, json!({ "books": books })).await;
    app
}

/// Several lists of all books, which nobody else asks for.
fn query(client: usize) -> String {
    let list = |n| {
        format!(
            "a{n}: books(first: {ROWS}, where: {{title: {{ne: \"{client} {n}\"}}}}) {{ nodes {{ id title }} }}"
        )
    };
    let lists: Vec<String> = (0..LISTS).map(list).collect();
    format!("{{ {} }}", lists.join(" "))
}

/// Whether the operation was carried out wholly, or was refused before it began.
async fn asks(app: &TestApp, client: usize) -> bool {
    let request = app.http.post(app.url("/graphql")).json(&json!({ "query": query(client) }));
    let response = request.send().await.expect("the server answers");
    let (status, again) = (response.status().as_u16(), response.headers().contains_key("retry-after"));
    let body = response.bytes().await.expect("the answer is whole");
    let answer: Json = serde_json::from_slice(&body).expect("it is JSON");
    if status == 200 {
        assert_eq!(answer["errors"], Json::Null, "it was broken off");
        for n in 0..LISTS {
            assert_eq!(answer["data"][format!("a{n}")]["nodes"].as_array().map(Vec::len), Some(ROWS));
        }
        return true;
    }
    assert_eq!((status, again), (503, true), "{answer}");
    assert_eq!(answer["errors"][0]["extensions"]["code"], "OVERLOADED", "{answer}");
    false
}

async fn some_are_carried_out_and_the_others_come_again(store: StoreKind) {
    let app = filled(store).await;
    let done = join_all((0..CLIENTS).map(|client| asks(&app, client))).await;
    let done = done.into_iter().filter(|done| *done).count();
    // Those that there is memory for, at least, and those that wait for them; all, if they come slowly enough.
    assert!(done >= 5, "{done} were carried out");
    let refused = app.metric("oponn_http_bounds_total", &[("bound", "memory")]).await;
    let turned_away = app.metric("oponn_http_bounds_total", &[("bound", "executions")]).await;
    assert_eq!((refused + turned_away) as usize, CLIENTS - done);
    // Nothing is left behind.
    assert!(asks(&app, CLIENTS).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_operations_take_turns_on_sqlite() {
    some_are_carried_out_and_the_others_come_again(StoreKind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large_operations_take_turns_on_mongodb() {
    some_are_carried_out_and_the_others_come_again(StoreKind::Mongo).await;
}
