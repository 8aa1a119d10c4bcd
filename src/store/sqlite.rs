//! The embedded store: one SQLite file, for running without a database server and as a second, independent
//! implementation.
//!
//! A collection is a table of documents in the same BSON that MongoDB would hold. Ids are keyed by
//! [`encode_value`](crate::query::encode_value). Columns beside the document hold the values at index paths
//! in the same encoding, so that comparing bytes compares values; filters and orders are SQL over these
//! keys. One thread writes, in rounds: queued writes are committed together. Readers have separate
//! connections and are never blocked.
//!
//! The time of a change is a counter in the file. Commits are synced and readable at once, so a read
//! satisfies any time that the counter has reached.

use std::collections::HashMap;
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bson::{Bson, Document};
use rusqlite::Connection;

use crate::query::Filter;
use crate::query::emit::Emits;
use crate::schema::{Collection, EmitOn, Model};
use crate::value::{Doc, Id, Time};

use super::outbox::Emitting;
use super::room::{Hold, ReadRoom};
use super::{DiskFault, Find, Outbox, Patch, ROOM, Store, StoreError, Write, Written};

mod argument;
mod arrays;
mod bulk;
mod cancel;
mod claim;
mod columns;
mod connection;
mod emit;
mod error;
mod filter;
mod foreign;
mod format;
mod functions;
mod keys;
mod list;
mod outbox;
mod prepare;
mod sql;
mod write;
mod writer;

pub use claim::Claim;

use connection::Pool;
use writer::Writer;

/// Bounds on the number of concurrent readers, which is otherwise the number of processors.
const LEAST_READERS: usize = 4;
const MOST_READERS: usize = 16;

/// A store in an SQLite file.
pub struct SqliteStore {
    model: Arc<Model>,
    readers: Pool,
    /// For probes, which must not queue behind the readers.
    probe: Pool,
    writer: Writer,
    room: ReadRoom,
    emitting: Arc<Emitting>,
}

impl SqliteStore {
    /// Opens the file, creating it and its directories if missing. Fails with [`StoreError::Refused`] if
    /// the file cannot be used.
    pub fn open(model: Arc<Model>, path: &Path) -> Result<SqliteStore, StoreError> {
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory).map_err(|cause| {
                StoreError::Refused(format!(
                    "The directory {} of the SQLite file cannot be made: {cause}. Name another file.",
                    directory.display()
                ))
            })?;
        }
        let writing = connection::open(path, true).map_err(|cause| error::on_open(path, &cause))?;
        let readers = std::thread::available_parallelism().map_or(LEAST_READERS, NonZero::get);
        let readers = Pool::new(path, readers.clamp(LEAST_READERS, MOST_READERS));
        let (writer, room) = (Writer::start(writing, path)?, ReadRoom::new(ROOM));
        let (probe, emitting) = (Pool::new(path, 1), Arc::default());
        Ok(SqliteStore { model, readers, probe, writer, room, emitting })
    }

    /// Bounds the documents that all reads under way hold together to `bytes`.
    pub fn with_room(self, bytes: u64) -> SqliteStore {
        SqliteStore { room: ReadRoom::new(bytes), ..self }
    }

    /// Stores the events that changes are.
    pub fn with_emits(self, emits: Emits) -> SqliteStore {
        SqliteStore { emitting: Arc::new(Emitting { emits, ..Emitting::default() }), ..self }
    }

    /// Claims the file, creating it if missing, until this process ends: exclusively (`alone`), or shared
    /// with other shared claims. Call this before opening the file.
    pub fn claim(path: &Path, alone: bool) -> std::io::Result<Claim> {
        claim::claim(path, alone)
    }

    fn collection(&self, ty: &str) -> Result<Arc<Collection>, StoreError> {
        let known = self.model.collection(ty).cloned();
        known.ok_or_else(|| StoreError::Internal(format!("the model has no collection type {ty}")))
    }

    /// Reads in one snapshot, not older than `at`.
    async fn read<T: Send + 'static>(
        &self,
        at: Time,
        work: impl FnOnce(&Connection, &mut Holder) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let mut holder = Holder { hold: self.room.hold(), refused: None };
        let work = move |connection: &Connection| {
            let read = work(connection, &mut holder);
            holder.refused.map_or_else(|| read.map(Ok), |refused| Ok(Err(refused)))
        };
        self.readers.read(at, work).await?
    }
}

/// The bytes that a read holds, and the reason why it may hold no more.
struct Holder {
    hold: Hold,
    refused: Option<StoreError>,
}

impl Holder {
    /// Takes room for a document; an error ends the statement.
    fn take(&mut self, doc: Doc) -> rusqlite::Result<Doc> {
        match self.hold.take(doc.bytes().len()) {
            Ok(()) => Ok(doc),
            Err(refused) => {
                self.refused = Some(refused);
                Err(rusqlite::Error::QueryReturnedNoRows)
            }
        }
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    async fn prepare(&self) -> Result<Vec<Arc<str>>, StoreError> {
        let model = Arc::clone(&self.model);
        self.writer.run(move |session| prepare::prepare(session, &model)).await?
    }

    fn readers(&self) -> usize {
        self.readers.readers
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.probe.read(Time(0), |_| Ok(())).await
    }

    fn fault(&self) -> Option<DiskFault> {
        self.writer.fault()
    }

    fn outbox(&self) -> Option<&dyn Outbox> {
        Some(self)
    }

    async fn foreign_writes(&self) -> Result<bool, StoreError> {
        self.writer.foreign_writes().await
    }

    async fn get(&self, ty: &str, ids: &[Id], at: Time) -> Result<HashMap<Id, Doc>, StoreError> {
        let (collection, ids) = (self.collection(ty)?, ids.to_vec());
        self.read(at, move |connection, holder| list::get(connection, &collection, ids, holder)).await
    }

    async fn find(&self, find: &Find, at: Time) -> Result<Vec<Doc>, StoreError> {
        let (collection, find) = (self.collection(&find.ty)?, find.clone());
        self.read(at, move |connection, holder| list::find(connection, &collection, &find, holder)).await
    }

    async fn find_each(
        &self,
        find: &Find,
        field: &str,
        values: &[Bson],
        at: Time,
    ) -> Result<Vec<Vec<Doc>>, StoreError> {
        let (collection, find) = (self.collection(&find.ty)?, find.clone());
        let (field, values) = (field.to_owned(), values.to_vec());
        self.read(at, move |connection, holder| {
            let each = values.into_iter().map(|value| {
                let filter = find.filter.clone().and(Filter::eq(&*field, value));
                list::find(connection, &collection, &Find { filter, ..find.clone() }, holder)
            });
            each.collect()
        })
        .await
    }

    async fn count(&self, ty: &str, filter: &Filter, at: Time) -> Result<u64, StoreError> {
        let (collection, filter) = (self.collection(ty)?, filter.clone());
        self.read(at, move |connection, _| list::count(connection, &collection, &filter)).await
    }

    async fn count_each(
        &self,
        ty: &str,
        filter: &Filter,
        field: &str,
        values: &[Bson],
        at: Time,
    ) -> Result<Vec<u64>, StoreError> {
        let (collection, filter) = (self.collection(ty)?, filter.clone());
        let (field, values) = (field.to_owned(), values.to_vec());
        self.read(at, move |connection, _| {
            let each = values.into_iter().map(|value| {
                list::count(connection, &collection, &filter.clone().and(Filter::eq(&*field, value)))
            });
            each.collect()
        })
        .await
    }

    async fn write(&self, writes: Vec<Write>) -> Vec<Result<Written, StoreError>> {
        let count = writes.len();
        let (model, emitting) = (Arc::clone(&self.model), Arc::clone(&self.emitting));
        let work = move |session: &mut writer::Session| {
            let emits = &emitting.emits;
            writes.into_iter().map(|one| write::write(session, &model, emits, one)).collect()
        };
        let written = self.writer.run(work).await.unwrap_or_else(|error| vec![Err(error); count]);
        self.told();
        written
    }

    async fn insert_many(
        &self,
        ty: &str,
        documents: Vec<Document>,
    ) -> Result<(Vec<Result<(), StoreError>>, Time), StoreError> {
        let collection = self.collection(ty)?;
        let emits = self.emitting.emits.of(ty, EmitOn::Create).cloned();
        let work = move |session: &mut writer::Session| {
            bulk::insert_many(session, &collection, emits.as_deref(), documents)
        };
        let inserted = self.writer.run(work).await?;
        self.told();
        inserted
    }

    async fn update_many(&self, ty: &str, filter: &Filter, patch: &Patch) -> Result<(u64, Time), StoreError> {
        let (collection, filter, patch) = (self.collection(ty)?, filter.clone(), patch.clone());
        let emits = self.emitting.emits.of(ty, EmitOn::Update).cloned();
        let work = move |session: &mut writer::Session| {
            bulk::update_many(session, &collection, emits.as_deref(), &filter, &patch)
        };
        let updated = self.writer.run(work).await?;
        self.told();
        updated
    }

    async fn delete_many(&self, ty: &str, filter: &Filter) -> Result<(u64, Time), StoreError> {
        let (collection, filter) = (self.collection(ty)?, filter.clone());
        let emits = self.emitting.emits.of(ty, EmitOn::Delete).cloned();
        let work = move |session: &mut writer::Session| match &emits {
            Some(emits) => bulk::delete_each(session, &collection, emits, &filter),
            None => bulk::delete_many(session, &collection, &filter),
        };
        let deleted = self.writer.run(work).await?;
        self.told();
        deleted
    }
}

impl SqliteStore {
    /// Tells whoever delivers events that there may be some.
    fn told(&self) {
        if !self.emitting.emits.is_empty() {
            self.emitting.written.notify_one();
        }
    }
}

#[cfg(test)]
mod tests;
