//! Partitions kept in the process: a hot one is not read again until the journal tells of a change.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use super::topics;
use crate::cache::{Batch, Partition, Place, Topic};
use crate::engine::watch::Watch;
use crate::query::BatchKey;

/// Maximum lifetime, after which the cache is asked again. The journal does not tell of expiry.
const LIFE: Duration = Duration::from_secs(60);
/// Bytes of a partition, roughly, for the number that is expected.
const EXPECTED: u64 = 64 << 10;
/// Number of parts with locks of their own; the largest partition has to fit into one of them.
const SHARDS: usize = 4;

/// The partitions that a server keeps.
pub(super) struct Kept(Cache<BatchKey, Arc<Held>, Weight>);

/// A partition as it was read.
pub(super) struct Held {
    pub(super) partition: Arc<Partition>,
    topics: [Topic; 3],
    /// The place in the journal up to which it is right; every look moves its number, `valid`, forward.
    place: Place,
    valid: AtomicU64,
    until: Instant,
}

#[derive(Clone)]
struct Weight;

impl Weighter<BatchKey, Arc<Held>> for Weight {
    fn weight(&self, _: &BatchKey, held: &Arc<Held>) -> u64 {
        held.partition.bytes() as u64 + 512
    }
}

impl Kept {
    /// Keeps up to `bytes` bytes.
    pub(super) fn new(bytes: u64) -> Kept {
        let options = OptionsBuilder::new()
            .estimated_items_capacity(usize::try_from(bytes / EXPECTED).unwrap_or(0).max(1))
            .weight_capacity(bytes)
            .shards(SHARDS)
            .build()
            .expect("all that has to be given is given");
        Kept(Cache::with_options(options, Weight, DefaultHashBuilder::default(), DefaultLifecycle::default()))
    }

    /// The partition as it was last read.
    pub(super) fn get(&self, key: BatchKey) -> Option<Arc<Held>> {
        self.0.get(&key)
    }

    /// Keeps a partition that was read after this place in the journal.
    pub(super) fn keep(&self, batch: &Batch, partition: Arc<Partition>, place: Place) {
        let mut topics = topics(&batch.def.on, batch.key);
        topics.sort_unstable();
        let (valid, until) = (AtomicU64::new(place.number), Instant::now() + LIFE);
        self.0.insert(batch.key, Arc::new(Held { partition, topics, place, valid, until }));
    }
}

impl Held {
    /// Whether it is right as of the last look.
    pub(super) fn holds(&self, watch: &Watch) -> bool {
        let since = Place { number: self.valid.load(Ordering::Relaxed), ..self.place };
        let Some(now) = watch.unchanged(&self.topics, since).filter(|_| self.until > Instant::now()) else {
            return false;
        };
        self.valid.fetch_max(now.number, Ordering::Relaxed);
        true
    }
}
