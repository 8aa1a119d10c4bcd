//! No stale read after an acknowledged write: two servers on one Redis and one MongoDB, writers and
//! readers at the same time, every write read back through the other server.

use futures_util::future::join_all;
use serde_json::{Value as Json, json};

use super::support::app::{CacheKind, StoreKind, TestApp};
use super::support::dice::Dice;

const SDL: &str = r#"
type Shop @collection {
  id: ID!
  name: String! @unique(normalize: [TRIM, CASEFOLD])
  books: [Book!]! @hasMany(field: "shopId", onDelete: RESTRICT)
}

type Book @collection {
  id: ID! @id(as: STRING, client: true)
  isbn: String! @unique
  price: Int!
  note: String
  shopId: ID!
  shop: Shop! @belongsTo(field: "shopId")
  version: Int! @version
}
"#;

/// Writers, each with a book of its own, each reading what it wrote.
const WRITERS: usize = 8;
/// Writes of each writer; `OPONN_TEST_ROUNDS` asks for more.
const ROUNDS: usize = 60;

fn rounds() -> usize {
    std::env::var("OPONN_TEST_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS)
}

/// What a writer knows of its book.
#[derive(Clone, Debug)]
struct Mine {
    id: String,
    shop: usize,
    price: i64,
    note: String,
    there: bool,
}

struct World {
    apps: [TestApp; 2],
    shops: Vec<String>,
}

impl World {
    async fn new(store: StoreKind, cache: CacheKind) -> World {
        let first = TestApp::with(SDL).on(store, cache).start().await;
        let second = TestApp::beside(&first).await;
        let mut shops = Vec::new();
        for name in ["north", "south"] {
            let made = first
                .data("mutation($n: String!) { createShop(input: {name: $n}) { id } }", json!({ "n": name }))
                .await;
            shops.push(made["createShop"]["id"].as_str().expect("a shop has an id").to_owned());
        }
        World { apps: [first, second], shops }
    }

    /// Writes through one server and returns what was acknowledged.
    async fn write(&self, app: &TestApp, mine: &mut Mine, dice: &mut Dice, round: usize) {
        let step = dice.roll(10);
        if !mine.there {
            mine.there = true;
            mine.price = round as i64 * 10 + 1;
            let input = json!({ "id": mine.id, "isbn": mine.id, "price": mine.price, "note": mine.note,
                "shopId": self.shops[mine.shop] });
            app.data("mutation($i: BookInput!) { createBook(input: $i) { id } }", json!({ "i": input }))
                .await;
            return;
        }
        if step == 0 {
            mine.there = false;
            app.data("mutation($id: ID!) { deleteBook(id: $id) { id } }", json!({ "id": mine.id })).await;
            return;
        }
        let set = match step {
            1..=4 => {
                mine.price = (dice.roll(1_000) * 10 + 2) as i64;
                json!({ "price": mine.price })
            }
            5..=7 => {
                mine.shop = 1 - mine.shop;
                json!({ "shopId": self.shops[mine.shop] })
            }
            _ => {
                mine.note = format!("{}-{round}", mine.id);
                json!({ "note": mine.note })
            }
        };
        let text = "mutation($id: ID!, $set: BookPatch!) { updateBook(id: $id, set: $set) { id } }";
        app.data(text, json!({ "id": mine.id, "set": set })).await;
    }

    /// Everything that a reader can see of the book and that is not as it was acknowledged.
    async fn stale(&self, app: &TestApp, mine: &Mine) -> Vec<String> {
        let text = r#"query($id: ID!, $isbn: String!, $here: ID!, $there: ID!, $price: Int!) {
            book(id: $id) { price note shop { id } }
            bookByIsbn(isbn: $isbn) { price note }
            here: books(where: {shopId: {eq: $here}}, orderBy: [{field: PRICE, direction: DESC}], first: 50) { nodes { id price note } }
            there: books(where: {shopId: {eq: $there}}, orderBy: [{field: PRICE, direction: DESC}], first: 50) { nodes { id } }
            exact: books(where: {price: {gte: $price, lte: $price}}) { nodes { id } }
            shops { nodes { id books(first: 50, orderBy: [{field: PRICE}]) { nodes { id price } } } }
        }"#;
        let variables = json!({ "id": mine.id, "isbn": mine.id, "price": mine.price,
            "here": self.shops[mine.shop], "there": self.shops[1 - mine.shop] });
        let seen = app.data(text, variables).await;
        let mut wrong = Vec::new();
        let mut expect = |what: &str, right: bool| {
            if !right {
                wrong.push(format!("{what}: {mine:?}\n{seen:#}"));
            }
        };
        let rows = |list: &Json| list["nodes"].as_array().cloned().unwrap_or_default();
        let own = |list: &Json| rows(list).into_iter().find(|row| row["id"] == *mine.id);
        let sorted = |list: &Json, up: bool| {
            let prices: Vec<i64> = rows(list).iter().filter_map(|row| row["price"].as_i64()).collect();
            prices.windows(2).all(|pair| if up { pair[0] <= pair[1] } else { pair[0] >= pair[1] })
        };
        let current = |row: &Json| row["price"] == mine.price && row["note"] == mine.note;
        if mine.there {
            expect(
                "the entity",
                current(&seen["book"]) && seen["book"]["shop"]["id"] == self.shops[mine.shop],
            );
            expect("the look-up", current(&seen["bookByIsbn"]));
            expect("its list", own(&seen["here"]).is_some_and(|row| current(&row)));
            expect("its price", own(&seen["exact"]).is_some());
        } else {
            expect("the entity", seen["book"].is_null());
            expect("the look-up", seen["bookByIsbn"].is_null());
            expect("its list", own(&seen["here"]).is_none());
            expect("its price", own(&seen["exact"]).is_none());
        }
        expect("the other list", own(&seen["there"]).is_none());
        expect("the order", sorted(&seen["here"], false));
        for shop in rows(&seen["shops"]) {
            let row = own(&shop["books"]);
            let here = mine.there && shop["id"] == self.shops[mine.shop];
            expect("the nested list", row.map(|row| row["price"] == mine.price) == here.then_some(true));
            expect("the nested order", sorted(&shop["books"], true));
        }
        wrong
    }

    async fn writer(&self, number: usize) -> Vec<String> {
        let mut dice = Dice::new(number as u64 + 1);
        let mut mine = Mine {
            id: format!("book{number}"),
            shop: number % 2,
            price: 0,
            note: "new".into(),
            there: false,
        };
        let mut stale = Vec::new();
        for round in 0..rounds() {
            let writer = dice.roll(2);
            self.write(&self.apps[writer], &mut mine, &mut dice, round).await;
            stale.extend(self.stale(&self.apps[1 - writer], &mine).await);
        }
        stale
    }

    /// Runs all writers; then both servers must agree with the store, by lengths too.
    async fn run(self) {
        let stale: Vec<String> = join_all((0..WRITERS).map(|number| self.writer(number))).await.concat();
        let reads = WRITERS * rounds();
        println!("{reads} writes, each read back through the other server: {} stale", stale.len());
        assert!(stale.is_empty(), "{} of {reads} reads were stale, the first:\n{}", stale.len(), stale[0]);
        let text =
            "query($s: ID!) { books(where: {shopId: {eq: $s}}, first: 100) { totalCount nodes { id } } }";
        for shop in &self.shops {
            for app in &self.apps {
                let list = app.data(text, json!({ "s": shop })).await;
                let rows = list["books"]["nodes"].as_array().map_or(0, Vec::len);
                assert_eq!(list["books"]["totalCount"], rows, "the length of a list is that of its rows");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_on_redis_and_mongodb_show_no_stale_reads() {
    World::new(StoreKind::Mongo, CacheKind::Redis).await.run().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_in_one_process_show_no_stale_reads() {
    World::new(StoreKind::Sqlite, CacheKind::Memory).await.run().await;
}

/// Many writers of one document: whoever was told of a version never sees an older one. All write through
/// one server, because the test server's commit times are not exact between connections, as MongoDB's are.
#[tokio::test(flavor = "multi_thread")]
async fn versions_never_go_back() {
    let world = World::new(StoreKind::Mongo, CacheKind::Redis).await;
    let create =
        "mutation($s: ID!) { createBook(input: {id: \"x\", isbn: \"x\", price: 0, shopId: $s}) { id } }";
    world.apps[0].data(create, json!({ "s": world.shops[0] })).await;
    let writer = async |number: usize| {
        let mut dice = Dice::new(number as u64 + 100);
        for round in 0..rounds() {
            let set = match round % 2 {
                0 => json!({ "price": dice.roll(1_000) }),
                _ => json!({ "shopId": world.shops[dice.roll(2)] }),
            };
            let text = "mutation($set: BookPatch!) { updateBook(id: \"x\", set: $set) { version } }";
            let written = world.apps[0].data(text, json!({ "set": set })).await;
            let version = written["updateBook"]["version"].as_i64().expect("a version");
            let text =
                "{ book(id: \"x\") { version } shops { nodes { id books { nodes { version price } } } } }";
            let seen = world.apps[round % 2].data(text, Json::Null).await;
            assert!(
                seen["book"]["version"].as_i64() >= Some(version),
                "{version} was acknowledged: {seen:#}"
            );
            let listed: Vec<i64> = seen["shops"]["nodes"]
                .as_array()
                .into_iter()
                .flatten()
                .flat_map(|shop| shop["books"]["nodes"].as_array().cloned().unwrap_or_default())
                .filter_map(|book| book["version"].as_i64())
                .collect();
            // Between the reads of the two lists the book may move from one to the other.
            assert!(listed.iter().all(|listed| *listed >= version), "{version} was acknowledged: {seen:#}");
        }
    };
    join_all((0..WRITERS).map(writer)).await;
}
