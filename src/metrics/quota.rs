//! Metrics of what senders of requests may take per time.

use prometheus::IntCounter;

use super::Metrics;
use super::declare::{Counters, Declare};
use super::labels::label;

label! {
    /// The quota because of which the sender of a request was refused something.
    QuotaKind {
        /// Operations per time.
        Requests = "requests",
        /// The cost of operations per time.
        Points = "points",
        /// The cost of one operation, which is more than the whole quota.
        TooLarge = "too_large",
        /// Credentials per time that nobody vouches for.
        Failures = "failures",
    }
}

pub(super) struct QuotaMetrics {
    refused: Counters<QuotaKind>,
    unshared: IntCounter,
}

impl QuotaMetrics {
    pub(super) fn new(declare: &Declare<'_>) -> QuotaMetrics {
        QuotaMetrics {
            refused: declare.counters(
                "oponn_quota_refused_total",
                "Times that a sender of requests was refused because of a quota.",
                "quota",
            ),
            unshared: declare.counter(
                "oponn_quota_unshared_total",
                "Times that a server counted for itself because Redis was away.",
            ),
        }
    }
}

impl Metrics {
    /// Counts a refusal because of a quota.
    pub fn quota_refused(&self, quota: QuotaKind) {
        self.quota.refused.add(quota, 1);
    }

    /// Counts what was to be counted by all servers together, and was not.
    pub fn quota_unshared(&self) {
        self.quota.unshared.inc();
    }
}
