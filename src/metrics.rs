//! Every metric, declared once: its name, its labels and what it counts.
//!
//! Scripts and dashboards depend on these names; `docs/operations.md` lists them. A [`Metrics`] belongs
//! to one application and is handed around in an `Arc`, so that two applications in one process count
//! apart. Every series whose labels are known beforehand is there with 0 from the start, and counting
//! is one atomic addition.

use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};

mod labels;

pub use labels::{
    CacheAction, CacheKind, CacheOp, CacheResult, ErrorCode, GraphqlKind, GraphqlOutcome, Label, Route,
    StoreOp,
};

/// Upper bounds of the latency histograms, in seconds: from a hit in memory to a store in trouble.
const SECONDS: [f64; 14] =
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// The content type of [`Metrics::render`].
pub const CONTENT_TYPE: &str = prometheus::TEXT_FORMAT;

/// The metrics of one application.
pub struct Metrics {
    registry: Registry,
    http_requests: IntCounterVec,
    http_seconds: HistogramVec,
    graphql_requests: Vec<Vec<IntCounter>>,
    graphql_errors: Vec<IntCounter>,
    cache_reads: Vec<Vec<IntCounter>>,
    cache_reconciled: Vec<IntCounter>,
    cache_seconds: Vec<Histogram>,
    cache_trusted: IntGauge,
    store_operations: Vec<IntCounter>,
    store_seconds: Vec<Histogram>,
    values_misfit: IntCounterVec,
}

impl Default for Metrics {
    fn default() -> Metrics {
        let registry = Registry::new();
        let counters = |name: &str, help: &str, labels: &[&str]| {
            register(&registry, IntCounterVec::new(Opts::new(name, help), labels))
        };
        let seconds = |name: &str, help: &str, labels: &[&str]| {
            let opts = HistogramOpts::new(name, help).buckets(SECONDS.to_vec());
            register(&registry, HistogramVec::new(opts, labels))
        };

        let http_requests =
            counters("oponn_http_requests_total", "HTTP requests answered.", &["route", "status"]);
        let http_seconds = seconds(
            "oponn_http_request_seconds",
            "Time from a request's head to its response's head.",
            &["route"],
        );
        for route in Route::ALL {
            http_requests.with_label_values(&[route.as_str(), "200"]);
            http_seconds.with_label_values(&[route.as_str()]);
        }
        let graphql_requests = counters(
            "oponn_graphql_requests_total",
            "GraphQL operations by kind, and how far they came.",
            &["kind", "outcome"],
        );
        let graphql_errors = counters(
            "oponn_graphql_errors_total",
            "Errors in GraphQL responses by their extensions.code.",
            &["code"],
        );
        let cache_reads = counters(
            "oponn_cache_reads_total",
            "Entities and pages read: hit, kept (in an answer that the cache confirmed), miss (filled from the store), joined (another read's fill), \
             bypass (the cache was not used).",
            &["kind", "result"],
        );
        let cache_reconciled =
            counters("oponn_cache_reconciled_total", "What writes did to cached batches.", &["action"]);
        let cache_seconds =
            seconds("oponn_cache_operation_seconds", "Time of operations on the cache.", &["op"]);
        let cache_trusted = IntGauge::new(
            "oponn_cache_trusted",
            "1 while the cache is used; 0 while it is out of reach or not yet cleared after that.",
        );
        let store_operations =
            counters("oponn_store_operations_total", "Operations sent to the store.", &["op"]);
        let store_seconds =
            seconds("oponn_store_operation_seconds", "Time of operations on the store.", &["op"]);
        let values_misfit = counters(
            "oponn_values_misfit_total",
            "Stored values met that do not fit their declared type.",
            &["type", "field"],
        );

        Metrics {
            graphql_requests: handles_of_two::<GraphqlKind, GraphqlOutcome>(&graphql_requests),
            graphql_errors: handles::<ErrorCode>(&graphql_errors),
            cache_reads: handles_of_two::<CacheKind, CacheResult>(&cache_reads),
            cache_reconciled: handles::<CacheAction>(&cache_reconciled),
            cache_seconds: histograms::<CacheOp>(&cache_seconds),
            cache_trusted: register(&registry, cache_trusted),
            store_operations: handles::<StoreOp>(&store_operations),
            store_seconds: histograms::<StoreOp>(&store_seconds),
            http_requests,
            http_seconds,
            values_misfit,
            registry,
        }
    }
}

impl Metrics {
    /// Counts an HTTP request.
    pub fn http_request(&self, route: Route, status: u16, took: Duration) {
        let mut digits = [0; 3];
        self.http_requests.with_label_values(&[route.as_str(), status_text(status, &mut digits)]).inc();
        self.http_seconds.with_label_values(&[route.as_str()]).observe(took.as_secs_f64());
    }

    /// Counts a GraphQL operation.
    pub fn graphql_request(&self, kind: GraphqlKind, outcome: GraphqlOutcome) {
        self.graphql_requests[kind.index()][outcome.index()].inc();
    }

    /// Counts an error of a GraphQL response.
    pub fn graphql_error(&self, code: ErrorCode) {
        self.graphql_errors[code.index()].inc();
    }

    /// Counts reads through the cache.
    pub fn cache_read(&self, kind: CacheKind, result: CacheResult, count: u64) {
        self.cache_reads[kind.index()][result.index()].inc_by(count);
    }

    /// Counts what a write did to a cached batch.
    pub fn cache_reconciled(&self, action: CacheAction, count: u64) {
        self.cache_reconciled[action.index()].inc_by(count);
    }

    /// Takes note of how long an operation on the cache took.
    pub fn cache_operation(&self, op: CacheOp, took: Duration) {
        self.cache_seconds[op.index()].observe(took.as_secs_f64());
    }

    /// Says whether the cache is used.
    pub fn set_cache_trusted(&self, trusted: bool) {
        self.cache_trusted.set(trusted.into());
    }

    /// Counts an operation on the store and takes note of how long it took.
    pub fn store_operation(&self, op: StoreOp, took: Duration) {
        self.store_operations[op.index()].inc();
        self.store_seconds[op.index()].observe(took.as_secs_f64());
    }

    /// Counts a stored value that does not fit its declared type.
    pub fn value_misfit(&self, ty: &str, field: &str) {
        self.values_misfit.with_label_values(&[ty, field]).inc();
    }

    /// Makes a field's misfit counter appear with 0.
    pub fn declare_field(&self, ty: &str, field: &str) {
        self.values_misfit.with_label_values(&[ty, field]);
    }

    /// Everything in Prometheus' text format.
    pub fn render(&self) -> String {
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .expect("what this file declares can be encoded: every family has a name and a type")
    }
}

/// Registers what this file declares; names are constant and distinct, so only a mistake in this file
/// can make it fail, and then the first test of any kind does.
fn register<C: Collector + Clone + 'static>(registry: &Registry, collector: prometheus::Result<C>) -> C {
    let collector = collector.expect("the names in this file are valid");
    registry.register(Box::new(collector.clone())).expect("the names in this file are distinct");
    collector
}

fn handles<L: Label>(counters: &IntCounterVec) -> Vec<IntCounter> {
    L::ALL.iter().map(|label| counters.with_label_values(&[label.as_str()])).collect()
}

fn handles_of_two<A: Label, B: Label>(counters: &IntCounterVec) -> Vec<Vec<IntCounter>> {
    let row = |a: &A| {
        B::ALL.iter().map(|b| counters.with_label_values(&[a.as_str(), b.as_str()])).collect::<Vec<_>>()
    };
    A::ALL.iter().map(row).collect()
}

fn histograms<L: Label>(histograms: &HistogramVec) -> Vec<Histogram> {
    L::ALL.iter().map(|label| histograms.with_label_values(&[label.as_str()])).collect()
}

/// The digits of a status code, without allocating.
fn status_text(status: u16, digits: &mut [u8; 3]) -> &str {
    for (place, digit) in digits.iter_mut().rev().enumerate() {
        *digit = b'0' + (status / 10_u16.pow(place as u32) % 10) as u8;
    }
    std::str::from_utf8(digits).unwrap_or("000")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_series_are_there_from_the_start() {
        let text = Metrics::default().render();
        for line in [
            r#"oponn_cache_reads_total{kind="batch",result="joined"} 0"#,
            r#"oponn_store_operations_total{op="find"} 0"#,
            r#"oponn_cache_reconciled_total{action="moved"} 0"#,
            r#"oponn_graphql_errors_total{code="BAD_USER_INPUT"} 0"#,
            r#"oponn_http_requests_total{route="graphql",status="200"} 0"#,
            "oponn_cache_trusted 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
        }
    }

    #[test]
    fn counts_go_where_they_belong() {
        let metrics = Metrics::default();
        metrics.cache_read(CacheKind::Entity, CacheResult::Miss, 3);
        metrics.http_request(Route::Graphql, 405, Duration::from_millis(2));
        metrics.value_misfit("Book", "price");
        let text = metrics.render();
        for line in [
            r#"oponn_cache_reads_total{kind="entity",result="miss"} 3"#,
            r#"oponn_cache_reads_total{kind="batch",result="miss"} 0"#,
            r#"oponn_http_requests_total{route="graphql",status="405"} 1"#,
            r#"oponn_http_request_seconds_bucket{route="graphql",le="0.0025"} 1"#,
            r#"oponn_http_request_seconds_bucket{route="graphql",le="0.001"} 0"#,
            r#"oponn_values_misfit_total{field="price",type="Book"} 1"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
        }
    }
}
