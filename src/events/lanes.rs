//! The events of one sink: taken from the outbox, and delivered lane by lane.
//!
//! A lane whose event was not taken waits, and the others go on. When the sink takes no event at all, it is left alone for
//! a while, so that its events do not use up their tries.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::stream::{StreamExt, iter};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};
use uuid::Uuid;

use super::{RelayOptions, Sink, Undelivered};
use crate::engine::Engine;
use crate::metrics::EventResult;
use crate::probe::Point;
use crate::store::StoreError;
use crate::store::outbox::{Next, Outbox, Outgoing};

/// Events taken from the outbox at a time, of those that have been tried and of those that have not.
const TAKEN: u64 = 128;
/// Delivered events that are removed together.
const REMOVED: usize = 8;
/// From how many failures in a row on a sink is taken to be away, and how long it is left alone at the most.
const AWAY: u32 = 3;
const LEFT_ALONE: Duration = Duration::from_secs(30);

/// The lanes of one sink.
pub(super) struct Lanes<'a> {
    name: &'a str,
    sink: &'a dyn Sink,
    outbox: &'a dyn Outbox,
    engine: &'a Engine,
    options: &'a RelayOptions,
    /// Deliveries in a row that the sink was away for.
    away: AtomicU32,
}

impl<'a> Lanes<'a> {
    pub(super) fn new(
        name: &'a str,
        sink: &'a dyn Sink,
        outbox: &'a dyn Outbox,
        engine: &'a Engine,
        options: &'a RelayOptions,
    ) -> Lanes<'a> {
        Lanes { name, sink, outbox, engine, options, away: AtomicU32::new(0) }
    }

    /// Delivers for ever. `heard` changes when there may be new events.
    pub(super) async fn deliver(self, mut heard: watch::Receiver<()>) {
        let mut told = None;
        loop {
            heard.mark_unchanged();
            let pause = match self.round().await {
                Ok(_) if self.is_away() => {
                    self.pause(self.away.load(Ordering::Relaxed) - AWAY).min(LEFT_ALONE)
                }
                Ok(true) => continue,
                Ok(false) => self.options.poll,
                Err(error) => {
                    super::relay::tell(&error, &mut told);
                    self.options.poll
                }
            };
            match self.is_away() {
                true => sleep(pause).await,
                // A bell that is gone rings no more, and then this ends too.
                false => drop(timeout_at(Instant::now() + pause, heard.changed()).await),
            }
        }
    }

    /// Delivers what can be delivered now; whether there was anything.
    async fn round(&self) -> Result<bool, StoreError> {
        let now = now();
        let fresh = self.outbox.pending(self.name, false, now, TAKEN).await?;
        let again = self.outbox.pending(self.name, true, now, TAKEN).await?;
        let lanes: BTreeSet<String> = fresh.iter().map(Outgoing::lane).collect();
        // What comes after an event that waits, waits with it.
        let waiting = match lanes.is_empty() {
            true => BTreeMap::new(),
            false => self.outbox.waiting(&lanes).await?,
        };
        for (lane, due) in &waiting {
            self.outbox.hold(lane, *due).await?;
        }
        let mut work: BTreeMap<String, Vec<Outgoing>> = BTreeMap::new();
        let fresh = fresh.into_iter().filter(|event| !waiting.contains_key(&event.lane()));
        fresh.chain(again).for_each(|event| work.entry(event.lane()).or_default().push(event));
        let any = !work.is_empty() || !waiting.is_empty();
        if self.is_away() {
            // One event tells whether it still is.
            let one = work.into_values().next().map(|mut lane| lane.drain(..1).collect());
            return self.lane(one.unwrap_or_default()).await.map(|()| any);
        }
        let lane = async |events| if self.is_away() { Ok(()) } else { self.lane(events).await };
        let work = iter(work.into_values()).map(lane).buffer_unordered(self.options.at_once);
        let results: Vec<_> = work.collect().await;
        results.into_iter().collect::<Result<(), _>>()?;
        Ok(any)
    }

    /// Delivers the events of a lane, in order, until one is not taken.
    async fn lane(&self, events: Vec<Outgoing>) -> Result<(), StoreError> {
        let mut delivered: Vec<Uuid> = Vec::new();
        for event in events {
            self.engine.passes(Point::EventTaken).await;
            match self.sink.deliver(&event).await {
                Ok(()) => {
                    self.engine.passes(Point::EventDelivered).await;
                    self.away.store(0, Ordering::Relaxed);
                    self.engine.metrics().event(self.name, EventResult::Delivered);
                    delivered.push(event.id);
                    if delivered.len() == REMOVED {
                        self.outbox.delivered(&std::mem::take(&mut delivered)).await?;
                    }
                }
                Err(why) => {
                    // What is before it must not be delivered after it.
                    self.outbox.delivered(&std::mem::take(&mut delivered)).await?;
                    if !self.failed(event, why).await? {
                        break;
                    }
                }
            }
        }
        if !delivered.is_empty() {
            self.outbox.delivered(&delivered).await?;
        }
        Ok(())
    }

    /// Notes a failure; whether the lane goes on.
    async fn failed(&self, mut event: Outgoing, why: Undelivered) -> Result<bool, StoreError> {
        match why {
            Undelivered::Away(_) => self.away.fetch_add(1, Ordering::Relaxed),
            // It was there.
            Undelivered::Refused(_) => self.away.swap(0, Ordering::Relaxed),
        };
        let reason = why.to_string();
        event.error = Some(reason.clone());
        let next = match event.tries + 1 < self.options.tries {
            true => Next::Again(now() + millis(self.pause(event.tries))),
            false => Next::Dead,
        };
        self.outbox.failed(&event, next).await?;
        self.engine.metrics().event(self.name, EventResult::Failed);
        let Outgoing { id, sink, name, ty, document, tries, .. } = &event;
        match next {
            Next::Again(_) => {
                tracing::debug!(%id, sink, name, r#type = ty, document, tries, reason, "an event was not delivered");
                Ok(false)
            }
            Next::Dead => {
                self.engine.metrics().event(self.name, EventResult::Dead);
                tracing::error!(
                    %id, sink, name, r#type = ty, document, tries, reason,
                    "an event is a dead letter; `oponn events retry` has it tried again"
                );
                Ok(true)
            }
        }
    }

    fn is_away(&self) -> bool {
        self.away.load(Ordering::Relaxed) >= AWAY
    }

    /// The pause after so many failures before this one.
    fn pause(&self, failures: u32) -> Duration {
        let doubled = self.options.first_pause.saturating_mul(1_u32 << failures.min(20));
        doubled.min(self.options.longest_pause)
    }
}

fn now() -> i64 {
    bson::DateTime::now().timestamp_millis()
}

fn millis(pause: Duration) -> i64 {
    i64::try_from(pause.as_millis()).unwrap_or(i64::MAX / 2)
}
