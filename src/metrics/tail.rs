//! Metrics of the tailer, which follows the store's changes.

use prometheus::IntCounter;

use super::Metrics;
use super::declare::{Counters, Declare};
use super::labels::{TailEvent, TailKeys};

pub(super) struct TailMetrics {
    events: Counters<TailEvent>,
    keys: Counters<TailKeys>,
    ended: IntCounter,
    waited: IntCounter,
}

impl TailMetrics {
    pub(super) fn new(declare: &Declare<'_>) -> TailMetrics {
        TailMetrics {
            events: declare.counters(
                "oponn_tail_events_total",
                "Changes that the store has reported: settled (a server had brought it to the cache), applied (the \
                 tailer did), voided (types of which only that something has changed is known), expired (removals of \
                 documents that nobody saw any more).",
                "result",
            ),
            keys: declare.counters(
                "oponn_tail_keys_total",
                "Normalised values of unique keys that documents of other programs did not keep: written, duplicate \
                 (another document has them), failed (the store refused them).",
                "result",
            ),
            ended: declare.counter(
                "oponn_tail_ended_total",
                "How often following the store was broken off, to go on from what the cache has.",
            ),
            waited: declare.counter(
                "oponn_tail_waits_total",
                "Writes that could not be brought to the cache, and were acknowledged when nobody could read what \
                 was before them.",
            ),
        }
    }
}

impl Metrics {
    /// Counts changes that the store has reported.
    pub fn tail_events(&self, result: TailEvent, count: u64) {
        self.tail.events.add(result, count);
    }

    /// Counts a unique key whose normalised values another program had not kept.
    pub fn tail_keys(&self, result: TailKeys) {
        self.tail.keys.add(result, 1);
    }

    /// Counts an end of following the store.
    pub fn tail_ended(&self) {
        self.tail.ended.inc();
    }

    /// Counts a write that has to wait.
    pub fn tail_waited(&self) {
        self.tail.waited.inc();
    }
}
