//! Every metric, declared once: its name, its labels and what it counts.
//!
//! Scripts and dashboards depend on these names; `docs/operations.md` lists them. A [`Metrics`] belongs to
//! one application and is shared in an `Arc`, so that two applications in one process count separately.
//! Every series with labels known beforehand starts at 0, and counting takes a few atomic additions.

use prometheus::{Registry, TextEncoder};

mod auth;
mod cache;
mod declare;
mod events;
mod graphql;
mod http;
mod labels;
mod process;
mod quota;
mod redis;
mod store;
mod tail;

pub use auth::{AuthResult, JwksResult};
pub use declare::UnderWay;
pub use events::EventResult;
pub(crate) use labels::label;
pub use labels::{
    Bound, CacheAction, CacheKind, CacheOp, CacheResult, Direction, ErrorCode, FillResult, GraphqlKind,
    GraphqlOutcome, Joined, KeptKind, KeptResult, Label, Route, SavedUse, Stage, StoreOp, TailEvent,
    TailKeys,
};
pub use quota::QuotaKind;

use auth::AuthMetrics;
use cache::CacheMetrics;
use declare::Declare;
use events::EventMetrics;
use graphql::GraphqlMetrics;
use http::HttpMetrics;
use process::Process;
use quota::QuotaMetrics;
use redis::RedisMetrics;
use store::StoreMetrics;
use tail::TailMetrics;

use crate::version;

/// The content type of [`Metrics::render`].
pub const CONTENT_TYPE: &str = prometheus::TEXT_FORMAT;

/// The metrics of one application. Each family has a file for its methods.
pub struct Metrics {
    registry: Registry,
    http: HttpMetrics,
    auth: AuthMetrics,
    graphql: GraphqlMetrics,
    cache: CacheMetrics,
    store: StoreMetrics,
    redis: RedisMetrics,
    tail: TailMetrics,
    quota: QuotaMetrics,
    events: EventMetrics,
}

impl Default for Metrics {
    fn default() -> Metrics {
        let registry = Registry::new();
        let declare = Declare(&registry);
        let (http, graphql) = (HttpMetrics::new(&declare), GraphqlMetrics::new(&declare));
        let (cache, store) = (CacheMetrics::new(&declare), StoreMetrics::new(&declare));
        let (redis, tail) = (RedisMetrics::new(&declare), TailMetrics::new(&declare));
        let (auth, quota) = (AuthMetrics::new(&declare), QuotaMetrics::new(&declare));
        registry.register(Box::new(Process::new())).expect("its names are distinct from those above");
        let events = EventMetrics::new(&declare);
        let build =
            declare.open_gauges("oponn_build_info", "The build that runs; always 1.", &["version", "commit"]);
        build.with_label_values(&[version::NUMBER, version::COMMIT]).set(1);
        Metrics { http, auth, graphql, cache, store, redis, tail, quota, events, registry }
    }
}

impl Metrics {
    /// All metrics in Prometheus' text format.
    pub fn render(&self) -> String {
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .expect("what this module declares can be encoded: every family has a name and a type")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cache::DropReason;

    #[test]
    fn known_series_are_there_from_the_start() {
        let text = Metrics::default().render();
        for line in [
            r#"oponn_cache_reads_total{kind="batch",result="joined"} 0"#,
            r#"oponn_store_operations_total{op="find"} 0"#,
            r#"oponn_cache_reconciled_total{action="moved"} 0"#,
            r#"oponn_cache_batches_dropped_total{reason="departed"} 0"#,
            r#"oponn_cache_types_voided_total{reason="bulk"} 0"#,
            r#"oponn_cache_reconcile_batches_count{stage="touched"} 0"#,
            r#"oponn_graphql_errors_total{code="BAD_USER_INPUT"} 0"#,
            r#"oponn_graphql_kept_total{result="hit",what="plan"} 0"#,
            r#"oponn_http_requests_total{route="graphql",status="200"} 0"#,
            r#"oponn_redis_bytes_total{direction="received"} 0"#,
            r#"oponn_auth_requests_total{result="expired"} 0"#,
            r#"oponn_auth_jwks_fetches_total{result="garbage"} 0"#,
            r#"oponn_quota_refused_total{quota="points"} 0"#,
            "oponn_redis_round_trips_total 0",
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
        metrics.http_request(Route::Graphql, 418, Duration::from_millis(2));
        metrics.value_misfit("Book", "price");
        metrics.cache_dropped(DropReason::Rows);
        metrics.cache_settled(Duration::from_millis(2), 7, 1);
        drop(metrics.store_begins());
        let under_way = metrics.redis_begins(3, 120);
        let text = metrics.render();
        for line in [
            r#"oponn_cache_reads_total{kind="entity",result="miss"} 3"#,
            r#"oponn_cache_reads_total{kind="batch",result="miss"} 0"#,
            r#"oponn_http_requests_total{route="graphql",status="405"} 1"#,
            r#"oponn_http_requests_total{route="graphql",status="418"} 1"#,
            r#"oponn_http_request_seconds_bucket{route="graphql",le="0.0025"} 2"#,
            r#"oponn_http_request_seconds_bucket{route="graphql",le="0.001"} 0"#,
            r#"oponn_values_misfit_total{field="price",type="Book"} 1"#,
            r#"oponn_cache_batches_dropped_total{reason="rows"} 1"#,
            r#"oponn_cache_reconciled_total{action="dropped"} 1"#,
            r#"oponn_cache_reconcile_batches_bucket{stage="found",le="5"} 0"#,
            r#"oponn_cache_reconcile_batches_bucket{stage="found",le="10"} 1"#,
            r#"oponn_cache_reconcile_batches_bucket{stage="touched",le="1"} 1"#,
            "oponn_store_in_flight 0",
            "oponn_redis_in_flight 1",
            "oponn_redis_commands_total 3",
            r#"oponn_redis_bytes_total{direction="sent"} 120"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
        }
        drop(under_way);
        assert!(metrics.render().contains("oponn_redis_in_flight 0\n"));
    }
}
