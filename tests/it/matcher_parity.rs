//! MongoDB, SQLite and the matcher agree: random documents, filters and orders.
//!
//! A set of documents is inserted into every store; then each of many queries is a case: the rows that
//! the process finds by `matches` and `row_key` must be those that the stores find.

use std::sync::Arc;

use bson::{Bson, Document};
use futures_util::{StreamExt, stream};
use oponn::query::{SortKey, matches, row_key};
use oponn::schema::{Model, Scalar};
use oponn::store::{Find, Store};
use oponn::value::{Doc, Time};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::store_contract::mongo_place::MongoPlace;
use crate::store_contract::sqlite_place::SqlitePlace;
use crate::store_contract::{Place, models};

mod generate;

use generate::{Query, Values};

/// Sets of documents in each test.
const SETS: usize = 40;
/// Queries over each set.
const QUERIES: usize = 260;
/// Queries that a store has at the same time.
const AT_ONCE: usize = 8;

fn model() -> Arc<Model> {
    let fields = ["n", "s", "v", "l", "e", "d"].map(|name| (name, Scalar::Json));
    let indexes: &[&[&str]] = &[&["n"], &["s", "n"], &["v"], &["d.x", "s"], &["l"], &["e.k"]];
    let thing = models::collection("Thing", "things", &fields, Vec::new(), indexes);
    Arc::new(Model { collections: vec![thing], fingerprint: "0".repeat(16), ..Model::default() })
}

/// What the list is, worked out in the process.
fn expected(documents: &[Doc], query: &Query, find: &Find) -> Vec<String> {
    let key = |doc: &Doc| row_key(&find.order, "Thing", doc.raw()).expect("every document has an id");
    let mut rows: Vec<(SortKey, &Doc)> =
        documents.iter().filter(|doc| matches(&find.filter, doc.raw())).map(|doc| (key(doc), doc)).collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    rows.retain(|(key, _)| {
        query.after_key(documents).is_none_or(|after| *key > after)
            && query.before_key(documents).is_none_or(|before| *key < before)
    });
    let (offset, limit) = (find.offset as usize, find.limit as usize);
    let rows: Vec<&Doc> = rows.into_iter().map(|(_, doc)| doc).collect();
    let end = rows.len().saturating_sub(offset);
    let window = match find.from_end {
        true => &rows[end.saturating_sub(limit)..end],
        false => &rows[offset.min(rows.len())..offset.saturating_add(limit).min(rows.len())],
    };
    window.iter().map(|doc| format!("{:?}", doc.id())).collect()
}

/// Compares a store with the process over many sets of documents.
async fn compare(store: Arc<dyn Store>, values: Values, seed: u8) {
    store.prepare().await.expect("the store can be prepared");
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    for set in 0..SETS {
        // Every other set is without arrays, where stores can do simpler things.
        let values = Values { arrays: set % 2 == 0, ..values };
        let mut draw = |strategy: proptest::strategy::BoxedStrategy<_>| {
            strategy.new_tree(&mut runner).expect("a value can be drawn").current()
        };
        let documents: Vec<Document> = draw(generate::documents(values));
        let docs: Vec<Doc> =
            documents.iter().map(|document| Doc::encode(document).expect("it can be encoded")).collect();
        let (gone, _) = store.delete_many("Thing", &oponn::query::Filter::all()).await.expect("deletes work");
        assert!(set == 0 || gone > 0);
        let at = models::fill(&*store, "Thing", documents).await;
        let queries: Vec<Query> = (0..QUERIES)
            .map(|_| generate::query(values).new_tree(&mut runner).expect("a query can be drawn").current())
            .collect();
        let cases = stream::iter(queries.into_iter().map(|query| {
            let (store, docs) = (&store, &docs);
            async move { check(&**store, docs, &query, at).await }
        }));
        cases.buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
    }
}

async fn check(store: &dyn Store, docs: &[Doc], query: &Query, at: Time) {
    let find = query.find(docs);
    let wanted = expected(docs, query, &find);
    let rows = match store.find(&find, at).await {
        Ok(rows) => rows,
        Err(error) => panic!("{}: {error}\n{find:#?}", store.name()),
    };
    let found: Vec<String> = rows.iter().map(|doc| format!("{:?}", doc.id())).collect();
    if found != wanted {
        let place =
            |rows: &[String], doc: &Doc| rows.iter().position(|row| *row == format!("{:?}", doc.id()));
        let odd = docs.iter().filter(|doc| place(&found, doc) != place(&wanted, doc)).map(|doc| {
            let document = doc.decode().expect("it is well-formed");
            let json = Bson::Document(document).into_canonical_extjson();
            format!("{:?} instead of {:?}: {json}\n", place(&found, doc), place(&wanted, doc))
        });
        panic!("{} found rows elsewhere:\n{}{find:#?}", store.name(), odd.collect::<String>());
    }
    let all = docs.iter().filter(|doc| matches(&find.filter, doc.raw())).count() as u64;
    match store.count("Thing", &find.filter, at).await {
        Ok(counted) => assert_eq!(counted, all, "{}: {:#?}", store.name(), find.filter),
        Err(error) => panic!("{}: {error}\n{:#?}", store.name(), find.filter),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_and_the_matcher_agree() {
    let place = SqlitePlace::new();
    let store = place.open(model()).await.expect("the store opens");
    compare(store, Values::ALL, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mongodb_and_the_matcher_agree() {
    let place = MongoPlace::new();
    let store = place.open(model()).await.expect("the store opens");
    compare(store, Values::MONGODB, 2).await;
}
