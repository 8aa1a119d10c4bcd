//! The index by which MongoDB removes documents that have expired.

use std::sync::Arc;

use bson::{Bson, Document, doc};
use mongodb::Database;
use oponn::store::{MongoStore, Store};

use super::raw;
use crate::support::app::model;
use crate::support::services::MongoDatabase;

/// After how many seconds the indexes of a collection remove documents, by field.
async fn removals(database: &Database) -> Vec<(String, i64)> {
    let command = doc! { "listIndexes": "events", "cursor": {} };
    let found = database.run_command(command).await.expect("the collection is there");
    let indexes = found.get_document("cursor").and_then(|cursor| cursor.get_array("firstBatch"));
    let indexes = indexes.expect("indexes come in a cursor").iter().filter_map(Bson::as_document);
    let seconds = |index: &Document| match index.get("expireAfterSeconds")? {
        Bson::Int32(seconds) => Some(i64::from(*seconds)),
        Bson::Int64(seconds) => Some(*seconds),
        Bson::Double(seconds) => Some(*seconds as i64),
        _ => None,
    };
    let field = |index: &Document| index.get_document("key").ok()?.keys().next().cloned();
    indexes.filter_map(|index| Some((field(index)?, seconds(index)?))).collect()
}

#[tokio::test]
async fn the_index_by_which_documents_expire_follows_the_schema() {
    let place = MongoDatabase::new();
    let open = async |directives: &str| {
        let fields = "id: ID! at: DateTime seen: DateTime";
        let model = model(&format!("type Event @collection {directives} {{ {fields} }}"));
        MongoStore::connect(Arc::new(model), &place.url()).await.expect("the URL can be used")
    };
    let lacks = async |store: &MongoStore, fix: bool| {
        let lacks = store
            .follow()
            .expect("MongoDB tells of changes")
            .inspect(fix)
            .await
            .expect("it can be inspected");
        lacks.into_iter().map(|lack| (lack.what, lack.fixed)).collect::<Vec<_>>()
    };
    let database = raw(&place).await;
    let week = open(r#"@ttl(field: "at", after: "7d")"#).await;
    week.prepare().await.expect("the store can be prepared");
    assert_eq!(removals(&database).await, [("at".to_owned(), 604_800)]);
    assert_eq!(lacks(&week, false).await, []);
    // Another time.
    let hour = open(r#"@ttl(field: "at", after: "1h")"#).await;
    let differs =
        "MongoDB removes the documents of the collection events 604800 s after at, and not 3600 s after at";
    assert_eq!(lacks(&hour, false).await, [(differs.to_owned(), false)]);
    assert_eq!(lacks(&hour, true).await, [(differs.to_owned(), true)]);
    assert_eq!(removals(&database).await, [("at".to_owned(), 3_600)]);
    week.prepare().await.expect("the store can be prepared");
    assert_eq!(removals(&database).await, [("at".to_owned(), 604_800)]);
    // Another field: the index of the first one goes on removing, and is told of.
    let other = open(r#"@ttl(field: "seen", after: "1h")"#).await;
    other.prepare().await.expect("the store can be prepared");
    assert_eq!(removals(&database).await, [("at".to_owned(), 604_800), ("seen".to_owned(), 3_600)]);
    let told = lacks(&other, true).await;
    assert!(
        told.len() == 1 && told[0].0.contains("of which the schema file says nothing") && !told[0].1,
        "{told:?}"
    );
    // None at all.
    assert_eq!(lacks(&open("").await, true).await.len(), 2);
}

#[tokio::test]
async fn an_index_that_is_there_becomes_the_one_by_which_documents_expire() {
    let place = MongoDatabase::new();
    let open = async |directives: &str| {
        let model = model(&format!("type Event @collection {directives} {{ id: ID! at: DateTime @index }}"));
        MongoStore::connect(Arc::new(model), &place.url()).await.expect("the URL can be used")
    };
    open("").await.prepare().await.expect("the store can be prepared");
    let database = raw(&place).await;
    assert_eq!(removals(&database).await, []);
    let store = open(r#"@ttl(field: "at", after: "90s")"#).await;
    store.prepare().await.expect("the store can be prepared");
    assert_eq!(removals(&database).await, [("at".to_owned(), 90)]);
}
