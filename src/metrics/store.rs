//! Metrics of the store, for every backend.

use std::time::Duration;

use prometheus::{IntCounter, IntGauge};

use super::Metrics;
use super::declare::{Counters, Declare, Histograms, UnderWay};
use super::labels::StoreOp;

pub(super) struct StoreMetrics {
    operations: Counters<StoreOp>,
    seconds: Histograms<StoreOp>,
    under_way: IntGauge,
    expired: IntCounter,
}

impl StoreMetrics {
    pub(super) fn new(declare: &Declare<'_>) -> StoreMetrics {
        StoreMetrics {
            operations: declare.counters(
                "oponn_store_operations_total",
                "Operations sent to the store.",
                "op",
            ),
            seconds: declare.seconds_by(
                "oponn_store_operation_seconds",
                "Time of operations on the store.",
                "op",
            ),
            under_way: declare
                .gauge("oponn_store_in_flight", "Calls of the store under way or waiting for a connection."),
            expired: declare.counter(
                "oponn_store_expired_total",
                "Expired documents that oponn has removed from the store.",
            ),
        }
    }
}

impl Metrics {
    /// Counts a call of the store as under way.
    pub fn store_begins(&self) -> UnderWay<'_> {
        UnderWay::new(&self.store.under_way)
    }

    /// Counts expired documents that were removed.
    pub fn store_expired(&self, documents: u64) {
        self.store.expired.inc_by(documents);
    }

    /// Counts an operation on the store and records its duration.
    pub fn store_operation(&self, op: StoreOp, took: Duration) {
        self.store.operations.add(op, 1);
        self.store.seconds.observe(op, took.as_secs_f64());
    }
}
