//! Servers and caches fail. A write that was acknowledged is seen by everybody from then on.

use bson::{Document, doc};
use serde_json::{Value as Json, json};

use super::{SDL, all, create, is_cached, named, on, rename, shows_the_truth};
use crate::support::app::{CacheKind, StoreKind, TestApp, vouched};
use crate::support::proxy::Proxy;
use crate::support::redis_server::Server;
use crate::support::services::redis_address;

async fn name(app: &TestApp, id: &str) -> Json {
    all(app, id).await["book"]["name"].clone()
}

/// Renames the book through the first of the servers; from then on, without any waiting, all of them show that.
async fn rename_for_all(apps: &[&TestApp], id: &str, new: &str) {
    rename(apps[0], id, new).await;
    for app in apps {
        assert_eq!(name(app, id).await, new);
    }
}

fn book(name: &str) -> Json {
    json!({ "name": name, "kind": "k", "isbn": "1" })
}

/// Two servers, the second of which reaches Redis through a proxy.
async fn one_behind_a_proxy() -> (TestApp, TestApp, Proxy) {
    let app = on(CacheKind::Redis).start().await;
    let proxy = Proxy::start(&redis_address()).await;
    let other = TestApp::beside_by(&app, Some(&format!("redis://{}", proxy.address()))).await;
    (app, other, proxy)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_cut_off_from_redis_acknowledges_only_what_everybody_sees() {
    let (app, other, proxy) = one_behind_a_proxy().await;
    let id = create(&app, &book("first")).await;
    for cut in [Proxy::cut as fn(&Proxy), Proxy::silence] {
        is_cached(&app, &id).await;
        is_cached(&other, &id).await;
        cut(&proxy);
        for number in 0..5 {
            rename_for_all(&[&other, &app], &id, &format!("cut off {number}")).await;
        }
        proxy.restore();
        is_cached(&other, &id).await;
        assert_eq!(name(&other, &id).await, "cut off 4");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_cut_off_and_ended_leaves_nothing_stale() {
    let (app, other, proxy) = one_behind_a_proxy().await;
    let id = create(&app, &book("first")).await;
    is_cached(&app, &id).await;
    proxy.cut();
    rename(&other, &id, "written while cut off").await;
    drop(other);
    assert_eq!(name(&app, &id).await, "written while cut off");
    proxy.restore();
    let again = TestApp::beside(&app).await;
    assert_eq!(name(&again, &id).await, "written while cut off");
}

/// The leader is cut off, and nobody else is there: only time tells that nobody reads the cache.
#[tokio::test(flavor = "multi_thread")]
async fn writes_go_on_when_nobody_reaches_redis() {
    let proxy = Proxy::start(&redis_address()).await;
    let app = on(CacheKind::Redis).redis(&format!("redis://{}", proxy.address())).start().await;
    let id = create(&app, &book("first")).await;
    is_cached(&app, &id).await;
    proxy.cut();
    for number in 0..20 {
        rename_for_all(&[&app], &id, &format!("without a cache {number}")).await;
    }
    proxy.restore();
    is_cached(&app, &id).await;
    assert_eq!(name(&app, &id).await, "without a cache 19");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_server_follows_when_the_leader_dies() {
    let leader = on(CacheKind::Redis).start().await;
    let id = create(&leader, &book("first")).await;
    let other = TestApp::beside(&leader).await;
    is_cached(&other, &id).await;
    let books = other.database().await.collection::<Document>("books");
    drop(leader);
    for number in 0..3 {
        books.update_one(doc! {}, named(&format!("foreign {number}"))).await.unwrap();
        shows_the_truth(&other, &id).await;
        is_cached(&other, &id).await;
    }
}

/// What happened while nobody followed is made up for from the place that the cache has; the rest stays cached.
#[tokio::test(flavor = "multi_thread")]
async fn a_cache_is_followed_on_from_its_place() {
    let app = on(CacheKind::Redis).start().await;
    let id = create(&app, &book("first")).await;
    is_cached(&app, &id).await;
    let toys = "{ toys { totalCount } }";
    app.data(toys, Json::Null).await;
    let keeper = TestApp::uncached(&app).await;
    let books = keeper.database().await.collection::<Document>("books");
    let place = app.keep();
    drop(app);
    books.update_one(doc! {}, named("while nobody followed")).await.unwrap();
    let again = TestApp::at(place).await;
    let shown = shows_the_truth(&again, &id).await;
    assert_eq!(shown["book"]["name"], "while nobody followed");
    let operations = again.store_operations().await;
    assert_eq!(again.data(toys, Json::Null).await["toys"]["totalCount"], 0);
    assert_eq!(again.store_operations().await, operations, "the other list is still cached");
}

/// More changes than are brought to the cache together, several of each document, so that later ones overtake.
#[tokio::test(flavor = "multi_thread")]
async fn many_changes_while_nobody_followed_leave_what_the_last_ones_did() {
    let app = on(CacheKind::Redis).start().await;
    let id = create(&app, &book("first")).await;
    let keeper = TestApp::uncached(&app).await;
    let books = keeper.database().await.collection::<Document>("books");
    let others = (0..30).map(|n| doc! { "name": format!("n{n:02}"), "kind": "k", "number": n });
    books.insert_many(others).await.unwrap();
    is_cached(&app, &id).await;
    let place = app.keep();
    drop(app);
    for round in 0..25 {
        let changed =
            doc! { "name": format!("r{round}"), "kind": if round % 2 == 0 { "other" } else { "k" } };
        books.update_many(doc! {}, doc! { "$set": changed }).await.unwrap();
    }
    books.update_many(doc! { "number": { "$lt": 15 } }, doc! { "$set": { "kind": "k" } }).await.unwrap();
    books.delete_many(doc! { "number": { "$gte": 25 } }).await.unwrap();
    let again = TestApp::at(place).await;
    is_cached(&again, &id).await;
    assert_eq!(all(&again, &id).await, all(&keeper, &id).await);
    let metrics = again.metrics().await;
    assert!(metrics.value("oponn_tail_events_total", &[("result", "applied")]) > 700.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_loses_or_goes_back_shows_nothing_stale() {
    let redis = Server::start(&["--enable-debug-command", "yes"]).await;
    let app = TestApp::with(SDL)
        .on(StoreKind::Mongo, CacheKind::Redis)
        .redis(&redis.url())
        .followed()
        .start()
        .await;
    let other = TestApp::beside(&app).await;
    let id = create(&app, &book("first")).await;
    let mut raw = redis.raw().await;
    let save = redis::cmd("SAVE");
    let mut reload = redis::cmd("DEBUG");
    reload.arg("RELOAD").arg("NOSAVE");
    for (round, command) in [reload.clone(), redis::cmd("FLUSHALL"), reload].iter().enumerate() {
        is_cached(&app, &id).await;
        is_cached(&other, &id).await;
        save.exec_async(&mut raw).await.unwrap();
        for number in 0..3 {
            let new = format!("round {round} number {number}");
            rename(&app, &id, &new).await;
            assert_eq!(name(&other, &id).await, *new);
            command.exec_async(&mut raw).await.unwrap();
            // At once, on both.
            assert_eq!(name(&other, &id).await, *new, "after {command:?}");
            assert_eq!(name(&app, &id).await, *new, "after {command:?}");
        }
    }
    is_cached(&other, &id).await;
    shows_the_truth(&other, &id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_restarted_from_a_snapshot_catches_up() {
    let mut redis = Server::start(&[]).await;
    let app = TestApp::with(SDL)
        .on(StoreKind::Mongo, CacheKind::Redis)
        .redis(&redis.url())
        .followed()
        .start()
        .await;
    let id = create(&app, &book("first")).await;
    is_cached(&app, &id).await;
    redis::cmd("SAVE").exec_async(&mut redis.raw().await).await.unwrap();
    rename(&app, &id, "after the snapshot").await;
    redis.restart(&[]).await;
    assert_eq!(name(&app, &id).await, "after the snapshot");
    is_cached(&app, &id).await;
    shows_the_truth(&app, &id).await;
    // Empty: without the file.
    rename(&app, &id, "before the loss").await;
    redis.restart(&["--dbfilename", "another.rdb"]).await;
    assert_eq!(name(&app, &id).await, "before the loss");
    is_cached(&app, &id).await;
    shows_the_truth(&app, &id).await;
}

/// The place is not one of this database's: nothing cached is believed.
#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_cannot_be_read_voids_everything() {
    let redis = Server::start(&[]).await;
    let app = TestApp::with(SDL)
        .on(StoreKind::Mongo, CacheKind::Redis)
        .redis(&redis.url())
        .followed()
        .start()
        .await;
    let id = create(&app, &book("first")).await;
    is_cached(&app, &id).await;
    let place = app.keep();
    let keeper = TestApp::uncached(&app).await;
    let books = keeper.database().await.collection::<Document>("books");
    drop(app);
    books.update_one(doc! {}, named("unseen")).await.unwrap();
    let mut raw = redis.raw().await;
    let keys: Vec<String> = redis::cmd("KEYS").arg("*:m").query_async(&mut raw).await.unwrap();
    for garbage in [b"no place".to_vec(), bson::serialize_to_vec(&doc! { "_data": "82AA" }).unwrap()] {
        redis::cmd("HSET").arg(&keys[0]).arg("k").arg(garbage).exec_async(&mut raw).await.unwrap();
        let again = TestApp::at(place.clone()).await;
        let shown = shows_the_truth(&again, &id).await;
        assert_eq!(shown["book"]["name"], "unseen");
        is_cached(&again, &id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_anybody_who_vouches_the_store_answers() {
    let app = on(CacheKind::Redis).start().await;
    let id = create(&app, &book("first")).await;
    is_cached(&app, &id).await;
    app.stop_following();
    let bypassed = async { while app.engine.vouched().await {} };
    tokio::time::timeout(std::time::Duration::from_secs(30), bypassed).await.expect("the voucher ends");
    let books = app.database().await.collection::<Document>("books");
    books.update_one(doc! {}, named("foreign")).await.unwrap();
    assert_eq!(name(&app, &id).await, "foreign");
    let again = TestApp::beside(&app).await;
    vouched(&app.engine).await;
    shows_the_truth(&again, &id).await;
}

/// The other server's types are in other collections, under the same names.
#[tokio::test(flavor = "multi_thread")]
async fn servers_of_two_schema_files_never_show_each_others_rows() {
    let app = on(CacheKind::Redis).start().await;
    let id = create(&app, &book("first")).await;
    is_cached(&app, &id).await;
    let moved = SDL.replace(
        "type Book implements Item @collection",
        "type Book implements Item @collection(name: \"volumes\")",
    );
    let other = TestApp::beside_with(&app, &moved).await;
    assert!(name(&other, &id).await.is_null());
    let its = create(&other, &book("its own")).await;
    assert_eq!(name(&other, &its).await, "its own");
    assert!(name(&app, &its).await.is_null());
    rename(&app, &id, "second").await;
    is_cached(&app, &id).await;
    assert_eq!(name(&app, &id).await, "second");
    // Now the other one leads.
    drop(app);
    vouched(&other.engine).await;
    is_cached(&other, &its).await;
    assert!(name(&other, &id).await.is_null());
    rename(&other, &its, "renamed").await;
    assert_eq!(name(&other, &its).await, "renamed");
}
