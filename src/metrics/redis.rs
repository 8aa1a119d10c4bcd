//! Metrics of the traffic with Redis.

use std::time::Duration;

use prometheus::{Histogram, IntCounter, IntGauge};

use super::Metrics;
use super::declare::{Counters, Declare, UnderWay};
use super::labels::Direction;

pub(super) struct RedisMetrics {
    round_trips: IntCounter,
    commands: IntCounter,
    bytes: Counters<Direction>,
    seconds: Histogram,
    under_way: IntGauge,
}

impl RedisMetrics {
    pub(super) fn new(declare: &Declare<'_>) -> RedisMetrics {
        RedisMetrics {
            round_trips: declare.counter(
                "oponn_redis_round_trips_total",
                "Times that commands were sent to Redis and waited for together.",
            ),
            commands: declare.counter("oponn_redis_commands_total", "Commands sent to Redis."),
            bytes: declare.counters(
                "oponn_redis_bytes_total",
                "Bytes of commands and answers, without TLS.",
                "direction",
            ),
            seconds: declare.seconds(
                "oponn_redis_round_trip_seconds",
                "Time of a round trip, waiting to be written included.",
            ),
            under_way: declare
                .gauge("oponn_redis_in_flight", "Round trips under way or waiting to be written."),
        }
    }
}

impl Metrics {
    /// Counts the start of a round trip.
    pub fn redis_begins(&self, commands: usize, bytes: usize) -> UnderWay<'_> {
        self.redis.round_trips.inc();
        self.redis.commands.inc_by(commands as u64);
        self.redis.bytes.add(Direction::Sent, bytes as u64);
        UnderWay::new(&self.redis.under_way)
    }

    /// Counts the answers of a round trip.
    pub fn redis_answered(&self, bytes: usize, took: Duration) {
        self.redis.bytes.add(Direction::Received, bytes as u64);
        self.redis.seconds.observe(took.as_secs_f64());
    }
}
