//! The journal of the memory cache.

use std::collections::VecDeque;

use crate::cache::{JOURNAL, Topic};

/// The latest changes.
#[derive(Default)]
pub(super) struct Journal {
    /// How many there have been.
    pub number: u64,
    latest: VecDeque<Topic>,
}

impl Journal {
    /// Takes note of a change.
    pub fn tell(&mut self, topic: Topic) {
        self.number += 1;
        if self.latest.len() as u64 == JOURNAL {
            self.latest.pop_front();
        }
        self.latest.push_back(topic);
    }

    /// What has changed after the first `number` changes; `None` when that is too long ago.
    pub fn since(&self, number: u64) -> Option<Vec<Topic>> {
        let new = usize::try_from(self.number.checked_sub(number)?).ok()?;
        let from = self.latest.len().checked_sub(new)?;
        Some(self.latest.range(from..).copied().collect())
    }
}
