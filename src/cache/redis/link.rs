//! The shared state of all operations on one tag: the tag, the bounds, the epoch, and the sender.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use redis::{Cmd, Value};

use super::epoch::Epoch;
use super::following::Remarks;
use super::keys::Tag;
use super::phase::Need;
use super::reply::{self, Answer};
use super::send::Sender;
use super::trust::Trust;
use crate::cache::{CacheError, CacheLimits, VoidReason};
use crate::metrics::Metrics;

/// The link to the data under one tag.
pub(super) struct Link {
    pub tag: Tag,
    pub limits: CacheLimits,
    pub epoch: Epoch,
    /// What the tailer of this server follows.
    pub scope: OnceLock<String>,
    /// The types whose documents are in partitions.
    partitioned: OnceLock<BTreeSet<Arc<str>>>,
    pub remarks: Remarks,
    sender: Arc<Sender>,
    metrics: Arc<Metrics>,
}

impl Link {
    pub fn new(tag: Tag, limits: CacheLimits, trust: Arc<Trust>, metrics: Arc<Metrics>) -> Link {
        let sender = Arc::new(Sender::new(trust, metrics.clone()));
        let epoch = Epoch::new(tag.clone(), sender.clone(), life(&limits));
        let (scope, partitioned) = (OnceLock::new(), OnceLock::new());
        Link { tag, limits, epoch, scope, partitioned, remarks: Remarks::default(), sender, metrics }
    }

    /// Whether the cached data can be trusted.
    pub fn trust(&self) -> &Trust {
        &self.sender.trust
    }

    /// The same, to be kept.
    pub fn shared_trust(&self) -> Arc<Trust> {
        self.sender.trust.clone()
    }

    /// Sends commands and returns their answers, in order.
    pub async fn send(&self, need: Need, commands: Vec<Cmd>) -> Result<Vec<Answer>, CacheError> {
        self.sender.send(need, commands).await
    }

    /// Sends one command that brings a change, and returns its answer.
    pub async fn change(&self, command: Cmd) -> Result<Value, CacheError> {
        self.sender.change(command).await
    }

    /// Sends read commands and returns their values; leaves any error to the caller.
    pub async fn ask(&self, commands: Vec<Cmd>) -> Result<Vec<Value>, CacheError> {
        let answers = self.send(Need::Trust, commands).await?;
        answers.into_iter().map(reply::value).collect()
    }

    /// Counts types that were voided because their table indexes had lost entries.
    pub fn lost_index(&self, count: u64) {
        self.metrics.cache_voided(VoidReason::Index, count);
    }

    /// Tells which types are partitioned.
    pub fn partitioned(&self, types: &[Arc<str>]) {
        // Told once, when the engine begins.
        let _ = self.partitioned.set(types.iter().cloned().collect());
    }

    /// Whether a type is partitioned.
    pub fn is_partitioned(&self, ty: &str) -> bool {
        self.partitioned.get().is_some_and(|types| types.contains(ty))
    }

    /// Milliseconds that the meta hash and the indexes live after their last use.
    pub fn life(&self) -> u64 {
        life(&self.limits)
    }

    /// Milliseconds to live for something made now.
    pub fn ttl(&self, random: u64) -> u64 {
        millis(self.limits.jittered(random)).max(1)
    }
}

/// Longer than anything that depends on the meta hash and the indexes.
fn life(limits: &CacheLimits) -> u64 {
    millis((limits.ttl + limits.lease) * 2 + Duration::from_secs(60))
}

/// A duration in the form that Redis takes.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX >> 1)
}
