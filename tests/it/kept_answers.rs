//! Answers that a server keeps: served without a read while nothing of them has changed, and never
//! after something has.

mod changes;
mod looks;
mod renewals;

use serde_json::{Value as Json, json};

use crate::support::app::{CacheKind, Setup, StoreKind, TestApp};

/// Shops with books, and fruits of two types.
const SDL: &str = r#"
enum Size { SMALL LARGE }

type Shop @collection {
  id: ID! @id(as: STRING, client: true)
  name: String! @unique(normalize: [TRIM, CASEFOLD])
  books: [Book!]! @hasMany(field: "shopId", onDelete: CASCADE)
}

type Book @collection {
  id: ID! @id(as: STRING, client: true)
  title: String!
  price: Int!
  shopId: ID
  shop: Shop @belongsTo(field: "shopId")
  version: Int! @version
}

interface Fruit { id: ID! breed: String! size: Size! }

type Apple implements Fruit @collection {
  id: ID! @id(as: STRING, client: true)
  breed: String!
  size: Size!
}

type Orange implements Fruit @collection {
  id: ID! @id(as: STRING, client: true)
  breed: String!
  size: Size!
}
"#;

const PLACES: [(StoreKind, CacheKind); 2] =
    [(StoreKind::Sqlite, CacheKind::Memory), (StoreKind::Mongo, CacheKind::Redis)];

/// An application with two shops, five books and two fruits.
async fn stocked(setup: Setup) -> TestApp {
    let app = setup.start().await;
    let shops = ["north", "south"].map(|id| json!({ "id": id, "name": id }));
    let books = [("b1", 10), ("b2", 20), ("b3", 30), ("b4", 40), ("b5", 50)].map(|(id, price)| {
        json!({ "id": id, "title": id, "price": price, "shopId": if price > 30 { "south" } else { "north" } })
    });
    let fruit = |id: &str| json!({ "id": id, "breed": id, "size": "LARGE" });
    let text = "mutation($shops: [ShopInput!]!, $books: [BookInput!]!, $a: AppleInput!, $o: OrangeInput!) {
        createShops(inputs: $shops) { id } createBooks(inputs: $books) { id }
        createApple(input: $a) { id } createOrange(input: $o) { id } }";
    let variables = json!({ "shops": shops, "books": books, "a": fruit("a1"), "o": fruit("o1") });
    app.data(text, variables).await;
    app
}

/// What a server has done so far.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Done {
    /// Pages and entities that were part of kept answers.
    kept: (u64, u64),
    /// Trips to the cache for pages and for entities.
    reads: (u64, u64),
    looks: u64,
}

impl Done {
    async fn by(app: &TestApp) -> Done {
        let kept =
            async |kind| app.metric("oponn_cache_reads_total", &[("kind", kind), ("result", "kept")]).await;
        let trips = async |op| app.metric("oponn_cache_operation_seconds_count", &[("op", op)]).await;
        Done {
            kept: (kept("batch").await, kept("entity").await),
            reads: (trips("read_pages").await, trips("read_entities").await),
            looks: trips("news").await,
        }
    }
}

/// Asks until the answer is kept; gives it.
async fn warm(app: &TestApp, text: &str, variables: &Json) -> Json {
    // The first fills the cache, and the second finds all of it there. But its answer may be kept as of a
    // look before the fill, so that only the third one's answer holds for the fourth.
    for _ in 0..3 {
        app.query(text, variables.clone()).await;
    }
    let before = Done::by(app).await;
    let answer = app.data(text, variables.clone()).await;
    let after = Done::by(app).await;
    assert_eq!(after.reads, before.reads, "{text}: nothing is read for an answer that is kept");
    assert_eq!(after.looks, before.looks + 1, "{text}: the journal is looked at once");
    assert_ne!(after.kept, before.kept, "{text}: the answer is kept");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_answer_costs_one_look_at_the_journal() {
    let text = "{ shops { totalCount nodes { name books(first: 2) { nodes { title shop { name } } } } } }";
    for (store, cache) in PLACES {
        let app = stocked(TestApp::with(SDL).on(store, cache)).await;
        let answer = warm(&app, text, &Json::Null).await;
        let before = Done::by(&app).await;
        assert_eq!(app.data(text, Json::Null).await, answer);
        let after = Done::by(&app).await;
        // The list of shops and those of their books; two shops, four books, and the shops once more.
        let kept = (before.kept.0 + 3, before.kept.1 + 2 + 4 + 2);
        assert_eq!(after, Done { kept, looks: before.looks + 1, ..before });
        // What the introspection says is an answer like any other, of nothing.
        let text = "{ __type(name: \"Shop\") { name } __typename }";
        let first = app.query(text, Json::Null).await;
        assert_eq!(app.query(text, Json::Null).await, first);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_kept_for_its_question_alone() {
    let app = stocked(TestApp::with(SDL)).await;
    let text =
        "query One($id: ID!, $with: Boolean = false) { book(id: $id) { title price @include(if: $with) } }
        query Two($id: ID!) { book(id: $id) { price } }
        mutation Three($id: ID!) { updateBook(id: $id, set: {title: \"new\"}) { title } }";
    let ask = async |operation: &str, variables: Json| {
        let body = json!({ "query": text, "operationName": operation, "variables": variables });
        let sent = app.http.post(app.url("/graphql")).json(&body).send().await.expect("it answers");
        serde_json::from_slice::<Json>(&sent.bytes().await.expect("it is whole")).expect("it is JSON")
    };
    for _ in 0..5 {
        let book = |answer: Json| answer["data"]["book"].clone();
        assert_eq!(book(ask("One", json!({ "id": "b1" })).await), json!({ "title": "b1" }));
        assert_eq!(book(ask("One", json!({ "id": "b2" })).await), json!({ "title": "b2" }));
        let with = json!({ "id": "b1", "with": true });
        assert_eq!(book(ask("One", with).await), json!({ "title": "b1", "price": 10 }));
        assert_eq!(book(ask("Two", json!({ "id": "b1" })).await), json!({ "price": 10 }));
        assert!(ask("Four", json!({ "id": "b1" })).await.get("data").is_none());
    }
    let kept = Done::by(&app).await.kept.1;
    assert!(kept >= 8, "the last two times, four answers: {kept}");
    assert_eq!(ask("Three", json!({ "id": "b1" })).await["data"]["updateBook"]["title"], "new");
    assert_eq!(ask("One", json!({ "id": "b1" })).await["data"]["book"]["title"], "new");
    // By GET as by POST; and what GET may not ask for stays forbidden.
    let get = async |operation: &str| {
        let query = [("query", text), ("operationName", operation), ("variables", "{\"id\":\"b2\"}")];
        let url = reqwest::Url::parse_with_params(&app.url("/graphql"), query).expect("it is a URL");
        app.http.get(url).send().await.expect("it answers")
    };
    let before = Done::by(&app).await.kept.1;
    assert_eq!(get("One").await.status(), 200);
    assert_eq!(Done::by(&app).await.kept.1, before + 1);
    assert_eq!(get("Three").await.status(), 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn mutations_and_answers_with_errors_are_never_kept() {
    for (store, cache) in PLACES {
        let app = stocked(TestApp::with(SDL).on(store, cache)).await;
        let text = "mutation { updateBook(id: \"b1\", set: {price: 5}) { version shop { name } } }";
        let first = app.data(text, Json::Null).await["updateBook"]["version"].as_i64().expect("a version");
        for further in 1..4 {
            let data = app.data(text, Json::Null).await;
            assert_eq!(data["updateBook"]["version"], first + further);
        }
        // One field of it fails; the other is there.
        let text = "{ book(id: \"b1\") { title } books(first: 1, after: \"nonsense\") { nodes { id } } }";
        for _ in 0..4 {
            let answer = app.query(text, Json::Null).await;
            assert!(answer["errors"][0]["path"] == json!(["books"]), "{answer}");
        }
        assert_eq!(Done::by(&app).await.kept, (0, 0));
        assert!(app.metric("oponn_graphql_errors_total", &[]).await >= 4);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_the_cache_had_not_all_of_is_not_kept() {
    // No entity is small enough to be cached.
    let setup = TestApp::with(SDL).engine(|options| options.limits.entity = 1);
    let app = stocked(setup).await;
    for _ in 0..4 {
        app.data("{ books { nodes { title } } }", Json::Null).await;
    }
    assert_eq!(Done::by(&app).await.kept, (0, 0));
    let app = stocked(TestApp::with(SDL).on(StoreKind::Sqlite, CacheKind::None)).await;
    for _ in 0..4 {
        app.data("{ books { nodes { title } } }", Json::Null).await;
    }
    assert_eq!(Done::by(&app).await.kept, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answers_are_kept_without_room() {
    let text = "{ books { totalCount nodes { title shop { name } } } }";
    let app = stocked(TestApp::with(SDL).api(|api| api.answers = 0)).await;
    let first = app.data(text, Json::Null).await;
    let mut before = Done::by(&app).await;
    for _ in 0..3 {
        assert_eq!(app.data(text, Json::Null).await, first);
        let after = Done::by(&app).await;
        assert_eq!((after.kept, after.reads.0), ((0, 0), before.reads.0 + 1));
        before = after;
    }
    // An answer of more than its share is not worth it; others still are.
    let app = stocked(TestApp::with(SDL).api(|api| api.answers = 16 * 200)).await;
    for _ in 0..4 {
        app.data(text, Json::Null).await;
    }
    assert_eq!(Done::by(&app).await.kept, (0, 0));
}
