//! A store that counts and times, and says when it turns out to be older than the cache.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use bson::{Bson, Document};

use crate::metrics::{Metrics, StoreOp};
use crate::query::Filter;
use crate::store::{Find, Patch, Store, StoreError, Write, Written};
use crate::value::{Doc, Id, Time};

/// Passes everything on to another store and counts it.
pub(in crate::engine) struct ObservedStore {
    inner: Arc<dyn Store>,
    metrics: Arc<Metrics>,
    on_behind: Box<dyn Fn() + Send + Sync>,
}

impl ObservedStore {
    /// `on_behind` is called when the store does not know a time that was read from the cache: it was
    /// restored or replaced.
    pub(in crate::engine) fn new(
        inner: Arc<dyn Store>,
        metrics: Arc<Metrics>,
        on_behind: impl Fn() + Send + Sync + 'static,
    ) -> ObservedStore {
        ObservedStore { inner, metrics, on_behind: Box::new(on_behind) }
    }

    async fn timed<T>(
        &self,
        op: StoreOp,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let (start, _under_way) = (Instant::now(), self.metrics.store_begins());
        let result = work.await;
        self.metrics.store_operation(op, start.elapsed());
        if let Err(StoreError::Behind(_)) = result {
            (self.on_behind)();
        }
        result
    }
}

fn op_of(write: &Write) -> StoreOp {
    match write {
        Write::Insert { .. } => StoreOp::Insert,
        Write::Update { .. } => StoreOp::Update,
        Write::Delete { .. } => StoreOp::Delete,
    }
}

#[async_trait]
impl Store for ObservedStore {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    async fn prepare(&self) -> Result<Vec<Arc<str>>, StoreError> {
        self.inner.prepare().await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.inner.ping().await
    }

    async fn get(&self, ty: &str, ids: &[Id], at: Time) -> Result<HashMap<Id, Doc>, StoreError> {
        self.timed(StoreOp::Get, self.inner.get(ty, ids, at)).await
    }

    async fn find(&self, find: &Find, at: Time) -> Result<Vec<Doc>, StoreError> {
        self.timed(StoreOp::Find, self.inner.find(find, at)).await
    }

    async fn find_each(
        &self,
        find: &Find,
        field: &str,
        values: &[Bson],
        at: Time,
    ) -> Result<Vec<Vec<Doc>>, StoreError> {
        self.timed(StoreOp::Find, self.inner.find_each(find, field, values, at)).await
    }

    async fn count(&self, ty: &str, filter: &Filter, at: Time) -> Result<u64, StoreError> {
        self.timed(StoreOp::Count, self.inner.count(ty, filter, at)).await
    }

    async fn count_each(
        &self,
        ty: &str,
        filter: &Filter,
        field: &str,
        values: &[Bson],
        at: Time,
    ) -> Result<Vec<u64>, StoreError> {
        self.timed(StoreOp::Count, self.inner.count_each(ty, filter, field, values, at)).await
    }

    async fn write(&self, writes: Vec<Write>) -> Vec<Result<Written, StoreError>> {
        let ops: Vec<StoreOp> = writes.iter().map(op_of).collect();
        let (start, _under_way) = (Instant::now(), self.metrics.store_begins());
        let results = self.inner.write(writes).await;
        for op in ops {
            self.metrics.store_operation(op, start.elapsed());
        }
        results
    }

    async fn insert_many(
        &self,
        ty: &str,
        documents: Vec<Document>,
    ) -> Result<(Vec<Result<(), StoreError>>, Time), StoreError> {
        self.timed(StoreOp::Insert, self.inner.insert_many(ty, documents)).await
    }

    async fn update_many(&self, ty: &str, filter: &Filter, patch: &Patch) -> Result<(u64, Time), StoreError> {
        self.timed(StoreOp::Update, self.inner.update_many(ty, filter, patch)).await
    }

    async fn delete_many(&self, ty: &str, filter: &Filter) -> Result<(u64, Time), StoreError> {
        self.timed(StoreOp::Delete, self.inner.delete_many(ty, filter)).await
    }
}
