//! Delivers events: takes them from the outbox of the store and hands them to sinks, at least once, and for each document
//! in the order of its changes.
//!
//! Of all servers over one store, one relays at a time: the one whose turn it is. It gives up when it cannot renew its
//! turn, before another one takes it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::config::SinkSettings;

mod lanes;
mod log;
mod redis_stream;
mod relay;
mod sink;
#[cfg(feature = "sqs")]
mod sqs;
mod turn;
mod webhook;

pub use relay::Relay;
pub use sink::{Sink, Undelivered};

/// How a relay works.
#[derive(Clone, Debug)]
pub struct RelayOptions {
    /// How often the delivery of an event is tried before it is a dead letter.
    pub tries: u32,
    /// The pause after the first failure; it doubles.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// How often the outbox is looked at when nothing tells of events.
    pub poll: Duration,
    /// How long a turn counts that has not been renewed; others wait for twice as long.
    pub turn: Duration,
    /// Events of one sink that are under way at the same time.
    pub at_once: usize,
}

impl Default for RelayOptions {
    fn default() -> RelayOptions {
        RelayOptions {
            tries: 24,
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60 * 60),
            poll: Duration::from_millis(500),
            turn: Duration::from_secs(4),
            at_once: 16,
        }
    }
}

/// The configured sinks, by name.
pub type Sinks = BTreeMap<String, Arc<dyn Sink>>;

/// Makes the configured sinks. The error tells an operator what to change, all at once.
pub fn sinks(settings: &[SinkSettings]) -> Result<Sinks, Vec<String>> {
    let (mut sinks, mut faults) = (Sinks::new(), Vec::new());
    for one in settings {
        match sink::of(one) {
            Ok(sink) => drop(sinks.insert(one.name.clone(), sink)),
            Err(fault) => faults.push(format!("`events.sinks.{}`: {fault}", one.name)),
        }
    }
    if faults.is_empty() { Ok(sinks) } else { Err(faults) }
}
