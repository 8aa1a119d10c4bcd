//! Writers that stand still between two of their steps while others write and read.

use std::time::Duration;

use oponn::probe::Point;

use super::world::{
    ALL, World, asks, book, first, listed, move_to, moves, put, puts, reached, shelf, take, until,
};

/// A writer stands still before the cache has heard of its write, or when it has found the lists to reconcile.
const BOTH: [Point; 2] = [Point::WriteCommitted, Point::WriteNoted];

#[tokio::test(flavor = "multi_thread")]
async fn a_late_write_does_not_bring_a_row_back_into_a_list_read_since() {
    for point in BOTH {
        let world = World::new().await;
        let mut writer = world.hold(point);
        let adding = puts(&world.one, "x", "a", 1);
        reached(&mut writer).await;
        take(&world.other, "x").await;
        world.cache("a").await;
        writer.release();
        adding.await.expect("it is acknowledged");
        world.shows_cached("a", &[]).await;
        assert_eq!(book(&world.one, "x").await, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_write_does_not_bring_a_row_back_into_a_list_that_was_there() {
    for point in BOTH {
        let world = World::new().await;
        world.cache("a").await;
        let mut writer = world.hold(point);
        let adding = puts(&world.one, "x", "a", 1);
        reached(&mut writer).await;
        move_to(&world.other, "x", "b", 1).await;
        world.shows_cached("a", &[]).await;
        writer.release();
        adding.await.expect("it is acknowledged");
        world.shows_cached("a", &[]).await;
        assert_eq!(book(&world.one, "x").await.as_deref(), Some("b@1"));
    }
}

/// The first writer has moved a book from one shelf to another and not yet told the first; the second is acknowledged,
/// and its own before-image knows nothing of the first shelf.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_whose_removal_is_late_does_not_show_after_a_later_write() {
    for point in BOTH {
        let world = World::new().await;
        put(&world.one, "x", "a", 1).await;
        put(&world.one, "y", "a", 2).await;
        world.cache("a").await;
        world.cache("b").await;
        let mut writer = world.hold(point);
        let moving = moves(&world.one, "x", "b", 1);
        reached(&mut writer).await;
        move_to(&world.other, "x", "b", 7).await;
        world.shows("a", &["y@2"]).await;
        world.shows_cached("b", &["x@7"]).await;
        world.counts("b", 1).await;
        writer.release();
        moving.await.expect("it is acknowledged");
        world.shows_cached("a", &["y@2"]).await;
        world.shows_cached("b", &["x@7"]).await;
    }
}

/// A book has a new owner, while its list is read from the store or from the cache: whoever asks after the
/// acknowledgement does not see it in the list of the former.
#[tokio::test(flavor = "multi_thread")]
async fn what_has_another_owner_is_in_no_list_of_the_former() {
    for point in [Point::FillLeased, Point::FillRead, Point::RowsRead] {
        let world = World::new().await;
        put(&world.one, "x", "ann", 1).await;
        put(&world.one, "y", "ann", 2).await;
        if point == Point::RowsRead {
            shelf(&world.one, "ann").await;
        }
        let mut reader = world.hold(point);
        let reading = asks(&world.other, "ann", ALL);
        reached(&mut reader).await;
        move_to(&world.one, "x", "ben", 1).await;
        assert_eq!(first(&world.one, "ann", 10).await, ["y@2"], "while the other one reads");
        reader.release();
        // Of either state, and well formed.
        let read = listed(&reading.await.expect("it is answered"), "ann");
        assert!(read == ["x@1", "y@2"] || read == ["y@2"], "{read:?}");
        world.shows("ann", &["y@2"]).await;
        world.shows("ben", &["x@1"]).await;
    }
}

/// The list is newer than the book's entity, and the reverse: neither makes a page of two states.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_and_its_entities_of_two_states_make_no_page() {
    let world = World::new().await;
    put(&world.one, "x", "a", 1).await;
    put(&world.one, "y", "a", 5).await;
    world.cache("a").await;
    // The entity is new, the list is not.
    let mut writer = world.hold(Point::WriteNoted);
    let moving = moves(&world.one, "x", "a", 9);
    reached(&mut writer).await;
    assert_eq!(shelf(&world.other, "a").await, ["y@5", "x@9"]);
    writer.release();
    moving.await.expect("it is acknowledged");
    // The rows were read before, the entities after a write.
    let mut reader = world.hold(Point::RowsRead);
    let reading = asks(&world.other, "a", ALL - 1);
    reached(&mut reader).await;
    move_to(&world.one, "y", "a", 20).await;
    reader.release();
    let read = listed(&reading.await.expect("it is answered"), "a");
    assert_eq!(read, ["x@9", "y@20"]);
    world.shows_cached("a", &["x@9", "y@20"]).await;
}

/// Redis loses everything between two steps of a writer, and a later write takes away what it has written.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_began_before_a_loss_brings_nothing_back() {
    for point in BOTH {
        let world = World::new().await;
        world.cache("a").await;
        let mut writer = world.hold(point);
        let adding = puts(&world.one, "x", "a", 1);
        reached(&mut writer).await;
        world.lose(&["*"]).await;
        world.shows("a", &["x@1"]).await;
        take(&world.other, "x").await;
        world.lose(&["*"]).await;
        world.cache("a").await;
        writer.release();
        adding.await.expect("it is acknowledged");
        world.shows("a", &[]).await;
        assert_eq!(book(&world.one, "x").await, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_book_that_comes_back_with_its_first_version_shows() {
    let world = World::new().await;
    put(&world.one, "x", "a", 1).await;
    for place in 2..5 {
        move_to(&world.one, "x", "a", place).await;
    }
    world.cache("a").await;
    take(&world.one, "x").await;
    world.shows_cached("a", &[]).await;
    assert_eq!(book(&world.other, "x").await, None);
    put(&world.other, "x", "a", 9).await;
    world.shows_cached("a", &["x@9"]).await;
    assert_eq!(book(&world.one, "x").await.as_deref(), Some("a@9"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_write_does_not_make_an_entity_that_is_gone() {
    let world = World::new().await;
    put(&world.one, "x", "a", 1).await;
    let mut writer = world.hold(Point::WriteCommitted);
    let moving = moves(&world.one, "x", "a", 2);
    reached(&mut writer).await;
    take(&world.other, "x").await;
    world.lose(&["e:*"]).await;
    writer.release();
    moving.await.expect("it is acknowledged");
    assert_eq!(book(&world.one, "x").await, None);
    assert_eq!(book(&world.other, "x").await, None);
}

/// The client goes away while its write is on the way to the cache.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_client_has_gone_comes_to_its_end() {
    for point in BOTH {
        let world = World::new().await;
        world.cache("a").await;
        let mut writer = world.hold(point);
        let adding = puts(&world.one, "x", "a", 1);
        reached(&mut writer).await;
        drop(adding);
        move_to(&world.other, "x", "a", 2).await;
        writer.release();
        world.one.engine.settled().await;
        world.shows_cached("a", &["x@2"]).await;
    }
}

/// A reader goes away while it fills or reads the list: others do not wait for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_has_gone_leaves_the_list_to_others() {
    for point in [Point::FillLeased, Point::FillRead, Point::RowsRead] {
        let long = Duration::from_secs(600);
        let world = World::with(|setup| setup.engine(|engine| engine.limits.lease = long)).await;
        put(&world.one, "x", "a", 1).await;
        if point == Point::RowsRead {
            shelf(&world.one, "a").await;
        }
        let mut reader = world.hold(point);
        let reading = asks(&world.other, "a", ALL);
        reached(&mut reader).await;
        drop((reading, reader));
        move_to(&world.one, "x", "a", 2).await;
        until("the list is cached", async || {
            world.cache("a").await;
            let before = world.asked().await;
            world.shows("a", &["x@2"]).await;
            world.asked().await == before
        })
        .await;
    }
}
