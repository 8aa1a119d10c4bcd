//! Which events changes are, through every way of writing.

use oponn::engine::{Caller, Expect};
use oponn::probe::Point;
use serde_json::{Value as Json, json};

use super::sinks::eventually;
use super::{PLACES, SHOP, events, taken};
use crate::support::app::{CacheKind, StoreKind, TestApp};

async fn app(store: StoreKind, cache: CacheKind) -> TestApp {
    TestApp::with(SHOP).on(store, cache).start().await
}

fn priced(item: &str, old: Json, new: Json) -> (String, Json) {
    ("priced".to_owned(), json!({ "event": "priced", "item": item, "old": old, "new": new }))
}

const CREATE: &str = "mutation($i: [ItemInput!]!) { createItems(inputs: $i) { id version } }";
const SET: &str =
    "mutation($id: ID!, $set: ItemPatch!) { updateItem(id: $id, set: $set) { version changed } }";

#[tokio::test(flavor = "multi_thread")]
async fn single_writes_are_events() {
    for (store, cache) in PLACES {
        let app = app(store, cache).await;
        app.data(CREATE, json!({ "i": [{ "id": "a", "name": "A", "price": 5 }] })).await;
        assert_eq!(taken(&app).await, [priced("a", Json::Null, json!(5))]);
        let set = async |price: Json| app.data(SET, json!({ "id": "a", "set": { "price": price } })).await;
        set(json!(7)).await;
        set(json!(6)).await;
        set(json!(9)).await;
        let expected = [priced("a", json!(5), json!(7)), priced("a", json!(6), json!(9))];
        assert_eq!(taken(&app).await, expected, "only what has become dearer");
        set(Json::Null).await;
        set(json!(-1)).await;
        assert_eq!(taken(&app).await, [priced("a", Json::Null, json!(-1))], "null is less than everything");
        app.data("mutation { deleteItem(id: \"a\") { id } }", json!({})).await;
        let told = taken(&app).await;
        assert_eq!(told.len(), 1);
        assert_eq!((&*told[0].0, &told[0].1["item"]), ("gone", &json!("a")));
        assert_eq!(told[0].1["was"]["price"], json!(-1));
        assert_eq!(told[0].1["was"]["version"], json!(6));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_change_is_told_where_the_file_does_not_say() {
    for (store, cache) in PLACES {
        let app = app(store, cache).await;
        let made = app.data("mutation { createShop(input: {name: \"X\"}) { id } }", json!({})).await;
        let id = &made["createShop"]["id"];
        let set = "mutation($id: ID!) { updateShop(id: $id, set: {name: \"Y\"}) { id } }";
        app.data(set, json!({ "id": id })).await;
        app.data("mutation($id: ID!) { deleteShop(id: $id) { id } }", json!({ "id": id })).await;
        let (x, y) = (json!({ "id": id, "name": "X" }), json!({ "id": id, "name": "Y" }));
        let told = |change: &str, before: &Json, after: &Json| {
            let told = json!({
                "event": "shop", "type": "Shop", "id": id, "change": change, "before": before, "after": after,
            });
            ("shop".to_owned(), told)
        };
        let expected =
            [told("CREATE", &Json::Null, &x), told("UPDATE", &x, &y), told("DELETE", &y, &Json::Null)];
        assert_eq!(taken(&app).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_changes_nothing_writes_nothing() {
    for (store, cache) in PLACES {
        let app = app(store, cache).await;
        app.data(CREATE, json!({ "i": [{ "id": "a", "name": "A", "price": 5 }] })).await;
        let set = async || app.data(SET, json!({ "id": "a", "set": { "price": 8, "name": "A" } })).await;
        let first = set().await;
        assert_eq!(first["updateItem"]["version"], 2);
        assert_eq!(taken(&app).await.len(), 2);
        assert_eq!(set().await, first, "neither the version nor the time of the change");
        let upsert =
            "mutation { upsertItem(on: NAME, input: {id: \"a\", name: \"A\", price: 8}) { version } }";
        assert_eq!(app.data(upsert, json!({})).await["upsertItem"]["version"], 2);
        let all = "mutation { updateItems(where: {}, all: true, set: {price: 8}) { count } }";
        assert_eq!(app.data(all, json!({})).await["updateItems"]["count"], 1, "it was found");
        assert_eq!(taken(&app).await, []);
        let read = "{ item(id: \"a\") { version price } items { totalCount nodes { id } } }";
        let expected = json!({
            "item": { "version": 2, "price": 8 }, "items": { "totalCount": 1, "nodes": [{ "id": "a" }] },
        });
        assert_eq!(app.data(read, json!({})).await, expected);
        let plain = "mutation { createPlain(input: {id: \"p\", name: \"P\"}) { id } }";
        app.data(plain, json!({})).await;
        let set = "mutation { updatePlain(id: \"p\", set: {name: \"P\"}) { version } }";
        assert_eq!(app.data(set, json!({})).await["updatePlain"]["version"], 2, "as ever without events");
        let wrong = "mutation { updateItem(id: \"a\", set: {price: 8}, ifVersion: 1) { version } }";
        assert_eq!(app.query(wrong, json!({})).await["errors"][0]["extensions"]["code"], "VERSION_MISMATCH");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_of_many_documents_are_events() {
    for (store, cache) in PLACES {
        for (bulk, count) in [(200, 7), (3, 7), (3, 450)] {
            let app = TestApp::with(SHOP).on(store, cache).engine(|options| options.bulk = bulk);
            let app = app.start().await;
            let id = |n: usize| format!("i{n:04}");
            let inputs: Vec<Json> =
                (0..count).map(|n| json!({ "id": id(n), "name": id(n), "price": n })).collect();
            for some in inputs.chunks(150) {
                app.data(CREATE, json!({ "i": some })).await;
            }
            let expected: Vec<_> = (0..count).map(|n| priced(&id(n), Json::Null, json!(n))).collect();
            assert_eq!(taken(&app).await, expected, "{store:?}, {bulk}");
            let all = "mutation { updateItems(where: {price: {lt: 5}}, set: {price: 5}) { count } }";
            assert_eq!(app.data(all, json!({})).await["updateItems"]["count"], 5);
            let expected: Vec<_> = (0..5).map(|n| priced(&id(n), json!(n), json!(5))).collect();
            assert_eq!(taken(&app).await, expected, "{store:?}, {bulk}");
            let all = "mutation { updateItems(where: {}, all: true, set: {price: 1000}) { count } }";
            assert_eq!(app.data(all, json!({})).await["updateItems"]["count"], count);
            assert_eq!(taken(&app).await.len(), count, "{store:?}, {bulk}");
            let none = "mutation { deleteItems(where: {}, all: true) { count } }";
            assert_eq!(app.data(none, json!({})).await["deleteItems"]["count"], count);
            let gone = taken(&app).await;
            assert_eq!(gone.len(), count);
            assert!(gone.iter().all(|(name, told)| name == "gone" && told["was"]["price"] == 1000));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_no_event() {
    for (store, cache) in PLACES {
        for bulk in [200, 1] {
            let app = TestApp::with(SHOP).on(store, cache).engine(|options| options.bulk = bulk);
            let app = app.start().await;
            app.data(CREATE, json!({ "i": [{ "id": "a", "name": "A", "price": 1 }] })).await;
            taken(&app).await;
            let create = "mutation($i: [ItemInput!]!) { createItems(inputs: $i) { id } }";
            let some = json!({ "i": [
                { "id": "b", "name": "B", "price": 1 }, { "id": "c", "name": "A", "price": 1 },
                { "id": "d", "name": "D", "price": 1 },
            ] });
            let refused = app.query(create, some).await;
            assert_eq!(refused["errors"][0]["extensions"]["code"], "CONFLICT", "{refused}");
            let stored = app.data("{ items(orderBy: {field: ID}) { nodes { id } } }", json!({})).await;
            let stored: Vec<Json> = stored["items"]["nodes"].as_array().expect("a list")[1..]
                .iter()
                .map(|it| it["id"].clone())
                .collect();
            let told: Vec<Json> =
                taken(&app).await.into_iter().map(|(_, told)| told["item"].clone()).collect();
            assert_eq!(told, stored, "{store:?}: an event for what is stored, and for nothing else");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_delete_entails_is_events() {
    for (store, cache) in PLACES {
        for bulk in [200, 1] {
            let app = TestApp::with(SHOP).on(store, cache).engine(|options| options.bulk = bulk);
            let app = app.start().await;
            let made = app.data("mutation { createShop(input: {name: \"X\"}) { id } }", json!({})).await;
            let id = &made["createShop"]["id"];
            let item = |n: u32| json!({ "id": format!("i{n}"), "name": format!("I{n}"), "shopId": id });
            app.data(CREATE, json!({ "i": [item(1), item(2), item(3)] })).await;
            let sign = "mutation($i: [SignInput!]!) { createSigns(inputs: $i) { id } }";
            app.data(sign, json!({ "i": [{ "id": "s1", "shopId": id }, { "id": "s2", "shopId": id }] }))
                .await;
            taken(&app).await;
            app.data("mutation($id: ID!) { deleteShop(id: $id) { id } }", json!({ "id": id })).await;
            let told = taken(&app).await;
            let named = |name: &str| told.iter().filter(|(of, _)| of == name).count();
            assert_eq!((named("gone"), named("sign"), named("shop")), (3, 2, 1), "{store:?}: {told:?}");
            let sign = told.iter().find(|(name, _)| name == "sign").expect("there are two");
            assert_eq!((&sign.1["before"]["shopId"], &sign.1["after"]["shopId"]), (id, &Json::Null));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn imported_records_are_events() {
    for (store, cache) in PLACES {
        for bulk in [200, 1] {
            let app = TestApp::with(SHOP).on(store, cache).engine(|options| options.bulk = bulk);
            let app = app.start().await;
            let item = app.engine.model().collection("Item").expect("it is there").clone();
            let view = app.engine.view(&Caller::default());
            let import = async |price: i32, expect: Expect| {
                let record =
                    |n: i32| json!({ "id": format!("i{n}"), "name": format!("I{n}"), "price": price });
                let records = (0..3).map(|n| record(n).as_object().expect("an object").clone()).collect();
                let upserts = view.prepare_upserts(&item, "name", records, expect).await;
                view.upsert_many(upserts)
                    .await
                    .into_iter()
                    .for_each(|done| drop(done.expect("it is written")));
                taken(&app).await.len()
            };
            assert_eq!(import(1, Expect::New).await, 3);
            assert_eq!(import(1, Expect::Known).await, 0);
            assert_eq!(import(2, Expect::Known).await, 3);
            assert_eq!(import(2, Expect::New).await, 0);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_events_of_a_document_are_in_order_over_servers_and_lives() {
    for (store, cache) in PLACES {
        let one = app(store, cache).await;
        let other = TestApp::beside(&one).await;
        for n in 0..6 {
            let server = if n % 2 == 0 { &one } else { &other };
            let input = json!({ "i": [{ "id": "a", "name": "A", "price": n * 2 }] });
            server.data(CREATE, input).await;
            let set = json!({ "id": "a", "set": { "price": n * 2 + 1 } });
            let server = if n % 3 == 0 { &one } else { &other };
            server.data(SET, set).await;
            one.data("mutation { deleteItem(id: \"a\") { id } }", json!({})).await;
        }
        let told = events(&one).await.into_iter().filter(|event| event.name == "priced");
        let prices: Vec<Json> = told
            .map(|event| serde_json::from_str::<Json>(&event.payload).expect("JSON")["new"].clone())
            .collect();
        assert_eq!(prices, (0..12).map(Json::from).collect::<Vec<_>>(), "{store:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_of_one_document_get_along() {
    for (store, cache) in PLACES {
        let one = app(store, cache).await;
        let other = TestApp::beside(&one).await;
        one.data(CREATE, json!({ "i": [{ "id": "a", "name": "A", "price": 0 }] })).await;
        let writes: Vec<_> = (1..=20)
            .map(|n| {
                let server = if n % 2 == 0 { &one } else { &other };
                server.sends(SET, json!({ "id": "a", "set": { "price": n } }))
            })
            .collect();
        for write in writes {
            write.await.expect("the write ends");
        }
        let all = events(&one).await;
        let told: Vec<Json> =
            all.iter().map(|event| serde_json::from_str(&event.payload).expect("JSON")).collect();
        // Each tells of a rise from the price that the event before it told of, or from a lower one.
        let mut last = -1;
        for told in &told {
            let (old, new) = (told["old"].as_i64().unwrap_or(-1), told["new"].as_i64().expect("a number"));
            assert!(old < new && old <= last.max(old) && new != last, "{store:?}: {told}");
            last = new;
        }
        let read = one.data("{ item(id: \"a\") { version } }", json!({})).await;
        assert_eq!(read["item"]["version"], 21, "{store:?}: every write was a change");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_do_not_cost_the_cached_lists() {
    let one = TestApp::with(SHOP).on(StoreKind::Mongo, CacheKind::Redis).followed().start().await;
    let other = TestApp::beside(&one).await;
    one.data(CREATE, json!({ "i": [{ "id": "a", "name": "A", "price": 0 }] })).await;
    let read = "{ items(orderBy: [{field: PRICE}]) { nodes { id price } } }";
    for n in 1..=10 {
        one.data(SET, json!({ "id": "a", "set": { "price": if n % 2 == 0 { n } else { -n } } })).await;
        for server in [&one, &other] {
            let expected = if n % 2 == 0 { n } else { -n };
            assert_eq!(server.data(read, json!({})).await["items"]["nodes"][0]["price"], expected);
        }
    }
    let told = async |result: &str| {
        let labels = [("result", result)];
        let [one, other] = [&one, &other].map(|app| app.metric("oponn_tail_events_total", &labels));
        one.await + other.await
    };
    eventually(|| async { told("settled").await + told("applied").await >= 11 }).await;
    assert_eq!(told("voided").await, 0, "each of its transactions is told as the change that it is");
    let voided =
        [&one, &other].map(|app| app.metric("oponn_cache_types_voided_total", &[("reason", "foreign")]));
    for voided in voided {
        assert_eq!(voided.await, 0);
    }
}

/// A write whose server dies before it has told the cache.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_with_events_shows_even_if_its_server_dies() {
    let one = TestApp::with(SHOP).on(StoreKind::Mongo, CacheKind::Redis).followed().start().await;
    let other = TestApp::beside(&one).await;
    one.data(CREATE, json!({ "i": [{ "id": "a", "name": "A", "price": 0 }] })).await;
    let read = "{ items(where: {price: {gte: 5}}) { totalCount nodes { id price } } }";
    assert_eq!(other.data(read, json!({})).await["items"]["totalCount"], 0);
    let mut held = one.hold(Point::WriteCommitted);
    let write = one.sends(SET, json!({ "id": "a", "set": { "price": 7 } }));
    held.reached().await;
    drop((held, write));
    let expected = json!({ "items": { "totalCount": 1, "nodes": [{ "id": "a", "price": 7 }] } });
    eventually(|| async { other.data(read, json!({})).await == expected }).await;
    assert_eq!(taken(&one).await.len(), 2, "its event is there too");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_an_open_transaction_holds_cannot_be_written_for_now() {
    let app = app(StoreKind::Mongo, CacheKind::Memory).await;
    app.data(CREATE, json!({ "i": [{ "id": "a", "name": "A", "price": 5 }] })).await;
    // As a server leaves one behind that dies at the wrong moment.
    let items = app.database().await;
    let mut session = items.client().start_session().await.expect("a session");
    session.start_transaction().await.expect("a transaction");
    let items = items.collection::<bson::Document>("items");
    let touched = items.update_one(bson::doc! { "_id": "a" }, bson::doc! { "$set": { "price": 6 } });
    assert_eq!(touched.session(&mut session).await.expect("it is free").matched_count, 1);
    let refused = app.query(SET, json!({ "id": "a", "set": { "price": 7 } })).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "UNAVAILABLE", "{refused}");
    session.abort_transaction().await.expect("it ends");
    let set = app.data(SET, json!({ "id": "a", "set": { "price": 7 } })).await;
    assert_eq!(set["updateItem"]["version"], 2);
    let expected = [priced("a", Json::Null, json!(5)), priced("a", json!(5), json!(7))];
    assert_eq!(taken(&app).await, expected);
}
