//! Metrics of GraphQL operations.

use std::time::Duration;

use prometheus::IntCounterVec;

use super::Metrics;
use super::declare::{Counters, CountersOfTwo, Declare, Histograms};
use super::labels::{ErrorCode, GraphqlKind, GraphqlOutcome, KeptKind, KeptResult, SavedUse};

pub(super) struct GraphqlMetrics {
    requests: CountersOfTwo<GraphqlKind, GraphqlOutcome>,
    seconds: Histograms<GraphqlKind>,
    errors: Counters<ErrorCode>,
    kept: CountersOfTwo<KeptKind, KeptResult>,
    saved: Counters<SavedUse>,
    misfits: IntCounterVec,
}

impl GraphqlMetrics {
    pub(super) fn new(declare: &Declare<'_>) -> GraphqlMetrics {
        GraphqlMetrics {
            requests: declare.counters_of_two(
                "oponn_graphql_requests_total",
                "GraphQL operations by kind, and how far they came.",
                ["kind", "outcome"],
            ),
            seconds: declare.seconds_by(
                "oponn_graphql_request_seconds",
                "Time of a GraphQL operation, from its text to its response.",
                "kind",
            ),
            errors: declare.counters(
                "oponn_graphql_errors_total",
                "Errors in GraphQL responses by their extensions.code.",
                "code",
            ),
            kept: declare.counters_of_two(
                "oponn_graphql_kept_total",
                "Operation texts, their plans, and answers to queries: hit (was kept), miss (had to be made).",
                ["what", "result"],
            ),
            saved: declare.counters(
                "oponn_graphql_saved_total",
                "Operations by how they were asked for: a saved one by id, name or text, an unknown one, another text.",
                "by",
            ),
            misfits: declare.open_counters(
                "oponn_values_misfit_total",
                "Stored values met that do not fit their declared type.",
                &["type", "field"],
            ),
        }
    }
}

impl Metrics {
    /// Counts a GraphQL operation.
    pub fn graphql_request(&self, kind: GraphqlKind, outcome: GraphqlOutcome) {
        self.graphql.requests.add(kind, outcome, 1);
    }

    /// Records the duration of an operation.
    pub fn graphql_took(&self, kind: GraphqlKind, took: Duration) {
        self.graphql.seconds.observe(kind, took.as_secs_f64());
    }

    /// Counts an error of a GraphQL response.
    pub fn graphql_error(&self, code: ErrorCode) {
        self.graphql.errors.add(code, 1);
    }

    /// Counts a look-up of data kept for an operation's text.
    pub fn graphql_kept(&self, what: KeptKind, result: KeptResult) {
        self.graphql.kept.add(what, result, 1);
    }

    /// Counts an operation by how it was asked for.
    pub fn graphql_saved(&self, by: SavedUse) {
        self.graphql.saved.add(by, 1);
    }

    /// Counts a stored value that does not fit its declared type.
    pub fn value_misfit(&self, ty: &str, field: &str) {
        self.graphql.misfits.with_label_values(&[ty, field]).inc();
    }

    /// Declares a field's misfit counter with 0.
    pub fn declare_field(&self, ty: &str, field: &str) {
        self.graphql.misfits.with_label_values(&[ty, field]);
    }
}
