//! The MongoDB backend: one database of a replica set or of a sharded cluster.
//!
//! All operations are plain commands, because the driver's typed methods neither return an operation's time
//! nor accept a read's floor. A command's time is the `operationTime` of its reply: for a write that
//! changed one document, the time of the oplog entry.
//!
//! Reads are majority reads, so that an election cannot undo what they return, and of one moment where the server
//! can. Writes are acknowledged by a majority with their journals synced.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bson::{Bson, Document, doc};
use mongodb::options::ClientOptions;
use mongodb::{Client, Database};

use super::outbox::Emitting;
use super::room::ReadRoom;
use super::{Find, Follow, Outbox, Patch, ROOM, Store, StoreError, Write, Written};
use crate::query::Filter;
use crate::query::emit::Emits;
use crate::schema::{Collection, EmitOn, Model};
use crate::value::{Doc, Id, Time};

mod bounds;
mod bulk;
mod command;
mod control;
mod emit;
mod error;
mod feed;
mod filter;
mod images;
mod indexes;
mod inspect;
mod keys;
mod names;
mod outbox;
mod prepare;
mod read;
mod snapshot;
mod transaction;
mod ttl;
mod update;
mod write;

/// Name of the database when the URL gives none.
const DATABASE: &str = "oponn";
/// Time-out of server selection, unless the URL says otherwise.
const SELECTION: Duration = Duration::from_secs(5);
/// Maximum number of connections, unless the URL says otherwise: the driver's ten are too few when every
/// request may read the store.
const CONNECTIONS: u32 = 100;

/// A [`Store`] on MongoDB. Clones share their connections.
#[derive(Clone)]
pub struct MongoStore {
    model: Arc<Model>,
    database: Database,
    queues: Arc<write::Queues>,
    connections: usize,
    room: ReadRoom,
    snapshots: Arc<snapshot::Snapshots>,
    emitting: Arc<Emitting>,
}

impl MongoStore {
    /// Makes a store of the database in the URL (`oponn` if the URL has none). Only parses the URL: the
    /// first operation selects a server, and connections are opened on demand. Errors show the URL without
    /// its password.
    pub async fn connect(model: Arc<Model>, url: &str) -> Result<MongoStore, StoreError> {
        let mut options = ClientOptions::parse(url).await.map_err(|error| error::of_url(&error, url))?;
        options.app_name.get_or_insert_with(|| "oponn".to_owned());
        options.server_selection_timeout.get_or_insert(SELECTION);
        options.connect_timeout.get_or_insert(SELECTION);
        let connections = *options.max_pool_size.get_or_insert(CONNECTIONS) as usize;
        let name = options.default_database.clone().unwrap_or_else(|| DATABASE.to_owned());
        let client = Client::with_options(options).map_err(|error| error::of_url(&error, url))?;
        Ok(MongoStore {
            model,
            database: client.database(&name),
            queues: Arc::new(write::Queues::new()),
            connections,
            room: ReadRoom::new(ROOM),
            snapshots: Arc::default(),
            emitting: Arc::default(),
        })
    }

    /// Bounds the documents that all reads under way hold together to `bytes`.
    pub fn with_room(self, bytes: u64) -> MongoStore {
        MongoStore { room: ReadRoom::new(bytes), ..self }
    }

    /// Stores the events that changes are.
    pub fn with_emits(self, emits: Emits) -> MongoStore {
        MongoStore { emitting: Arc::new(Emitting { emits, ..Emitting::default() }), ..self }
    }

    /// The collection type with a name from the engine.
    fn collection(&self, ty: &str) -> Result<&Arc<Collection>, StoreError> {
        self.model
            .collection(ty)
            .ok_or_else(|| StoreError::Internal(format!("the model has no collection type {ty}")))
    }
}

#[async_trait]
impl Store for MongoStore {
    fn name(&self) -> &'static str {
        "mongodb"
    }

    async fn prepare(&self) -> Result<Vec<Arc<str>>, StoreError> {
        self.prepare_all().await
    }

    /// Fewer than there are connections, so that writes find one.
    fn readers(&self) -> usize {
        match self.connections {
            // No bound.
            0 => CONNECTIONS as usize,
            connections => (connections - connections.div_ceil(10)).max(1),
        }
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.read_one(doc! { "ping": 1 }).await.map(drop)
    }

    fn follow(&self) -> Option<&dyn Follow> {
        Some(self)
    }

    /// By the index of the field.
    fn removes_expired(&self) -> bool {
        true
    }

    fn outbox(&self) -> Option<&dyn Outbox> {
        Some(self)
    }

    async fn get(&self, ty: &str, ids: &[Id], at: Time) -> Result<HashMap<Id, Doc>, StoreError> {
        self.read_by_id(self.collection(ty)?, ids, at).await
    }

    async fn find(&self, find: &Find, at: Time) -> Result<Vec<Doc>, StoreError> {
        self.read_list(self.collection(&find.ty)?, find, at).await
    }

    async fn find_each(
        &self,
        find: &Find,
        field: &str,
        values: &[Bson],
        at: Time,
    ) -> Result<Vec<Vec<Doc>>, StoreError> {
        self.read_lists(self.collection(&find.ty)?, find, field, values, at).await
    }

    async fn count(&self, ty: &str, filter: &Filter, at: Time) -> Result<u64, StoreError> {
        self.read_count(self.collection(ty)?, filter, at).await
    }

    async fn count_each(
        &self,
        ty: &str,
        filter: &Filter,
        field: &str,
        values: &[Bson],
        at: Time,
    ) -> Result<Vec<u64>, StoreError> {
        self.read_counts(self.collection(ty)?, filter, field, values, at).await
    }

    async fn write(&self, writes: Vec<Write>) -> Vec<Result<Written, StoreError>> {
        self.write_all(writes).await
    }

    async fn insert_many(
        &self,
        ty: &str,
        documents: Vec<Document>,
    ) -> Result<(Vec<Result<(), StoreError>>, Time), StoreError> {
        let collection = self.collection(ty)?;
        match self.emitting.emits.of(ty, EmitOn::Create) {
            Some(emits) => self.insert_all_emitting(collection, emits, documents).await,
            None => self.insert_all(collection, documents).await,
        }
    }

    async fn update_many(&self, ty: &str, filter: &Filter, patch: &Patch) -> Result<(u64, Time), StoreError> {
        let collection = self.collection(ty)?;
        match self.emitting.emits.of(ty, EmitOn::Update) {
            Some(emits) => self.change_all_emitting(collection, emits, filter, Some(patch)).await,
            None => self.update_all(collection, filter, patch).await,
        }
    }

    async fn delete_many(&self, ty: &str, filter: &Filter) -> Result<(u64, Time), StoreError> {
        let collection = self.collection(ty)?;
        match self.emitting.emits.of(ty, EmitOn::Delete) {
            Some(emits) => self.change_all_emitting(collection, emits, filter, None).await,
            None => self.delete_all(collection, filter).await,
        }
    }
}
