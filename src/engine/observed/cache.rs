//! A cache that times, and says whether it is trusted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use tracing::Instrument;
use tracing::field::Empty;

use crate::cache::{
    Batch, Cache, CacheError, EntitiesRead, Floor, Lease, LeaseState, Mark, News, Noted, PageRead, PageState,
    Place, Proved, Reconcile, Reconciled, TypeStats,
};
use crate::metrics::{CacheOp, Label, Metrics};
use crate::telemetry::traced;
use crate::value::{Change, Doc, EntityRef, Time};

/// Passes everything on to another cache and times it.
pub(in crate::engine) struct ObservedCache {
    inner: Arc<dyn Cache>,
    metrics: Arc<Metrics>,
}

impl ObservedCache {
    pub(in crate::engine) fn new(inner: Arc<dyn Cache>, metrics: Arc<Metrics>) -> ObservedCache {
        ObservedCache { inner, metrics }
    }

    async fn timed<T>(
        &self,
        op: CacheOp,
        work: impl Future<Output = Result<T, CacheError>>,
    ) -> Result<T, CacheError> {
        let start = Instant::now();
        let span = traced!(
            "cache",
            otel.name = format_args!("cache {}", op.as_str()),
            otel.kind = "client",
            otel.status_code = Empty,
            db.system.name = self.inner.name(),
            db.operation.name = op.as_str(),
        );
        let result = work.instrument(span.clone()).await;
        if result.is_err() {
            span.record("otel.status_code", "ERROR");
        }
        self.metrics.cache_operation(op, start.elapsed());
        self.metrics.set_cache_trusted(!matches!(result, Err(CacheError::Unavailable(_))));
        result
    }
}

#[async_trait]
impl Cache for ObservedCache {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn mark(&self) -> Mark {
        self.inner.mark()
    }

    async fn ping(&self) -> Result<(), CacheError> {
        let result = self.inner.ping().await;
        self.metrics.set_cache_trusted(result.is_ok());
        result
    }

    async fn read_entities(&self, entities: &[EntityRef]) -> Result<EntitiesRead, CacheError> {
        self.timed(CacheOp::ReadEntities, self.inner.read_entities(entities)).await
    }

    async fn fill_entities(
        &self,
        floor: &Floor,
        entities: &[(EntityRef, Option<Doc>)],
    ) -> Result<(), CacheError> {
        self.timed(CacheOp::FillEntities, self.inner.fill_entities(floor, entities)).await
    }

    async fn read_pages(&self, reads: &[PageRead]) -> Result<Vec<PageState>, CacheError> {
        self.timed(CacheOp::ReadPages, self.inner.read_pages(reads)).await
    }

    async fn news(&self, since: Option<Place>) -> Result<Option<News>, CacheError> {
        self.timed(CacheOp::News, self.inner.news(since)).await
    }

    async fn lease(&self, batches: &[Batch]) -> Result<Vec<LeaseState>, CacheError> {
        self.timed(CacheOp::Lease, self.inner.lease(batches)).await
    }

    async fn commit(&self, lease: &Lease, proved: &Proved) -> Result<bool, CacheError> {
        self.timed(CacheOp::Commit, self.inner.commit(lease, proved)).await
    }

    async fn release(&self, leases: &[Lease]) -> Result<(), CacheError> {
        self.timed(CacheOp::Release, self.inner.release(leases)).await
    }

    async fn filling(&self, batches: &[Batch]) -> Result<Vec<bool>, CacheError> {
        self.timed(CacheOp::Filling, self.inner.filling(batches)).await
    }

    async fn note(&self, mark: Mark, changes: &[Change]) -> Result<Vec<Noted>, CacheError> {
        self.timed(CacheOp::Note, self.inner.note(mark, changes)).await
    }

    async fn reconcile(&self, mark: Mark, rows: &[Reconcile]) -> Result<Vec<Reconciled>, CacheError> {
        self.timed(CacheOp::Reconcile, self.inner.reconcile(mark, rows)).await
    }

    async fn drop_types(&self, types: &[Arc<str>], at: Time) -> Result<(), CacheError> {
        self.timed(CacheOp::DropTypes, self.inner.drop_types(types, at)).await
    }

    async fn clear(&self) -> Result<(), CacheError> {
        self.timed(CacheOp::Clear, self.inner.clear()).await
    }

    async fn reset(&self) -> Result<(), CacheError> {
        self.timed(CacheOp::Clear, self.inner.reset()).await
    }

    async fn stats(&self) -> Result<BTreeMap<Arc<str>, TypeStats>, CacheError> {
        self.timed(CacheOp::Stats, self.inner.stats()).await
    }

    async fn sweep(&self) -> Result<u64, CacheError> {
        self.timed(CacheOp::Sweep, self.inner.sweep()).await
    }
}
