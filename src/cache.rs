//! Keeps entities and batches between requests: the cache's traits with their contract, and its backends.
//!
//! `docs/cache.md` has the protocol and why it is right. In short: a fill registers its batch first and reads
//! the store afterwards; writers find registered batches through the table index and leave their deltas
//! there; the store's commit times order everything; every operation is atomic, idempotent and commutes with
//! the others; every lost key is a miss.
//!
//! The cache never asks the store. It returns [`CacheError`] only when it is out of reach. When a batch hits
//! a bound, the cache drops it, says so in the result, and counts it.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use crate::query::{BatchDef, BatchKey, SortKey};
use crate::value::{Doc, EntityRef, Stamp, Time};

mod changes;
mod error;
mod following;
mod journal;
mod limits;
mod memory;
mod none;
mod partition;
mod parts;
mod proved;
mod reason;
mod redis;
mod registry;
mod room;
mod strategy;
mod window;

pub use self::redis::{RedisCache, SharedTally, TallyAnswer};
pub use changes::{Changes, Mark, Noted, Notes, Reconcile, Reconciled};
pub use error::CacheError;
pub use following::{Adoption, Following, Standing, Voucher};
pub use journal::{JOURNAL, News, Place, Topic};
pub use limits::CacheLimits;
pub use memory::MemoryCache;
pub use none::NoCache;
pub use partition::{Member, Partition, PartitionRead, PartitionState};
pub use parts::{Around, Parts};
pub use proved::Proved;
pub use reason::{DropReason, VoidReason};
pub use strategy::Strategy;
pub use window::{Cut, PageRead};

/// A cache of entities and batches: all of its parts. Any number of servers may call all methods concurrently
/// on one cache, and repeat calls: an operation that arrives twice or late changes nothing more.
///
/// Each kind of user has its own part: readers, fills, writers, servers that keep answers, the tailer, and
/// operators. A
/// decorator implements the parts that it changes, and takes the others from the cache behind it: see
/// [`Parts`]. A method has a default where a cache that does nothing would be less useful but never wrong.
pub trait Cache: Reads + Fills + Changes + Journal + Following + Upkeep {}

impl<T: Reads + Fills + Changes + Journal + Following + Upkeep> Cache for T {}

/// Reads of the cache.
#[async_trait]
pub trait Reads: Send + Sync + 'static {
    /// Looks entities up; the results are in the order of the references. The floor is for filling the
    /// misses: it must be taken before the store is read.
    async fn read_entities(&self, entities: &[EntityRef]) -> Result<EntitiesRead, CacheError>;

    /// Reads pages of batches; the results are in the order of the reads.
    async fn read_pages(&self, reads: &[PageRead]) -> Result<Vec<PageState>, CacheError>;

    /// Reads partitions; the results are in the order of the reads.
    async fn read_partitions(&self, reads: &[PartitionRead]) -> Result<Vec<PartitionState>, CacheError>;

    /// The latest change that this cache knows of, whether or not it may be read: no earlier than any write that has been
    /// brought here. Whoever reads the store without a fill reads it no older than that.
    async fn latest(&self) -> Result<Time, CacheError>;
}

/// Fills: reads of the store after a miss, and their results. The defaults decline everything.
#[async_trait]
pub trait Fills: Send + Sync + 'static {
    /// Keeps the store's answers for missing entities (`None`: there is no such document). An entity is kept
    /// only if, since the floor was taken, no write has been seen to it or to an entity in the same slot of
    /// the floor table; it is stamped with the floor's time.
    async fn fill_entities(
        &self,
        _floor: &Floor,
        _entities: &[(EntityRef, Option<Doc>)],
    ) -> Result<(), CacheError> {
        Ok(())
    }

    /// Registers batches in the table index and acquires the right to fill them. A ready batch stays readable
    /// while it is refilled.
    async fn lease(&self, batches: &[Batch]) -> Result<Vec<LeaseState>, CacheError> {
        Ok(batches.iter().map(|_| LeaseState::Refused).collect())
    }

    /// Makes a leased batch ready, from rows that the store returned as of the floor's time or later, merged
    /// with the deltas that writers have left since the lease. Returns `false`, and keeps nothing, when the
    /// lease was lost, the batch's types were dropped since, or a bound was hit.
    async fn commit(&self, _lease: &Lease, _proved: &Proved) -> Result<bool, CacheError> {
        Ok(false)
    }

    /// Makes a leased partition ready, as [`Fills::commit`] does: from all of its documents, or as one that has too many
    /// to be cached. The latter is forgotten after a while, so that it is cached when it has become smaller.
    async fn commit_partition(&self, _lease: &Lease, _docs: Option<&[Doc]>) -> Result<bool, CacheError> {
        Ok(false)
    }

    /// Gives leases back without filling their batches.
    async fn release(&self, _leases: &[Lease]) -> Result<(), CacheError> {
        Ok(())
    }

    /// Whether each batch has a lease that is still valid, in the order given.
    async fn filling(&self, batches: &[Batch]) -> Result<Vec<bool>, CacheError> {
        Ok(vec![false; batches.len()])
    }
}

/// The journal, for servers that keep results derived from cached data.
#[async_trait]
pub trait Journal: Send + Sync + 'static {
    /// The changes since a place in the journal; `None` when there is no journal. For anything readable in
    /// this cache, the journal tells of every change by a write before that write completes here, and of
    /// every loss that would hide the data from later writes. It does not tell of expiry or eviction.
    async fn news(&self, _since: Option<Place>) -> Result<Option<News>, CacheError> {
        Ok(None)
    }
}

/// For probes, operators and the server's own housekeeping.
#[async_trait]
pub trait Upkeep: Send + Sync + 'static {
    /// `redis`, `memory` or `none`, for messages and metrics.
    fn name(&self) -> &'static str;

    /// Checks that the cache answers.
    async fn ping(&self) -> Result<(), CacheError> {
        Ok(())
    }

    /// Voids everything under the deployment's prefix.
    async fn clear(&self) -> Result<(), CacheError>;

    /// As [`Upkeep::clear`], and also forgets the latest change seen: for a store that was restored or
    /// replaced and so does not know that time.
    async fn reset(&self) -> Result<(), CacheError>;

    /// What is cached now, by collection type; types with nothing cached are left out. Looks at every key, so
    /// do not call it for each request.
    async fn stats(&self) -> Result<BTreeMap<Arc<str>, TypeStats>, CacheError> {
        Ok(BTreeMap::new())
    }

    /// Drops batches that nobody has read for long where a type's index is all but full. Returns how many entries it lost.
    async fn make_room(&self, _ty: &Arc<str>) -> Result<u64, CacheError> {
        Ok(0)
    }

    /// Removes expired entries from the table index, and returns how many; called now and then.
    async fn sweep(&self) -> Result<u64, CacheError> {
        Ok(0)
    }
}

/// A batch with everything that the cache needs to know of it. Made once per definition and shared.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The batch's name.
    pub key: BatchKey,
    /// The batch's definition.
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

    /// The batch of a definition's text; `None` when the text is not a definition.
    pub fn parse(text: &str) -> Option<Batch> {
        let def = BatchDef::parse(text)?;
        Some(Batch { key: BatchDef::key(text), def: Arc::new(def), text: text.into() })
    }
}

/// The time that a fill's store read must not be older than, and the proof of what the fill may write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Floor {
    /// The earliest time that the read may show.
    pub time: Time,
    /// The generations, by type, that were valid when the floor was taken. Dropping a type changes its
    /// generation, and so makes the cache refuse the fill.
    pub generations: BTreeMap<Arc<str>, u64>,
}

/// The result of [`Reads::read_entities`].
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
    /// The version's stamp; in an entity from a fill, `t` is the floor's time.
    pub stamp: Stamp,
    /// The document; `None` means that there is none.
    pub doc: Option<Doc>,
}

/// A range of a list's rows: those between `after` and `before` (both exclusive), minus the first `offset`,
/// and at most `limit` of the rest. With `from_end`, offset and limit count from the end; the rows still come
/// in the list's order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Window {
    /// Only rows after this one.
    pub after: Option<SortKey>,
    /// Only rows before this one.
    pub before: Option<SortKey>,
    /// How many rows to skip.
    pub offset: u64,
    /// The maximum number of rows.
    pub limit: u64,
    /// Whether to count from the end.
    pub from_end: bool,
    /// Whether the page is useless without the length of the whole list.
    pub total: bool,
    /// Whether the page has to tell if rows precede it.
    pub previous: bool,
    /// Whether the page has to tell if rows follow it.
    pub next: bool,
}

/// The result of [`Reads::read_pages`].
#[derive(Clone, Debug, PartialEq)]
pub enum PageState {
    /// The batch covers the whole page.
    Hit(PageRows),
    /// The batch covers the page, but the documents that it counts would have to be checked, and are too many.
    Doubtful,
    /// The batch does not cover the page, or does not exist.
    Miss {
        /// Rows known from the start of the list; 0 when there is no such batch.
        known: u64,
    },
}

/// The rows of a page, and where they stand in the list.
#[derive(Clone, Debug, PartialEq)]
pub struct PageRows {
    /// Rows in the list's order.
    pub rows: Vec<SortKey>,
    /// Whether the list has rows before the page (or, if the page is empty, before its place).
    pub has_previous: bool,
    /// Whether the list has rows after the page (or, if the page is empty, after its place).
    pub has_next: bool,
    /// Length of the whole list, when the batch is complete.
    pub total: Option<u64>,
    /// The moment from which on the batch is not to be believed, as one of its documents may have expired: no later than
    /// the least of those that its fill and the reconciles since have told. The cache has no clock: the reader decides.
    pub until: Option<i64>,
    /// Rows outside the page that it counts or tells of, in the list's order. They may be as old as those on the
    /// page, and have to be compared with their documents as well.
    pub unshown: Vec<SortKey>,
}

/// The result of asking for a lease.
#[derive(Clone, Debug)]
pub enum LeaseState {
    /// The caller must now fill the batch.
    Granted(Lease),
    /// Another reader is filling the batch.
    Busy,
    /// The batch cannot be cached now: its type has too many batches or shapes. [`Upkeep::make_room`] helps.
    Full,
    /// The batch cannot be cached: its definition is too long, or the cache takes nothing.
    Refused,
}

/// The right to fill a batch, until it expires.
#[derive(Clone, Debug)]
pub struct Lease {
    /// The batch.
    pub batch: Batch,
    /// Proof of the lease; never reused.
    pub token: u64,
    /// The floor for the store read.
    pub floor: Floor,
}

/// How much of one collection type is cached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TypeStats {
    /// Cached entities.
    pub entities: u64,
    /// Batches registered in the type's table index; a batch of an interface counts in each type.
    pub batches: u64,
}
