//! Writes by other programs, and writes that could not be brought to the cache: nobody reads what was before them.

use std::time::Duration;

use bson::doc;
use serde_json::{Value as Json, json};

use super::support::app::{CacheKind, Setup, StoreKind, TestApp};

mod expiry;
mod faults;
mod foreign;
mod keys;

const SDL: &str = "
    interface Item { id: ID! name: String! }
    type Book implements Item @collection { id: ID! name: String! isbn: String @unique kind: String }
    type Toy implements Item @collection { id: ID! name: String! }";

/// Entity, list, length, look-up and interface, all about books of a kind.
const ALL: &str = "query($id: ID!) {
    book(id: $id) { name kind }
    books(where: {kind: {eq: \"k\"}}, orderBy: [{field: NAME}]) { totalCount nodes { name } }
    bookByIsbn(isbn: \"1\") { name }
    items(orderBy: [{field: NAME}]) { totalCount nodes { name } }
}";

fn on(cache: CacheKind) -> Setup {
    TestApp::with(SDL).on(StoreKind::Mongo, cache).followed()
}

async fn create(app: &TestApp, input: &Json) -> String {
    let text = "mutation($input: BookInput!) { createBook(input: $input) { id } }";
    let made = app.data(text, json!({ "input": input })).await;
    made["createBook"]["id"].as_str().expect("an id").to_owned()
}

async fn rename(app: &TestApp, id: &str, name: &str) {
    let text = "mutation($id: ID!, $name: String!) { updateBook(id: $id, set: {name: $name}) { name } }";
    let data = app.data(text, json!({ "id": id, "name": name })).await;
    assert_eq!(data["updateBook"]["name"], name);
}

async fn all(app: &TestApp, id: &str) -> Json {
    app.data(ALL, json!({ "id": id })).await
}

/// Reads until the application shows what is true, as one without a cache tells.
async fn shows_the_truth(app: &TestApp, id: &str) -> Json {
    let truth = all(&TestApp::uncached(app).await, id).await;
    let shown = async { while all(app, id).await != truth {} };
    let late = tokio::time::timeout(Duration::from_secs(30), shown).await;
    assert!(late.is_ok(), "it shows {:#} and not {truth:#}", all(app, id).await);
    truth
}

/// Reads until the store is no longer asked.
async fn is_cached(app: &TestApp, id: &str) {
    let cached = async {
        loop {
            let operations = app.store_operations().await;
            all(app, id).await;
            if app.store_operations().await == operations {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), cached).await.expect("the cache is used");
}

fn named(name: &str) -> bson::Document {
    doc! { "$set": { "name": name } }
}
