//! Reads of the store end when their time is up or nobody waits for them, and leave nothing behind that others would
//! wait for.

use std::time::Duration;

use futures_util::poll;
use oponn::engine::{Caller, EngineError, List, Window, operation};
use oponn::query::{Filter, Order};
use oponn::value::{EntityRef, Id};
use serde_json::json;
use tokio::time::Instant;

use crate::support::app::{CacheKind, StoreKind, TestApp};

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
        app.data("mutation { createItem(input: {name: \"a\"}) { name } }", json!({})).await;
    }
}
