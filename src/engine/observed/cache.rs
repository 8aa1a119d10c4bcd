//! A cache that times its operations and reports whether it is trusted.

use std::sync::Arc;
use std::time::Instant;

use tracing::Instrument;
use tracing::field::Empty;

use crate::cache::{Around, Cache, CacheError, Parts};
use crate::metrics::{CacheOp, Label, Metrics};
use crate::telemetry::traced;

/// Wraps a cache to observe it.
pub(in crate::engine) fn observed(cache: Arc<dyn Cache>, metrics: Arc<Metrics>) -> Arc<dyn Cache> {
    let name = cache.name();
    Arc::new(Parts::of(cache).with(Observer { name, metrics }))
}

/// Times operations.
struct Observer {
    /// The cache's name.
    name: &'static str,
    metrics: Arc<Metrics>,
}

impl Around for Observer {
    async fn operation<T: Send>(
        &self,
        op: CacheOp,
        work: impl Future<Output = Result<T, CacheError>> + Send,
    ) -> Result<T, CacheError> {
        let start = Instant::now();
        let span = traced!(
            "cache",
            otel.name = format_args!("cache {}", op.as_str()),
            otel.kind = "client",
            otel.status_code = Empty,
            db.system.name = self.name,
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

    fn pinged(&self, answered: bool) {
        self.metrics.set_cache_trusted(answered);
    }
}
