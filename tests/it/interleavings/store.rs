//! What servers ask of MongoDB, seen and broken on the way there. The test server is one node, so that elections,
//! rollbacks and readers of a former primary cannot be had from it: what would keep them harmless is in the requests.

use oponn::cache::CacheLimits;
use oponn::probe::Point;
use serde_json::{Value as Json, json};

use super::world::{
    ALL, Asked, SDL, World, asks, asks_book, book, listed, move_to, put, reached, shelf, take, told, until,
};
use crate::support::app::{CacheKind, StoreKind, TestApp};
use crate::support::proxy::Proxy;
use crate::support::services::mongodb_address;

/// The second server reaches MongoDB through a proxy.
async fn through_a_proxy() -> (World, Proxy) {
    reached_through_a_proxy(World::new().await).await
}

async fn reached_through_a_proxy(world: World) -> (World, Proxy) {
    let World { one, truth, .. } = world;
    let proxy = Proxy::start(&mongodb_address()).await;
    let other = TestApp::beside_through(&one, proxy.address()).await;
    (World { one, other, truth }, proxy)
}

/// The same, of this schema file. The first server follows the store, and no other would if it stood still.
async fn followed_through_a_proxy(sdl: &str) -> (World, Proxy) {
    let setup = TestApp::with(sdl).on(StoreKind::Mongo, CacheKind::Redis).followed();
    let (world, proxy) = reached_through_a_proxy(World::of(setup.start().await).await).await;
    world.other.stop_following();
    (world, proxy)
}

/// The time of the latest change that the cache has seen, as MongoDB's protocol has it.
async fn seen(world: &World) -> [u8; 8] {
    let mut redis = world.one.raw_redis().await;
    let time: String = redis::cmd("HGET")
        .arg(world.one.key("m"))
        .arg("F")
        .query_async(&mut redis)
        .await
        .expect("it answers");
    u64::from_str_radix(&time, 16).expect("a time").to_le_bytes()
}

/// The answer to a request for which the other server sends these bytes to MongoDB.
async fn sends(proxy: &Proxy, bytes: &[u8], ask: impl FnOnce() -> Asked) -> Json {
    proxy.hold_at(bytes);
    let mut asking = ask();
    tokio::select! {
        () = proxy.held() => {}
        answer = &mut asking => panic!("it was answered without them: {answer:?}"),
    }
    proxy.restore();
    asking.await.expect("it is answered")
}

/// A member that is behind has to wait for that time, or to refuse.
#[tokio::test(flavor = "multi_thread")]
async fn a_fill_asks_for_every_write_that_was_acknowledged() {
    let (world, proxy) = through_a_proxy().await;
    put(&world.one, "x", "a", 1).await;
    world.lose(&["e:*"]).await;
    let read = sends(&proxy, &seen(&world).await, || asks(&world.other, "a", ALL)).await;
    assert_eq!(listed(&read, "a"), ["x@1"]);
    world.lose(&["e:*"]).await;
    let read = sends(&proxy, &seen(&world).await, || asks_book(&world.other, "x")).await;
    assert_eq!(told(&read).as_deref(), Some("a@1"));
}

/// One read of the store: by a second one the driver would have heard how late it is there.
const SECOND: &str =
    "{ books(where: {shelf: {eq: \"a\"}}, orderBy: [{field: PLACE}], first: 1, offset: 1) { nodes { id } } }";

/// So many writes that all books are suspects: who counts the rows of a shelf asks the store, and of a partition everybody
/// does.
#[tokio::test(flavor = "multi_thread")]
async fn a_doubtful_list_is_read_with_every_write_that_was_acknowledged() {
    let partitioned = SDL.replace(
        "Book implements Item @collection",
        "Book implements Item @collection @partition(by: [\"shelf\"])",
    );
    for sdl in [SDL, &partitioned] {
        let (world, proxy) = followed_through_a_proxy(sdl).await;
        put(&world.one, "x", "a", 1).await;
        put(&world.one, "y", "a", 2).await;
        let second = json!({ "books": { "nodes": [{ "id": "y" }] } });
        for app in [&world.one, &world.other] {
            assert_eq!(app.data(SECOND, Json::Null).await, second);
        }
        let mut tailer = world.hold(Point::TailReceived);
        reached(&mut tailer).await;
        let books: Vec<Json> =
            (0..100).map(|n| json!({ "id": format!("b{n}"), "shelf": "b", "place": n })).collect();
        let many = "mutation($books: [BookInput!]!) { createBooks(inputs: $books) { id } }";
        world.one.data(many, json!({ "books": books })).await;
        let seen = seen(&world).await;
        assert_eq!(sends(&proxy, &seen, || world.other.sends(SECOND, Json::Null)).await, second);
    }
}

/// The rows of a page and what is around them are two reads. Whatever moves in between, a row that is beside the page is
/// one of its list.
#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_moves_to_the_edge_of_a_page_is_told_of() {
    const BESIDE: &str = "query($at: String!) {
        books(where: {shelf: {eq: \"a\"}}, orderBy: [{field: PLACE}], WINDOW) {
            nodes { id }
            pageInfo { hasPreviousPage hasNextPage }
        }
    }";
    for (window, shown, moving) in [("first: 2, after: $at", "z", "x"), ("last: 2, before: $at", "x", "z")] {
        let app = TestApp::with(SDL).on(StoreKind::Mongo, CacheKind::None).start().await;
        for (id, place) in [("x", 10), ("y", 20), ("z", 30)] {
            put(&app, id, "a", place).await;
        }
        let edges = "{ books(orderBy: [{field: PLACE}]) { edges { cursor } } }";
        let edges = app.data(edges, Json::Null).await;
        let at = json!({ "at": edges["books"]["edges"][1]["cursor"] });
        app.data("mutation { deleteBook(id: \"y\") { id } }", Json::Null).await;
        let mut held = app.hold(Point::PastRead);
        let page = app.sends(&BESIDE.replace("WINDOW", window), at);
        reached(&mut held).await;
        // Past the cursor, and not past the row that is shown.
        move_to(&app, moving, "a", if moving == "x" { 25 } else { 15 }).await;
        held.release();
        let page = page.await.expect("it is not dropped");
        let beside = if moving == "x" { (true, false) } else { (false, true) };
        let told = json!({ "hasPreviousPage": beside.0, "hasNextPage": beside.1 });
        assert_eq!(page["books"], json!({ "nodes": [{ "id": shown }], "pageInfo": told }), "{window}");
    }
}

/// Whatever the reason why the cache is not asked, or cannot tell: a list that is too long, one that is not to be cached,
/// nobody who vouches.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_past_the_cache_has_every_write_that_was_acknowledged() {
    for change in [
        (|limits| limits.rows = 2) as fn(&mut CacheLimits),
        |limits| limits.batches = 0,
        |limits| limits.definition = 0,
    ] {
        let (world, proxy) =
            reached_through_a_proxy(World::with(|setup| setup.engine(|e| change(&mut e.limits))).await).await;
        put(&world.one, "x", "a", 1).await;
        let read = sends(&proxy, &seen(&world).await, || asks(&world.other, "a", ALL)).await;
        assert_eq!(listed(&read, "a"), ["x@1"]);
    }
    let ask: [fn(&World) -> Asked; 2] =
        [|world| asks(&world.other, "a", ALL), |world| asks_book(&world.other, "x")];
    for ask in ask {
        let (world, proxy) = followed_through_a_proxy(SDL).await;
        put(&world.one, "x", "a", 1).await;
        let mut tailer = world.hold(Point::TailApplied);
        reached(&mut tailer).await;
        until("nobody vouches", async || !world.other.engine.vouched().await).await;
        let read = sends(&proxy, &seen(&world).await, || ask(&world)).await;
        assert!(read.to_string().contains("\"x\""), "{read}");
    }
}

/// What a primary that has been left alone has in addition is not read, and its writes are not acknowledged.
#[tokio::test(flavor = "multi_thread")]
async fn only_what_a_majority_has_is_read_and_acknowledged() {
    let (world, proxy) = through_a_proxy().await;
    // Which tells it that it can have snapshots; they are what a majority has.
    world.other.engine.store().prepare().await.expect("it is prepared already");
    put(&world.one, "x", "a", 1).await;
    world.lose(&["e:*"]).await;
    for (asked, text) in [
        ("snapshot", "{ books { nodes { id } } }"),
        ("snapshot", "{ book(id: \"z\") { id } }"),
        ("majority", "mutation { createBook(input: {id: \"y\", shelf: \"a\", place: 2}) { id } }"),
        ("majority", "mutation { updateBook(id: \"y\", set: {place: 3}) { id } }"),
        ("majority", "mutation { updateBooks(where: {place: {eq: 3}}, set: {place: 4}) { count } }"),
        ("majority", "mutation { deleteBook(id: \"y\") { id } }"),
    ] {
        sends(&proxy, asked.as_bytes(), || world.other.sends(text, json!({}))).await;
    }
}

/// MongoDB carries a write out, the server is not told, and somebody else deletes the document before anything is tried
/// again.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_outcome_was_not_told_leaves_no_ghost() {
    let (world, proxy) = through_a_proxy().await;
    world.cache("a").await;
    proxy.cut_after(b"insert");
    let text = "mutation { createBook(input: {id: \"x\", shelf: \"a\", place: 1}) { id } }";
    let answer = world.other.query(text, json!({})).await;
    assert!(answer.to_string().contains("may have happened"), "{answer}");
    until("it is written", async || shelf(&world.truth, "a").await == ["x@1"]).await;
    world.other.engine.settled().await;
    // Nobody follows the store: that the write has happened is found out because all that was cached is void.
    world.shows("a", &["x@1"]).await;
    take(&world.one, "x").await;
    world.other.engine.settled().await;
    world.shows("a", &[]).await;
    assert_eq!(book(&world.other, "x").await, None);
    // The same for a change.
    put(&world.one, "y", "a", 1).await;
    world.cache("a").await;
    proxy.cut_after(b"findAndModify");
    let text = "mutation { updateBook(id: \"y\", set: {place: 2}) { id } }";
    let answer = world.other.query(text, json!({})).await;
    assert!(answer.to_string().contains("may have happened"), "{answer}");
    until("it is written", async || shelf(&world.truth, "a").await == ["y@2"]).await;
    world.other.engine.settled().await;
    world.shows("a", &["y@2"]).await;
    move_to(&world.one, "y", "a", 3).await;
    world.other.engine.settled().await;
    world.shows("a", &["y@3"]).await;
}
