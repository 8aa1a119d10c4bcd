//! The one path of every write: the store first, then the cache, then the answer.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Core;
use super::reconcile::{Brought, tell};
use crate::cache::{Mark, VoidReason};
use crate::probe::Point;
use crate::probe::without::{Mechanism, without};
use crate::value::{Change, Time};

/// Longer than any store waits for a write to finish.
const AFTERMATH: Duration = Duration::from_secs(60);

/// The effect of a write on the store, as far as it is known.
pub(super) enum Effect {
    /// These documents changed. Each is reconciled on its own up to `EngineOptions::bulk`; beyond that, their
    /// types are voided.
    Changes(Vec<Change>),
    /// Unknown documents of these types changed, none of them after `at`.
    Voided { types: Vec<Arc<str>>, at: Time },
    /// Documents of these types may have changed, or may yet change.
    Unknown(Vec<Arc<str>>),
}

impl Core {
    /// Carries out a write to documents of these types, and brings its effects to the cache before returning
    /// its result. From then on no read sees the state before the write: the cache is right, or it is out of
    /// reach and will not be trusted before it is.
    ///
    /// The effects reach the cache even when the caller stops waiting, as long as the future itself is driven
    /// to completion. If the future is dropped, the types are voided.
    pub(super) async fn commit<T>(
        self: &Arc<Self>,
        types: impl IntoIterator<Item = Arc<str>>,
        write: impl Future<Output = (T, Vec<Effect>)>,
    ) -> T {
        let mark = self.cache.mark();
        let unsettled = self.unsettled(types);
        let (result, effects) = write.await;
        let committed = Instant::now();
        self.passes(Point::WriteCommitted).await;
        if let Some(earliest) = earliest(&effects) {
            unsettled.committed(earliest).await;
        }
        for effect in effects {
            let (at, brought) = self.bring_effect(mark, effect).await;
            if at > Time(0) && !brought && !without(Mechanism::Acknowledgement) {
                self.passes(Point::WriteUnseen).await;
                self.followed(at, committed).await;
            }
        }
        self.passes(Point::WriteSeen).await;
        unsettled.settled().await;
        result
    }

    /// Brings an effect to the cache. Returns the time of the last commit in it (0: nothing is to be acknowledged),
    /// and whether all readers of the cache see it.
    async fn bring_effect(&self, mark: Mark, effect: Effect) -> (Time, bool) {
        match effect {
            Effect::Changes(changes) if changes.len() > self.options.bulk => {
                let at = latest(&changes);
                let types = changes.iter().map(|change| change.entity.ty.clone());
                (at, self.seen_by_all(self.void_vouched(types, at)).await)
            }
            Effect::Changes(changes) => {
                (latest(&changes), self.seen_by_all(self.settle(mark, &changes)).await)
            }
            Effect::Voided { types, at } => (at, self.seen_by_all(self.void_vouched(types, at)).await),
            Effect::Unknown(types) => {
                self.void_unknown(types).await;
                (Time(0), true)
            }
        }
    }

    /// Whether a step has been taken on the cache that everybody reads. Several processes of a shared cache may be
    /// there at a time, but only one of them is vouched for.
    async fn seen_by_all(&self, step: impl Future<Output = Brought>) -> bool {
        if !self.cache.shared() || self.options.limits.freshness.is_none() {
            step.await;
            return true;
        }
        let session = self.cache.session();
        let Brought::Taken { vouched } = step.await else { return false };
        // Over another connection, a part of the step may have been taken elsewhere.
        let vouched = vouched || without(Mechanism::AcknowledgedVoucher);
        vouched && (self.cache.session() == session || without(Mechanism::AcknowledgedSession))
    }

    async fn void_vouched(&self, types: impl IntoIterator<Item = Arc<str>>, at: Time) -> Brought {
        match self.void(types, at, VoidReason::Bulk).await {
            true => Brought::Taken { vouched: self.vouched().await },
            false => Brought::Failed,
        }
    }

    /// Voids the types' cached data, and returns whether that was possible. No commit that the cache has not been told of may be later than `at`.
    pub(super) async fn void(
        &self,
        types: impl IntoIterator<Item = Arc<str>>,
        at: Time,
        reason: VoidReason,
    ) -> bool {
        self.saw(at);
        let types: Vec<Arc<str>> = types.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        if types.is_empty() || without(Mechanism::Voiding) {
            return true;
        }
        match self.cache.drop_types(&types, at).await {
            Ok(()) => {
                self.metrics.cache_voided(reason, types.len() as u64);
                true
            }
            Err(error) => {
                tell(&error, "cached types could not be voided");
                false
            }
        }
    }

    /// Voids the cached data of types to which a write of unknown outcome may still be under way: once now,
    /// and again when the store has certainly given that write up.
    pub(super) async fn void_unknown(&self, types: Vec<Arc<str>>) {
        if types.is_empty() {
            return;
        }
        if without(Mechanism::UnknownOutcome) {
            return;
        }
        self.void(types.iter().cloned(), Time(0), VoidReason::Unknown).await;
        let (cache, tasks) = (self.cache.clone(), self.tasks.clone());
        self.tasks.spawn(async move {
            // At the end of the program the second time comes early: later there is nobody left for it.
            let _ = tokio::time::timeout(AFTERMATH, tasks.ending()).await;
            // If the cache is out of reach, it is cleared before it is used again.
            let _ = cache.drop_types(&types, Time(0)).await;
        });
    }
}

/// The time of the first change, if there are any and all are told one by one.
fn earliest(effects: &[Effect]) -> Option<Time> {
    let mut first = None;
    for effect in effects {
        match effect {
            Effect::Changes(changes) => {
                let times = first.into_iter().chain(changes.iter().map(|change| change.stamp.t));
                first = if without(Mechanism::FirstChange) { times.max() } else { times.min() };
            }
            Effect::Unknown(types) if types.is_empty() => {}
            Effect::Voided { .. } | Effect::Unknown(_) => return None,
        }
    }
    first
}

/// The time of the last commit among changes; 0 if there are none.
fn latest(changes: &[Change]) -> Time {
    changes.iter().map(|change| change.stamp.t).max().unwrap_or_default()
}
