//! Applies events of the feed to the cache, as a writer would.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{TryStreamExt, iter};

use crate::cache::{CacheError, Mark, VoidReason};
use crate::engine::Core;
use crate::metrics::TailEvent;
use crate::probe::without::{Mechanism, without};
use crate::store::follow::Event;
use crate::value::{Change, Time};

/// How many changes are brought to the cache together: one round trip of notes.
const CHUNK: usize = 128;
/// How many chunks are under way at once: while the cache works on one, the next is prepared.
const AT_ONCE: usize = 2;

/// How long a writer mostly takes from its commit to a cache that is right. The tailer gives it that time, unless
/// it has much to catch up with: doing the same work again does no harm, but costs more.
const UNDER_WAY: Duration = Duration::from_millis(5);
/// How often it gives writers that time where many write at once and each takes longer; and how often in vain, if some of
/// the changes were settled, so that there are writers.
const WAITS: usize = 20;
const STALLS: usize = 3;

/// What a batch of events has told about the control record.
#[derive(Default)]
pub(super) struct Heard {
    /// The time of the last beat or poke: all changes up to it have been applied.
    pub covered: Option<Time>,
    /// Whether a server waits for a beat.
    pub poked: bool,
    /// Changes, and how many of them no writer had brought to the cache.
    pub changes: usize,
    pub unsettled: usize,
}

impl Core {
    /// Brings a batch of events to the cache, in no particular order. On an error some may be missing there.
    pub(super) async fn apply(&self, mark: Mark, events: Vec<Event>) -> Result<Heard, CacheError> {
        let mut heard = Heard::default();
        let mut reached = Time::default();
        let (mut changes, mut voids, mut unkeyed, mut expired) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for event in events {
            match event {
                Event::Changed(change) => {
                    self.tail.unkeyed.freed_by(&change);
                    reached = reached.max(change.stamp.t);
                    match self.expiries.is_removal(&change) {
                        true => expired += 1,
                        false => changes.push(change),
                    }
                }
                Event::Voided { types, at } => voids.push((types, at)),
                Event::Unkeyed { ty, id } => unkeyed.push((ty, id)),
                Event::Beat { at, poked } => {
                    heard.covered = heard.covered.max(Some(at));
                    heard.poked |= poked;
                }
            }
        }
        self.saw(reached);
        unkeyed.into_iter().for_each(|(ty, id)| self.tail.unkeyed.add(ty, id));
        self.metrics.tail_events(TailEvent::Expired, expired);
        heard.changes = changes.len();
        heard.unsettled = self.apply_changes(mark, changes).await?;
        for (types, at) in voids {
            self.apply_void(&types, at).await?;
        }
        let reached = heard.covered.unwrap_or_default().max(reached);
        if reached > Time(0) {
            self.cache.reached(mark, reached).await?;
        }
        Ok(heard)
    }

    /// Returns how many of the changes no writer had brought to the cache.
    async fn apply_changes(&self, mark: Mark, changes: Vec<Change>) -> Result<usize, CacheError> {
        let all = changes.len();
        // Most changes were made through oponn, whose servers have brought them to the cache, or are about to.
        let mut changes = self.cache.unsettled(mark, changes).await?;
        let patience = match all - changes.len() {
            0 if all >= CHUNK => 0,
            0 => 1,
            _ => STALLS,
        };
        let mut stalled = 0;
        for _ in 0..WAITS {
            if changes.is_empty() || stalled == patience {
                break;
            }
            tokio::time::sleep(UNDER_WAY).await;
            let before = changes.len();
            changes = self.cache.unsettled(mark, changes).await?;
            stalled = if changes.len() < before { 0 } else { stalled + 1 };
        }
        self.metrics.tail_events(TailEvent::Settled, (all - changes.len()) as u64);
        if without(Mechanism::Tailer) {
            changes.clear();
        }
        iter(changes.chunks(CHUNK).map(Ok))
            .try_for_each_concurrent(AT_ONCE, |chunk| async move {
                self.bring(mark, chunk).await?;
                self.metrics.tail_events(TailEvent::Applied, chunk.len() as u64);
                Ok(())
            })
            .await?;
        Ok(changes.len())
    }

    async fn apply_void(&self, types: &[Arc<str>], at: Time) -> Result<(), CacheError> {
        self.saw(at);
        self.metrics.tail_events(TailEvent::Voided, types.len() as u64);
        self.cache.drop_types(types, at).await?;
        self.metrics.cache_voided(VoidReason::Foreign, types.len() as u64);
        Ok(())
    }
}
