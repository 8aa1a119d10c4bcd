//! `@ttl`: what has expired shows nowhere and is in nobody's way, whether the store still has it or not.

use std::time::Duration;

use oponn::engine::{Caller, Clock, Expect, Upserted};
use serde_json::{Value as Json, json};

use super::{On, faults, ids};
use crate::support::app::TestApp;

on_every_place!(
    what_has_expired_shows_nowhere,
    nobody_writes_what_has_expired,
    unique_values_of_what_has_expired_are_free,
    parents_and_children_that_have_expired_are_none,
    answers_that_were_kept_end_with_their_documents,
    what_is_overdue_is_removed,
    the_importer_writes_over_what_has_expired,
    times_of_writes_are_those_of_the_clock,
);

const SDL: &str = r#"
type Device @collection {
  id: ID! @id(as: STRING, client: true)
  name: String
  events: [Event!]! @hasMany(field: "deviceId", onDelete: RESTRICT)
  sessions: [Session!]! @hasMany(field: "deviceId", onDelete: CASCADE)
}
interface Record { id: ID! at: DateTime }
type Event implements Record @collection @ttl(field: "at", after: "1h") @unique(fields: ["deviceId", "slot"]) {
  id: ID! @id(as: STRING, client: true)
  at: DateTime
  code: String @unique(normalize: [TRIM, CASEFOLD])
  slot: Int
  size: Int
  deviceId: ID
  device: Device @belongsTo(field: "deviceId")
}
type Note implements Record @collection {
  id: ID! @id(as: STRING, client: true)
  at: DateTime
}
type Session @collection @ttl(field: "began", after: "60m") {
  id: ID! @id(as: STRING, client: true)
  began: DateTime! @createdAt
  deviceId: ID!
  device: Device! @belongsTo(field: "deviceId")
  calls: [Call!]! @hasMany(field: "sessionId", onDelete: CASCADE)
}
type Call @collection {
  id: ID! @id(as: STRING, client: true)
  text: String
  sessionId: ID
  session: Session @belongsTo(field: "sessionId")
}
"#;

const MINUTE: Duration = Duration::from_secs(60);

/// A moment some minutes after now.
fn at(clock: &Clock, minutes: i64) -> String {
    bson::DateTime::from_millis(clock.now() + minutes * 60_000)
        .try_to_rfc3339_string()
        .expect("it is a moment of our time")
}

/// Two devices. Four events of the first: `old` expires in ten minutes, `mid` in thirty, `new` in an hour, `no` never.
async fn events(on: On) -> (TestApp, Clock) {
    events_within(on, 200).await
}

/// The same, where so many documents are written one by one.
async fn events_within(on: On, bulk: usize) -> (TestApp, Clock) {
    let clock = Clock::standing();
    let setup = on.with(SDL).engine(|options| {
        options.clock = clock.clone();
        options.bulk = bulk;
    });
    let app = setup.start().await;
    let devices = json!([{ "id": "d" }, { "id": "e" }]);
    app.data("mutation($i: [DeviceInput!]!) { createDevices(inputs: $i) { id } }", json!({ "i": devices }))
        .await;
    let event = |id: &str, slot: i64, at: Option<String>| json!({ "id": id, "at": at, "code": id, "slot": slot, "size": slot, "deviceId": "d" });
    let events = json!([
        event("old", 1, Some(at(&clock, -50))),
        event("mid", 2, Some(at(&clock, -30))),
        event("new", 3, Some(at(&clock, 0))),
        event("no", 4, None)
    ]);
    app.data("mutation($i: [EventInput!]!) { createEvents(inputs: $i) { id } }", json!({ "i": events }))
        .await;
    (app, clock)
}

/// The ids that a list has in an answer.
async fn list(app: &TestApp, field: &str) -> (Vec<String>, u64) {
    let list =
        app.data(&format!("{{ l: {field} {{ nodes {{ id }} totalCount }} }}"), json!({})).await["l"].take();
    (
        ids(&list).into_iter().map(str::to_owned).collect(),
        list["totalCount"].as_u64().expect("a count is a number"),
    )
}

async fn refused(app: &TestApp, text: &str) -> Json {
    let response = app.query(&format!("mutation {{ w: {text} }}"), json!({})).await;
    faults(&response)[0]["code"].clone()
}

async fn done(app: &TestApp, text: &str) -> Json {
    app.data(&format!("mutation {{ w: {text} }}"), json!({})).await["w"].take()
}

async fn what_has_expired_shows_nowhere(on: On) {
    let (app, clock) = events(on).await;
    let note = format!(r#"createNote(input: {{id: "note", at: "{}"}}) {{ id }}"#, at(&clock, -600));
    done(&app, &note).await;
    let beside = TestApp::uncached(&app).await;
    let all = r#"{
        byId: event(id: "old") { id } byKey: eventByCode(code: " OLD") { id }
        byTwo: eventByDeviceIdSlot(deviceId: "d", slot: 1) { id }
        events(orderBy: [{field: SIZE, direction: ASC}]) { nodes { id } totalCount }
        first: events(first: 1, orderBy: [{field: SIZE, direction: ASC}]) { nodes { id } pageInfo { hasNextPage } totalCount }
        last: events(last: 3, orderBy: [{field: SIZE, direction: ASC}]) { nodes { id } pageInfo { hasPreviousPage } }
        second: events(first: 1, offset: 1, orderBy: [{field: SIZE, direction: ASC}]) { nodes { id } }
        small: events(where: {size: {lte: 1}}) { nodes { id } totalCount }
        records(orderBy: [{field: AT, direction: ASC}]) { nodes { id } totalCount }
        device(id: "d") { events(orderBy: [{field: SIZE, direction: ASC}]) { nodes { id } totalCount } }
    }"#;
    let id = |id: &str| json!({ "id": id });
    let nodes = |ids: &[&str]| ids.iter().map(|i| id(i)).collect::<Vec<_>>();
    let shown = |events: &[&str], records: &[&str]| {
        let old = if events.contains(&"old") { id("old") } else { Json::Null };
        let small: &[&str] = if events.contains(&"old") { &["old"] } else { &[] };
        let list = json!({ "nodes": nodes(events), "totalCount": events.len() });
        json!({
            "byId": old, "byKey": old, "byTwo": old, "events": list,
            "first": {
                "nodes": nodes(&events[..1]), "pageInfo": { "hasNextPage": events.len() > 1 }, "totalCount": events.len(),
            },
            "last": {
                "nodes": nodes(&events[events.len().saturating_sub(3)..]),
                "pageInfo": { "hasPreviousPage": events.len() > 3 },
            },
            "second": { "nodes": nodes(&events[1..events.len().min(2)]) },
            "small": { "nodes": nodes(small), "totalCount": small.len() },
            "records": { "nodes": nodes(records), "totalCount": records.len() },
            "device": { "events": list },
        })
    };
    let whole = shown(&["old", "mid", "new", "no"], &["no", "note", "old", "mid", "new"]);
    for _ in 0..3 {
        assert_eq!(app.data(all, json!({})).await, whole);
    }
    clock.advance(20 * MINUTE);
    for _ in 0..3 {
        assert_eq!(
            app.data(all, json!({})).await,
            shown(&["mid", "new", "no"], &["no", "note", "mid", "new"])
        );
    }
    clock.advance(30 * MINUTE);
    for _ in 0..2 {
        assert_eq!(app.data(all, json!({})).await, shown(&["new", "no"], &["no", "note", "new"]));
    }
    clock.advance(20 * MINUTE);
    for _ in 0..2 {
        assert_eq!(app.data(all, json!({})).await, shown(&["no"], &["no", "note"]));
    }
    // It is all there still, for who goes by another clock.
    assert_eq!(beside.data(all, json!({})).await, whole);
}

async fn nobody_writes_what_has_expired(on: On) {
    let (app, clock) = events(on).await;
    app.data(r#"{ event(id: "old") { id size } }"#, json!({})).await;
    clock.advance(20 * MINUTE);
    for text in [
        r#"updateEvent(id: "old", set: {size: 9}) { id }"#,
        r#"updateEvent(id: "old", ifVersion: 1, set: {size: 9}) { id }"#,
        r#"updateEvent(id: "old", ifVersion: 7, set: {size: 9}) { id }"#,
        r#"updateEventByCode(code: "old", set: {size: 9}) { id }"#,
        r#"deleteEvent(id: "old") { id }"#,
    ] {
        assert_eq!(refused(&app, text).await, "NOT_FOUND", "{text}");
    }
    assert_eq!(done(&app, r#"deleteEventByCode(code: "old") { id }"#).await, Json::Null);
    let several = r#"updateEvents(where: {id: {in: ["old", "mid"]}}, set: {size: 9}) { count }"#;
    assert_eq!(done(&app, several).await["count"], 1);
    assert_eq!(done(&app, r#"deleteEvents(where: {slot: {lte: 2}}) { count }"#).await["count"], 1);
    assert_eq!(done(&app, "updateEvents(where: {}, all: true, set: {size: 1}) { count }").await["count"], 2);
    // Who moves the moment into the past ends the document, and who moves it on keeps it.
    let moved = format!(r#"updateEvent(id: "new", set: {{at: "{}"}}) {{ id }}"#, at(&clock, -300));
    assert_eq!(done(&app, &moved).await["id"], "new");
    assert_eq!(list(&app, "events").await, (vec!["no".to_owned()], 1));
    let born_dead = format!(r#"createEvent(input: {{id: "dead", at: "{}"}}) {{ id }}"#, at(&clock, -300));
    assert_eq!(done(&app, &born_dead).await["id"], "dead");
    assert_eq!(list(&app, "events").await, (vec!["no".to_owned()], 1));
    let moved = format!(r#"updateEvent(id: "no", set: {{at: "{}"}}) {{ id }}"#, at(&clock, 0));
    done(&app, &moved).await;
    assert_eq!(list(&app, "events").await.1, 1);
    clock.advance(60 * MINUTE);
    assert_eq!(list(&app, "events").await.1, 0);
}

async fn unique_values_of_what_has_expired_are_free(on: On) {
    for bulk in [200, 0] {
        let (app, clock) = events_within(on, bulk).await;
        let taken = r#"createEvents(inputs: [{id: "x", code: "old"}]) { id }"#;
        assert_eq!(refused(&app, taken).await, "CONFLICT");
        let all = r#"{ a: eventByCode(code: "old") { id } b: event(id: "mid") { id size } }"#;
        app.data(all, json!({})).await;
        clock.advance(45 * MINUTE);
        // By a key, by the id, and by two fields together.
        done(&app, taken).await;
        done(&app, r#"createEvents(inputs: [{id: "mid", size: 7}]) { id }"#).await;
        let answer = app.data(all, json!({})).await;
        assert_eq!(answer, json!({ "a": { "id": "x" }, "b": { "id": "mid", "size": 7 } }));
        assert_eq!(refused(&app, r#"createEvent(input: {id: "y", code: "OLD "}) { id }"#).await, "CONFLICT");
        assert_eq!(refused(&app, r#"createEvent(input: {id: "y", code: "new"}) { id }"#).await, "CONFLICT");
        assert_eq!(list(&app, "events").await.1, 4);
    }
    let (app, clock) = events(on).await;
    clock.advance(45 * MINUTE);
    assert_eq!(done(&app, r#"updateEvent(id: "new", set: {code: "old"}) { code }"#).await["code"], "old");
    assert_eq!(done(&app, r#"updateEvent(id: "new", set: {slot: 2}) { slot }"#).await["slot"], 2);
    assert_eq!(refused(&app, r#"updateEvent(id: "new", set: {code: "no"}) { id }"#).await, "CONFLICT");
    // An upsert finds nothing, and makes a document of its own.
    let (app, clock) = events(on).await;
    clock.advance(45 * MINUTE);
    let upsert = r#"upsertEvent(on: CODE, input: {code: "old", size: 70}) { id size slot }"#;
    let upserted = done(&app, upsert).await;
    assert_eq!((&upserted["size"], &upserted["slot"]), (&json!(70), &Json::Null));
    assert_ne!(upserted["id"], "old");
    let upsert = r#"upsertEvent(on: ID, input: {id: "mid", size: 71}) { id size slot }"#;
    assert_eq!(done(&app, upsert).await, json!({ "id": "mid", "size": 71, "slot": null }));
    assert_eq!(list(&app, "events").await.1, 4);
}

async fn parents_and_children_that_have_expired_are_none(on: On) {
    let (app, clock) = events(on).await;
    done(&app, r#"createSession(input: {id: "s", deviceId: "e"}) { id }"#).await;
    done(&app, r#"createCall(input: {id: "c", sessionId: "s"}) { id }"#).await;
    let call =
        r#"{ call(id: "c") { session { id } } device(id: "e") { sessions { nodes { id } totalCount } } }"#;
    let there = json!({
        "call": { "session": { "id": "s" } }, "device": { "sessions": { "nodes": [{ "id": "s" }], "totalCount": 1 } },
    });
    for _ in 0..2 {
        assert_eq!(app.data(call, json!({})).await, there);
    }
    assert_eq!(refused(&app, r#"deleteDevice(id: "d") { id }"#).await, "CONFLICT");
    done(&app, r#"updateEvent(id: "no", set: {deviceId: "e", slot: 4}) { id }"#).await;
    clock.advance(61 * MINUTE);
    let gone =
        json!({ "call": { "session": null }, "device": { "sessions": { "nodes": [], "totalCount": 0 } } });
    for _ in 0..2 {
        assert_eq!(app.data(call, json!({})).await, gone);
    }
    // A key cannot lead to what has expired.
    let orphan = r#"createCall(input: {id: "o", sessionId: "s"}) { id }"#;
    assert_eq!(refused(&app, orphan).await, "NOT_FOUND");
    assert_eq!(refused(&app, r#"updateCall(id: "c", set: {sessionId: "s"}) { id }"#).await, "NOT_FOUND");
    done(&app, r#"updateCall(id: "c", set: {text: "x"}) { id }"#).await;
    // Children that have expired forbid nothing, and others do.
    assert_eq!(done(&app, r#"deleteDevice(id: "d") { id }"#).await["id"], "d");
    assert_eq!(refused(&app, r#"deleteDevice(id: "e") { id }"#).await, "CONFLICT");
    done(&app, r#"deleteEvent(id: "no") { id }"#).await;
    // Its sessions have gone, and took no call along.
    assert_eq!(done(&app, r#"deleteDevice(id: "e") { id }"#).await["id"], "e");
    assert_eq!(list(&app, "calls").await, (vec!["c".to_owned()], 1));
}

async fn answers_that_were_kept_end_with_their_documents(on: On) {
    let (app, clock) = events(on).await;
    let text = r#"{ a: event(id: "new") { id } b: event(id: "old") { size } }"#;
    let kept =
        async || app.metric("oponn_cache_reads_total", &[("kind", "entity"), ("result", "kept")]).await;
    for _ in 0..4 {
        assert_eq!(app.data(text, json!({})).await, json!({ "a": { "id": "new" }, "b": { "size": 1 } }));
    }
    if !matches!(on, On(_, crate::support::app::CacheKind::None)) {
        assert!(kept().await > 0);
    }
    clock.advance(9 * MINUTE);
    assert_eq!(app.data(text, json!({})).await["b"]["size"], 1);
    clock.advance(MINUTE);
    for _ in 0..2 {
        assert_eq!(app.data(text, json!({})).await, json!({ "a": { "id": "new" }, "b": null }));
    }
}

async fn what_is_overdue_is_removed(on: On) {
    let (app, clock) = events_within(on, 2).await;
    let many: Vec<Json> = (0..900).map(|n| json!({ "id": format!("m{n}"), "at": at(&clock, -50) })).collect();
    app.data("mutation($i: [EventInput!]!) { createEvents(inputs: $i) { id } }", json!({ "i": many })).await;
    // It has the clock of the system, and so sees what the store has.
    let store = TestApp::uncached(&app).await;
    app.engine.remove_overdue().await;
    assert_eq!(list(&store, "events(first: 1)").await.1, 904);
    // Other servers may not know yet.
    clock.advance(10 * MINUTE + Duration::from_secs(5));
    assert_eq!(list(&app, "events(first: 1)").await.1, 3);
    app.engine.remove_overdue().await;
    assert_eq!(list(&store, "events(first: 1)").await.1, 904);
    clock.advance(MINUTE);
    app.engine.remove_overdue().await;
    assert_eq!(list(&store, "events(first: 3)").await, (["mid", "new", "no"].map(str::to_owned).to_vec(), 3));
    assert_eq!(app.metric("oponn_store_expired_total", &[]).await, 901);
    assert_eq!(list(&app, "events(first: 1)").await.1, 3);
    // The id can be used again, whatever was cached of it.
    done(&app, r#"createEvent(input: {id: "old", size: 5}) { id }"#).await;
    assert_eq!(app.data(r#"{ event(id: "old") { size } }"#, json!({})).await["event"]["size"], 5);
}

async fn times_of_writes_are_those_of_the_clock(on: On) {
    let (app, clock) = events(on).await;
    clock.advance(240 * MINUTE);
    done(&app, r#"createSession(input: {id: "s", deviceId: "e"}) { id }"#).await;
    assert_eq!(list(&app, "sessions").await.1, 1);
    clock.advance(59 * MINUTE);
    assert_eq!(list(&app, "sessions").await.1, 1);
    clock.advance(2 * MINUTE);
    assert_eq!(list(&app, "sessions").await.1, 0);
}

async fn the_importer_writes_over_what_has_expired(on: On) {
    let (app, clock) = events(on).await;
    let view = app.engine.view(&Caller::default());
    let collection = app.engine.model().collection("Event").expect("it is in the schema").clone();
    let import = async |expect: Expect| {
        let record = |code: &str, size: i64| {
            let record = json!({ "code": code, "size": size });
            record.as_object().cloned().expect("it is an object")
        };
        let records = vec![record("old", 11), record("new", 13), record("fresh", 14)];
        let upserts = view.prepare_upserts(&collection, "code", records, expect).await;
        let done = view.upsert_many(upserts).await;
        done.into_iter().map(|done| done.expect("nothing is in the way").1).collect::<Vec<_>>()
    };
    clock.advance(20 * MINUTE);
    let all = "{ events(orderBy: [{field: SIZE, direction: ASC}]) { nodes { code size slot } totalCount } }";
    app.data(all, json!({})).await;
    assert_eq!(import(Expect::New).await, [Upserted::Created, Upserted::Updated, Upserted::Created]);
    assert_eq!(import(Expect::Known).await, [Upserted::Unchanged; 3]);
    let event = |code: &str, size: i64, slot: Json| json!({ "code": code, "size": size, "slot": slot });
    let expected = [
        event("mid", 2, json!(2)),
        event("no", 4, json!(4)),
        event("old", 11, Json::Null),
        event("new", 13, json!(3)),
        event("fresh", 14, Json::Null),
    ];
    assert_eq!(app.data(all, json!({})).await["events"], json!({ "nodes": expected, "totalCount": 5 }));
}
