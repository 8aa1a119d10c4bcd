//! Metrics of who is let in.

use super::Metrics;
use super::declare::{Counters, Declare};
use super::labels::label;

label! {
    /// What came of identifying the sender of a request.
    AuthResult {
        /// A token was taken.
        Token = "token",
        /// An API key was taken.
        Key = "key",
        /// There were no credentials, and none are needed.
        Anonymous = "anonymous",
        /// There were no credentials.
        Missing = "missing",
        /// The credentials are no credentials, or several.
        Malformed = "malformed",
        /// The token's issuer is unknown.
        Issuer = "issuer",
        /// The token is signed with another algorithm, or not at all.
        Algorithm = "algorithm",
        /// The token's key is unknown.
        UnknownKey = "unknown_key",
        /// The token's signature is wrong.
        Signature = "signature",
        /// The token has expired.
        Expired = "expired",
        /// The token is not valid yet.
        Early = "early",
        /// The token is for others.
        Audience = "audience",
        /// The token's kind or one of its claims is another one.
        Claim = "claim",
        /// The API key is unknown.
        UnknownApiKey = "unknown_api_key",
        /// The issuer's keys could not be fetched.
        KeysAway = "keys_away",
    }
}

label! {
    /// What came of a fetch of an issuer's keys.
    JwksResult {
        /// There were keys.
        Fetched = "fetched",
        /// The server was away.
        Away = "away",
        /// The server had no keys that can be used.
        Garbage = "garbage",
    }
}

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
