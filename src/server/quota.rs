//! Quotas over HTTP: where a request is counted, and what its answer tells of that.
//!
//! The fields `RateLimit-Policy` and `RateLimit` are those of the draft of the IETF's working group HTTPAPI: lists of
//! structured fields.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;

use super::{client_address, share};
use crate::quota::{Allowance, Quotas, Unit};

/// What somebody may take per time.
pub(super) const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// What is left of it.
pub(super) const LEFT: HeaderName = HeaderName::from_static("ratelimit");

/// What senders of requests may take per time, and how they are told apart.
#[derive(Clone, Debug)]
pub struct QuotaOptions {
    /// The quotas.
    pub quotas: Arc<Quotas>,
    /// The networks of proxies that are believed whom they forward for.
    pub trusted_proxies: Vec<IpNet>,
}

impl QuotaOptions {
    /// The address that the current request is counted for.
    pub(super) fn address(&self, headers: &HeaderMap) -> IpAddr {
        // All requests come by connections; one that did not would be counted with its like.
        let peer = share::peer().unwrap_or(Ipv4Addr::UNSPECIFIED.into());
        client_address::of(peer, headers, &self.trusted_proxies)
    }
}

/// Tells in the head of an answer what may be taken and what is left.
pub(super) fn tell(allowance: &Allowance, headers: &mut HeaderMap) {
    let (mut policies, mut left) = (Vec::new(), Vec::new());
    // Requests are the unit that is meant when none is named.
    for (unit, name, named) in [(Unit::Requests, "requests", ""), (Unit::Points, "points", ";qu=\"points\"")]
    {
        let Some(rate) = allowance.rate(unit) else { continue };
        policies.push(format!("\"{name}\";q={};w={}{named}", rate.amount, rate.time.as_secs()));
        if let Some(standing) = allowance.standing(unit) {
            left.push(format!("\"{name}\";r={};t={}", standing.remaining, standing.seconds()));
        }
    }
    for (name, values) in [(POLICY, policies), (LEFT, left)] {
        if !values.is_empty()
            && let Ok(value) = HeaderValue::try_from(values.join(", "))
        {
            headers.insert(name, value);
        }
    }
}
