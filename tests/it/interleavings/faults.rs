//! Servers that are killed, cut off or stand still between two steps, where one server follows the store.

use bson::doc;
use oponn::probe::Point;
use serde_json::Value as Json;

use super::world::{
    ALL, SDL, World, asks, book, is_cached, listed, move_to, moves, put, reached, shelf, take, until,
};
use crate::support::app::{CacheKind, StoreKind, TestApp};
use crate::support::redis_server::Server;

/// A writer stands still before the cache has heard of its write, or when it has found the lists to reconcile.
const BOTH: [Point; 2] = [Point::WriteCommitted, Point::WriteNoted];

/// What the killed writer has left undone is done by the server that follows.
#[tokio::test(flavor = "multi_thread")]
async fn the_write_of_a_killed_server_shows() {
    for point in BOTH {
        let World { one, other, truth } = World::followed().await;
        put(&one, "x", "a", 1).await;
        is_cached(&one, "a", &["x@1"]).await;
        is_cached(&one, "b", &[""; 0]).await;
        let mut writer = other.hold(point);
        let moving = moves(&other, "x", "b", 2);
        reached(&mut writer).await;
        drop((moving, writer, other));
        is_cached(&one, "a", &[""; 0]).await;
        is_cached(&one, "b", &["x@2"]).await;
        assert_eq!(shelf(&truth, "b").await, ["x@2"]);
    }
}

/// As a process that is stopped and goes on: meanwhile its write has been brought to the cache by the server that
/// follows, overtaken by another, and everything cached has been lost and read again.
#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_goes_on_much_later_changes_nothing() {
    for (point, lost) in BOTH.into_iter().flat_map(|point| [(point, false), (point, true)]) {
        let world = World::followed().await;
        put(&world.one, "x", "a", 1).await;
        world.converges(&["a", "b", "c"]).await;
        let mut writer = world.hold(point);
        let moving = moves(&world.other, "x", "b", 2);
        reached(&mut writer).await;
        world.converges(&["a", "b"]).await;
        move_to(&world.one, "x", "c", 3).await;
        if lost {
            world.lose(&["*"]).await;
        }
        world.converges(&["a", "b", "c"]).await;
        writer.release();
        moving.await.expect("it is acknowledged");
        for (name, books) in [("a", &[][..]), ("b", &[]), ("c", &["x@3"])] {
            world.shows(name, books).await;
        }
        assert_eq!(book(&world.one, "x").await.as_deref(), Some("c@3"));
    }
}

/// One server reads an old Redis that others have left: no write is acknowledged that it does not show.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_on_an_old_redis_shows_every_acknowledged_write() {
    let (old, new) = (Server::start(&[]).await, Server::start(&[]).await);
    let setup = TestApp::with(SDL).on(StoreKind::Mongo, CacheKind::Redis).redis(&old.url()).followed();
    let one = setup.start().await;
    let other = TestApp::astray(&one, &new.url()).await;
    put(&one, "x", "a", 0).await;
    is_cached(&one, "a", &["x@0"]).await;
    let write = async |place: i64| {
        move_to(&other, "x", "a", place).await;
        assert_eq!(shelf(&one, "a").await, [format!("x@{place}")]);
    };
    // The old one is followed, and then no more, as when its leader has lost the store.
    write(1).await;
    is_cached(&one, "a", &["x@1"]).await;
    one.stop_following();
    let mut place = 2;
    while !other.engine.vouched().await {
        write(place).await;
        place += 1;
    }
    write(place).await;
    is_cached(&other, "a", &[format!("x@{place}")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reads_the_cache_of_a_tailer_that_stands_still() {
    let world = World::followed().await;
    // Nobody takes the lead instead.
    world.other.stop_following();
    put(&world.one, "x", "a", 1).await;
    world.converges(&["a"]).await;
    let mut tailer = world.hold(Point::TailReceived);
    reached(&mut tailer).await;
    let change = doc! { "$set": { "place": 2 } };
    world.books().await.update_one(doc! { "_id": "x" }, change).await.expect("it is written");
    for app in [&world.one, &world.other] {
        until("it shows", async || shelf(app, "a").await == ["x@2"]).await;
    }
    tailer.release();
    world.converges(&["a"]).await;
}

/// The leader stands still before it vouches, another takes the lead, and then the former goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_former_leader_vouches_for_nothing() {
    let world = World::followed().await;
    put(&world.one, "x", "a", 1).await;
    let mut redis = world.one.raw_redis().await;
    let mut owner = redis::cmd("HGET");
    owner.arg(world.one.key("m")).arg("o");
    let owned: String = owner.query_async(&mut redis).await.expect("it answers");
    let mut former = world.hold(Point::TailApplied);
    reached(&mut former).await;
    until("the other one leads", async || {
        let mut redis = world.one.raw_redis().await;
        owner.query_async::<String>(&mut redis).await.expect("it answers") != owned
    })
    .await;
    // So that only the former one can vouch from here on.
    let mut latter = world.hold(Point::TailApplied);
    reached(&mut latter).await;
    let mut given = redis::pipe();
    given.cmd("HMGET").arg(world.one.key("m")).arg(&["k", "o", "t"]).get(world.one.key("v"));
    let before: (Vec<Option<Vec<u8>>>, Option<String>) =
        given.query_async(&mut redis).await.expect("it answers");
    let ended = async || world.one.metric("oponn_tail_ended_total", &[]).await;
    let so_far = ended().await;
    former.release();
    until("its term ends", async || ended().await > so_far).await;
    let after: (Vec<Option<Vec<u8>>>, Option<String>) =
        given.query_async(&mut redis).await.expect("it answers");
    assert_eq!(before.0, after.0);
    assert!(after.1.is_none() || after.1 == before.1, "{before:?} {after:?}");
    latter.release();
    world.converges(&["a"]).await;
}

/// Redis loads an older state between the two steps of a voucher.
#[tokio::test(flavor = "multi_thread")]
async fn a_voucher_does_not_count_for_a_state_from_before_it() {
    let redis = Server::start(&["--enable-debug-command", "yes"]).await;
    let setup = TestApp::with(SDL).on(StoreKind::Mongo, CacheKind::Redis).redis(&redis.url()).followed();
    let world = World::of(setup.start().await).await;
    put(&world.one, "x", "a", 1).await;
    world.converges(&["a"]).await;
    let mut raw = redis.raw().await;
    redis::cmd("SAVE").exec_async(&mut raw).await.expect("it answers");
    move_to(&world.one, "x", "a", 2).await;
    let mut leader = world.hold(Point::VoucherMarked);
    reached(&mut leader).await;
    redis::cmd("DEBUG").arg("RELOAD").arg("NOSAVE").exec_async(&mut raw).await.expect("it answers");
    leader.release();
    world.shows("a", &["x@2"]).await;
    world.converges(&["a"]).await;
}

/// A rolling update: the writer knows a type that the reader does not.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_by_a_server_of_another_schema_file_shows() {
    let World { one, other, truth } = World::followed().await;
    drop(other);
    put(&one, "x", "a", 0).await;
    let more = format!("{SDL} type Note @collection {{ id: ID! text: String }}");
    let other = TestApp::beside_with(&one, &more).await;
    for place in 1..4 {
        is_cached(&one, "a", &shelf(&truth, "a").await).await;
        move_to(&other, "x", "a", place).await;
        for app in [&one, &other] {
            assert_eq!(shelf(app, "a").await, [format!("x@{place}")]);
        }
    }
    // And the reverse.
    move_to(&one, "x", "a", 9).await;
    assert_eq!(shelf(&other, "a").await, ["x@9"]);
}

/// The leader's schema file lacks a type: whatever the leader vouches for, it does not hear of changes to that type.
#[tokio::test(flavor = "multi_thread")]
async fn a_type_that_nobody_follows_is_not_read_from_the_cache() {
    let World { one, other, .. } = World::followed().await;
    drop(other);
    put(&one, "x", "a", 1).await;
    let more = format!("{SDL} type Note @collection {{ id: ID! @id(as: STRING) text: String! }}");
    let other = TestApp::beside_with(&one, &more).await;
    other.stop_following();
    let notes = one.database().await.collection("notes");
    let voucher = async || {
        let mut redis = one.raw_redis().await;
        let given = redis::cmd("GET").arg(one.key("v")).query_async::<Option<String>>(&mut redis).await;
        given.expect("it answers")
    };
    for number in 0..4 {
        // Another one each time, so that it is later than the other server's connection.
        let last = voucher().await;
        until("there is another voucher", async || voucher().await.is_some_and(|now| Some(now) != last))
            .await;
        let all = other.data("{ notes(first: 9) { nodes { text } totalCount } }", Json::Null).await;
        assert_eq!(all["notes"]["totalCount"], number, "{all}");
        assert_eq!(all["notes"]["nodes"].as_array().map(Vec::len), Some(number), "{all}");
        let note = doc! { "_id": format!("n{number}"), "text": "of another program" };
        notes.insert_one(note).await.expect("it is written");
    }
}

/// Another program changes many documents of two types in one transaction, while a list of them is read.
#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_over_two_types_shows() {
    let world = World::followed().await;
    world.stock("a", (0..80).map(|n| (format!("b{n:02}"), n))).await;
    let toys = world.one.database().await.collection("toys");
    toys.insert_many((0..80).map(|n| doc! { "_id": format!("t{n}"), "place": n }))
        .await
        .expect("it is written");
    let items = "{ items(orderBy: [{field: PLACE, direction: DESC}], first: 100) { nodes { id place } } }";
    world.converges(&["a"]).await;
    let mut fill = world.hold(Point::FillRead);
    let reading = world.other.sends(items, Json::Null);
    reached(&mut fill).await;
    let database = world.one.database().await;
    let mut session = database.client().start_session().await.expect("it answers");
    let books = database.collection::<bson::Document>("books");
    let raised = doc! { "$inc": { "place": 100 } };
    session.start_transaction().await.expect("it answers");
    books.update_many(doc! {}, raised.clone()).session(&mut session).await.expect("it is written");
    let odd = doc! { "place": { "$mod": [2, 1] } };
    let toys = database.collection::<bson::Document>("toys");
    toys.delete_many(odd).session(&mut session).await.expect("it is written");
    session.commit_transaction().await.expect("it is written");
    fill.release();
    reading.await.expect("it is answered");
    world.converges(&["a"]).await;
    let truth = world.truth.data(items, Json::Null).await;
    for app in [&world.one, &world.other] {
        until("both types are right", async || app.data(items, Json::Null).await == truth).await;
    }
}

/// The list that a reader has begun to fill is of a state that another program has left.
#[tokio::test(flavor = "multi_thread")]
async fn a_fill_that_a_foreign_write_overtakes_is_brought_in_line() {
    let world = World::followed().await;
    put(&world.one, "x", "a", 1).await;
    put(&world.one, "y", "a", 2).await;
    let mut fill = world.hold(Point::FillRead);
    let reading = asks(&world.other, "a", ALL);
    reached(&mut fill).await;
    world.books().await.delete_one(doc! { "_id": "x" }).await.expect("it is written");
    take(&world.one, "y").await;
    fill.release();
    listed(&reading.await.expect("it is answered"), "a");
    world.converges(&["a"]).await;
}
