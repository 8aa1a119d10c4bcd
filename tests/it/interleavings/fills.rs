//! Writes while a list or an entity is read from the store.

use oponn::probe::Point;

use super::world::{
    ALL, World, asks, asks_book, book, first, listed, move_to, put, reached, take, told, until,
};
use crate::support::app::TestApp;

/// A fill waits on the other server, before or after it has read the store.
const BOTH: [Point; 2] = [Point::FillLeased, Point::FillRead];

#[tokio::test(flavor = "multi_thread")]
async fn a_write_during_a_fill_is_in_the_list() {
    for point in BOTH {
        let world = World::new().await;
        for (id, place) in [("moved", 1), ("left", 2), ("gone", 3), ("same", 4)] {
            put(&world.one, id, "a", place).await;
        }
        let mut fill = world.hold(point);
        let reading = asks(&world.other, "a", ALL);
        reached(&mut fill).await;
        move_to(&world.one, "moved", "a", 9).await;
        move_to(&world.one, "left", "b", 2).await;
        take(&world.one, "gone").await;
        put(&world.one, "new", "a", 5).await;
        fill.release();
        listed(&reading.await.expect("it is answered"), "a");
        world.shows_cached("a", &["same@4", "new@5", "moved@9"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_into_an_empty_list_is_in_the_list() {
    let world = World::new().await;
    world.cache("a").await;
    world.shows_cached("a", &[]).await;
    put(&world.other, "x", "a", 1).await;
    world.shows_cached("a", &["x@1"]).await;
}

/// The first books of a long shelf are cached; a write takes place beyond them, or across their end, while more of them
/// are read.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_crosses_the_extent_during_a_fill_is_there_once() {
    for point in BOTH {
        let world = World::new().await;
        world.stock("a", (0..150).map(|n| (format!("b{n:03}"), 10 * n))).await;
        let known = first(&world.one, "a", 50).await;
        assert_eq!(known.len(), 50);
        let mut fill = world.hold(point);
        let text = "{
            books(where: {shelf: {eq: \"a\"}}, orderBy: [{field: PLACE}], offset: 90, first: 60) {
                nodes { id shelf place }
            }
        }";
        let reading = world.other.sends(text, serde_json::Value::Null);
        reached(&mut fill).await;
        // Beyond what is cached; out of it; into it; within it.
        put(&world.one, "new", "a", 1_255).await;
        move_to(&world.one, "b010", "a", 1_265).await;
        move_to(&world.one, "b140", "a", 15).await;
        move_to(&world.one, "b020", "a", 25).await;
        fill.release();
        let read = listed(&reading.await.expect("it is answered"), "a");
        assert!(!read.is_empty());
        let misses = world.asked().await;
        for app in [&world.one, &world.other] {
            let mut seen = Vec::new();
            for (offset, count) in [(0, 90), (90, 60)] {
                let page = text.replace("offset: 90", &format!("offset: {offset}"));
                let page = page.replace("first: 60", &format!("first: {count}"));
                seen.extend(listed(&app.data(&page, serde_json::Value::Null).await, "a"));
            }
            assert_eq!(seen.len(), 150);
            for once in ["new@1255", "b010@1265", "b140@15", "b020@25"] {
                assert_eq!(seen.iter().filter(|book| *book == once).count(), 1, "{once} is in {seen:?}");
            }
            assert!(!seen.iter().any(|book| ["b010@100", "b140@1400", "b020@200"].contains(&&**book)));
        }
        assert_eq!(world.asked().await, misses, "the longer list is cached");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_has_lost_its_beginning_is_read_again() {
    let world = World::new().await;
    world.stock("a", (0..150).map(|n| (format!("b{n:03}"), n))).await;
    assert_eq!(first(&world.one, "a", 50).await.len(), 50);
    // Of the hundred that are cached, forty are left.
    for n in 0..60 {
        take(&world.other, &format!("b{n:03}")).await;
    }
    let rest: Vec<String> = (60..150).map(|n| format!("b{n:03}@{n}")).collect();
    let expected: Vec<&str> = rest.iter().map(String::as_str).collect();
    world.shows("a", &expected).await;
    world.shows_cached("a", &expected).await;
}

/// As when the process that fills stands still for longer than its lease lasts.
#[tokio::test(flavor = "multi_thread")]
async fn a_fill_whose_lease_has_gone_is_refused() {
    let world = World::new().await;
    put(&world.one, "x", "a", 1).await;
    let mut fill = world.hold(Point::FillRead);
    let late = asks(&world.other, "a", ALL);
    reached(&mut fill).await;
    world.lose(&["p:*"]).await;
    // Nobody leaves deltas for a fill that is gone.
    move_to(&world.one, "x", "a", 2).await;
    put(&world.one, "y", "a", 3).await;
    let mut second = world.hold(Point::FillRead);
    let reading = asks(&world.one, "a", ALL);
    reached(&mut second).await;
    put(&world.one, "z", "a", 4).await;
    fill.release();
    listed(&late.await.expect("it is answered"), "a");
    second.release();
    listed(&reading.await.expect("it is answered"), "a");
    world.shows_cached("a", &["x@2", "y@3", "z@4"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fill_that_too_many_writes_overtake_is_answered_and_not_kept() {
    let world = World::with(|setup| setup.engine(|engine| engine.limits.deltas = 4)).await;
    let mut fill = world.hold(Point::FillRead);
    let late = asks(&world.other, "a", ALL);
    reached(&mut fill).await;
    for n in 0..5 {
        put(&world.one, &format!("b{n}"), "a", n).await;
    }
    fill.release();
    listed(&late.await.expect("it is answered"), "a");
    let refused = world.other.metric("oponn_cache_fills_total", &[("result", "refused")]).await;
    assert_eq!(refused, 1);
    world.shows("a", &["b0@0", "b1@1", "b2@2", "b3@3", "b4@4"]).await;
}

/// A reader joins a fill that has read the store already; a write that was acknowledged before it came is not in what
/// the fill has read.
#[tokio::test(flavor = "multi_thread")]
async fn who_joins_a_fill_late_sees_what_was_acknowledged_before() {
    let world = World::new().await;
    put(&world.one, "x", "a", 1).await;
    let mut fill = world.hold(Point::FillRead);
    let leads = asks(&world.other, "a", ALL);
    reached(&mut fill).await;
    move_to(&world.one, "x", "a", 2).await;
    put(&world.one, "y", "a", 3).await;
    // Another question about the same list, so that it shares the fill and not the answer.
    let joins = asks(&world.other, "a", ALL - 1);
    let joined = [("of", "flight")];
    until("it joins", async || world.other.metric("oponn_cache_joins_total", &joined).await == 1).await;
    fill.release();
    assert_eq!(listed(&joins.await.expect("it is answered"), "a"), ["x@2", "y@3"]);
    listed(&leads.await.expect("it is answered"), "a");
    world.shows_cached("a", &["x@2", "y@3"]).await;
}

/// Beyond the bound up to which each document is reconciled.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_of_many_documents_shows_on_every_page() {
    for point in BOTH {
        let world = World::with(|setup| setup.engine(|engine| engine.bulk = 5)).await;
        for n in 0..20 {
            put(&world.one, &format!("b{n:02}"), "a", n).await;
        }
        world.cache("a").await;
        let mut fill = world.hold(point);
        let reading = asks(&world.other, "b", ALL);
        reached(&mut fill).await;
        let text = "mutation { updateBooks(where: {place: {gte: 10}}, set: {shelf: \"b\"}) { count } }";
        let done = world.one.data(text, serde_json::Value::Null).await;
        assert_eq!(done["updateBooks"]["count"], 10);
        fill.release();
        listed(&reading.await.expect("it is answered"), "b");
        for (name, range) in [("a", 0..10), ("b", 10..20)] {
            let books: Vec<String> = range.map(|n| format!("b{n:02}@{n}")).collect();
            world.shows(name, &books.iter().map(String::as_str).collect::<Vec<_>>()).await;
        }
        assert_eq!(book(&world.other, "b15").await.as_deref(), Some("b@15"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_of_the_second_type_takes_its_place_in_a_list_of_both() {
    const ITEMS: &str = "{ items(orderBy: [{field: PLACE}]) { nodes { id } } }";
    let items = async |app: &TestApp| {
        let items = app.data(ITEMS, serde_json::Value::Null).await;
        let nodes = items["items"]["nodes"].as_array().cloned().unwrap_or_default();
        nodes.iter().map(|item| item["id"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    for point in BOTH {
        let world = World::new().await;
        put(&world.one, "first", "a", 1).await;
        put(&world.one, "third", "a", 3).await;
        let mut fill = world.hold(point);
        let reading = world.other.sends(ITEMS, serde_json::Value::Null);
        reached(&mut fill).await;
        let text = "mutation($id: ID!, $place: Int!) { createToy(input: {id: $id, place: $place}) { id } }";
        world.one.data(text, serde_json::json!({ "id": "second", "place": 2 })).await;
        fill.release();
        reading.await.expect("it is answered");
        let misses = world.asked().await;
        world.one.data(text, serde_json::json!({ "id": "fourth", "place": 4 })).await;
        for app in [&world.one, &world.other] {
            assert_eq!(items(app).await, ["first", "second", "third", "fourth"]);
        }
        assert_eq!(world.asked().await, misses);
    }
}

/// The absence of a book is being read, or is cached.
#[tokio::test(flavor = "multi_thread")]
async fn a_book_that_was_missing_is_found_once_it_is_written() {
    for point in [Point::EntityFloor, Point::EntityRead] {
        let world = World::new().await;
        let mut fill = world.hold(point);
        let reading = asks_book(&world.other, "x");
        reached(&mut fill).await;
        put(&world.one, "x", "a", 1).await;
        fill.release();
        told(&reading.await.expect("it is answered"));
        assert_eq!(book(&world.other, "x").await.as_deref(), Some("a@1"));
        assert_eq!(book(&world.other, "y").await, None);
        put(&world.one, "y", "a", 2).await;
        assert_eq!(book(&world.other, "y").await.as_deref(), Some("a@2"));
    }
}

/// As the floor table has it: a fill that has read an earlier state is not kept.
#[tokio::test(flavor = "multi_thread")]
async fn a_book_that_is_written_while_it_is_read_is_not_cached_as_it_was() {
    let world = World::new().await;
    put(&world.one, "x", "a", 1).await;
    world.lose(&["e:*"]).await;
    let mut fill = world.hold(Point::EntityRead);
    let reading = asks_book(&world.other, "x");
    reached(&mut fill).await;
    take(&world.one, "x").await;
    world.lose(&["e:*"]).await;
    fill.release();
    assert_eq!(told(&reading.await.expect("it is answered")).as_deref(), Some("a@1"));
    assert_eq!(book(&world.one, "x").await, None);
}
