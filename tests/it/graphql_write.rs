//! Mutations through the HTTP server: what they store, what they refuse, and that cached lists are
//! right as soon as they have answered.

use serde_json::{Map, Value as Json, json};

use crate::support::app::{CacheKind, Setup, StoreKind, TestApp};

/// Makes a module of tests of each function, which runs it on every pair of store and cache. With
/// `cached`, only on those that cache.
macro_rules! on_every_place {
    (cached: $($test:ident),+ $(,)?) => {
        $(mod $test {
            use super::super::On;

            #[tokio::test(flavor = "multi_thread")]
            async fn embedded() {
                super::$test(On::EMBEDDED).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn servers() {
                super::$test(On::SERVERS).await;
            }
        })+
    };
    ($($test:ident),+ $(,)?) => {
        $(mod $test {
            use super::super::On;

            #[tokio::test(flavor = "multi_thread")]
            async fn embedded() {
                super::$test(On::EMBEDDED).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn servers() {
                super::$test(On::SERVERS).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn uncached() {
                super::$test(On::UNCACHED).await;
            }
        })+
    };
}

mod bulk;
mod by_key;
mod create;
mod delete;
mod expiry;
mod expiry_lists;
mod lists;
mod operations;
mod parent_bounds;
mod random;
mod reach;
mod unique;
mod update;
mod upsert;
mod values;
mod watch;

/// A pair of store and cache.
#[derive(Clone, Copy)]
struct On(StoreKind, CacheKind);

impl On {
    const EMBEDDED: On = On(StoreKind::Sqlite, CacheKind::Memory);
    const SERVERS: On = On(StoreKind::Mongo, CacheKind::Redis);
    const UNCACHED: On = On(StoreKind::Sqlite, CacheKind::None);

    fn with(self, sdl: &str) -> Setup {
        TestApp::with(sdl).on(self.0, self.1)
    }

    async fn app(self, sdl: &str) -> TestApp {
        self.with(sdl).start().await
    }
}

/// Shops with books in them, and fruits of two types.
const SHOP: &str = r#"
enum Size { SMALL MEDIUM LARGE }

type Shop @collection {
  id: ID! @id(as: STRING, client: true)
  name: String! @unique(normalize: [TRIM, COLLAPSE_SPACES, CASEFOLD])
  city: String
  books: [Book!]! @hasMany(field: "shopId", onDelete: CASCADE)
}

type Book @collection {
  id: ID! @id(as: STRING, client: true)
  isbn: String @unique
  title: String!
  price: Int
  tags: [String!]
  shopId: ID!
  shop: Shop! @belongsTo(field: "shopId")
  version: Int! @version
}

interface Fruit { id: ID! breed: String! size: Size! weight: Int }

type Apple implements Fruit @collection {
  id: ID! @id(as: STRING, client: true)
  breed: String!
  size: Size!
  weight: Int
}

type Orange implements Fruit @collection {
  id: ID! @id(as: STRING, client: true)
  breed: String!
  size: Size!
  weight: Int
}
"#;

/// Puts shops and books into an application of [`SHOP`], each book in the shop named before the slash:
/// `("a/1", 5)` is the book `1` of the shop `a` at the price 5.
async fn stock(app: &TestApp, shops: &[&str], books: &[(&str, i64)]) {
    let shops: Vec<Json> = shops.iter().map(|id| json!({"id": id, "name": id})).collect();
    let books: Vec<Json> = books
        .iter()
        .map(|(name, price)| {
            let (shop, id) = name.split_once('/').expect("a book is named shop/id");
            json!({"id": id, "title": id, "price": price, "shopId": shop})
        })
        .collect();
    let text = "mutation($shops: [ShopInput!]!, $books: [BookInput!]!) {
        createShops(inputs: $shops) { id } createBooks(inputs: $books) { id } }";
    app.data(text, json!({"shops": shops, "books": books})).await;
}

/// The errors of a response without messages and places in the text: path and extensions.
fn faults(response: &Json) -> Json {
    let errors = response["errors"].as_array().map_or(&[][..], Vec::as_slice);
    let fault = |error: &Json| {
        let message = error["message"].as_str().unwrap_or_default();
        assert!(!message.is_empty() && error["locations"][0]["line"].is_u64(), "{error}");
        let mut fault: Map<String, Json> = error["extensions"].as_object().cloned().unwrap_or_default();
        fault.insert("path".into(), error["path"].clone());
        Json::Object(fault)
    };
    Json::Array(errors.iter().map(fault).collect())
}

/// The ids of the nodes of a list that was selected as `{ nodes { id } }`.
fn ids(list: &Json) -> Vec<&str> {
    let nodes = list["nodes"].as_array().expect("the list has nodes");
    nodes.iter().map(|node| node["id"].as_str().expect("a node has an id")).collect()
}
