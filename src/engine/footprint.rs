//! Records what a request has read, so that its answer can be kept until some of that data changes.

use parking_lot::Mutex;

use crate::cache::Topic;

/// Collects what one request reads through the engine.
#[derive(Debug)]
pub(super) struct Footprint(Mutex<Option<Read>>);

/// The data that was read, all of it from the cache.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Read {
    /// The topics that the reads depended on, sorted and without duplicates.
    pub topics: Vec<Topic>,
    /// How many entities were read.
    pub entities: u64,
    /// How many pages of batches were read.
    pub pages: u64,
    /// The moment at which the first of the documents that were read expires.
    pub until: Option<i64>,
}

impl Footprint {
    /// The footprint of a request that has read nothing yet.
    pub(super) fn new() -> Footprint {
        Footprint(Mutex::new(Some(Read::default())))
    }

    /// No footprint, for a request whose answer is not to be kept.
    pub(super) fn none() -> Footprint {
        Footprint(Mutex::new(None))
    }

    /// Notes that data came from elsewhere than the cache, so its changes will not be in the journal.
    pub(super) fn spoil(&self) {
        *self.0.lock() = None;
    }

    pub(super) fn add(&self, gather: impl FnOnce(&mut Read)) {
        if let Some(read) = &mut *self.0.lock() {
            gather(read);
        }
    }

    /// Notes that what was read holds until a moment, if it does not hold for ever.
    pub(super) fn holds_until(&self, moment: Option<i64>) {
        if moment.is_some() {
            self.add(|read| read.until = read.until.into_iter().chain(moment).min());
        }
    }

    /// The data that was read; `None` when not all of it came from the cache.
    pub(super) fn finish(self) -> Option<Read> {
        let mut read = self.0.into_inner()?;
        read.topics.sort_unstable();
        read.topics.dedup();
        // A footprint may be kept for long, and most topics came up more than once.
        read.topics.shrink_to_fit();
        Some(read)
    }
}
