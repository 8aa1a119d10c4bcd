//! Where documents live: one trait, its contract here, and its backends.
//!
//! A store does not know the cache. It gives every change a [`Stamp`](crate::value::Stamp), which is all
//! that the cache needs to order changes.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use bson::{Bson, Document};

use crate::query::{Bound, Filter, Order};
use crate::value::{Change, Doc, Id, Time};

pub mod deadline;
mod error;
pub mod follow;
mod mongo;
pub mod outbox;
mod patch;
mod room;
mod sqlite;

pub use error::{DiskFault, StoreError};
pub use follow::Follow;
pub use mongo::MongoStore;
pub use outbox::Outbox;
pub use patch::Patch;
pub use sqlite::{Claim, SqliteStore};

/// Default bound, in bytes, on the documents that all reads under way hold together.
const ROOM: u64 = 128 << 20;

/// A store of documents. All methods may be called concurrently.
///
/// **Reads** are no older than the time `at`: they see every change with `stamp.t <= at`, and only changes
/// that can never be undone. They omit documents whose `_id` has a type that [`Id`] does not support.
/// Dropping a read's future aborts the read, which then uses no more resources of the store. Reads observe
/// the task's [`deadline`]. A read that needs more bytes than the store has room for fails with
/// [`StoreError::TooLarge`] or [`StoreError::Overloaded`].
///
/// **Writes** are acknowledged only when they can never be undone (majority commit; synced WAL). Each
/// single write is atomic, checks its condition and changes the document in one step, raises
/// `_oponn.v` by one (from 0 when absent; an insert stores 1) and returns the change with the exact
/// commit time of that write: two changes of one document never have the same stamp, and a later one
/// has a greater stamp.
///
/// **Events**: a store that knows which changes are events stores them in the same step as the change, in its
/// [`Outbox`]. An update of nothing but the bookkeeping is no event. Any other update of a type whose updates are events writes nothing if it changes nothing; it returns the
/// document as both images, with a time at which it was so.
///
/// A single write that fails with [`StoreError::Unknown`] may have happened; after any other error it has
/// not. A failed write of many may have happened in part, whatever the error.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// `mongodb` or `sqlite`, for messages and metrics.
    fn name(&self) -> &'static str;

    /// Creates what the model needs and the store lacks: collections or tables, indexes, unique indexes,
    /// normalised keys of documents. Never removes anything. Returns the names of the collection types
    /// whose documents it changed: their cached data is void. Fails with [`StoreError::Refused`] and a
    /// message for the operator if existing data violate a unique index or the server cannot be used.
    async fn prepare(&self) -> Result<Vec<Arc<str>>, StoreError>;

    /// Maximum number of concurrent reads; further reads wait.
    fn readers(&self) -> usize;

    /// Whether the store answers, however many reads are under way.
    async fn ping(&self) -> Result<(), StoreError>;

    /// The disk fault that failed the last write, if any. Reads may still work.
    fn fault(&self) -> Option<DiskFault> {
        None
    }

    /// The store's record of changes; `None` if it keeps none.
    fn follow(&self) -> Option<&dyn Follow> {
        None
    }

    /// Whether the store removes the documents that have expired by `@ttl` by itself, some time later.
    fn removes_expired(&self) -> bool {
        false
    }

    /// The events of the store; `None` if it keeps none.
    fn outbox(&self) -> Option<&dyn Outbox> {
        None
    }

    /// Whether another program may have written since the last call, of which nobody but this method tells. Of a
    /// write that was committed when a call began, that call or the next one tells. Never so because of writes
    /// through this store.
    async fn foreign_writes(&self) -> Result<bool, StoreError> {
        Ok(false)
    }

    /// The documents with these ids; ids without a document are left out.
    async fn get(&self, ty: &str, ids: &[Id], at: Time) -> Result<HashMap<Id, Doc>, StoreError>;

    /// The rows of a list. An empty filter and order list everything by id.
    async fn find(&self, find: &Find, at: Time) -> Result<Vec<Doc>, StoreError>;

    /// For each value, in order, the result of [`Store::find`] with `field == value` and-ed to the filter,
    /// in one operation.
    async fn find_each(
        &self,
        find: &Find,
        field: &str,
        values: &[Bson],
        at: Time,
    ) -> Result<Vec<Vec<Doc>>, StoreError>;

    /// The number of documents that satisfy the filter.
    async fn count(&self, ty: &str, filter: &Filter, at: Time) -> Result<u64, StoreError>;

    /// For each value, in order, the number of documents that satisfy the filter and have `field == value`,
    /// in one operation.
    async fn count_each(
        &self,
        ty: &str,
        filter: &Filter,
        field: &str,
        values: &[Bson],
        at: Time,
    ) -> Result<Vec<u64>, StoreError>;

    /// Executes independent writes, possibly concurrently; the results are in the order of the writes. A
    /// failed write does not prevent the others.
    async fn write(&self, writes: Vec<Write>) -> Vec<Result<Written, StoreError>>;

    /// Inserts many documents in order, without the exact stamps of [`Store::write`]. A failed insert does
    /// not prevent the others. The results are in the order of the documents; the time is no earlier than
    /// any of the commits.
    async fn insert_many(
        &self,
        ty: &str,
        documents: Vec<Document>,
    ) -> Result<(Vec<Result<(), StoreError>>, Time), StoreError>;

    /// Applies a patch to every document that satisfies the filter. Returns their number and a time no
    /// earlier than any of the commits.
    async fn update_many(&self, ty: &str, filter: &Filter, patch: &Patch) -> Result<(u64, Time), StoreError>;

    /// Deletes every document that satisfies the filter. Returns their number and a time no earlier than
    /// any of the commits.
    async fn delete_many(&self, ty: &str, filter: &Filter) -> Result<(u64, Time), StoreError>;
}

/// The rows of one list of one collection type.
#[derive(Clone, Debug)]
pub struct Find {
    /// Name of the collection type.
    pub ty: Arc<str>,
    /// The documents to list.
    pub filter: Filter,
    /// The order; the final id is implied.
    pub order: Order,
    /// Only rows beyond this place (exclusive unless the bound says otherwise).
    pub after: Option<Bound>,
    /// Only rows before this place (exclusive unless the bound says otherwise).
    pub before: Option<Bound>,
    /// Take rows from the end; the result is still in the list's order.
    pub from_end: bool,
    /// Rows to skip first (from the end if `from_end`).
    pub offset: u64,
    /// Maximum number of rows.
    pub limit: u64,
}

impl Find {
    /// The first rows of a list.
    pub fn first(ty: Arc<str>, filter: Filter, order: Order, limit: u64) -> Find {
        Find { ty, filter, order, after: None, before: None, from_end: false, offset: 0, limit }
    }
}

/// One write to one document.
#[derive(Clone, Debug)]
pub enum Write {
    /// A new document, `_id` and `_oponn` included.
    Insert {
        /// Name of the collection type.
        ty: Arc<str>,
        /// The document.
        document: Document,
    },
    /// A change of fields.
    Update {
        /// Name of the collection type.
        ty: Arc<str>,
        /// Which document.
        id: Id,
        /// The fields to set and to remove.
        patch: Patch,
        /// What must hold for it to happen.
        when: Condition,
    },
    /// Removal of a document.
    Delete {
        /// Name of the collection type.
        ty: Arc<str>,
        /// Which document.
        id: Id,
        /// What must hold for it to happen.
        when: Condition,
    },
}

impl Write {
    /// Name of the collection type that the write affects.
    pub fn ty(&self) -> &Arc<str> {
        match self {
            Write::Insert { ty, .. } | Write::Update { ty, .. } | Write::Delete { ty, .. } => ty,
        }
    }
}

/// What must hold of a document for a write to happen.
#[derive(Clone, Debug, Default)]
pub struct Condition {
    /// The document has this version number (0: or none).
    pub version: Option<i64>,
    /// The document satisfies this filter.
    pub filter: Option<Filter>,
}

/// The outcome of a write that did not fail.
#[derive(Clone, Debug)]
pub enum Written {
    /// The write happened.
    Changed(Change),
    /// No such document exists, or it does not satisfy the condition's filter.
    NotFound,
    /// The document has this version number instead of the expected one.
    VersionMismatch(i64),
}
