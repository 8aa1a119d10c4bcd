//! Two servers on one Redis and one MongoDB, with books on shelves, and a third that caches nothing and tells what is
//! true.

use std::time::Duration;

use bson::{Document, doc};
use oponn::probe::{Held, Point};
use serde_json::{Value as Json, json};
use tokio_util::task::AbortOnDropHandle;

use crate::support::app::{CacheKind, Setup, StoreKind, TestApp};

pub const SDL: &str = "
    interface Item { id: ID! place: Int! }
    type Book implements Item @collection {
        id: ID! @id(as: STRING, client: true)
        shelf: String!
        place: Int!
        version: Int! @version
    }
    type Toy implements Item @collection { id: ID! @id(as: STRING, client: true) place: Int! }";

/// The first books of a shelf.
const SHELF: &str = "query($shelf: String!, $first: Int!) {
    books(where: {shelf: {eq: $shelf}}, orderBy: [{field: PLACE}], first: $first) { nodes { id shelf place } }
}";
/// As many as a list of a request can have.
pub const ALL: usize = 100;

pub struct World {
    pub one: TestApp,
    pub other: TestApp,
    pub truth: TestApp,
}

/// A request on its way.
pub type Asked = AbortOnDropHandle<Json>;

impl World {
    /// Nobody follows the store: only writers bring changes to the cache.
    pub async fn new() -> World {
        World::with(|setup| setup).await
    }

    /// The first server follows the store.
    pub async fn followed() -> World {
        World::with(Setup::followed).await
    }

    pub async fn with(change: impl FnOnce(Setup) -> Setup) -> World {
        let setup = TestApp::with(SDL).on(StoreKind::Mongo, CacheKind::Redis);
        World::of(change(setup).start().await).await
    }

    /// Another server beside this one.
    pub async fn of(one: TestApp) -> World {
        let (other, truth) = (TestApp::beside(&one).await, TestApp::uncached(&one).await);
        World { one, other, truth }
    }

    /// Stops the next task of the servers that comes to a point.
    pub fn hold(&self, point: Point) -> Held {
        self.one.hold(point)
    }

    /// Both servers show these books on a shelf, and so does the store.
    pub async fn shows(&self, name: &str, books: &[&str]) {
        for app in [&self.truth, &self.one, &self.other] {
            assert_eq!(shelf(app, name).await, books);
        }
    }

    /// As [`World::shows`], and neither server asks the store for the shelf.
    pub async fn shows_cached(&self, name: &str, books: &[&str]) {
        let before = self.asked().await;
        self.shows(name, books).await;
        assert_eq!(self.asked().await, before, "{name} is not cached");
    }

    /// How often the two servers have asked the store for a page.
    pub async fn asked(&self) -> u64 {
        asked(&self.one).await + asked(&self.other).await
    }

    /// Reads the shelf on both servers, so that it is cached with its books.
    pub async fn cache(&self, name: &str) {
        for app in [&self.one, &self.other] {
            shelf(app, name).await;
        }
    }

    /// Both servers count so many books on a shelf, and so does the store.
    pub async fn counts(&self, name: &str, books: usize) {
        const COUNT: &str =
            "query($shelf: String!) { books(where: {shelf: {eq: $shelf}}, first: 1) { totalCount } }";
        for app in [&self.truth, &self.one, &self.other] {
            let counted = app.data(COUNT, json!({ "shelf": name })).await;
            assert_eq!(counted["books"]["totalCount"], books, "{name}");
        }
    }

    /// Waits until both servers show what is true of these shelves, and answer from the cache.
    pub async fn converges(&self, names: &[&str]) {
        for name in names {
            let truth = shelf(&self.truth, name).await;
            for app in [&self.one, &self.other] {
                is_cached(app, name, &truth).await;
            }
        }
    }

    /// Puts books into the store as another program does.
    pub async fn stock(&self, name: &str, books: impl IntoIterator<Item = (String, i64)>) {
        let documents =
            books.into_iter().map(|(id, place)| doc! { "_id": id, "shelf": name, "place": place });
        self.books().await.insert_many(documents).await.expect("it is written");
    }

    /// The books as another program sees them.
    pub async fn books(&self) -> mongodb::Collection<Document> {
        self.one.database().await.collection("books")
    }

    /// Redis loses the keys of these parts of the cache, of which `*` may be the end.
    pub async fn lose(&self, parts: &[&str]) {
        let mut redis = self.one.raw_redis().await;
        for part in parts {
            // The braces are no pattern.
            let pattern = self.one.key(part);
            let found: Vec<String> =
                redis::cmd("KEYS").arg(pattern).query_async(&mut redis).await.expect("it answers");
            assert!(!found.is_empty(), "there is no {part}");
            redis::cmd("DEL").arg(&found).exec_async(&mut redis).await.expect("it answers");
        }
    }
}

/// Waits until a server has a shelf with these books, and answers from the cache.
pub async fn is_cached(app: &TestApp, name: &str, books: &[impl AsRef<str>]) {
    let books: Vec<&str> = books.iter().map(AsRef::as_ref).collect();
    until(&format!("{name} is {books:?} and cached"), async || {
        let before = asked(app).await;
        shelf(app, name).await == books && asked(app).await == before
    })
    .await;
}

/// How often a server has asked the store for a page.
async fn asked(app: &TestApp) -> u64 {
    let metrics = app.metrics().await;
    let pages = |result| metrics.value("oponn_cache_reads_total", &[("kind", "batch"), ("result", result)]);
    (pages("miss") + pages("bypass")) as u64
}

/// The first books of a shelf, each with its place.
pub async fn shelf(app: &TestApp, name: &str) -> Vec<String> {
    first(app, name, ALL).await
}

pub async fn first(app: &TestApp, name: &str, first: usize) -> Vec<String> {
    listed(&app.data(SHELF, json!({ "shelf": name, "first": first })).await, name)
}

/// Asks for a shelf, without waiting for the answer.
pub fn asks(app: &TestApp, name: &str, first: usize) -> Asked {
    app.sends(SHELF, json!({ "shelf": name, "first": first }))
}

/// The books of an answer, which have to be on the shelf, in order.
pub fn listed(data: &Json, name: &str) -> Vec<String> {
    let nodes = data["books"]["nodes"].as_array().unwrap_or_else(|| panic!("no books: {data}"));
    let places: Vec<i64> = nodes.iter().filter_map(|book| book["place"].as_i64()).collect();
    assert!(places.is_sorted() && nodes.iter().all(|book| book["shelf"] == name), "{data}");
    let told = |book: &Json| format!("{}@{}", book["id"].as_str().unwrap_or_default(), book["place"]);
    nodes.iter().map(told).collect()
}

const PUT: &str = "mutation($id: ID!, $shelf: String!, $place: Int!) {
    createBook(input: {id: $id, shelf: $shelf, place: $place}) { id }
}";
const MOVE: &str = "mutation($id: ID!, $shelf: String!, $place: Int!) {
    updateBook(id: $id, set: {shelf: $shelf, place: $place}) { id }
}";
const TAKE: &str = "mutation($id: ID!) { deleteBook(id: $id) { id } }";

/// A new book.
pub async fn put(app: &TestApp, id: &str, shelf: &str, place: i64) {
    puts(app, id, shelf, place).await.expect("it is not dropped");
}

/// As [`put`], without waiting for the acknowledgement.
pub fn puts(app: &TestApp, id: &str, shelf: &str, place: i64) -> Asked {
    app.sends(PUT, json!({ "id": id, "shelf": shelf, "place": place }))
}

/// A book gets another place.
pub async fn move_to(app: &TestApp, id: &str, shelf: &str, place: i64) {
    moves(app, id, shelf, place).await.expect("it is not dropped");
}

/// As [`move_to`], without waiting for the acknowledgement.
pub fn moves(app: &TestApp, id: &str, shelf: &str, place: i64) -> Asked {
    app.sends(MOVE, json!({ "id": id, "shelf": shelf, "place": place }))
}

/// A book goes.
pub async fn take(app: &TestApp, id: &str) {
    app.data(TAKE, json!({ "id": id })).await;
}

/// A book, by its id.
pub async fn book(app: &TestApp, id: &str) -> Option<String> {
    told(&app.data(BOOK, json!({ "id": id })).await)
}

/// As [`book`], without waiting for the answer.
pub fn asks_book(app: &TestApp, id: &str) -> Asked {
    app.sends(BOOK, json!({ "id": id }))
}

const BOOK: &str = "query($id: ID!) { book(id: $id) { id shelf place } }";

/// The book of an answer: its shelf and its place.
pub fn told(data: &Json) -> Option<String> {
    let book = data.get("book").filter(|book| !book.is_null())?;
    Some(format!("{}@{}", book["shelf"].as_str().unwrap_or_default(), book["place"]))
}

/// Waits until something is so.
pub async fn until(what: &str, so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !so().await {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(30), waiting).await.is_ok(), "never: {what}");
}

/// Waits until a held task has come.
pub async fn reached(held: &mut Held) {
    tokio::time::timeout(Duration::from_secs(30), held.reached()).await.expect("somebody comes there");
}
