//! Where entities and batches are kept between requests: its traits with their contract, its backends.
//!
//! `docs/cache.md` has the protocol and why it is right. In short: whoever fills registers first and
//! reads the store afterwards; writers find registered batches through the table index and leave their
//! deltas there; everything is ordered by the store's commit times; every operation is atomic,
//! idempotent and commutes with the others; every lost key is a miss.
//!
//! The cache never asks the store. It answers with [`CacheError`] only when it is out of reach; a
//! bound that is hit drops the batch, says so in the result, and is counted.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use crate::query::{BatchDef, BatchKey, SortKey};
use crate::value::{Change, Doc, EntityRef, Stamp, Time};

mod error;
mod journal;
mod limits;
mod memory;
mod none;
mod parts;
mod proved;
mod reason;
mod redis;
mod registry;
mod strategy;
mod window;

pub use self::redis::RedisCache;
pub use error::CacheError;
pub use journal::{JOURNAL, News, Place, Topic};
pub use limits::CacheLimits;
pub use memory::MemoryCache;
pub use none::NoCache;
pub use parts::{Around, Parts};
pub use proved::Proved;
pub use reason::{DropReason, VoidReason};
pub use strategy::Strategy;
pub use window::Cut;

/// A cache of entities and batches: all of its parts. All methods may be called concurrently, by any number
/// of servers on one cache, and repeated: an operation that arrives twice or late changes nothing more.
///
/// There is a part for each who uses a cache: readers, fills, writers, servers that keep answers, and
/// operators. A decorator implements the parts that it changes, and takes the others from the cache behind it:
/// see [`Parts`]. Methods have a default where a cache that does nothing there is of less use but never wrong.
pub trait Cache: Reads + Fills + Changes + Journal + Upkeep {}

impl<T: Reads + Fills + Changes + Journal + Upkeep> Cache for T {}

/// What readers ask.
#[async_trait]
pub trait Reads: Send + Sync + 'static {
    /// Looks entities up; the results are in the order of the references. The floor is for filling
    /// what was missing: it must be taken before the store is read.
    async fn read_entities(&self, entities: &[EntityRef]) -> Result<EntitiesRead, CacheError>;

    /// Reads pages of batches; the results are in the order of the reads.
    async fn read_pages(&self, reads: &[PageRead]) -> Result<Vec<PageState>, CacheError>;
}

/// What those ask and bring who read the store for a miss. The defaults decline all of it.
#[async_trait]
pub trait Fills: Send + Sync + 'static {
    /// Keeps what the store answered for missing entities (`None`: there is no such document). Each is
    /// kept only if no write to it (or to one that shares its slot of the floor table) has been seen
    /// since the floor was taken; then it is stamped with the floor's time.
    async fn fill_entities(
        &self,
        _floor: &Floor,
        _entities: &[(EntityRef, Option<Doc>)],
    ) -> Result<(), CacheError> {
        Ok(())
    }

    /// Registers batches in the table index and takes the right to fill them. A batch that is ready
    /// stays readable while it is filled anew.
    async fn lease(&self, batches: &[Batch]) -> Result<Vec<LeaseState>, CacheError> {
        Ok(batches.iter().map(|_| LeaseState::Refused).collect())
    }

    /// Makes a leased batch ready: the rows that the store gave for the floor's time or a later one, with
    /// the deltas joined that writers have left since the lease. `false` when the lease was lost, the
    /// batch's types were dropped since, or a bound was hit: then nothing is kept.
    async fn commit(&self, _lease: &Lease, _proved: &Proved) -> Result<bool, CacheError> {
        Ok(false)
    }

    /// Gives leases back without a result.
    async fn release(&self, _leases: &[Lease]) -> Result<(), CacheError> {
        Ok(())
    }

    /// Whether somebody holds a lease of each batch that is still good, in the order given.
    async fn filling(&self, batches: &[Batch]) -> Result<Vec<bool>, CacheError> {
        Ok(vec![false; batches.len()])
    }
}

/// What writers bring, and readers who repair a row.
#[async_trait]
pub trait Changes: Send + Sync + 'static {
    /// Where the cache stands now. A writer takes it before it writes to the store.
    fn mark(&self) -> Mark;

    /// Takes note of changes: replaces their entities and finds, for each change, the registered
    /// batches whose fixed values the image before or after it has. Whether a batch really holds the
    /// document is for the caller to judge by its definition. When the image before is unknown, or the cache
    /// has lost its place since the mark was taken, the type of the change is voided instead.
    async fn note(&self, mark: Mark, changes: &[Change]) -> Result<Vec<Noted>, CacheError>;

    /// Brings batches in line with changes; the results are in the order given. The mark is the one
    /// that the changes were noted with, or was taken before the entities were read that the rows come
    /// from. When the cache has lost its place since, the batches are dropped instead.
    async fn reconcile(&self, mark: Mark, rows: &[Reconcile]) -> Result<Vec<Reconciled>, CacheError>;

    /// Voids every entity and batch of the types, those being filled included, and remembers that the
    /// store has changed at `at`, so that later fills read no older state.
    async fn drop_types(&self, types: &[Arc<str>], at: Time) -> Result<(), CacheError>;
}

/// What servers ask that keep what they have made of the cache.
#[async_trait]
pub trait Journal: Send + Sync + 'static {
    /// What has changed since a place in the journal; `None` when there is no journal. Of whatever is read
    /// from this cache it tells every change that a write makes, before that write is done here, and every
    /// loss after which a write could not find it; not that something has expired or was let go of.
    async fn news(&self, _since: Option<Place>) -> Result<Option<News>, CacheError> {
        Ok(None)
    }
}

/// What probes, operators and the server's own housekeeping ask.
#[async_trait]
pub trait Upkeep: Send + Sync + 'static {
    /// `redis`, `memory` or `none`, for messages and metrics.
    fn name(&self) -> &'static str;

    /// Whether the cache answers.
    async fn ping(&self) -> Result<(), CacheError> {
        Ok(())
    }

    /// Voids everything under the deployment's prefix.
    async fn clear(&self) -> Result<(), CacheError>;

    /// As [`Upkeep::clear`], and forgets the latest change seen: for a store that was restored or replaced
    /// and does not know that time.
    async fn reset(&self) -> Result<(), CacheError>;

    /// What is cached now, by collection type; types of which nothing is cached are left out. Looks at
    /// every key: not for each request.
    async fn stats(&self) -> Result<BTreeMap<Arc<str>, TypeStats>, CacheError> {
        Ok(BTreeMap::new())
    }

    /// Removes from the table index what has expired; called now and then. Returns how many entries.
    async fn sweep(&self) -> Result<u64, CacheError> {
        Ok(0)
    }
}

/// A place in the life of a cache. The cache starts a new one whenever it cannot tell any more which
/// changes it has seen: when it is cleared, and when Redis has lost the cache's own bookkeeping. A write
/// that began before that cannot be put in order with the fills after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Mark(pub u64);

/// A batch with all that the cache needs of it. Made once per definition and shared.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Its name.
    pub key: BatchKey,
    /// Its definition.
    pub def: Arc<BatchDef>,
    /// The definition's text.
    pub text: Arc<str>,
}

impl Batch {
    /// The batch of a definition.
    pub fn new(def: BatchDef) -> Batch {
        let text: Arc<str> = def.text().into();
        Batch { key: BatchDef::key(&text), def: Arc::new(def), text }
    }

    /// The batch of a definition's text; `None` when it is not one.
    pub fn parse(text: &str) -> Option<Batch> {
        let def = BatchDef::parse(text)?;
        Some(Batch { key: BatchDef::key(text), def: Arc::new(def), text: text.into() })
    }
}

/// The time that a fill's store read must not be older than, and proof of what it may fill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Floor {
    /// No older than this.
    pub time: Time,
    /// The generations, by type, that were valid when the floor was taken; a drop of a type changes
    /// its generation and so refuses the fill.
    pub generations: BTreeMap<Arc<str>, u64>,
}

/// What [`Reads::read_entities`] found.
#[derive(Clone, Debug)]
pub struct EntitiesRead {
    /// In the order of the references; `None` is a miss.
    pub entities: Vec<Option<CachedEntity>>,
    /// For filling the misses.
    pub floor: Floor,
}

/// A cached entity.
#[derive(Clone, Debug, PartialEq)]
pub struct CachedEntity {
    /// The version's stamp; for a filled one, `t` is the floor's time.
    pub stamp: Stamp,
    /// The document; `None` says that there is none.
    pub doc: Option<Doc>,
}

/// A read of one page.
#[derive(Clone, Debug)]
pub struct PageRead {
    /// Which batch.
    pub batch: Batch,
    /// Which rows of it.
    pub window: Window,
}

/// Which rows of a list: those between `after` and `before` (both exclusive), of these the ones from
/// `offset` on, of these at most `limit`. With `from_end`, offset and limit count from the end; the
/// rows still come in the list's order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Window {
    /// Only rows beyond this one.
    pub after: Option<SortKey>,
    /// Only rows before this one.
    pub before: Option<SortKey>,
    /// Rows to pass over.
    pub offset: u64,
    /// Rows at the most.
    pub limit: u64,
    /// Count from the end.
    pub from_end: bool,
    /// The page is of use only with the length of the whole list.
    pub total: bool,
}

/// What [`Reads::read_pages`] found.
#[derive(Clone, Debug, PartialEq)]
pub enum PageState {
    /// The batch knows the whole page.
    Hit(PageRows),
    /// It does not; how many rows it knows, 0 when there is no such batch.
    Miss {
        /// Rows known from the start of the list.
        known: u64,
    },
}

/// The rows of a page.
#[derive(Clone, Debug, PartialEq)]
pub struct PageRows {
    /// In the list's order.
    pub rows: Vec<SortKey>,
    /// Whether the list has rows before the first of these (or, without rows, before their place).
    pub has_previous: bool,
    /// Whether the list has rows after the last of these (or, without rows, after their place).
    pub has_next: bool,
    /// Length of the whole list, when the batch is complete.
    pub total: Option<u64>,
}

/// What became of asking for a lease.
#[derive(Clone, Debug)]
pub enum LeaseState {
    /// The caller fills the batch now.
    Granted(Lease),
    /// Somebody else does.
    Busy,
    /// The batch cannot be cached: too many batches or shapes of its type, or its definition is too
    /// long.
    Refused,
}

/// The right to fill a batch, until it expires.
#[derive(Clone, Debug)]
pub struct Lease {
    /// The batch.
    pub batch: Batch,
    /// Proof of the lease; never used twice.
    pub token: u64,
    /// For the store read.
    pub floor: Floor,
}

/// What came of taking note of a change.
#[derive(Clone, Debug)]
pub enum Noted {
    /// These batches may hold the document.
    Found(Vec<Batch>),
    /// The type was voided, so there is no batch left to bring in line.
    Voided(VoidReason),
}

impl Noted {
    /// The batches to bring in line.
    pub fn batches(self) -> Vec<Batch> {
        match self {
            Noted::Found(batches) => batches,
            Noted::Voided(_) => Vec::new(),
        }
    }
}

/// What one change means for one batch.
#[derive(Clone, Debug)]
pub struct Reconcile {
    /// The batch.
    pub batch: Batch,
    /// The document that changed.
    pub entity: EntityRef,
    /// The change's stamp.
    pub stamp: Stamp,
    /// The row that the document has in the batch now; `None` when it does not belong to it.
    pub row: Option<SortKey>,
}

/// What a reconcile did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reconciled {
    /// A row came in.
    Inserted,
    /// A row changed its place.
    Moved,
    /// A row went out.
    Removed,
    /// The batch was right already, knows something newer, or ends before the row.
    Unchanged,
    /// The batch is being filled and was left a delta; no ready batch was touched.
    Deferred,
    /// The batch could not absorb the change and is gone.
    Dropped(DropReason),
    /// There was no such batch any more.
    Absent,
}

/// How much is cached of one collection type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TypeStats {
    /// Entities.
    pub entities: u64,
    /// Batches registered in the type's table index; a batch of an interface counts in each type.
    pub batches: u64,
}
