//! Tracks writes until they have reached the cache, so that none is lost on the way.
//!
//! A write that has begun in the store is brought to the cache, whatever happens to the request. If a panic
//! drops it in between, its types are voided. A shutdown waits for the others.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::runtime::Handle;
use tokio::sync::watch;

use super::Core;
use crate::cache::Mark;
use crate::value::Time;

/// The unsettled writes of this server.
#[derive(Default)]
pub(super) struct Writing {
    /// The latest commit known when each of them began, so each commits later than that; and a number.
    begun: watch::Sender<BTreeSet<(Time, u64)>>,
    /// How many there have been.
    numbers: AtomicU64,
}

/// A write to these types, until the cache is right again.
pub(super) struct Unsettled {
    /// `None` once it has ended.
    core: Option<Arc<Core>>,
    types: Vec<Arc<str>>,
    begun: (Time, u64),
}

impl Core {
    /// Registers a write; call this before the store is asked to write.
    pub(super) fn unsettled(self: &Arc<Self>, types: impl IntoIterator<Item = Arc<str>>) -> Unsettled {
        let mut begun = (Time(0), self.writing.numbers.fetch_add(1, Ordering::Relaxed));
        self.writing.begun.send_modify(|writes| {
            begun.0 = self.at(Time(0));
            writes.insert(begun);
        });
        Unsettled { core: Some(self.clone()), types: types.into_iter().collect(), begun }
    }

    /// Resolves once no write is under way, in the store or from there to the cache.
    pub(super) async fn settled(&self) {
        // Cannot fail: the sender is still here.
        let _ = self.writing.begun.subscribe().wait_for(BTreeSet::is_empty).await;
    }

    /// Ends a write. Where nobody follows the store and no other server writes, this server itself knows how far the
    /// changes have been brought to the cache.
    async fn end(&self, begun: (Time, u64)) {
        let mark = self.cache.mark();
        let mut reached = Time(0);
        self.writing.begun.send_modify(|writes| {
            writes.remove(&begun);
            reached = writes.first().map_or_else(|| self.at(Time(0)), |(time, _)| *time);
        });
        self.reached(mark, reached).await;
    }

    /// Tells the cache how far it has got, where only this server knows.
    async fn reached(&self, mark: Mark, reached: Time) {
        if !self.cache.shared() && self.options.limits.freshness.is_none() {
            // If the cache is out of reach, it is cleared before it is used again.
            let _ = self.cache.reached(mark, reached).await;
        }
    }
}

impl Unsettled {
    /// Call this before the write is brought to the cache, with the time of its first change. If no other write is under
    /// way, all changes before that one are there, and it makes no suspect.
    pub(super) async fn committed(&self, earliest: Time) {
        let Some(core) = &self.core else { return };
        let mark = core.cache.mark();
        let alone = core.writing.begun.borrow().len() == 1;
        if alone {
            core.reached(mark, earliest).await;
        }
    }

    /// Ends the write: the cache is right, or knows that it cannot be trusted.
    pub(super) async fn settled(mut self) {
        if let Some(core) = self.core.take() {
            core.end(self.begun).await;
        }
    }
}

impl Drop for Unsettled {
    fn drop(&mut self) {
        let Some(core) = self.core.take() else { return };
        let (types, begun) = (std::mem::take(&mut self.types), self.begun);
        // Without a runtime there is nobody left who waits.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                core.void_unknown(types).await;
                core.end(begun).await;
            });
        }
    }
}
