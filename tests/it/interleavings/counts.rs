//! Writers that stand still after they have moved a row out of a list: nobody counts it once a later write of the
//! document is acknowledged, which does not know of the list.

use oponn::probe::Point;
use serde_json::json;

use super::world::{SDL, World, is_cached, move_to, moves, put, puts, reached, shelf, until};
use crate::support::app::{CacheKind, StoreKind, TestApp};
use crate::support::proxy::Proxy;
use crate::support::services::mongodb_address;

/// What counts the rows of a shelf, each in another way: the length of the list, whether there is a row after the first,
/// the rows after the first, and whether there is a row before them.
const COUNTS: &str = "query($shelf: String!) {
    total: books(where: {shelf: {eq: $shelf}}, first: 1) { totalCount }
    after: books(where: {shelf: {eq: $shelf}}, orderBy: [{field: PLACE}], first: 1) { pageInfo { hasNextPage } }
    offset: books(where: {shelf: {eq: $shelf}}, orderBy: [{field: PLACE}], first: 9, offset: 1) { nodes { id } }
    before: books(where: {shelf: {eq: $shelf}}, orderBy: [{field: PLACE, direction: DESC}], first: 9, offset: 1) {
        pageInfo { hasPreviousPage }
    }
}";

/// Counts a shelf whose only other book has been moved away.
async fn counts_one(app: &TestApp, why: &str) {
    let counted = app.data(COUNTS, json!({ "shelf": "a" })).await;
    assert_eq!(counted["total"]["totalCount"], 1, "{why}");
    assert_eq!(counted["after"]["pageInfo"]["hasNextPage"], false, "{why}");
    assert_eq!(counted["offset"]["nodes"], json!([]), "{why}");
}

/// A shelf with two books.
async fn stock(app: &TestApp) {
    put(app, "y", "a", 1).await;
    put(app, "x", "a", 2).await;
}

/// Twice, so that the answer is kept.
async fn counts_two(app: &TestApp) {
    for _ in 0..2 {
        let counted = app.data(COUNTS, json!({ "shelf": "a" })).await;
        assert_eq!(counted["total"]["totalCount"], 2);
        assert_eq!(counted["after"]["pageInfo"]["hasNextPage"], true);
        assert_eq!(counted["offset"]["nodes"], json!([{ "id": "x" }]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_whose_removal_is_late_is_not_counted_after_a_later_write() {
    for point in [Point::WriteCommitted, Point::WriteNoted] {
        let world = World::followed().await;
        stock(&world.one).await;
        for app in [&world.one, &world.other] {
            is_cached(app, "a", &["y@1", "x@2"]).await;
            counts_two(app).await;
        }
        // The tailer would soon make up for the writer.
        let mut tailer = world.hold(Point::TailReceived);
        reached(&mut tailer).await;
        let mut writer = world.hold(point);
        let moving = moves(&world.one, "x", "b", 1);
        reached(&mut writer).await;
        move_to(&world.other, "x", "b", 7).await;
        for app in [&world.one, &world.other] {
            counts_one(app, "while a write is under way").await;
        }
        tailer.release();
        writer.release();
        moving.await.expect("it is acknowledged");
        world.converges(&["a", "b"]).await;
        counts_one(&world.one, "at rest").await;
    }
}

/// Nobody follows the store: the server knows its own writes.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_removal_is_not_counted_by_a_server_of_its_own() {
    let app = TestApp::with(SDL).on(StoreKind::Sqlite, CacheKind::Memory).start().await;
    stock(&app).await;
    assert_eq!(shelf(&app, "a").await, ["y@1", "x@2"]);
    counts_two(&app).await;
    let mut writer = app.hold(Point::WriteCommitted);
    let moving = moves(&app, "x", "b", 1);
    reached(&mut writer).await;
    move_to(&app, "x", "b", 7).await;
    counts_one(&app, "while a write is under way").await;
    writer.release();
    moving.await.expect("it is acknowledged");
    counts_one(&app, "at rest").await;
}

/// One write of several documents, the first of which is in the store long before the last. Meanwhile the first is written
/// again: that later write is acknowledged, and the cache has not heard of what came before it.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_removal_by_a_write_of_several_documents_is_not_counted() {
    let proxy = Proxy::start(&mongodb_address()).await;
    let setup = TestApp::with(SDL).on(StoreKind::Mongo, CacheKind::Memory).mongodb(proxy.address());
    let app = setup.start().await;
    let truth = TestApp::uncached(&app).await;
    for (id, place) in [("z", 0), ("x", 1), ("the last", 2)] {
        put(&app, id, "a", place).await;
    }
    let counted = async || app.data(COUNTS, json!({ "shelf": "a" })).await["total"]["totalCount"].clone();
    assert_eq!(counted().await, 3);
    proxy.hold_alone_at(b"the last");
    let away = "mutation { updateBooks(where: {place: {gt: 0}}, set: {shelf: \"b\"}) { count } }";
    let moving = app.sends(away, json!({}));
    proxy.held_alone().await;
    until("the first one is away", async || shelf(&truth, "b").await == ["x@1"]).await;
    move_to(&app, "x", "b", 7).await;
    let mut writer = app.hold(Point::WriteNoted);
    proxy.restore();
    reached(&mut writer).await;
    // Neither is the other one, of a write that is not acknowledged; but that might be.
    assert_eq!(counted().await, 1, "while a write is under way");
    writer.release();
    moving.await.expect("it is acknowledged");
    assert_eq!(counted().await, 1, "at rest");
}

/// A late insert does not come back into a list that counts it, though nobody looks at its row.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_insert_is_not_counted_after_a_later_write() {
    for point in [Point::WriteCommitted, Point::WriteNoted] {
        let world = World::new().await;
        put(&world.one, "first", "a", 1).await;
        world.counts("a", 1).await;
        world.counts("b", 0).await;
        let mut writer = world.hold(point);
        let adding = puts(&world.one, "x", "a", 2);
        reached(&mut writer).await;
        move_to(&world.other, "x", "b", 1).await;
        writer.release();
        adding.await.expect("it is acknowledged");
        world.counts("a", 1).await;
        world.counts("b", 1).await;
    }
}
