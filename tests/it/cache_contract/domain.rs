//! A small world to cache: items on shelves, of two types, with a rank to sort by.

use std::sync::Arc;
use std::time::Duration;

use bson::doc;
use oponn::cache::{
    Batch, Cache, CacheLimits, Lease, LeaseState, Mark, MemoryCache, Noted, PageRead, PageRows, PageState,
    Proved, Reconcile, Reconciled, RedisCache, Window,
};
use oponn::query::{BatchDef, Direction, Filter, Order, OrderBy, SortKey};
use oponn::value::{Change, Doc, EntityRef, Id, Image, Stamp, Time};
use redis::aio::MultiplexedConnection;

use crate::support::redis_server::{Server, connected};
use crate::support::services;

/// Which cache a case runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Memory,
    Redis,
}

impl Kind {
    /// An empty cache of its own.
    pub async fn cache(self, limits: CacheLimits) -> Arc<dyn Cache> {
        match self {
            Kind::Memory => Arc::new(MemoryCache::new(limits)),
            Kind::Redis => Arc::new(redis_cache(&services::redis_prefix(), limits).await),
        }
    }
}

/// A client of the test server's Redis.
pub async fn redis_cache(deployment: &str, limits: CacheLimits) -> RedisCache {
    RedisCache::connect(&services::redis_url(), deployment, limits, Arc::default())
        .await
        .expect("the test server is there")
}

/// The cache of a test that has a Redis of its own; its deployment is called `test`.
pub async fn cache_on(server: &Server) -> RedisCache {
    cache_within(server, limits()).await
}

/// The same with other limits.
pub async fn cache_within(server: &Server, limits: CacheLimits) -> RedisCache {
    RedisCache::connect(&server.url(), "test", limits, Arc::default()).await.expect("the URL is valid")
}

/// A deployment of its own on the test server's Redis, whose keys can be looked at from outside.
pub struct Deployment {
    pub name: String,
    pub cache: RedisCache,
}

impl Deployment {
    pub async fn new() -> Deployment {
        let name = services::redis_prefix();
        let cache = redis_cache(&name, limits()).await;
        Deployment { name, cache }
    }

    /// A connection to the server, as other programs have it.
    pub async fn raw(&self) -> MultiplexedConnection {
        connected(&services::redis_url()).await
    }

    /// The key of one of its parts: `m` is the meta hash, `x:Item` the index of a type.
    pub fn key(&self, part: &str) -> String {
        format!("{{oponn:{}}}:{part}", self.name)
    }
}

/// The defaults, but nothing stays long on the test server.
pub fn limits() -> CacheLimits {
    CacheLimits { ttl: Duration::from_secs(600), ..CacheLimits::default() }
}

/// The same for a cache that is told how far it has got.
pub fn with_suspects() -> CacheLimits {
    CacheLimits { suspects: 4_096, ..limits() }
}

/// The name of an item's document.
pub fn item(id: i64) -> EntityRef {
    of_type("Item", id)
}

/// The name of a document.
pub fn of_type(ty: &str, id: i64) -> EntityRef {
    EntityRef { ty: ty.into(), id: Id::Int(id) }
}

/// A document on a shelf.
pub fn on(shelf: &str, id: i64, rank: i64) -> Doc {
    versioned(shelf, id, rank, 1)
}

/// The same with a version number.
pub fn versioned(shelf: &str, id: i64, rank: i64, v: i64) -> Doc {
    let document = doc! { "_id": id, "shelf": shelf, "rank": rank, "_oponn": { "v": v } };
    Doc::encode(&document).expect("the names have no NUL")
}

/// What is on a shelf, by rank.
pub fn shelf(name: &str) -> Batch {
    list("Item", &["Item"], Filter::eq("shelf", name), Direction::Asc)
}

/// A list by rank.
pub fn list(on: &str, types: &[&str], filter: Filter, direction: Direction) -> Batch {
    let order = Order::new([OrderBy { path: "rank".into(), direction }]);
    let types = types.iter().map(|ty| Arc::from(*ty)).collect();
    Batch::new(BatchDef::new(on.into(), types, filter, order))
}

/// The row that a document of type `Item` has in a batch.
pub fn row(batch: &Batch, doc: &Doc) -> SortKey {
    batch.def.row("Item", doc).expect("the document is in the batch")
}

/// The rows of documents in a batch.
pub fn rows(batch: &Batch, docs: &[Doc]) -> Vec<SortKey> {
    let mut rows: Vec<SortKey> = docs.iter().map(|doc| row(batch, doc)).collect();
    rows.sort();
    rows
}

/// A change of an item.
pub fn change(id: i64, before: Option<&Doc>, after: Option<&Doc>, t: u64) -> Change {
    let v = after.or(before).map_or(1, Doc::version);
    Change {
        entity: item(id),
        before: before.cloned().into(),
        after: after.cloned(),
        stamp: Stamp { t: Time(t), v },
    }
}

/// What a change means for a batch; `None` when it has nothing to do with it.
pub fn meaning(batch: &Batch, change: &Change) -> Option<Reconcile> {
    let place = |doc: &Doc| batch.def.row(&change.entity.ty, doc);
    let before = match &change.before {
        Image::Absent => false,
        Image::Unknown => true,
        Image::Doc(doc) => place(doc).is_some(),
    };
    let row = change.after.as_ref().and_then(place);
    let doc = change.after.clone().filter(|_| batch.def.partition && row.is_some());
    let (entity, stamp) = (change.entity.clone(), change.stamp);
    (before || row.is_some()).then(|| Reconcile {
        batch: batch.clone(),
        entity,
        stamp,
        row,
        doc,
        until: None,
    })
}

/// Notes a change, and returns the rows that it means for the batches found.
pub async fn noted(cache: &dyn Cache, mark: Mark, change: &Change) -> Vec<Reconcile> {
    let found = cache.note(mark, std::slice::from_ref(change)).await.expect("the cache is there").of_changes;
    found.into_iter().flat_map(Noted::batches).filter_map(|batch| meaning(&batch, change)).collect()
}

/// Brings a change to the cache, as the engine does after the store has made it.
pub async fn settle(cache: &dyn Cache, mark: Mark, change: Change) -> Vec<Reconciled> {
    let rows = noted(cache, mark, &change).await;
    cache.reconcile(mark, &rows).await.expect("the cache is there")
}

/// The same for a write that nothing came in between of.
pub async fn write(cache: &dyn Cache, change: Change) -> Vec<Reconciled> {
    settle(cache, cache.mark(), change).await
}

/// A lease that must be granted.
pub async fn lease(cache: &dyn Cache, batch: &Batch) -> Lease {
    match ask_lease(cache, batch).await {
        LeaseState::Granted(lease) => lease,
        other => panic!("the lease of {} is {other:?}", batch.text),
    }
}

/// What becomes of asking for a lease.
pub async fn ask_lease(cache: &dyn Cache, batch: &Batch) -> LeaseState {
    let mut states = cache.lease(std::slice::from_ref(batch)).await.expect("the cache is there");
    states.pop().expect("one batch, one state")
}

/// What a read proves that was given these rows, and asked for more.
pub fn all_of(rows: Vec<SortKey>) -> Proved {
    Proved::by_reading(rows.len() as u64 + 1, rows).expect("the rows are in order")
}

/// Makes a batch ready that has all of these documents and no others.
pub async fn fill(cache: &dyn Cache, batch: &Batch, docs: &[Doc]) {
    let lease = lease(cache, batch).await;
    assert!(cache.commit(&lease, &all_of(rows(batch, docs))).await.expect("the cache is there"));
}

/// Makes a batch ready that ends with the last of these documents and is not complete.
pub async fn fill_to_last(cache: &dyn Cache, batch: &Batch, docs: &[Doc]) {
    let lease = lease(cache, batch).await;
    let proved = Proved::by_reading(docs.len() as u64, rows(batch, docs)).expect("there is a last one");
    assert!(cache.commit(&lease, &proved).await.expect("the cache is there"));
}

/// Reads one page.
pub async fn read(cache: &dyn Cache, batch: &Batch, window: Window) -> PageState {
    let read = PageRead { batch: batch.clone(), window };
    cache.read_pages(&[read]).await.expect("the cache is there").pop().expect("one read, one page")
}

/// The whole of a complete batch; `None` when it is a miss.
pub async fn whole(cache: &dyn Cache, batch: &Batch) -> Option<Vec<SortKey>> {
    match read(cache, batch, first(1_000)).await {
        PageState::Hit(page) => Some(page.rows),
        PageState::Miss { .. } | PageState::Doubtful => None,
    }
}

/// A page that must be a hit.
pub async fn hit(cache: &dyn Cache, batch: &Batch, window: Window) -> PageRows {
    match read(cache, batch, window.clone()).await {
        PageState::Hit(page) => page,
        miss => panic!("{window:?} is {miss:?}"),
    }
}

/// The first rows.
pub fn first(limit: u64) -> Window {
    Window { limit, ..Window::default() }
}

/// The last rows.
pub fn last(limit: u64) -> Window {
    Window { limit, from_end: true, ..Window::default() }
}
