//! Documents that move from one partition to another, by whatever way, and writers that stand still meanwhile.

use std::time::Duration;

use bson::{Document, doc};
use oponn::probe::Point;
use serde_json::{Value as Json, json};

use super::domain::{BACKENDS, history, profiles, reads, setup, watch};
use crate::support::app::{CacheKind, StoreKind, TestApp};

const MOVE: &str = "mutation($id: ID!, $to: ID, $rank: Int) { updateWatch(id: $id, set: {profileId: $to, rank: $rank}) { id } }";

async fn shows(app: &TestApp, of_p: &[&str], of_q: &[&str], why: &str) {
    assert_eq!(history(app, "p").await, of_p, "{why}");
    assert_eq!(history(app, "q").await, of_q, "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_moves_between_partitions_and_out_of_all_of_them() {
    for backend in BACKENDS {
        let one = setup(5_000, backend).start().await;
        let other = TestApp::beside(&one).await;
        profiles(&one, &["p", "q"]).await;
        for (number, id) in ["a", "b", "c"].into_iter().enumerate() {
            watch(&one, id, "p", number as i64).await;
        }
        for app in [&one, &other] {
            shows(app, &["a", "b", "c"], &[], "at first").await;
        }
        one.data(MOVE, json!({ "id": "b", "to": "q", "rank": 1 })).await;
        for app in [&other, &one] {
            shows(app, &["a", "c"], &["b"], "after a move").await;
        }
        other.data(MOVE, json!({ "id": "a", "to": null, "rank": 1 })).await;
        for app in [&one, &other] {
            shows(app, &["c"], &["b"], "after a move to none").await;
            let text = "{ watches(where: {profileId: {eq: null}}) { totalCount nodes { id } } }";
            let none = app.data(text, json!({})).await;
            assert_eq!(none["watches"], json!({ "totalCount": 1, "nodes": [{ "id": "a" }] }));
        }
        one.data("mutation { deleteProfile(id: \"p\") { id } }", json!({})).await;
        for app in [&other, &one] {
            shows(app, &[], &["b"], "after a cascade").await;
        }
        assert!(reads(&other, "hit").await > 0);
    }
}

/// What a first write has taken out of a partition is not shown once a later write of it is acknowledged, although the
/// first has not reached the cache.
async fn late(one: &TestApp, other: &TestApp) {
    profiles(one, &["p", "q"]).await;
    watch(one, "x", "p", 1).await;
    watch(one, "y", "p", 2).await;
    for app in [one, other, one, other] {
        shows(app, &["x", "y"], &[], "at first").await;
    }
    let mut tailer = one.engine.is_followed().then(|| one.hold(Point::TailReceived));
    if let Some(tailer) = &mut tailer {
        reached(tailer).await;
    }
    let mut writer = one.hold(Point::WriteCommitted);
    let moving = one.sends(MOVE, json!({ "id": "x", "to": "q", "rank": 1 }));
    reached(&mut writer).await;
    other.data(MOVE, json!({ "id": "x", "to": "q", "rank": 7 })).await;
    for app in [one, other, one, other] {
        shows(app, &["y"], &["x"], "while a write is under way").await;
    }
    if let Some(tailer) = tailer {
        tailer.release();
    }
    writer.release();
    moving.await.expect("it is acknowledged");
    for app in [one, other] {
        shows(app, &["y"], &["x"], "at rest").await;
    }
}

async fn reached(held: &mut oponn::probe::Held) {
    tokio::time::timeout(Duration::from_secs(30), held.reached()).await.expect("somebody comes there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_removal_is_not_shown_by_a_server_of_its_own() {
    let app = setup(5_000, (StoreKind::Sqlite, CacheKind::Memory)).start().await;
    late(&app, &app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_removal_is_not_shown_by_servers_that_follow_the_store() {
    let one = setup(5_000, (StoreKind::Mongo, CacheKind::Redis)).followed().start().await;
    let other = TestApp::beside(&one).await;
    late(&one, &other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_of_other_programs_show() {
    for cache in [CacheKind::Memory, CacheKind::Redis] {
        let app = setup(5_000, (StoreKind::Mongo, cache)).followed().start().await;
        profiles(&app, &["p", "q"]).await;
        watch(&app, "a", "p", 1).await;
        let watches = app.database().await.collection::<Document>("watches");
        let same = async |of_p: &[&str], of_q: &[&str]| {
            let shown =
                async { while history(&app, "p").await != of_p || history(&app, "q").await != of_q {} };
            tokio::time::timeout(Duration::from_secs(30), shown).await.expect("it shows in time");
        };
        same(&["a"], &[]).await;
        watches.insert_one(doc! { "_id": "b", "profileId": "p", "rank": 0 }).await.unwrap();
        same(&["b", "a"], &[]).await;
        watches.update_one(doc! { "_id": "a" }, doc! { "$set": { "profileId": "q" } }).await.unwrap();
        same(&["b"], &["a"]).await;
        // In both, as an array is equal to each of its elements.
        watches.update_one(doc! { "_id": "b" }, doc! { "$set": { "profileId": ["p", "q"] } }).await.unwrap();
        let truth = TestApp::uncached(&app).await;
        let text = "{ watches(where: {profileId: {eq: \"q\"}}) { totalCount } }";
        let shown =
            async { while app.query(text, Json::Null).await != truth.query(text, Json::Null).await {} };
        tokio::time::timeout(Duration::from_secs(30), shown).await.expect("it shows in time");
        watches.delete_one(doc! { "_id": "a" }).await.unwrap();
        let shown =
            async { while app.query(text, Json::Null).await != truth.query(text, Json::Null).await {} };
        tokio::time::timeout(Duration::from_secs(30), shown).await.expect("it shows in time");
    }
}
