//! The journal of the memory cache.

use std::collections::VecDeque;

use crate::cache::{JOURNAL, Topic};

/// The latest changes.
#[derive(Default)]
pub(super) struct Journal {
    /// The number of changes so far.
    pub number: u64,
    latest: VecDeque<Topic>,
}

impl Journal {
    /// Records a change.
    pub fn tell(&mut self, topic: Topic) {
        self.number += 1;
        if self.latest.len() as u64 == JOURNAL {
            self.latest.pop_front();
        }
        self.latest.push_back(topic);
    }

    /// The changes after the first `number`; `None` when the journal no longer reaches back that far.
    pub fn since(&self, number: u64) -> Option<Vec<Topic>> {
        let new = usize::try_from(self.number.checked_sub(number)?).ok()?;
        let from = self.latest.len().checked_sub(new)?;
        Some(self.latest.range(from..).copied().collect())
    }
}
