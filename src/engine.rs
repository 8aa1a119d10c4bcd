//! Reads through the cache, writes through the store, and keeps the one right after the other: the
//! only place that knows both.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::cache::Cache;
use crate::schema::Model;
use crate::store::Store;
use crate::value::Id;

mod error;
pub mod input;

pub use error::{EngineError, InputFault, Step};

/// An application at work: a model, a store and a cache.
pub struct Engine {
    model: Arc<Model>,
    store: Arc<dyn Store>,
    cache: Arc<dyn Cache>,
}

/// What an upsert did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upserted {
    /// There was no such document.
    Created,
    /// There was one and it changed.
    Updated,
    /// There was one just like it; nothing was written.
    Unchanged,
}

impl Engine {
    /// Puts the parts together. Call [`Engine::prepare`] before serving.
    pub fn new(model: Arc<Model>, store: Arc<dyn Store>, cache: Arc<dyn Cache>) -> Engine {
        Engine { model, store, cache }
    }

    /// The application's model.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// The store, for probes and administration.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The cache, for probes and administration.
    pub fn cache(&self) -> &Arc<dyn Cache> {
        &self.cache
    }

    /// Creates or updates documents of the type `ty` by a unique key (its API name, `isbn`; or `id`),
    /// in bulk; the results are in the order of the records. Records are JSON as `BookInput` has it.
    pub async fn upsert_many(
        &self,
        ty: &str,
        on: &str,
        records: Vec<Map<String, Json>>,
    ) -> Vec<Result<(Id, Upserted), EngineError>> {
        let _ = (ty, on, records);
        unimplemented!()
    }

    /// The ids of the documents that have these values in a unique key, one list of values per key
    /// field; in the order given.
    pub async fn resolve_many(
        &self,
        ty: &str,
        key: &str,
        values: &[Vec<Json>],
    ) -> Vec<Result<Option<Id>, EngineError>> {
        let _ = (ty, key, values);
        unimplemented!()
    }
}
