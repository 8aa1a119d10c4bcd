//! Bringing changes to a cache: the part of it for writers, and for readers that repair a row.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Batch, CacheError, DropReason, VoidReason};
use crate::query::SortKey;
use crate::value::{Change, Doc, EntityRef, Stamp, Time};

/// For writers, and for readers that repair a row.
#[async_trait]
pub trait Changes: Send + Sync + 'static {
    /// The cache's current epoch. A writer takes this mark before it writes to the store.
    fn mark(&self) -> Mark;

    /// Tells which types are partitioned: of a document of theirs, a note replaces the entity but does not make it.
    fn partitioned(&self, _types: &[Arc<str>]) {}

    /// Takes note of changes: replaces their entities and finds, for each change, the registered batches
    /// whose fixed values match the image before or after it. Whether such a batch really holds the document,
    /// the caller judges by the batch's definition. If the image before is unknown, or the cache has begun a
    /// new epoch since `mark`, the type of the change is voided instead.
    async fn note(&self, mark: Mark, changes: &[Change]) -> Result<Notes, CacheError>;

    /// Brings batches in line with changes; the results are in the order given. `mark` is the one that the
    /// changes were noted with or, for a repair, one taken before reading the entities that the rows come
    /// from. If the cache has begun a new epoch since, the batches are dropped instead.
    async fn reconcile(&self, mark: Mark, rows: &[Reconcile]) -> Result<Vec<Reconciled>, CacheError>;

    /// Voids every entity and batch of the types, including batches being filled, and remembers that the
    /// store changed at `at`, so that later fills read no older state.
    async fn drop_types(&self, types: &[Arc<str>], at: Time) -> Result<(), CacheError>;
}

/// An epoch of a cache. The cache begins a new one whenever it can no longer tell which changes it has seen:
/// when it is cleared, and when Redis has lost the cache's own bookkeeping. A write that began in an earlier
/// epoch cannot be ordered against the fills of a later one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Mark(pub u64);

/// The result of noting changes.
#[derive(Clone, Debug)]
pub struct Notes {
    /// What came of each change, in the order given.
    pub of_changes: Vec<Noted>,
    /// Whether the cache could be read afterwards; asked in the same trip.
    pub vouched: bool,
}

/// The result of noting a change.
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

/// The effect of one change on one batch.
#[derive(Clone, Debug)]
pub struct Reconcile {
    /// The batch.
    pub batch: Batch,
    /// The document that changed.
    pub entity: EntityRef,
    /// The change's stamp.
    pub stamp: Stamp,
    /// The document's row in the batch now; `None` when the document does not belong to it.
    pub row: Option<SortKey>,
    /// The moment at which the document expires, if it has a row and ever does.
    pub until: Option<i64>,
    /// The document, if the batch is a partition and the document belongs to it.
    pub doc: Option<Doc>,
}

/// The outcome of a reconcile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reconciled {
    /// A row was inserted; in a partition, a document inserted or replaced.
    Inserted,
    /// A row moved.
    Moved,
    /// A row was removed.
    Removed,
    /// The rows stay, and the batch is to be believed for less long.
    Aged,
    /// The batch was already right, knows a newer change, or ends before the row.
    Unchanged,
    /// The batch is being filled, and a delta was left for the fill; no ready batch was touched.
    Deferred,
    /// The batch could not absorb the change, and was dropped.
    Dropped(DropReason),
    /// The batch no longer exists.
    Absent,
}
