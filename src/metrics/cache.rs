//! Metrics of the cache, for every backend.

use std::time::Duration;

use prometheus::{Histogram, IntCounter, IntCounterVec, IntGauge};

use super::Metrics;
use super::declare::{Counters, CountersOfTwo, Declare, Histograms};
use super::labels::{
    CacheAction, CacheKind, CacheOp, CacheResult, DROP_REASONS, FillResult, Joined, Label, Stage,
    VOID_REASONS,
};

/// Upper bounds of the histogram of batches.
const BATCHES: [f64; 13] =
    [0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0];

pub(super) struct CacheMetrics {
    reads: CountersOfTwo<CacheKind, CacheResult>,
    joins: Counters<Joined>,
    fills: Counters<FillResult>,
    reconciled: Counters<CacheAction>,
    repairs: IntCounter,
    dropped: IntCounterVec,
    evicted: IntCounter,
    voided: IntCounterVec,
    reconcile_seconds: Histogram,
    reconcile_batches: Histograms<Stage>,
    seconds: Histograms<CacheOp>,
    trusted: IntGauge,
}

impl CacheMetrics {
    pub(super) fn new(declare: &Declare<'_>) -> CacheMetrics {
        CacheMetrics {
            reads: declare.counters_of_two(
                "oponn_cache_reads_total",
                "Entities and pages read: hit, kept (in an answer that the cache confirmed), miss (filled from \
                 the store), joined (another read's fill), bypass (the cache was not used).",
                ["kind", "result"],
            ),
            joins: declare.counters(
                "oponn_cache_joins_total",
                "Reads that waited for another's: load (entities), flight (a fill of this server), lease (a \
                 fill of another server), look (at the cache's journal).",
                "of",
            ),
            fills: declare.counters(
                "oponn_cache_fills_total",
                "Lists read for the cache: kept, or refused by it (the lease was lost, the type voided or a \
                 bound hit meanwhile).",
                "result",
            ),
            reconciled: declare.counters(
                "oponn_cache_reconciled_total",
                "What writes did to cached batches.",
                "action",
            ),
            repairs: declare.counter(
                "oponn_cache_repairs_total",
                "Rows that a reader found out of line with their entity and brought in line.",
            ),
            dropped: declare.counters_of(
                "oponn_cache_batches_dropped_total",
                "Batches that could not absorb a change, and why.",
                "reason",
                &DROP_REASONS,
            ),
            evicted: declare.counter(
                "oponn_cache_evicted_total",
                "Entries of lists that nobody had read for long, removed from a full table index to make room.",
            ),
            voided: declare.counters_of(
                "oponn_cache_types_voided_total",
                "Times that everything cached of a type was voided, and why.",
                "reason",
                &VOID_REASONS,
            ),
            reconcile_seconds: declare.seconds(
                "oponn_cache_reconcile_seconds",
                "Time that a write took to bring the cache in line.",
            ),
            reconcile_batches: declare.histograms(
                "oponn_cache_reconcile_batches",
                "Batches per write: found (under the values of its documents), touched (of those, the ones \
                 that hold them before or after).",
                "stage",
                &BATCHES,
            ),
            seconds: declare.seconds_by(
                "oponn_cache_operation_seconds",
                "Time of operations on the cache.",
                "op",
            ),
            trusted: declare.gauge(
                "oponn_cache_trusted",
                "1 while the cache is used; 0 while it is out of reach or not yet cleared after that.",
            ),
        }
    }
}

impl Metrics {
    /// Counts reads through the cache.
    pub fn cache_read(&self, kind: CacheKind, result: CacheResult, count: u64) {
        self.cache.reads.add(kind, result, count);
    }

    /// Counts reads that join the work of another.
    pub fn cache_joined(&self, of: Joined, count: u64) {
        self.cache.joins.add(of, count);
    }

    /// Counts the result of a list read for the cache.
    pub fn cache_filled(&self, result: FillResult) {
        self.cache.fills.add(result, 1);
    }

    /// Counts the effect of a write on a cached batch.
    pub fn cache_reconciled(&self, action: CacheAction, count: u64) {
        self.cache.reconciled.add(action, count);
    }

    /// Counts entries that were removed to make room for others.
    pub fn cache_made_room(&self, entries: u64) {
        self.cache.evicted.inc_by(entries);
    }

    /// Counts a batch that could not absorb a change, for a `cache::DropReason`.
    pub fn cache_dropped(&self, reason: impl Label) {
        self.cache.reconciled.add(CacheAction::Dropped, 1);
        self.cache.dropped.with_label_values(&[reason.as_str()]).inc();
    }

    /// Counts types that were voided, for a `cache::VoidReason`.
    pub fn cache_voided(&self, reason: impl Label, count: u64) {
        self.cache.voided.with_label_values(&[reason.as_str()]).inc_by(count);
    }

    /// Counts rows that a reader brings in line.
    pub fn cache_repairs(&self, count: u64) {
        self.cache.repairs.inc_by(count);
    }

    /// Records a write's time to bring the cache in line, and the numbers of batches found and touched.
    pub fn cache_settled(&self, took: Duration, found: usize, touched: usize) {
        self.cache.reconcile_seconds.observe(took.as_secs_f64());
        self.cache.reconcile_batches.observe(Stage::Found, found as f64);
        self.cache.reconcile_batches.observe(Stage::Touched, touched as f64);
    }

    /// Records the duration of an operation on the cache.
    pub fn cache_operation(&self, op: CacheOp, took: Duration) {
        self.cache.seconds.observe(op, took.as_secs_f64());
    }

    /// Sets whether the cache is trusted.
    pub fn set_cache_trusted(&self, trusted: bool) {
        self.cache.trusted.set(trusted.into());
    }
}
