//! Events on their way to sinks.

use prometheus::{GaugeVec, IntCounterVec, IntGauge, IntGaugeVec};

use super::declare::Declare;
use super::labels::label;
use super::{Label, Metrics};

label! {
    /// What came of the delivery of an event.
    EventResult {
        /// The sink has it.
        Delivered = "delivered",
        /// The sink did not take it.
        Failed = "failed",
        /// It has failed so often that nobody tries any more.
        Dead = "dead",
    }
}

pub(super) struct EventMetrics {
    deliveries: IntCounterVec,
    pending: IntGaugeVec,
    dead: IntGaugeVec,
    lag: GaugeVec,
    relaying: IntGauge,
}

impl EventMetrics {
    pub(super) fn new(declare: &Declare<'_>) -> EventMetrics {
        EventMetrics {
            deliveries: declare.open_counters(
                "oponn_events_deliveries_total",
                "Deliveries of events, by sink and by what came of them.",
                &["sink", "result"],
            ),
            pending: declare.open_gauges(
                "oponn_events_pending",
                "Events that are to be delivered, by sink; told by the server that delivers.",
                &["sink"],
            ),
            dead: declare.open_gauges(
                "oponn_events_dead",
                "Events that nobody tries to deliver any more, by sink; told by the server that delivers.",
                &["sink"],
            ),
            lag: declare.open_float_gauges(
                "oponn_events_lag_seconds",
                "Age of the oldest event that is to be delivered, by sink; told by the server that delivers.",
                &["sink"],
            ),
            relaying: declare
                .gauge("oponn_events_relaying", "Whether this server delivers the events (1) or not (0)."),
        }
    }
}

impl Metrics {
    /// Declares a sink.
    pub fn event_sink(&self, sink: &str) {
        for result in EventResult::ALL {
            self.events.deliveries.with_label_values(&[sink, result.as_str()]);
        }
    }

    /// Counts what came of a delivery.
    pub fn event(&self, sink: &str, result: EventResult) {
        self.events.deliveries.with_label_values(&[sink, result.as_str()]).inc();
    }

    /// Tells how many events of a sink there are, and how old the oldest is.
    pub fn event_backlog(&self, sink: &str, pending: u64, dead: u64, lag: f64) {
        let whole = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        self.events.pending.with_label_values(&[sink]).set(whole(pending));
        self.events.dead.with_label_values(&[sink]).set(whole(dead));
        self.events.lag.with_label_values(&[sink]).set(lag);
    }

    /// Tells whether this server delivers events. One that does not tells nothing of the outbox.
    pub fn relaying(&self, relaying: bool) {
        self.events.relaying.set(relaying.into());
        if !relaying {
            self.events.pending.reset();
            self.events.dead.reset();
            self.events.lag.reset();
        }
    }
}
