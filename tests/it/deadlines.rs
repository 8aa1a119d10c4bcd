//! Reads of the store end when their time is up or nobody waits for them, and leave nothing behind that others would
//! wait for.

use std::time::Duration;

use futures_util::poll;
use oponn::cache::{Batch, Window};
use oponn::engine::{EngineError, Footprint, PageRequest, operation};
use oponn::query::{BatchDef, Filter, Order};
use oponn::value::{EntityRef, Id};
use serde_json::json;
use tokio::time::Instant;

use crate::support::app::{CacheKind, StoreKind, TestApp};

const SDL: &str = "type Item @collection { id: ID! name: String }";

fn all() -> [PageRequest; 1] {
    let def = BatchDef::new("Item".into(), vec!["Item".into()], Filter::all(), Order::default());
    let window = Window { limit: 10, ..Window::default() };
    [PageRequest { batch: Batch::new(def), window, family: None }]
}

async fn nothing_is_left_behind(store: StoreKind) {
    let app = TestApp::with(SDL).on(store, CacheKind::Memory).start().await;
    app.data("mutation { createItem(input: {name: \"a\"}) { id } }", json!({})).await;
    let (engine, nothing) = (&app.engine, Footprint::none());
    let missing = [EntityRef { ty: "Item".into(), id: Id::from_bson(&"x".into()).expect("an id") }];

    let late = operation(Instant::now(), engine.pages(&all(), &nothing)).await;
    assert!(matches!(late, Err(EngineError::TimedOut(_))), "{late:?}");
    let late = operation(Instant::now(), engine.entities(&missing, &nothing)).await;
    assert!(matches!(late, Err(EngineError::TimedOut(_))), "{late:?}");
    // An earlier deadline is not put off.
    let later = Instant::now() + Duration::from_secs(600);
    let late = operation(Instant::now(), operation(later, engine.pages(&all(), &nothing))).await;
    assert!(matches!(late, Err(EngineError::TimedOut(_))), "{late:?}");
    // Writes know none.
    let written = operation(Instant::now(), async {
        let collection = engine.model().collection("Item").expect("it is in the schema").clone();
        engine.create(&collection, &serde_json::Map::new(), &[]).await
    });
    written.await.expect("it is written");

    let requests = all();
    let mut read = Box::pin(engine.pages(&requests, &nothing));
    assert!(poll!(&mut read).is_pending());
    drop(read);
    tokio::task::yield_now().await;

    let pages = engine.pages(&all(), &nothing).await.expect("the list can be read");
    assert_eq!(pages[0].rows.len(), 2);
    let found = engine.entities(&missing, &nothing).await.expect("it can be looked for");
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
        app.data("mutation { createItem(input: {name: \"a\"}) { name } }", json!({})).await;
    }
}
