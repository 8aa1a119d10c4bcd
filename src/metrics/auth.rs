//! Metrics of who is let in.

use super::Metrics;
use super::declare::{Counters, Declare};
use super::labels::{AuthResult, JwksResult};

pub(super) struct AuthMetrics {
    requests: Counters<AuthResult>,
    fetches: Counters<JwksResult>,
}

impl AuthMetrics {
    pub(super) fn new(declare: &Declare<'_>) -> AuthMetrics {
        AuthMetrics {
            requests: declare.counters(
                "oponn_auth_requests_total",
                "Requests whose senders were to be identified, by what came of it.",
                "result",
            ),
            fetches: declare.counters(
                "oponn_auth_jwks_fetches_total",
                "Fetches of the keys of issuers, by what came of it.",
                "result",
            ),
        }
    }
}

impl Metrics {
    /// Counts a request whose sender was to be identified.
    pub fn authenticated(&self, result: AuthResult) {
        self.auth.requests.add(result, 1);
    }

    /// Counts a fetch of an issuer's keys.
    pub fn jwks_fetched(&self, result: JwksResult) {
        self.auth.fetches.add(result, 1);
    }
}
