//! The task that delivers events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::lanes::Lanes;
use super::turn::Turns;
use super::{RelayOptions, Sinks};
use crate::engine::Engine;
use crate::store::StoreError;
use crate::store::outbox::Outbox;

/// How often the sizes of the outbox are measured.
const MEASURE: Duration = Duration::from_secs(5);

/// Delivers the events of an engine's store.
pub struct Relay {
    engine: Arc<Engine>,
    sinks: Sinks,
    options: RelayOptions,
    turns: Mutex<Turns>,
}

impl Relay {
    /// A relay to these sinks.
    pub fn new(engine: Arc<Engine>, sinks: Sinks, options: RelayOptions) -> Relay {
        for name in sinks.keys() {
            engine.metrics().event_sink(name);
        }
        let turns = Mutex::new(Turns::new(options.turn));
        Relay { engine, sinks, options, turns }
    }

    /// Delivers events for ever, whenever it is this server's turn.
    pub async fn run(&self) {
        let Some(outbox) = self.engine.store().outbox() else { return };
        let mut told = None;
        loop {
            let turn = self.turns.lock().await.mine(outbox).await;
            match turn {
                Ok(Some(until)) => {
                    told = None;
                    tracing::info!("delivering events");
                    self.engine.metrics().relaying(true);
                    self.deliver_until(outbox, until).await;
                    self.engine.metrics().relaying(false);
                }
                Ok(None) => told = None,
                Err(error) => tell(&error, &mut told),
            }
            sleep(self.options.turn / 4).await;
        }
    }

    /// Leaves the turn to another server. Call it when [`Relay::run`] no longer runs.
    pub async fn resign(&self) {
        if let Some(outbox) = self.engine.store().outbox() {
            // Without it, the others take their turn a little later.
            let _ = self.turns.lock().await.resign(outbox).await;
        }
    }

    /// Delivers as long as the turn is renewed.
    async fn deliver_until(&self, outbox: &dyn Outbox, until: Instant) {
        let (renewed, valid) = watch::channel(until);
        let (bell, heard) = watch::channel(());
        tokio::select! {
            _ = join_all(self.sinks.iter().map(|(name, sink)| {
                let lanes = Lanes::new(name, sink.as_ref(), outbox, &self.engine, &self.options);
                lanes.deliver(heard.clone())
            })) => {}
            never = ring(outbox, &bell) => match never {},
            never = self.measure(outbox) => match never {},
            () = self.renew(outbox, &renewed) => tracing::info!("another server delivers events now"),
            () = expired(valid) => tracing::warn!("the turn to deliver events cannot be renewed"),
        }
    }

    /// Renews the turn until another server has it.
    async fn renew(&self, outbox: &dyn Outbox, renewed: &watch::Sender<Instant>) {
        let mut told = None;
        loop {
            sleep(self.options.turn / 4).await;
            let turn = self.turns.lock().await.mine(outbox).await;
            match turn {
                Ok(Some(until)) => drop(renewed.send_replace(until)),
                Ok(None) => return,
                Err(error) => tell(&error, &mut told),
            }
        }
    }

    /// Keeps the metrics of the outbox.
    async fn measure(&self, outbox: &dyn Outbox) -> Infallible {
        loop {
            if let Ok(backlog) = outbox.backlog().await {
                let now = bson::DateTime::now().timestamp_millis();
                for name in self.sinks.keys() {
                    let of = backlog.get(name).cloned().unwrap_or_default();
                    let lag = of.oldest.map_or(0, |oldest| now.saturating_sub(oldest).max(0));
                    self.engine.metrics().event_backlog(name, of.pending, of.dead, lag as f64 / 1_000.0);
                }
            }
            sleep(MEASURE).await;
        }
    }
}

/// Tells all sinks whenever this server has stored events.
async fn ring(outbox: &dyn Outbox, bell: &watch::Sender<()>) -> Infallible {
    loop {
        outbox.written().await;
        bell.send_replace(());
    }
}

/// Resolves when a turn has not been renewed in time.
async fn expired(valid: watch::Receiver<Instant>) {
    loop {
        let until = *valid.borrow();
        if until <= Instant::now() {
            return;
        }
        sleep_until(until).await;
    }
}

/// Logs each change of the reason once.
pub(super) fn tell(error: &StoreError, told: &mut Option<String>) {
    let reason = error.to_string();
    if told.as_ref() != Some(&reason) {
        tracing::warn!(reason, "the outbox cannot be used; no events are delivered");
    }
    *told = Some(reason);
}
