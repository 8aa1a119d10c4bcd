//! What only SQLite's file can be or suffer.

use std::path::Path;
use std::sync::Arc;

use bson::{Bson, doc};
use oponn::query::Filter;
use oponn::schema::{Model, Scalar};
use oponn::store::{Find, Patch, SqliteStore, Store, StoreError};
use oponn::value::Time;

use super::models::{all, bare_shop, change, collection, fill, id, ids, insert, item, set, shop, write_one};
use super::sqlite_place::SqlitePlace;

/// What keeps the file from being used.
async fn refusal(file: &Path, model: Model) -> String {
    let prepared = match SqliteStore::open(Arc::new(model), file) {
        Ok(store) => store.prepare().await,
        Err(error) => Err(error),
    };
    match prepared {
        Err(StoreError::Refused(message)) => message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn refuses_what_is_no_database() {
    let place = SqlitePlace::new();
    std::fs::write(place.file(), "name,price\nApple,1\n".repeat(100)).expect("a file can be written");
    let message = refusal(&place.file(), shop()).await;
    assert!(message.contains("is not an SQLite database"), "{message}");
    let directory = place.file().with_extension("dir");
    std::fs::create_dir(&directory).expect("a directory can be made");
    let message = refusal(&directory, shop()).await;
    assert!(message.contains("cannot be opened"), "{message}");
    let below = refusal(&place.file().join("below.db"), shop()).await;
    assert!(below.contains("cannot be made"), "{below}");
}

#[tokio::test]
async fn refuses_the_databases_of_others() {
    let place = SqlitePlace::new();
    let connection = rusqlite::Connection::open(place.file()).expect("a database can be made");
    connection.execute_batch("CREATE TABLE items (id, name)").expect("a table can be made");
    drop(connection);
    let message = refusal(&place.file(), shop()).await;
    assert!(message.contains("another program"), "{message}");
}

#[tokio::test]
async fn refuses_another_application_and_another_version() {
    let place = SqlitePlace::new();
    let store = SqliteStore::open(Arc::new(shop()), &place.file()).expect("the store opens");
    store.prepare().await.expect("the store can be prepared");
    drop(store);
    let other = || Model {
        collections: vec![collection("Film", "films", &[("title", Scalar::String)], Vec::new(), &[])],
        ..Model::default()
    };
    let message = refusal(&place.file(), other()).await;
    assert!(message.contains("items, notes"), "{message}");
    let connection = rusqlite::Connection::open(place.file()).expect("the database opens");
    connection.execute("UPDATE _oponn_meta SET value = 99 WHERE name = 'format'", []).expect("it is a row");
    drop(connection);
    let message = refusal(&place.file(), shop()).await;
    assert!(message.contains("format 99"), "{message}");
}

#[tokio::test]
async fn refuses_names_that_cannot_be_tables() {
    let named = |tables: &[&str]| Model {
        collections: tables.iter().map(|table| collection("T", table, &[], Vec::new(), &[])).collect(),
        ..Model::default()
    };
    for tables in [&["sqlite_stat1"][..], &["_oponn_meta"], &["films", "Films"]] {
        let message = refusal(&SqlitePlace::new().file(), named(tables)).await;
        assert!(message.contains("@collection"), "{message}");
    }
    let odd = named(&["a \"b\"; -- 'c'"]);
    let place = SqlitePlace::new();
    let store = SqliteStore::open(Arc::new(odd), &place.file()).expect("the store opens");
    store.prepare().await.expect("every other name is fine");
    change(&store, insert("T", item("a", doc! {}))).await;
}

/// The file and its log as they are when a write is acknowledged are what a crash leaves behind.
#[tokio::test]
async fn acknowledged_writes_survive_a_crash() {
    let place = SqlitePlace::new();
    let store = SqliteStore::open(Arc::new(shop()), &place.file()).expect("the store opens");
    store.prepare().await.expect("the store can be prepared");
    change(&store, insert("Item", item("a", doc! { "stock": 0 }))).await;
    for round in 1..=20 {
        let done = change(&store, set("Item", &id("a"), [("stock", round.into())])).await;
        let crashed = SqlitePlace::new();
        for suffix in ["", "-wal"] {
            let name = |place: &SqlitePlace| {
                let mut path = place.file().into_os_string();
                path.push(suffix);
                path
            };
            std::fs::copy(name(&place), name(&crashed)).expect("the file can be copied");
        }
        let again = SqliteStore::open(Arc::new(shop()), &crashed.file()).expect("the copy opens");
        again.prepare().await.expect("the copy can be prepared");
        let found = again.count("Item", &Filter::eq("stock", round), done.stamp.t).await;
        assert_eq!(found.ok(), Some(1), "round {round}");
    }
}

#[tokio::test]
async fn takes_filters_of_any_size() {
    let place = SqlitePlace::new();
    let store = SqliteStore::open(Arc::new(shop()), &place.file()).expect("the store opens");
    store.prepare().await.expect("the store can be prepared");
    let time = fill(&store, "Item", (0..50).map(|n| item(&format!("{n}"), doc! { "stock": n }))).await;
    let many = Filter::In("stock".into(), (10..60_000).map(Into::into).collect());
    assert_eq!(store.count("Item", &many, time).await.ok(), Some(40));
    let wide = Filter::Or((10..3_000).map(|n| Filter::eq("stock", n)).collect());
    assert_eq!(store.count("Item", &wide, time).await.ok(), Some(40));
    // Deeper than any request can be.
    let deep = (0..200).fold(Filter::eq("stock", 1), |inner, _| Filter::Not(Box::new(inner)));
    assert_eq!(store.count("Item", &deep, time).await.ok(), Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arrays_that_come_later_are_seen() {
    let place = SqlitePlace::new();
    let store = SqliteStore::open(Arc::new(shop()), &place.file()).expect("the store opens");
    store.prepare().await.expect("the store can be prepared");
    let five = Filter::eq("stock", 5);
    let count = |filter: &Filter| {
        let (store, filter) = (&store, filter.clone());
        async move { store.count("Item", &filter, Time(0)).await.expect("counts work") }
    };
    change(&store, insert("Item", item("a", doc! { "stock": 5 }))).await;
    assert_eq!(count(&five).await, 1);
    change(&store, insert("Item", item("b", doc! { "stock": [4, 5] }))).await;
    assert_eq!(count(&five).await, 2);
    let deep = Filter::eq("x.y.z", 1);
    assert_eq!(count(&deep).await, 0);
    change(&store, set("Item", &id("a"), [("x.y", vec![doc! { "z": [1] }].into())])).await;
    assert_eq!(count(&deep).await, 1);
    // More paths below one field than are told apart.
    let many = (0..200).map(|n| (format!("k{n}"), vec![n].into())).collect::<bson::Document>();
    change(&store, set("Item", &id("b"), [("x", many.into())])).await;
    assert_eq!(count(&Filter::eq("x.k199", 199)).await, 1);
    assert_eq!(count(&deep).await, 1);
}

/// Processes that share a file through Redis may have schemas of different ages.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_knows_of_no_index_keeps_it_right() {
    let place = SqlitePlace::new();
    let open = |model: Model| SqliteStore::open(Arc::new(model), &place.file()).expect("the store opens");
    let older = open(bare_shop());
    older.prepare().await.expect("the store can be prepared");
    change(&older, insert("Item", item("a", doc! { "sku": "1", "stock": 1 }))).await;
    let newer = open(shop());
    newer.prepare().await.expect("the store can be prepared");
    change(&older, insert("Item", item("b", doc! { "sku": "2", "stock": 2 }))).await;
    change(&older, set("Item", &id("a"), [("stock", 3.into()), ("sku", "4".into())])).await;
    let patch = Patch { set: vec![("price".into(), 9.into())], unset: Vec::new() };
    let time = older.update_many("Item", &Filter::eq("sku", "2"), &patch).await.expect("bulk writes work").1;
    for (path, value, expected) in [
        ("sku", "4".into(), "a"),
        ("sku", "2".into(), "b"),
        ("stock", Bson::Int32(3), "a"),
        ("price", 9.into(), "b"),
    ] {
        let find = Find { filter: Filter::eq(path, value), ..all("Item") };
        assert_eq!(ids(&newer.find(&find, time).await.expect("reads work")), [expected], "{path}");
    }
    let taken = write_one(&older, insert("Item", item("c", doc! { "sku": "4" }))).await;
    assert!(matches!(&taken, Err(StoreError::Duplicate { key, .. }) if key == "sku"), "{taken:?}");
    let connection = rusqlite::Connection::open(place.file()).expect("the database opens");
    let check: String =
        connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("it can be checked");
    assert_eq!(check, "ok");
}

#[tokio::test]
async fn has_room_for_so_many_indexed_paths() {
    let model = |paths: usize| {
        let paths: Vec<String> = (0..paths).map(|path| format!("p{path}")).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let indexes: Vec<&[&str]> = paths.chunks(500).collect();
        Model {
            collections: vec![collection("Item", "items", &[], Vec::new(), &indexes)],
            ..Model::default()
        }
    };
    let place = SqlitePlace::new();
    let store = SqliteStore::open(Arc::new(model(1_000)), &place.file()).expect("the store opens");
    store.prepare().await.expect("there is room");
    drop(store);
    let store = SqliteStore::open(Arc::new(model(1_998)), &place.file()).expect("the store opens");
    store.prepare().await.expect("there is room");
    change(&store, insert("Item", item("a", doc! { "p0": 1, "p1997": 5 }))).await;
    change(&store, set("Item", &id("a"), [("p1997", 6.into())])).await;
    assert_eq!(store.count("Item", &Filter::eq("p1997", 6), Time(0)).await.ok(), Some(1));
    drop(store);
    for place in [place, SqlitePlace::new()] {
        let message = refusal(&place.file(), model(1_999)).await;
        assert!(message.contains("more than 1998 paths") && message.contains("items"), "{message}");
    }
}

#[tokio::test]
async fn tells_writes_of_other_programs_from_its_own() {
    let place = SqlitePlace::new();
    let store = SqliteStore::open(Arc::new(shop()), &place.file()).expect("the store opens");
    let foreign = async || store.foreign_writes().await.expect("the store answers");
    store.prepare().await.expect("the store can be prepared");
    assert!(!foreign().await, "after making the file");
    // Enough for the log to begin anew.
    let text = "x".repeat(1 << 20);
    for n in 0..12 {
        change(&store, insert("Item", item(&format!("{n:02}"), doc! { "stock": n, "name": &text }))).await;
    }
    write_one(&store, insert("Item", item("00", doc! {}))).await.expect_err("it is there");
    store.delete_many("Item", &Filter::eq("stock", 11)).await.expect("they can be deleted");
    store.find(&all("Item"), Time(0)).await.expect("reads work");
    assert!(!foreign().await, "after its own writes");

    let other = rusqlite::Connection::open(place.file()).expect("the file opens");
    let run = |statements: &str| other.execute_batch(statements).expect("it runs");
    run("BEGIN; SELECT count(*) FROM items; COMMIT; PRAGMA integrity_check;");
    assert!(!foreign().await, "after another program has read");
    run("BEGIN IMMEDIATE; DELETE FROM items WHERE length(document) < 0; ROLLBACK;");
    assert!(!foreign().await, "after another program has locked the file");
    run("BEGIN; DELETE FROM items WHERE id = (SELECT min(id) FROM items)");
    assert!(!foreign().await, "before the commit");
    run("COMMIT");
    // The store's own write comes between the foreign one and the question.
    change(&store, insert("Item", item("late", doc! {}))).await;
    assert!(foreign().await, "after the commit");
    assert!(!foreign().await, "it is told once");
}
