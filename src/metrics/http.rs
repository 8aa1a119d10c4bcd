//! Metrics of HTTP requests.

use std::time::Duration;

use prometheus::{IntCounter, IntCounterVec, IntGauge};

use super::Metrics;
use super::declare::{Counters, Declare, Histograms, UnderWay};
use super::labels::{Bound, Label, Route};

pub(super) struct HttpMetrics {
    /// By route, with its expected statuses.
    expected: Vec<Vec<(u16, IntCounter)>>,
    requests: IntCounterVec,
    seconds: Histograms<Route>,
    under_way: IntGauge,
    connections: IntGauge,
    bounds: Counters<Bound>,
}

/// The statuses of a route in normal operation.
fn statuses(route: Route) -> &'static [u16] {
    match route {
        Route::Graphql => &[200, 400, 401, 403, 405, 406, 408, 413, 415, 429, 500, 503],
        Route::Rest => &[200, 204, 304, 400, 401, 403, 404, 405, 406, 409, 415, 429, 500, 503],
        Route::Health => &[200, 503],
        Route::Graphiql | Route::Metrics => &[200],
        Route::Other => &[200, 404],
    }
}

impl HttpMetrics {
    pub(super) fn new(declare: &Declare<'_>) -> HttpMetrics {
        let requests = declare.open_counters(
            "oponn_http_requests_total",
            "HTTP requests answered.",
            &["route", "status"],
        );
        let counter = |route: Route, status: u16| {
            (status, requests.with_label_values(&[route.as_str(), &status.to_string()]))
        };
        let row = |route: &Route| statuses(*route).iter().map(|status| counter(*route, *status)).collect();
        HttpMetrics {
            expected: Route::ALL.iter().map(row).collect(),
            seconds: declare.seconds_by(
                "oponn_http_request_seconds",
                "Time from a request's head to its response's head.",
                "route",
            ),
            under_way: declare.gauge("oponn_http_in_flight", "HTTP requests under way."),
            connections: declare.gauge("oponn_http_connections", "Connections of clients."),
            bounds: declare.counters(
                "oponn_http_bounds_total",
                "Times that a client was turned away or cut off at a bound of the server.",
                "bound",
            ),
            requests,
        }
    }
}

impl Metrics {
    /// Counts an HTTP request as under way.
    pub fn http_begins(&self) -> UnderWay<'_> {
        UnderWay::new(&self.http.under_way)
    }

    /// Counts a connection as open.
    pub fn http_connected(&self) -> UnderWay<'_> {
        UnderWay::new(&self.http.connections)
    }

    /// Counts a client turned away or cut off at a bound.
    pub fn http_bound(&self, bound: Bound) {
        self.http.bounds.add(bound, 1);
    }

    /// Counts an HTTP request.
    pub fn http_request(&self, route: Route, status: u16, took: Duration) {
        match self.http.expected[route.index()].iter().find(|(expected, _)| *expected == status) {
            Some((_, counter)) => counter.inc(),
            None => self.http.requests.with_label_values(&[route.as_str(), &status.to_string()]).inc(),
        }
        self.http.seconds.observe(route, took.as_secs_f64());
    }
}
