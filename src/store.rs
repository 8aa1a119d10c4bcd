//! Where documents live: one trait, its contract here, and its backends.
//!
//! A store knows nothing of the cache. It gives every change its [`Stamp`](crate::value::Stamp), which
//! is all that the cache needs to put changes in order.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use bson::{Bson, Document};

use crate::query::{Bound, Filter, Order};
use crate::value::{Change, Doc, Id, Time};

pub mod deadline;
mod error;
mod mongo;
mod patch;
mod room;
mod sqlite;

pub use error::{DiskFault, StoreError};
pub use mongo::MongoStore;
pub use patch::Patch;
pub use sqlite::{Claim, SqliteStore};

/// Bytes of documents that the reads under way hold together, unless said otherwise.
const ROOM: u64 = 128 << 20;

/// A store of documents. All methods may be called concurrently.
///
/// **Reads** name the time `at` that they must not be older than: they see every change with
/// `stamp.t <= at`, and only changes that can never be undone. Documents whose `_id` is not of a kind
/// that [`Id`] knows are not shown. A read whose future is dropped is broken off: it takes up nothing of the store from
/// then on. Reads keep to the task's [`deadline`],
/// and hold no more bytes than the store has room for: else they fail with [`StoreError::TooLarge`] or
/// [`StoreError::Overloaded`].
///
/// **Writes** are acknowledged only when they can never be undone (majority commit; synced WAL). Each
/// single write is atomic, checks its condition and changes the document in one step, raises
/// `_oponn.v` by one (from 0 when absent; an insert stores 1) and returns the change with the exact
/// commit time of that write: two changes of one document never have the same stamp, and a later one
/// has a greater stamp.
///
/// A single write that fails with [`StoreError::Unknown`] may have happened; every other error means
/// that it did not. When a write of many fails, some of it may have happened whatever the error.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// `mongodb` or `sqlite`, for messages and metrics.
    fn name(&self) -> &'static str;

    /// Makes what the model needs and is not there: collections or tables, indexes, unique indexes,
    /// normalised keys of documents that lack them. Never removes anything. Returns the names of the
    /// collection types whose documents it changed: what is cached of them is void. Fails with
    /// [`StoreError::Refused`] and a message for the operator when existing data forbid a unique index
    /// or the server cannot be used.
    async fn prepare(&self) -> Result<Vec<Arc<str>>, StoreError>;

    /// On how many reads it works at the same time; more wait.
    fn readers(&self) -> usize;

    /// Whether the store answers, however many reads are under way.
    async fn ping(&self) -> Result<(), StoreError>;

    /// What kept it from its last write, if that was its disk. Reads may be served all the same.
    fn fault(&self) -> Option<DiskFault> {
        None
    }

    /// The documents of the ids; ids without a document are left out.
    async fn get(&self, ty: &str, ids: &[Id], at: Time) -> Result<HashMap<Id, Doc>, StoreError>;

    /// The rows of a list. An empty filter and order list everything by id.
    async fn find(&self, find: &Find, at: Time) -> Result<Vec<Doc>, StoreError>;

    /// For each of the values, in their order, what [`Store::find`] would give with `field == value`
    /// and-ed to the filter; one operation for all.
    async fn find_each(
        &self,
        find: &Find,
        field: &str,
        values: &[Bson],
        at: Time,
    ) -> Result<Vec<Vec<Doc>>, StoreError>;

    /// How many documents satisfy the filter.
    async fn count(&self, ty: &str, filter: &Filter, at: Time) -> Result<u64, StoreError>;

    /// For each of the values, in their order, how many documents satisfy the filter and have
    /// `field == value`; one operation for all.
    async fn count_each(
        &self,
        ty: &str,
        filter: &Filter,
        field: &str,
        values: &[Bson],
        at: Time,
    ) -> Result<Vec<u64>, StoreError>;

    /// Carries out independent writes, possibly at the same time; the results are in the order of the
    /// writes. One failing does not keep the others from happening.
    async fn write(&self, writes: Vec<Write>) -> Vec<Result<Written, StoreError>>;

    /// Inserts many documents in their order, without the exact stamps that [`Store::write`] gives. One
    /// failing does not keep the others out. Results are in the order of the documents; the time is not
    /// before any of the commits.
    async fn insert_many(
        &self,
        ty: &str,
        documents: Vec<Document>,
    ) -> Result<(Vec<Result<(), StoreError>>, Time), StoreError>;

    /// Applies a patch to every document that satisfies the filter: how many there were and a time not
    /// before any of the commits.
    async fn update_many(&self, ty: &str, filter: &Filter, patch: &Patch) -> Result<(u64, Time), StoreError>;

    /// Deletes every document that satisfies the filter: how many there were and a time not before any
    /// of the commits.
    async fn delete_many(&self, ty: &str, filter: &Filter) -> Result<(u64, Time), StoreError>;
}

/// The rows of one list of one collection type.
#[derive(Clone, Debug)]
pub struct Find {
    /// Name of the collection type.
    pub ty: Arc<str>,
    /// Which documents.
    pub filter: Filter,
    /// In which order; ends in the id.
    pub order: Order,
    /// Only rows beyond this place (exclusive unless the bound says otherwise).
    pub after: Option<Bound>,
    /// Only rows before this place (exclusive unless the bound says otherwise).
    pub before: Option<Bound>,
    /// Take the rows from the end; they still come in the list's order.
    pub from_end: bool,
    /// Rows to pass over first (from the end when `from_end`).
    pub offset: u64,
    /// Rows at the most.
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
    /// The end of a document.
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
    /// Name of the collection type that it writes to.
    pub fn ty(&self) -> &Arc<str> {
        match self {
            Write::Insert { ty, .. } | Write::Update { ty, .. } | Write::Delete { ty, .. } => ty,
        }
    }
}

/// What must hold of a document for a write to happen.
#[derive(Clone, Debug, Default)]
pub struct Condition {
    /// It has this version number (0: also when it has none).
    pub version: Option<i64>,
    /// It satisfies this filter.
    pub filter: Option<Filter>,
}

/// What became of a write that did not fail.
#[derive(Clone, Debug)]
pub enum Written {
    /// It happened.
    Changed(Change),
    /// There is no such document, or it does not satisfy the condition's filter.
    NotFound,
    /// The document has another version number: this one.
    VersionMismatch(i64),
}
