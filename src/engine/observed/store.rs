//! A store wrapper that counts and times operations, cuts off slow reads, and reports a store older than the cache.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bson::{Bson, Document};
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::trouble::Troubles;
use super::turns::ReadTurns;
use crate::metrics::{Label, Metrics, StoreOp};
use crate::query::Filter;
use crate::store::{DiskFault, Find, Follow, Outbox, Patch, Store, StoreError, Write, Written, deadline};
use crate::telemetry::traced;
use crate::value::{Doc, Id, Time};

/// Reads whose filters have more conditions than this are taken to be heavy.
const LARGE: usize = 64;

/// Passes every operation on to another store, and counts it.
pub(in crate::engine) struct ObservedStore {
    inner: Arc<dyn Store>,
    metrics: Arc<Metrics>,
    turns: ReadTurns,
    troubles: Troubles,
    most: Duration,
    on_behind: Box<dyn Fn() + Send + Sync>,
}

impl ObservedStore {
    /// A read may take `most`. `on_behind` is called when the store does not know a time that was read from
    /// the cache, because the store was restored or replaced.
    pub(in crate::engine) fn new(
        inner: Arc<dyn Store>,
        metrics: Arc<Metrics>,
        most: Duration,
        on_behind: impl Fn() + Send + Sync + 'static,
    ) -> ObservedStore {
        let turns = ReadTurns::new(inner.readers());
        let troubles = Troubles::of(inner.name());
        ObservedStore { inner, metrics, turns, troubles, most, on_behind: Box::new(on_behind) }
    }

    fn span(&self, op: StoreOp, ty: &str) -> Span {
        traced!(
            "store",
            otel.name = format_args!("store {}", op.as_str()),
            otel.kind = "client",
            otel.status_code = Empty,
            db.system.name = self.inner.name(),
            db.operation.name = op.as_str(),
            db.collection.name = ty,
        )
    }

    /// A read that is cut off at its time-out, which includes the wait for a turn.
    async fn read<T>(
        &self,
        op: StoreOp,
        ty: &str,
        filter: Option<&Filter>,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let large = filter.is_some_and(|filter| filter.conditions() > LARGE);
        let work = async {
            let _turn = self.turns.take(large).await;
            work.await
        };
        let result = self.timed(op, ty, deadline::limited(self.most, work)).await;
        self.troubles.read(&result);
        result
    }

    async fn written<T>(
        &self,
        op: StoreOp,
        ty: &str,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let result = self.timed(op, ty, work).await;
        self.troubles.wrote(&result);
        result
    }

    async fn timed<T>(
        &self,
        op: StoreOp,
        ty: &str,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let span = self.span(op, ty);
        let (start, _under_way) = (Instant::now(), self.metrics.store_begins());
        let result = work.instrument(span.clone()).await;
        if result.is_err() {
            span.record("otel.status_code", "ERROR");
        }
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

    fn readers(&self) -> usize {
        self.inner.readers()
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let pinged = self.inner.ping().await;
        self.troubles.read(&pinged);
        pinged
    }

    fn fault(&self) -> Option<DiskFault> {
        self.inner.fault()
    }

    fn follow(&self) -> Option<&dyn Follow> {
        self.inner.follow()
    }

    fn removes_expired(&self) -> bool {
        self.inner.removes_expired()
    }

    fn outbox(&self) -> Option<&dyn Outbox> {
        self.inner.outbox()
    }

    async fn foreign_writes(&self) -> Result<bool, StoreError> {
        self.inner.foreign_writes().await
    }

    async fn get(&self, ty: &str, ids: &[Id], at: Time) -> Result<HashMap<Id, Doc>, StoreError> {
        self.read(StoreOp::Get, ty, None, self.inner.get(ty, ids, at)).await
    }

    async fn find(&self, find: &Find, at: Time) -> Result<Vec<Doc>, StoreError> {
        self.read(StoreOp::Find, &find.ty, Some(&find.filter), self.inner.find(find, at)).await
    }

    async fn find_each(
        &self,
        find: &Find,
        field: &str,
        values: &[Bson],
        at: Time,
    ) -> Result<Vec<Vec<Doc>>, StoreError> {
        self.read(StoreOp::Find, &find.ty, Some(&find.filter), self.inner.find_each(find, field, values, at))
            .await
    }

    async fn count(&self, ty: &str, filter: &Filter, at: Time) -> Result<u64, StoreError> {
        self.read(StoreOp::Count, ty, Some(filter), self.inner.count(ty, filter, at)).await
    }

    async fn count_each(
        &self,
        ty: &str,
        filter: &Filter,
        field: &str,
        values: &[Bson],
        at: Time,
    ) -> Result<Vec<u64>, StoreError> {
        self.read(StoreOp::Count, ty, Some(filter), self.inner.count_each(ty, filter, field, values, at))
            .await
    }

    async fn write(&self, writes: Vec<Write>) -> Vec<Result<Written, StoreError>> {
        let ops: Vec<StoreOp> = writes.iter().map(op_of).collect();
        // Writes sent together are mostly of one kind.
        let span = writes.first().map_or_else(Span::none, |first| self.span(op_of(first), first.ty()));
        let (start, _under_way) = (Instant::now(), self.metrics.store_begins());
        let results = self.inner.write(writes).instrument(span).await;
        for op in ops {
            self.metrics.store_operation(op, start.elapsed());
        }
        results.iter().for_each(|result| self.troubles.wrote(result));
        results
    }

    async fn insert_many(
        &self,
        ty: &str,
        documents: Vec<Document>,
    ) -> Result<(Vec<Result<(), StoreError>>, Time), StoreError> {
        self.written(StoreOp::Insert, ty, self.inner.insert_many(ty, documents)).await
    }

    async fn update_many(&self, ty: &str, filter: &Filter, patch: &Patch) -> Result<(u64, Time), StoreError> {
        self.written(StoreOp::Update, ty, self.inner.update_many(ty, filter, patch)).await
    }

    async fn delete_many(&self, ty: &str, filter: &Filter) -> Result<(u64, Time), StoreError> {
        self.written(StoreOp::Delete, ty, self.inner.delete_many(ty, filter)).await
    }
}
