//! Other programs write the fields of unique keys that oponn normalises: their documents are found by them, and conflict.

use std::time::Duration;

use bson::{Document, doc};
use serde_json::{Value as Json, json};

use crate::support::app::{CacheKind, StoreKind, TestApp};

const SDL: &str = r#"
type Author @collection @unique(fields: ["city", "code"], normalize: [CASEFOLD])
    @emit(name: "renamed", to: "log", on: [CREATE, UPDATE, DELETE]) {
  id: ID! @id(as: STRING, client: true)
  name: String @unique(normalize: [TRIM, COLLAPSE_SPACES, CASEFOLD])
  city: String
  code: Int
  version: Int! @version
}"#;

async fn app(cache: CacheKind) -> TestApp {
    TestApp::with(SDL).on(StoreKind::Mongo, cache).followed().start().await
}

async fn authors(app: &TestApp) -> mongodb::Collection<Document> {
    app.database().await.collection("authors")
}

/// The id of the author of a name.
async fn named(app: &TestApp, name: &str) -> Json {
    let text = "query($name: String!) { authorByName(name: $name) { id } }";
    app.data(text, json!({ "name": name })).await["authorByName"]["id"].clone()
}

/// The id of the author of a city and a code.
async fn at(app: &TestApp, city: &str, code: i32) -> Json {
    let text = "query($city: String!, $code: Int!) { authorByCityCode(city: $city, code: $code) { id } }";
    let found = app.data(text, json!({ "city": city, "code": code })).await;
    found["authorByCityCode"]["id"].clone()
}

async fn creates(app: &TestApp, id: &str, name: &str) -> Json {
    let text = "mutation($input: AuthorInput!) { createAuthor(input: $input) { id } }";
    let made = app.query(text, json!({ "input": { "id": id, "name": name } })).await;
    made["errors"][0]["extensions"]["code"].clone()
}

/// Asks until the answer is this one.
async fn becomes(what: &str, answer: impl AsyncFn() -> Json, expected: Json) {
    let asked = async { while answer().await != expected {} };
    let late = tokio::time::timeout(Duration::from_secs(60), asked).await;
    assert!(late.is_ok(), "{what} is {} and not {expected}", answer().await);
}

async fn found_by(app: &TestApp, name: &str, id: impl Into<Json>) {
    becomes(name, async || named(app, name).await, id.into()).await;
}

async fn counted(app: &TestApp, result: &str) -> u64 {
    app.metric("oponn_tail_keys_total", &[("result", result)]).await
}

async fn keys_follow_what_others_write(cache: CacheKind) {
    let app = app(cache).await;
    let authors = authors(&app).await;
    // Cached as not there.
    for name in ["ada byron", "grace", "king"] {
        assert_eq!(named(&app, name).await, Json::Null);
    }
    let made = doc! { "_id": "a", "name": " Ada  Byron", "city": "London", "code": 1 };
    authors.insert_one(made).await.unwrap();
    found_by(&app, "ada byron", "a").await;
    becomes("the pair", async || at(&app, "LONDON", 1).await, json!("a")).await;
    assert_eq!(creates(&app, "b", "ADA BYRON").await, "CONFLICT");
    let set = |name: &str| doc! { "$set": { "name": name } };
    authors.update_one(doc! { "_id": "a" }, set("Grace")).await.unwrap();
    found_by(&app, "grace", "a").await;
    assert_eq!(named(&app, "ada byron").await, Json::Null);
    assert_eq!(creates(&app, "b", "Ada Byron").await, Json::Null);
    authors.update_one(doc! { "_id": "a" }, doc! { "$unset": { "name": "" } }).await.unwrap();
    found_by(&app, "grace", Json::Null).await;
    assert_eq!(creates(&app, "g", "Grace").await, Json::Null);
    assert_eq!(at(&app, "london", 1).await, "a");
    authors.update_one(doc! { "_id": "a" }, doc! { "$set": { "code": 2 } }).await.unwrap();
    becomes("the other pair", async || at(&app, "london", 2).await, json!("a")).await;
    assert_eq!(at(&app, "london", 1).await, Json::Null);
    authors.replace_one(doc! { "_id": "a" }, doc! { "name": "KING" }).await.unwrap();
    found_by(&app, "king", "a").await;
    assert_eq!(at(&app, "london", 2).await, Json::Null);
    // The value that cannot be compared with itself is written once.
    authors.update_one(doc! { "_id": "a" }, doc! { "$set": { "name": f64::NAN } }).await.unwrap();
    found_by(&app, "king", Json::Null).await;
    authors.delete_one(doc! { "_id": "a" }).await.unwrap();
    becomes(
        "a",
        async || app.data("{ author(id: \"a\") { id } }", Json::Null).await["author"].clone(),
        Json::Null,
    )
    .await;
    // Two of the first document, and one for each change after it: nothing is written twice.
    becomes("written", async || json!(counted(&app, "written").await), json!(7)).await;
    assert_eq!(counted(&app, "duplicate").await + counted(&app, "failed").await, 0);
    let events = app.database().await.collection::<Document>("_oponn_events");
    assert_eq!(events.count_documents(doc! { "document": "a" }).await.unwrap(), 0, "no event is told of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_follow_what_others_write_on_redis() {
    keys_follow_what_others_write(CacheKind::Redis).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_follow_what_others_write_in_memory() {
    keys_follow_what_others_write(CacheKind::Memory).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_another_document_has_is_not_kept_until_it_is_free() {
    let app = app(CacheKind::Redis).await;
    let authors = authors(&app).await;
    assert_eq!(creates(&app, "a", "Ada").await, Json::Null);
    assert_eq!(creates(&app, "b", "Bea").await, Json::Null);
    assert_eq!(named(&app, "bea").await, "b");
    authors.insert_one(doc! { "_id": "c", "name": "ADA" }).await.unwrap();
    authors.update_one(doc! { "_id": "b" }, doc! { "$set": { "name": " ada" } }).await.unwrap();
    // It is not found by what it was.
    found_by(&app, "bea", Json::Null).await;
    assert_eq!(named(&app, "ada").await, "a");
    becomes("duplicates", async || json!(counted(&app, "duplicate").await >= 2), json!(true)).await;
    // They are marked, and no server that starts is in their way.
    let marked = doc! { "_id": { "$in": ["b", "c"] }, "_oponn.u.name.name": { "$type": "null" } };
    becomes("marked", async || json!(authors.count_documents(marked.clone()).await.unwrap()), json!(2)).await;
    let _other = TestApp::beside_with(&app, SDL).await;
    // Whoever comes first.
    let gone = app.data("mutation { deleteAuthor(id: \"a\") { id } }", Json::Null).await;
    assert_eq!(gone["deleteAuthor"]["id"], "a");
    becomes("ada", async || json!(named(&app, "ada").await != Json::Null), json!(true)).await;
    let holder = named(&app, "ada").await;
    authors.update_one(doc! { "_id": holder.as_str() }, doc! { "$set": { "name": "Eve" } }).await.unwrap();
    let other = if holder == "b" { "c" } else { "b" };
    found_by(&app, "ada", other).await;
    found_by(&app, "eve", holder).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_documents_of_others_are_found() {
    let app = app(CacheKind::Redis).await;
    let database = app.database().await;
    let authors = database.collection::<Document>("authors");
    let many = |prefix: &str, count: i32| -> Vec<Document> {
        (0..count).map(|n| doc! { "_id": format!("{prefix}{n}"), "name": format!("{prefix} {n}") }).collect()
    };
    authors.insert_many(many("A", 3000)).await.unwrap();
    // A transaction that is too large to be told document by document.
    let mut session = database.client().start_session().await.unwrap();
    session.start_transaction().await.unwrap();
    authors.insert_many(many("B", 60)).session(&mut session).await.unwrap();
    authors
        .update_one(doc! { "_id": "A7" }, doc! { "$set": { "name": "Seven" } })
        .session(&mut session)
        .await
        .unwrap();
    session.commit_transaction().await.unwrap();
    let lacking = doc! { "_oponn.u.name.name": { "$exists": false } };
    becomes("lacking", async || json!(authors.count_documents(lacking.clone()).await.unwrap()), json!(0))
        .await;
    found_by(&app, "seven", "A7").await;
    for name in ["a 0", "a 2999", "b 0", "b 59"] {
        found_by(&app, name, name.replace(' ', "").to_uppercase()).await;
    }
    assert_eq!(counted(&app, "failed").await + counted(&app, "duplicate").await, 0);
    // A collection that comes as a whole.
    let other = database.collection::<Document>("other");
    other.insert_many(many("C", 300)).await.unwrap();
    let (from, to) = (format!("{}.other", database.name()), format!("{}.authors", database.name()));
    let rename = doc! { "renameCollection": from, "to": to, "dropTarget": true };
    database.client().database("admin").run_command(rename).await.unwrap();
    for name in ["c 0", "c 299"] {
        found_by(&app, name, name.replace(' ', "").to_uppercase()).await;
    }
}

/// Nobody has seen the changes, or has written the keys.
async fn keys_are_brought_up_by_the_next_server(cache: CacheKind) {
    let first = app(cache).await;
    for (id, name) in [("a", "Ada"), ("b", "Bea")] {
        assert_eq!(creates(&first, id, name).await, Json::Null);
    }
    let (authors, place) = (authors(&first).await, first.keep());
    drop(first);
    authors.update_one(doc! { "_id": "a" }, doc! { "$set": { "name": "Eve" } }).await.unwrap();
    authors.insert_one(doc! { "_id": "c", "name": "Cleo" }).await.unwrap();
    // Of another version of the schema file.
    let older = doc! { "$set": { "_oponn.u.name.name": "BEA" } };
    authors.update_one(doc! { "_id": "b" }, older).await.unwrap();
    let app = TestApp::at(place).await;
    for (name, id) in [("eve", json!("a")), ("ada", Json::Null), ("bea", json!("b")), ("cleo", json!("c"))] {
        found_by(&app, name, id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_brought_up_by_the_next_server_on_redis() {
    keys_are_brought_up_by_the_next_server(CacheKind::Redis).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_brought_up_by_the_next_server_in_memory() {
    keys_are_brought_up_by_the_next_server(CacheKind::Memory).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_leader_alone_writes_keys() {
    let leader = app(CacheKind::Redis).await;
    let other = TestApp::beside(&leader).await;
    assert_eq!(named(&other, "ada").await, Json::Null);
    authors(&leader).await.insert_one(doc! { "_id": "a", "name": "Ada" }).await.unwrap();
    found_by(&other, "ada", "a").await;
    found_by(&leader, "ada", "a").await;
    assert_eq!((counted(&leader, "written").await, counted(&other, "written").await), (1, 0));
}
