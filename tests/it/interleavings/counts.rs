//! Writers that stand still after they have moved a row out of a list: nobody counts it once a later write of the
//! document is acknowledged, which does not know of the list.

use oponn::probe::Point;
use serde_json::json;

use super::world::{SDL, World, is_cached, move_to, moves, put, reached, shelf};
use crate::support::app::{CacheKind, StoreKind, TestApp};

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
