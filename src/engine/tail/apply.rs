//! Applies events of the feed to the cache, as a writer would.

use std::sync::Arc;
use std::time::Duration;

use crate::cache::{CacheError, Mark, VoidReason};
use crate::engine::Core;
use crate::metrics::TailEvent;
use crate::store::follow::Event;
use crate::value::{Change, Time};

/// How many changes are brought to the cache at a time.
const CHUNK: usize = 128;

/// How long a writer mostly takes from its commit to a cache that is right. The tailer gives it that time, unless
/// it has much to catch up with: doing the same work again does no harm, but costs more.
const UNDER_WAY: Duration = Duration::from_millis(5);

/// What a batch of events has told about the control record.
#[derive(Default)]
pub(super) struct Heard {
    /// The time of the last beat or poke: all changes up to it have been applied.
    pub covered: Option<Time>,
    /// Whether a server waits for a beat.
    pub poked: bool,
}

impl Core {
    /// Brings events to the cache. On an error some may be missing there.
    pub(super) async fn apply(&self, mark: Mark, events: Vec<Event>) -> Result<Heard, CacheError> {
        let mut heard = Heard::default();
        let mut reached = Time::default();
        let mut changes = Vec::new();
        for event in events {
            match event {
                Event::Changed(change) => {
                    reached = reached.max(change.stamp.t);
                    changes.push(change);
                    if changes.len() == CHUNK {
                        self.apply_changes(mark, std::mem::take(&mut changes)).await?;
                    }
                }
                Event::Voided { types, at } => self.apply_void(&types, at).await?,
                Event::Beat { at, poked } => {
                    heard.covered = heard.covered.max(Some(at));
                    heard.poked |= poked;
                }
            }
        }
        self.apply_changes(mark, changes).await?;
        // Not earlier: what voids a type comes last, whenever it happened.
        self.cache.reached(mark, heard.covered.unwrap_or_default().max(reached)).await?;
        Ok(heard)
    }

    async fn apply_changes(&self, mark: Mark, changes: Vec<Change>) -> Result<(), CacheError> {
        let all = changes.len();
        // Most changes were made through oponn, whose servers have brought them to the cache, or are about to.
        let mut changes = self.cache.unsettled(mark, changes).await?;
        if !changes.is_empty() && all < CHUNK {
            tokio::time::sleep(UNDER_WAY).await;
            changes = self.cache.unsettled(mark, changes).await?;
        }
        self.metrics.tail_events(TailEvent::Settled, (all - changes.len()) as u64);
        self.metrics.tail_events(TailEvent::Applied, changes.len() as u64);
        if changes.is_empty() {
            return Ok(());
        }
        self.bring(mark, &changes).await
    }

    async fn apply_void(&self, types: &[Arc<str>], at: Time) -> Result<(), CacheError> {
        self.saw(at);
        self.metrics.tail_events(TailEvent::Voided, types.len() as u64);
        self.cache.drop_types(types, at).await?;
        self.metrics.cache_voided(VoidReason::Foreign, types.len() as u64);
        Ok(())
    }
}
