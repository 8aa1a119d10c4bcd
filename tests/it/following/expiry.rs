//! MongoDB removes what has expired, and tells: nobody needs to hear of it.

use std::time::Duration;

use bson::{Document, doc};
use oponn::engine::Clock;
use serde_json::{Value as Json, json};

use crate::support::app::{CacheKind, StoreKind, TestApp};

const SDL: &str = r#"
type Event @collection @ttl(field: "at", after: "1h") {
  id: ID! @id(as: STRING, client: true)
  at: DateTime
}"#;
const ALL: &str =
    r#"{ events { nodes { id } totalCount } a: event(id: "a") { id } n: event(id: "n") { id } }"#;

async fn removals_of_what_has_expired_cost_nothing(cache: CacheKind) {
    let clock = Clock::standing();
    let setup = TestApp::with(SDL).on(StoreKind::Mongo, cache).followed();
    let app = setup.engine(|options| options.clock = clock.clone()).start().await;
    let at = |minutes: i64| bson::DateTime::from_millis(clock.now() + minutes * 60_000);
    let event = |id: &str, minutes: i64| {
        let at = at(minutes).try_to_rfc3339_string().expect("it is a moment of our time");
        json!({ "id": id, "at": at })
    };
    let events = json!([event("a", -50), event("b", -50), event("n", 0), event("o", 0)]);
    app.data("mutation($i: [EventInput!]!) { createEvents(inputs: $i) { id } }", json!({ "i": events }))
        .await;
    let shown = |ids: &[&str]| {
        let node = |id: &str| if ids.contains(&id) { json!({ "id": id }) } else { Json::Null };
        let nodes: Vec<Json> = ids.iter().map(|id| node(id)).collect();
        json!({ "events": { "nodes": nodes, "totalCount": ids.len() }, "a": node("a"), "n": node("n") })
    };
    assert_eq!(app.data(ALL, json!({})).await, shown(&["a", "b", "n", "o"]));
    clock.advance(Duration::from_secs(15 * 60));
    assert_eq!(app.data(ALL, json!({})).await, shown(&["n", "o"]));
    let tail = async |result: &str| app.metric("oponn_tail_events_total", &[("result", result)]).await;
    // The tailer may bring what was created to the cache as well, if it is as fast as the writer.
    let created = async { while tail("applied").await + tail("settled").await < 4 {} };
    tokio::time::timeout(Duration::from_secs(30), created)
        .await
        .expect("the change stream tells of all four");
    let applied = tail("applied").await;
    let events = app.database().await.collection::<Document>("events");
    // What MongoDB does by the index.
    events.delete_many(doc! { "at": { "$lt": at(-60) } }).await.unwrap();
    let told = async { while tail("expired").await < 2 {} };
    tokio::time::timeout(Duration::from_secs(30), told).await.expect("the change stream tells of both");
    assert_eq!(tail("applied").await, applied);
    assert_eq!(app.data(ALL, json!({})).await, shown(&["n", "o"]));
    // What has not expired is missed, and so is what is made anew.
    events.delete_one(doc! { "_id": "n" }).await.unwrap();
    events.insert_one(doc! { "_id": "a", "at": at(0) }).await.unwrap();
    let shows = async { while app.data(ALL, json!({})).await != shown(&["a", "o"]) {} };
    tokio::time::timeout(Duration::from_secs(30), shows).await.expect("the changes show");
}

#[tokio::test(flavor = "multi_thread")]
async fn removals_of_what_has_expired_cost_redis_nothing() {
    removals_of_what_has_expired_cost_nothing(CacheKind::Redis).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn removals_of_what_has_expired_cost_memory_nothing() {
    removals_of_what_has_expired_cost_nothing(CacheKind::Memory).await;
}
