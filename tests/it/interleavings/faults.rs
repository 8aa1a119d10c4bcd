//! Servers that are killed or stand still between two steps, where one server follows the store.

use oponn::probe::Point;

use super::world::{World, move_to, moves, put, reached};

/// A writer dies before the cache has heard of its write, or when it has found the lists to reconcile.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_writer_has_left_undone_is_done() {
    for point in [Point::WriteCommitted, Point::WriteNoted] {
        let World { one, other, truth } = World::followed().await;
        put(&one, "x", "a", 1).await;
        let mut writer = other.hold(point);
        let moving = moves(&other, "x", "b", 2);
        reached(&mut writer).await;
        drop((moving, writer, other));
        let other = crate::support::app::TestApp::beside(&one).await;
        let world = World { one, other, truth };
        world.converges(&["a", "b"]).await;
        world.shows("b", &["x@2"]).await;
        move_to(&world.one, "x", "a", 3).await;
        world.shows("b", &[]).await;
        world.shows("a", &["x@3"]).await;
    }
}
