//! What the benchmarks work on: books as the default application has them, and an API of them.

use std::sync::Arc;

use bson::{Decimal128, doc, oid::ObjectId};
use oponn::cache::{Batch, CacheLimits, MemoryCache};
use oponn::engine::{Engine, EngineOptions};
use oponn::graphql::{Api, ApiLimits, ApiRequest, Rehearsal};
use oponn::metrics::Metrics;
use oponn::query::{BatchDef, CmpOp, Direction, Filter, Order, OrderBy};
use oponn::schema::{self, Model};
use oponn::store::{SqliteStore, Store};
use oponn::value::{Change, Doc, EntityRef, Id, Image, Stamp, Time};
use serde_json::json;
use tempfile::TempDir;

/// The schema of the default application.
pub fn model() -> Arc<Model> {
    Arc::new(
        schema::load("schema.graphql", include_bytes!("../../schema.graphql")).expect("the schema is right"),
    )
}

/// The id of a book.
pub fn id(number: u32) -> ObjectId {
    let mut bytes = [7; 12];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    ObjectId::from_bytes(bytes)
}

/// A book of one of 500 stores.
pub fn book(number: u32, version: i64) -> Doc {
    let price: Decimal128 = format!("{}.{:02}", number % 60, version % 100).parse().expect("a price");
    let document = doc! {
        "_id": id(number),
        "isbn": format!("978-0-00-{number:06}"),
        "title": format!("The Book of the Number {number}"),
        "author": format!("Author {}", number % 100),
        "year": 1900 + i32::try_from(number % 120).expect("it is small"),
        "price": price,
        "storeId": id(number % 500),
        "_oponn": { "v": version },
    };
    Doc::encode(&document).expect("the names have no NUL")
}

/// What an update of a book's price tells the cache.
pub fn repriced(number: u32, version: i64) -> Change {
    Change {
        entity: EntityRef { ty: "Book".into(), id: Id::ObjectId(id(number)) },
        before: Image::Doc(book(number, version - 1)),
        after: Some(book(number, version)),
        stamp: Stamp { t: Time(version.cast_unsigned()), v: version },
    }
}

/// The dearest books of a store first.
pub fn of_store(number: u32) -> Batch {
    list(Filter::eq("storeId", id(number)))
}

/// Books from a year on, the dearest first.
pub fn since(year: i32) -> Batch {
    list(Filter::Cmp("year".into(), CmpOp::Gte, year.into()))
}

fn list(filter: Filter) -> Batch {
    let order = Order::new([OrderBy { path: "price".into(), direction: Direction::Desc }]);
    Batch::new(BatchDef::new("Book".into(), vec!["Book".into()], filter, order))
}

/// An API of books in SQLite and the memory cache.
pub struct Shop {
    api: Api,
    _folder: TempDir,
}

/// A page of a list of books.
pub const PAGE: &str = "query Page($from: Int!, $first: Int!) {
  books(where: {year: {gte: $from}}, orderBy: [{field: PRICE, direction: DESC}], first: $first) {
    nodes { id title author year price }
  }
}";

/// An operation with its variables.
pub fn request(query: &str, variables: serde_json::Value) -> ApiRequest {
    let variables = variables.as_object().cloned().unwrap_or_default();
    ApiRequest { query: query.to_owned(), variables, ..ApiRequest::default() }
}

impl Shop {
    /// With 1,000 books; with or without kept answers.
    pub async fn open(answers: bool) -> Shop {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let model = model();
        let store = SqliteStore::open(model.clone(), &folder.path().join("shop.db")).expect("a file");
        store.prepare().await.expect("the store can be prepared");
        let cache = Arc::new(MemoryCache::new(CacheLimits::default()));
        let engine = Engine::new(
            model,
            Arc::new(store),
            cache,
            Arc::new(Metrics::default()),
            EngineOptions::default(),
        );
        let limits = ApiLimits::default();
        let limits = ApiLimits { answers: if answers { limits.answers } else { 0 }, ..limits };
        let shop =
            Shop { api: Api::new(Arc::new(engine), limits).expect("the model has an API"), _folder: folder };
        let stored =
            shop.ask("mutation { createBookstore(input: {name: \"Shop\"}) { id } }", json!({})).await;
        let store = &stored["data"]["createBookstore"]["id"];
        for from in (0..1_000).step_by(500) {
            let inputs: Vec<_> = (from..from + 500)
                .map(|n| json!({ "isbn": format!("{n}"), "title": format!("The Book of the Number {n}"), "author": format!("Author {}", n % 100),
                    "year": 1900 + n % 120, "price": format!("{}.99", n % 60), "storeId": store }))
                .collect();
            let text = "mutation($inputs: [BookInput!]!) { createBooks(inputs: $inputs) { id } }";
            let made = shop.ask(text, json!({ "inputs": inputs })).await;
            assert!(made.get("errors").is_none(), "{made}");
        }
        shop
    }

    /// A page that has been read and not been written yet.
    pub async fn rehearse<'a>(&'a self, request: &'a ApiRequest) -> Rehearsal<'a> {
        self.api.rehearse(request).await.expect("it is a valid query")
    }

    /// Executes an operation.
    pub async fn execute(&self, query: &str, variables: serde_json::Value) -> bytes::Bytes {
        self.api.execute(request(query, variables)).await.body.plain().clone()
    }

    async fn ask(&self, query: &str, variables: serde_json::Value) -> serde_json::Value {
        serde_json::from_slice(&self.execute(query, variables).await).expect("answers are JSON")
    }
}
