//! Reads of the store end when their time is up or nobody waits for them, and leave nothing behind that others would
//! wait for.

use std::pin::pin;
use std::time::Duration;

use futures_util::poll;
use oponn::engine::{Caller, EngineError, List, Window, operation};
use oponn::query::{Filter, Order};
use oponn::value::{EntityRef, Id};
use serde_json::json;
use tokio::time::Instant;

use crate::support::app::{CacheKind, StoreKind, TestApp};
use crate::support::program::{Folder, Serving};
use crate::support::proxy::Proxy;
use crate::support::raw::Raw;
use crate::support::services::{MongoDatabase, mongodb_address};

const SDL: &str = "type Item @collection { id: ID! name: String }";

fn all() -> (List, Window) {
    let (filter, order) = (Filter::all(), Order::default());
    let list = List { on: "Item".into(), types: vec!["Item".into()], filter, order };
    (list, Window { limit: 10, ..Window::default() })
}

async fn nothing_is_left_behind(store: StoreKind) {
    let app = TestApp::with(SDL).on(store, CacheKind::Memory).start().await;
    app.data("mutation { createItem(input: {name: \"a\"}) { id } }", json!({})).await;
    let (view, (list, window)) = (app.engine.view(&Caller::default()), all());
    let missing = [EntityRef { ty: "Item".into(), id: Id::from_bson(&"x".into()).expect("an id") }];

    let late = operation(Instant::now(), view.list(&list, &window)).await;
    assert!(matches!(late, Err(EngineError::TimedOut(_))), "{late:?}");
    let late = operation(Instant::now(), view.entities(&missing)).await;
    assert!(matches!(late, Err(EngineError::TimedOut(_))), "{late:?}");
    // An earlier deadline is not put off.
    let later = Instant::now() + Duration::from_secs(600);
    let late = operation(Instant::now(), operation(later, view.list(&list, &window))).await;
    assert!(matches!(late, Err(EngineError::TimedOut(_))), "{late:?}");
    // Writes know none.
    let written = operation(Instant::now(), async {
        let collection = view.model().collection("Item").expect("it is in the schema").clone();
        view.create(&collection, &serde_json::Map::new(), &[]).await
    });
    written.await.expect("it is written");

    // Several: the store may have answered one of them by the time that its read is polled.
    let named = |n: i32| List { filter: Filter::eq("name", n.to_string()), ..list.clone() };
    let lists: Vec<List> = (0..8).map(named).chain([list.clone()]).collect();
    let mut reads: Vec<_> = lists.iter().map(|list| Box::pin(view.list(list, &window))).collect();
    let mut begun = 0;
    for read in &mut reads {
        begun += usize::from(poll!(read).is_pending());
    }
    assert!(begun > 0);
    drop(reads);
    tokio::task::yield_now().await;

    let page = view.list(&list, &window).await.expect("the list can be read");
    assert_eq!(page.rows.len(), 2);
    let found = view.entities(&missing).await.expect("it can be looked for");
    assert!(found[0].is_none());
    for of in ["lease", "flight"] {
        assert_eq!(app.metric("oponn_cache_joins_total", &[("of", of)]).await, 0, "{of}");
    }
}

#[tokio::test]
async fn nothing_is_left_behind_on_sqlite() {
    nothing_is_left_behind(StoreKind::Sqlite).await;
}

#[tokio::test]
async fn nothing_is_left_behind_on_mongodb() {
    nothing_is_left_behind(StoreKind::Mongo).await;
}

#[tokio::test]
async fn fields_whose_reads_take_too_long_say_so() {
    for store in [StoreKind::Sqlite, StoreKind::Mongo] {
        let app =
            TestApp::with(SDL).on(store, CacheKind::Memory).engine(|options| options.read = Duration::ZERO);
        let app = app.start().await;
        for query in ["{ items { totalCount } }", "{ item(id: \"0123456789abcdef01234567\") { id } }"] {
            let answer = app.query(query, json!({})).await;
            assert_eq!(answer["errors"][0]["extensions"]["code"], "TIMEOUT", "{query}: {answer}");
        }
        // More than are told, and what stands for the others is no other error.
        let many: String = (0..1_100).map(|n| format!("a{n}: item(id: \"{n:024x}\") {{ id }} ")).collect();
        let answer = app.query(&format!("{{ {many} }}"), json!({})).await;
        let errors = answer["errors"].as_array().expect("there are errors");
        assert_eq!(errors.len(), 1_001);
        assert!(errors.iter().all(|error| error["extensions"]["code"] == "TIMEOUT"), "{errors:?}");
        assert_eq!(errors[1_000]["message"], "There are more errors than these.");
        app.data("mutation { createItem(input: {name: \"a\"}) { name } }", json!({})).await;
    }
}

/// A server of books in MongoDB behind a proxy, of which nothing is cached.
async fn books(proxy: &Proxy, settings: &str) -> (MongoDatabase, Folder, Serving) {
    let (database, folder) = (MongoDatabase::new(), Folder::with_books());
    let store = database.url().replace(&mongodb_address(), proxy.address());
    folder.write("oponn.toml", &format!("store = '{store}'\ncache = 'none:'\n{settings}"));
    let serving = folder.serve(&[]);
    (database, folder, serving)
}

/// Reads, and some bytes that they send to MongoDB.
const READS: [(&str, &[u8]); 4] = [
    ("{ books(where: {title: {eq: \"a list\"}}) { nodes { title } } }", b"a list"),
    ("{ books(where: {title: {eq: \"a count\"}}) { totalCount } }", b"a count"),
    ("{ bookByIsbn(isbn: \"a unique value\") { title } }", b"a unique value"),
    ("{ book(id: \"0123456789abcdef01234567\") { title } }", &[0x01, 0x23, 0x45, 0x67]),
];

/// MongoDB breaks off the reads of a connection that is closed.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_whose_client_has_gone_closes_its_connection_to_mongodb() {
    let proxy = Proxy::start(&mongodb_address()).await;
    let (_database, _folder, serving) = books(&proxy, "").await;
    // Look-ups by id run to their end: clients share them.
    for (query, sent) in &READS[..3] {
        proxy.hold_alone_at(sent);
        let mut client = Raw::connect(&serving.address).await;
        client.query(query).await;
        proxy.held_alone().await;
        drop(client);
        proxy.left().await;
        proxy.restore();
        assert_eq!(serving.query(query).await["errors"], json!(null), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_takes_too_long_closes_its_connection_to_mongodb() {
    let proxy = Proxy::start(&mongodb_address()).await;
    let (_database, _folder, serving) = books(&proxy, "[server]\nstore_timeout = '2s'").await;
    for (query, sent) in READS {
        proxy.hold_alone_at(sent);
        let answer = serving.query(query).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "TIMEOUT", "{query}: {answer}");
        proxy.left().await;
        proxy.restore();
        assert_eq!(serving.query(query).await["errors"], json!(null), "{query}");
    }
}

/// Should the closing not be noticed, MongoDB stops by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_tells_mongodb_how_long_it_may_take() {
    let proxy = Proxy::start(&mongodb_address()).await;
    let (_database, _folder, serving) = books(&proxy, "").await;
    for (query, _) in READS {
        // As a number of 64 bits.
        proxy.hold_alone_at(b"\x12maxTimeMS\0");
        let mut asked = pin!(serving.query(query));
        tokio::select! {
            answer = &mut asked => panic!("{query} did not tell it: {answer}"),
            () = proxy.held_alone() => proxy.restore(),
        }
        let answer = asked.await;
        assert_eq!(answer["errors"], json!(null), "{query}");
    }
}
