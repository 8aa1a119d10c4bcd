//! Whatever an answer is made of: when it changes, by this server or another, the next answer shows it.

use serde_json::{Value as Json, json};

use super::{Done, PLACES, SDL, stocked, warm};
use crate::support::app::TestApp;

/// A question, and a write that changes the answer.
struct Case(&'static str, &'static str);

const CASES: &[Case] = &[
    // A document.
    Case(
        "{ book(id: \"b1\") { title } }",
        "mutation { updateBook(id: \"b1\", set: {title: \"changed\"}) { id } }",
    ),
    Case("{ book(id: \"b2\") { title } }", "mutation { deleteBook(id: \"b2\") { id } }"),
    // None, and then one.
    Case(
        "{ book(id: \"new\") { title } }",
        "mutation { createBook(input: {id: \"new\", title: \"new\", price: 1}) { id } }",
    ),
    // By a unique key.
    Case(
        "{ shopByName(name: \" North \") { id name } }",
        "mutation { updateShop(id: \"north\", set: {name: \"far north\"}) { id } }",
    ),
    Case(
        "{ shopByName(name: \"east\") { id } }",
        "mutation { createShop(input: {id: \"east\", name: \"East\"}) { id } }",
    ),
    // A row's document, where the list stays as it is.
    Case(
        "{ books(where: {shopId: {eq: \"south\"}}) { nodes { title } } }",
        "mutation { updateBook(id: \"b4\", set: {title: \"other\"}) { id } }",
    ),
    // The order of a list; its first row; its length; what follows its page; that it is not empty.
    Case(
        "{ books(orderBy: [{field: PRICE}]) { nodes { id } } }",
        "mutation { updateBook(id: \"b1\", set: {price: 99}) { id } }",
    ),
    Case(
        "{ books(orderBy: [{field: PRICE}], first: 1) { nodes { id } } }",
        "mutation { createBook(input: {id: \"cheap\", title: \"cheap\", price: 0}) { id } }",
    ),
    Case(
        "{ books { totalCount } }",
        "mutation { createBook(input: {id: \"more\", title: \"more\", price: 7}) { id } }",
    ),
    Case(
        "{ books(where: {price: {gte: 50}}, first: 2) { pageInfo { hasNextPage } } }",
        "mutation { updateBook(id: \"b3\", set: {price: 50}) { id } }",
    ),
    Case(
        "{ books(where: {price: {gt: 1000}}) { totalCount nodes { id } } }",
        "mutation { updateBook(id: \"b3\", set: {price: 2000}) { id } }",
    ),
    // What a key leads to: its document, that it leads elsewhere, that it leads nowhere.
    Case(
        "{ book(id: \"b4\") { shop { name } } }",
        "mutation { updateShop(id: \"south\", set: {name: \"deep south\"}) { id } }",
    ),
    Case(
        "{ book(id: \"b4\") { shop { id } } }",
        "mutation { updateBook(id: \"b4\", set: {shopId: \"north\"}) { id } }",
    ),
    // What leads here, under one parent and under several.
    Case(
        "{ shop(id: \"south\") { books { totalCount nodes { id } } } }",
        "mutation { updateBook(id: \"b5\", set: {shopId: null}) { id } }",
    ),
    Case(
        "{ shops { nodes { id books(orderBy: [{field: PRICE}]) { nodes { id price } } } } }",
        "mutation { updateBook(id: \"b5\", set: {shopId: \"north\"}) { id } }",
    ),
    // A list over two types.
    Case(
        "{ fruits(where: {size: {eq: LARGE}}) { totalCount nodes { __typename id } } }",
        "mutation { updateApple(id: \"a1\", set: {size: SMALL}) { id } }",
    ),
    Case(
        "{ fruits(orderBy: [{field: BREED}]) { nodes { __typename id } } }",
        "mutation { deleteOrange(id: \"o1\") { id } }",
    ),
    // A write of more documents than are reconciled one by one.
    Case(
        "{ books { nodes { price } } }",
        "mutation { updateBooks(where: {price: {lte: 5000}}, set: {price: 3}) { count } }",
    ),
    // The same for a list of which there was nothing.
    Case(
        "{ books(where: {price: {gt: 9000}}) { totalCount } }",
        "mutation { updateBooks(where: {price: {lte: 5000}}, set: {price: 9500}) { count } }",
    ),
    // One that takes others along.
    Case("{ books { nodes { shop { id } } } }", "mutation { deleteShop(id: \"north\") { id } }"),
];

/// Every case in turn, the writes through another server on the same store and cache, or the same.
async fn each_change_shows(elsewhere: bool) {
    for (store, cache) in PLACES {
        let setup = TestApp::with(SDL).on(store, cache).engine(|options| options.bulk = 3);
        let app = stocked(setup).await;
        let beside = TestApp::beside(&app).await;
        let plain = TestApp::uncached(&app).await;
        let writer = if elsewhere { &beside } else { &app };
        for Case(question, mutation) in CASES {
            let before = warm(&app, question, &Json::Null).await;
            let done = Done::by(&app).await;
            writer.data(mutation, Json::Null).await;
            let after = app.data(question, Json::Null).await;
            assert_ne!(after, before, "{question}\nafter {mutation}");
            assert_eq!(after, plain.data(question, Json::Null).await, "{question}\nafter {mutation}");
            assert_eq!(Done::by(&app).await.kept, done.kept, "{question}\nafter {mutation}");
            // It is kept again, as it is now.
            assert_eq!(warm(&app, question, &Json::Null).await, after);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_change_shows_at_once() {
    each_change_shows(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_change_by_another_server_shows_at_once() {
    each_change_shows(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_nothing_to_do_with_an_answer_leaves_it() {
    for (store, cache) in PLACES {
        let app = stocked(TestApp::with(SDL).on(store, cache)).await;
        let question = "{ books(where: {shopId: {eq: \"north\"}}) { totalCount nodes { id price } } }";
        let answer = warm(&app, question, &Json::Null).await;
        app.data("mutation { updateBook(id: \"b5\", set: {price: 51}) { id } }", Json::Null).await;
        app.data("mutation { updateShop(id: \"north\", set: {name: \"north pole\"}) { id } }", Json::Null)
            .await;
        app.data("mutation { deleteApple(id: \"a1\") { id } }", Json::Null).await;
        let before = Done::by(&app).await;
        assert_eq!(app.data(question, Json::Null).await, answer);
        let after = Done::by(&app).await;
        assert_eq!((after.reads, after.kept.0), (before.reads, before.kept.0 + 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clear_forgets_all_answers() {
    for (store, cache) in PLACES {
        let app = stocked(TestApp::with(SDL).on(store, cache)).await;
        let beside = TestApp::beside(&app).await;
        let question = "{ books(orderBy: [{field: PRICE}]) { nodes { id } } __typename }";
        let answer = warm(&app, question, &Json::Null).await;
        beside.engine.cache().clear().await.expect("the cache is there");
        let before = Done::by(&app).await;
        assert_eq!(app.data(question, json!({})).await, answer);
        assert_eq!(Done::by(&app).await.kept, before.kept);
        warm(&app, question, &Json::Null).await;
    }
}
