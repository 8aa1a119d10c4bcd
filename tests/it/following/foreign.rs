//! Other programs write to the database.

use bson::oid::ObjectId;
use bson::{Document, doc};
use serde_json::json;

use super::{all, create, is_cached, named, on, rename, shows_the_truth};
use crate::support::app::{CacheKind, TestApp};

/// Every kind of change, each on its own; the id is of the book that `ALL` is about.
async fn change(app: &TestApp, number: usize, id: ObjectId) -> bool {
    let database = app.database().await;
    let (books, toys) = (database.collection::<Document>("books"), database.collection::<Document>("toys"));
    let this = doc! { "_id": id };
    match number {
        0 => drop(books.update_one(this, named("renamed")).await.unwrap()),
        1 => drop(books.update_one(this, doc! { "$set": { "kind": "other" } }).await.unwrap()),
        2 => drop(books.update_one(this, doc! { "$set": { "kind": "k" } }).await.unwrap()),
        3 => drop(books.insert_one(doc! { "name": "a", "kind": "k" }).await.unwrap()),
        4 => drop(books.replace_one(this, doc! { "name": "z", "kind": "k", "isbn": "2" }).await.unwrap()),
        5 => drop(books.update_many(doc! {}, doc! { "$set": { "kind": "k" } }).await.unwrap()),
        6 => drop(toys.insert_one(doc! { "name": "t" }).await.unwrap()),
        7 => drop(toys.update_one(doc! { "name": "t" }, named("u")).await.unwrap()),
        8 => {
            let mut session = database.client().start_session().await.unwrap();
            session.start_transaction().await.unwrap();
            books.update_one(this, named("both")).session(&mut session).await.unwrap();
            toys.delete_many(doc! {}).session(&mut session).await.unwrap();
            session.commit_transaction().await.unwrap();
        }
        9 => drop(books.delete_one(this).await.unwrap()),
        10 => {
            let many = (0..300).map(|n| doc! { "name": format!("n{n}"), "kind": "k" });
            drop(books.insert_many(many).await.unwrap());
        }
        11 => drop(books.delete_many(doc! { "name": { "$ne": "n7" } }).await.unwrap()),
        12 => books.drop().await.unwrap(),
        13 => drop(books.insert_one(doc! { "name": "after", "kind": "k" }).await.unwrap()),
        14 => {
            let rename = doc! { "renameCollection": format!("{}.books", database.name()), "to": format!("{}.old", database.name()) };
            database.client().database("admin").run_command(rename).await.unwrap();
        }
        15 => database.drop().await.unwrap(),
        _ => return false,
    }
    true
}

async fn every_change_shows(cache: CacheKind) {
    let app = on(cache).start().await;
    let other = match cache {
        CacheKind::Redis => Some(TestApp::beside(&app).await),
        _ => None,
    };
    let id = create(&app, &json!({ "name": "first", "kind": "k", "isbn": "1" })).await;
    let oid = ObjectId::parse_str(&id).unwrap();
    let mut number = 0;
    loop {
        // So that every part of the answer is cached, and the answer itself kept.
        for app in [Some(&app), other.as_ref()].into_iter().flatten() {
            is_cached(app, &id).await;
        }
        if !change(&app, number, oid).await {
            break;
        }
        for app in [Some(&app), other.as_ref()].into_iter().flatten() {
            shows_the_truth(app, &id).await;
        }
        number += 1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_shows_in_redis() {
    every_change_shows(CacheKind::Redis).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_shows_in_memory() {
    every_change_shows(CacheKind::Memory).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_repaired_and_not_voided() {
    let app = on(CacheKind::Redis).start().await;
    let id = create(&app, &json!({ "name": "first", "kind": "k", "isbn": "1" })).await;
    is_cached(&app, &id).await;
    let books = app.database().await.collection::<Document>("books");
    for n in 0..20 {
        books.insert_one(doc! { "name": format!("{n}"), "kind": "k" }).await.unwrap();
        books.update_one(doc! { "name": "first" }, doc! { "$inc": { "count": 1 } }).await.unwrap();
        rename(&app, &id, "first").await;
    }
    shows_the_truth(&app, &id).await;
    let voided = app.metrics().await;
    for reason in ["bulk", "unknown", "no_image", "mark", "index", "foreign"] {
        assert_eq!(voided.value("oponn_cache_types_voided_total", &[("reason", reason)]), 0.0, "{reason}");
    }
    assert!(voided.value("oponn_tail_events_total", &[("result", "applied")]) > 0.0);
}

/// A collection of another program's has no images: what was before a change is unknown.
#[tokio::test(flavor = "multi_thread")]
async fn changes_without_images_void_the_type() {
    let app = on(CacheKind::Redis).start().await;
    let id = create(&app, &json!({ "name": "first", "kind": "k", "isbn": "1" })).await;
    let database = app.database().await;
    let off = doc! { "collMod": "books", "changeStreamPreAndPostImages": { "enabled": false } };
    database.run_command(off).await.unwrap();
    is_cached(&app, &id).await;
    let books = database.collection::<Document>("books");
    books.update_one(doc! { "name": "first" }, doc! { "$set": { "kind": "other" } }).await.unwrap();
    let shown = shows_the_truth(&app, &id).await;
    assert_eq!(shown["books"]["totalCount"], 0, "{shown}");
    books.delete_one(doc! {}).await.unwrap();
    let shown = shows_the_truth(&app, &id).await;
    assert!(shown["book"].is_null(), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_of_ids_that_are_not_supported_disturb_nobody() {
    let app = on(CacheKind::Redis).start().await;
    let id = create(&app, &json!({ "name": "first", "kind": "k", "isbn": "1" })).await;
    is_cached(&app, &id).await;
    let books = app.database().await.collection::<Document>("books");
    books.insert_one(doc! { "_id": { "a": 1 }, "name": "odd", "kind": "k" }).await.unwrap();
    books.insert_one(doc! { "_id": 1.5, "name": "odd", "kind": "k" }).await.unwrap();
    books.insert_one(doc! { "name": "of two kinds", "kind": ["k", "l"] }).await.unwrap();
    books.insert_one(doc! { "name": "last", "kind": "k" }).await.unwrap();
    let names = |shown: serde_json::Value| shown["books"]["totalCount"].clone();
    let truth = names(all(&TestApp::uncached(&app).await, &id).await);
    let shown = async { while names(all(&app, &id).await) != truth {} };
    tokio::time::timeout(std::time::Duration::from_secs(30), shown).await.expect("the last one shows");
}
