//! Events get where they are to: at least once, in the order of each document, whatever goes wrong.

use std::time::Duration;

use oponn::events::RelayOptions;
use oponn::probe::Point;
use oponn::store::outbox::{Outbox, Which};
use serde_json::{Value as Json, json};

use super::sinks::{Endpoint, eventually, options, relay, stream, webhook};
use super::{PLACES, events};
use crate::support::app::{CacheKind, StoreKind, TestApp};
use crate::support::redis_server::connected;
use crate::support::services::{redis_prefix, redis_url};

const SDL: &str = r#"
    type Item @collection
      @emit(name: "set", on: [CREATE, UPDATE], to: "hook", payload: {item: "$after.id", n: "$after.n"})
      @emit(name: "set", on: [CREATE, UPDATE], to: "other", payload: {item: "$after.id", n: "$after.n"}) {
      id: ID! @id(as: STRING, client: true)
      n: Int!
    }
"#;

async fn app(store: StoreKind, cache: CacheKind) -> TestApp {
    TestApp::with(SDL).on(store, cache).start().await
}

async fn create(app: &TestApp, items: &[&str]) {
    let inputs: Vec<Json> = items.iter().map(|id| json!({ "id": id, "n": 0 })).collect();
    app.data("mutation($i: [ItemInput!]!) { createItems(inputs: $i) { id } }", json!({ "i": inputs })).await;
}

async fn set(app: &TestApp, id: &str, n: i32) {
    let text = "mutation($id: ID!, $n: Int!) { updateItem(id: $id, set: {n: $n}) { id } }";
    app.data(text, json!({ "id": id, "n": n })).await;
}

fn outbox(app: &TestApp) -> &dyn Outbox {
    app.engine.store().outbox().expect("the store has an outbox")
}

/// 1 for the server that relays.
async fn relaying(app: &TestApp) -> u64 {
    app.metric("oponn_events_relaying", &[]).await
}

/// The numbers that were told of an item.
fn of(item: &str, told: &[super::sinks::Received]) -> Vec<i64> {
    let of_item = told.iter().filter(|one| one.told["item"] == item);
    of_item.map(|one| one.told["n"].as_i64().expect("a number")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_signed_in_order_and_once_when_all_is_well() {
    for (store, cache) in PLACES {
        let app = app(store, cache).await;
        let (hook, other) = (Endpoint::start().await, Endpoint::start().await);
        create(&app, &["a", "b"]).await;
        let _relay = relay(&app, &[hook.sink("hook"), other.sink("other")], options());
        for n in 1..=30 {
            set(&app, "a", n).await;
            set(&app, "b", n).await;
        }
        for endpoint in [&hook, &other] {
            let told = endpoint.taken(62).await;
            for item in ["a", "b"] {
                assert_eq!(of(item, &told), (0..=30).collect::<Vec<_>>(), "{store:?}");
            }
            let ids: std::collections::BTreeSet<&String> = told.iter().map(|one| &one.id).collect();
            assert_eq!(ids.len(), 62, "each has an id of its own");
        }
        eventually(|| async { events(&app).await.is_empty() }).await;
        assert_eq!((hook.all().len(), other.all().len()), (62, 62));
        let delivered = |sink| [("sink", sink), ("result", "delivered")];
        assert_eq!(app.metric("oponn_events_deliveries_total", &delivered("hook")).await, 62);
        assert_eq!(app.metric("oponn_events_deliveries_total", &delivered("other")).await, 62);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_is_not_taken_holds_up_no_other() {
    for (store, cache) in PLACES {
        let app = app(store, cache).await;
        let (hook, other) = (Endpoint::start().await, Endpoint::start().await);
        hook.answers(|told| if told["item"] == "bad" { 500 } else { 200 });
        create(&app, &["bad", "good"]).await;
        let _relay = relay(&app, &[hook.sink("hook"), other.sink("other")], options());
        for n in 1..=5 {
            set(&app, "bad", n).await;
            set(&app, "good", n).await;
        }
        let refused =
            |all: &[super::sinks::Received]| all.iter().filter(|one| one.status == 500).count() >= 4;
        hook.until(refused).await;
        let told = hook.taken(6).await;
        assert_eq!(of("good", &told), [0, 1, 2, 3, 4, 5]);
        let tried = of("bad", &hook.all());
        assert!(tried.iter().all(|n| *n == 0), "{store:?}: what comes after it waits: {tried:?}");
        assert_eq!(
            of("bad", &other.taken(12).await),
            [0, 1, 2, 3, 4, 5],
            "for another sink it is a lane of its own"
        );
        hook.answers(|_| 200);
        assert_eq!(of("bad", &hook.taken(12).await), [0, 1, 2, 3, 4, 5], "{store:?}");
        eventually(|| async { events(&app).await.is_empty() }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_is_away_holds_up_its_own_events_only() {
    for (store, cache) in PLACES {
        let app = app(store, cache).await;
        let other = Endpoint::start().await;
        let hook = Endpoint::start().await;
        hook.answers(|_| 503);
        let items: Vec<String> = (0..40).map(|n| format!("i{n}")).collect();
        let items: Vec<&str> = items.iter().map(String::as_str).collect();
        create(&app, &items).await;
        let nowhere = webhook("nowhere", "http://127.0.0.1:1/");
        let _relay = relay(&app, &[hook.sink("hook"), other.sink("other"), nowhere], options());
        other.taken(40).await;
        hook.until(|all| all.len() > 20).await;
        hook.answers(|_| 200);
        let told = hook.taken(40).await;
        assert!(items.iter().all(|item| of(item, &told) == [0]), "{store:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_fails_too_often_is_a_dead_letter_and_can_be_tried_again() {
    for (store, cache) in PLACES {
        let app = app(store, cache).await;
        let (hook, other) = (Endpoint::start().await, Endpoint::start().await);
        hook.answers(|told| if told["n"] == 0 { 400 } else { 200 });
        create(&app, &["a"]).await;
        set(&app, "a", 1).await;
        let options = RelayOptions { tries: 3, ..options() };
        let _relay = relay(&app, &[hook.sink("hook"), other.sink("other")], options);
        assert_eq!(of("a", &hook.taken(1).await), [1], "the next one goes on");
        assert_eq!(of("a", &hook.all()), [0, 0, 0, 1]);
        eventually(|| async { events(&app).await.len() == 1 }).await;
        let dead = outbox(&app).list(Which::Dead, None, 10).await.expect("it can be read");
        assert_eq!((dead.len(), dead[0].tries), (1, 3));
        assert_eq!(dead[0].error.as_deref(), Some("the endpoint answers with status 400"));
        for (result, count) in [("failed", 3), ("dead", 1), ("delivered", 1)] {
            let labels = [("sink", "hook"), ("result", result)];
            assert_eq!(app.metric("oponn_events_deliveries_total", &labels).await, count, "{result}");
        }
        hook.answers(|_| 200);
        assert_eq!(outbox(&app).retry(Some(&[dead[0].id])).await.expect("it can be written"), 1);
        assert_eq!(of("a", &hook.taken(2).await), [1, 0]);
        eventually(|| async { events(&app).await.is_empty() }).await;
        assert_eq!(outbox(&app).retry(None).await.expect("it can be written"), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_server_relays_and_another_goes_on_when_it_dies() {
    for point in [Point::EventTaken, Point::EventDelivered] {
        for (store, cache) in PLACES {
            let one = app(store, cache).await;
            let other = TestApp::beside(&one).await;
            let (hook, second) = (Endpoint::start().await, Endpoint::start().await);
            let sinks = [hook.sink("hook"), second.sink("other")];
            let short = || RelayOptions { turn: Duration::from_secs(1), ..options() };
            let relays = [relay(&one, &sinks, short()), relay(&other, &sinks, short())];
            create(&one, &["a"]).await;
            hook.taken(1).await;
            second.taken(1).await;
            eventually(|| async { events(&one).await.is_empty() }).await;
            let mut held = one.hold(point);
            set(&other, "a", 1).await;
            held.reached().await;
            let first = relaying(&one).await == 1;
            assert_ne!(first, relaying(&other).await == 1, "one relays, and the other one does not");
            // It dies, with an event in its hands.
            drop(held);
            let [of_one, of_other] = relays;
            let (dead, _alive) = if first { (of_one, of_other) } else { (of_other, of_one) };
            drop(dead);
            set(&one, "a", 2).await;
            for endpoint in [&hook, &second] {
                let all = endpoint.until(|all| of("a", all).contains(&2)).await;
                let mut told = of("a", &all);
                told.dedup();
                assert_eq!(told, [0, 1, 2], "{store:?}, {point:?}: repeats are allowed, gaps are not");
            }
            eventually(|| async { events(&one).await.is_empty() }).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_not_followed() {
    let app = TestApp::new(SDL).await;
    let hook = Endpoint::start().await;
    hook.answers(|_| 307);
    create(&app, &["a"]).await;
    let _relay = relay(&app, &[hook.sink("hook")], options());
    hook.until(|all| all.len() >= 3).await;
    let all = events(&app).await;
    let reason = all.iter().find_map(|event| event.error.clone()).expect("it was not delivered");
    assert!(reason.contains("status 307, and redirects are not followed"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_has_an_entry_per_event() {
    let app = TestApp::new(SDL).await;
    let (key, short) = (format!("{}:events", redis_prefix()), format!("{}:short", redis_prefix()));
    let sinks = [stream("hook", &redis_url(), &key, None), stream("other", &redis_url(), &short, Some(10))];
    let _relay = relay(&app, &sinks, options());
    create(&app, &["a"]).await;
    for n in 1..=300 {
        set(&app, "a", n).await;
    }
    eventually(|| async { events(&app).await.is_empty() }).await;
    let mut connection = connected(&redis_url()).await;
    let entries: Vec<(String, Vec<String>)> = redis::cmd("XRANGE")
        .arg(&key)
        .arg("-")
        .arg("+")
        .query_async(&mut connection)
        .await
        .expect("a stream");
    assert_eq!(entries.len(), 301);
    for (n, (_, fields)) in entries.iter().enumerate() {
        let field = |name: &str| {
            let at = fields.iter().position(|field| field == name).unwrap_or_else(|| panic!("{name}"));
            fields[at + 1].as_str()
        };
        assert_eq!((field("name"), field("type"), field("document")), ("set", "Item", "a"));
        assert!(uuid::Uuid::parse_str(field("id")).is_ok() && field("at").parse::<i64>().is_ok());
        let told: Json = serde_json::from_str(field("payload")).expect("JSON");
        assert_eq!(told, json!({ "item": "a", "n": n }));
    }
    let length: u64 = redis::cmd("XLEN").arg(&short).query_async(&mut connection).await.expect("a stream");
    assert!((10..=200).contains(&length), "it keeps about ten: {length}");
    let _: () = redis::cmd("DEL").arg(&key).arg(&short).query_async(&mut connection).await.expect("removed");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_tell_how_far_behind_a_sink_is() {
    let app = TestApp::new(SDL).await;
    let hook = Endpoint::start().await;
    hook.answers(|_| 400);
    create(&app, &["a", "b"]).await;
    let options = RelayOptions { tries: 2, ..options() };
    let _relay = relay(&app, &[hook.sink("hook")], options);
    hook.until(|all| all.len() == 4).await;
    eventually(|| async {
        let metrics = app.metrics().await;
        metrics.families().any(|name| name == "oponn_events_dead")
            && metrics.value("oponn_events_relaying", &[]) == 1.0
    })
    .await;
    let metrics = app.metrics().await;
    for name in ["oponn_events_pending", "oponn_events_dead", "oponn_events_lag_seconds"] {
        assert!(metrics.value(name, &[("sink", "hook")]) >= 0.0, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_is_renewed_while_events_are_on_their_way() {
    for (store, cache) in PLACES {
        let app = app(store, cache).await;
        let hook = Endpoint::start().await;
        let options = RelayOptions { turn: Duration::from_secs(1), ..options() };
        let mut held = app.hold(Point::EventTaken);
        let _relay = relay(&app, &[hook.sink("hook")], options);
        create(&app, &["a"]).await;
        held.reached().await;
        let beat = async || outbox(&app).turn().await.expect("it can be read").expect("somebody relays").beat;
        let first = beat().await;
        // Longer than a turn that is not renewed.
        eventually(|| async { beat().await >= first + 8 }).await;
        assert!(hook.all().is_empty(), "{store:?}: nobody else has taken the event");
        held.release();
        hook.taken(1).await;
        assert_eq!(hook.all().len(), 1, "{store:?}: the delivery went on");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_takes_nothing_is_left_alone() {
    let app = TestApp::new(SDL).await;
    let (hook, other) = (Endpoint::start().await, Endpoint::start().await);
    hook.answers(|_| 503);
    let hour = Duration::from_secs(60 * 60);
    let options = RelayOptions { first_pause: hour, longest_pause: hour, at_once: 1, ..options() };
    let _relay = relay(&app, &[hook.sink("hook"), other.sink("other")], options);
    for some in 0..3 {
        let items: Vec<String> = (0..40).map(|n| format!("{some}-{n}")).collect();
        create(&app, &items.iter().map(String::as_str).collect::<Vec<_>>()).await;
        other.taken(40 * (some + 1)).await;
    }
    let tried = hook.all().len();
    assert!(tried < 10, "the others have not used up a try: {tried}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_waits_for_its_time() {
    for (store, cache) in PLACES {
        let app = app(store, cache).await;
        let (hook, other) = (Endpoint::start().await, Endpoint::start().await);
        hook.answers(|_| 400);
        let hour = Duration::from_secs(60 * 60);
        let options = RelayOptions { first_pause: hour, longest_pause: hour, ..options() };
        let _relay = relay(&app, &[hook.sink("hook"), other.sink("other")], options);
        for some in 0..3 {
            let items: Vec<String> = (0..20).map(|n| format!("{some}-{n}")).collect();
            create(&app, &items.iter().map(String::as_str).collect::<Vec<_>>()).await;
            other.taken(20 * (some + 1)).await;
            hook.until(|all| all.len() >= 20 * (some + 1)).await;
        }
        assert_eq!(hook.all().len(), 60, "{store:?}: each was tried once");
        let noted =
            || async { events(&app).await.iter().all(|event| (event.tries, event.dead) == (1, false)) };
        eventually(noted).await;
        assert_eq!(outbox(&app).retry(None).await.expect("it can be written"), 60);
        hook.answers(|_| 200);
        hook.taken(60).await;
    }
}
