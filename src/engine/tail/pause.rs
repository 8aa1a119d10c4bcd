//! How long the tailer pauses between two reads of the feed. A read costs more than a write, for the store and for the
//! server, so changes that come one by one are read together.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::apply::Heard;

/// The pause while others write as well, whose changes are not seen before the tailer brings them.
const SHORT: Duration = Duration::from_millis(5);
/// The longest pause while all writers bring their changes to the cache themselves.
const LONG: Duration = Duration::from_millis(25);
/// How many changes a batch should have at the most: until it is read, their documents are suspects.
const FEW: u32 = 32;
/// From how many changes in a batch on the next one is read without a pause.
const MANY: u32 = 100;

/// The pace of one term.
#[derive(Default)]
pub(super) struct Pause {
    /// Whether writers had brought all changes of the last batch to the cache.
    settled: AtomicBool,
}

impl Pause {
    /// Takes note of the last batch.
    pub(super) fn heard(&self, heard: &Heard) {
        if heard.changes > 0 {
            self.settled.store(heard.unsettled == 0, Ordering::Relaxed);
        }
    }

    /// The pause after a batch of so many changes, read so long after the one before.
    pub(super) fn after(&self, changes: u32, since: Duration) -> Duration {
        match changes {
            0 | MANY.. => Duration::ZERO,
            _ if !self.settled.load(Ordering::Relaxed) => SHORT,
            _ => (since * FEW / changes).clamp(SHORT, LONG),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pause(unsettled: usize) -> Pause {
        let pause = Pause::default();
        pause.heard(&Heard { changes: 3, unsettled, ..Heard::default() });
        pause
    }

    #[test]
    fn changes_of_others_are_read_soon() {
        for since in [Duration::ZERO, SHORT, LONG, Duration::from_secs(600)] {
            assert_eq!(Pause::default().after(1, since), SHORT);
            assert_eq!(pause(1).after(99, since), SHORT);
        }
    }

    #[test]
    fn changes_that_are_settled_are_read_together_but_never_too_many() {
        let pause = pause(0);
        assert_eq!(pause.after(1, Duration::from_secs(600)), LONG);
        assert_eq!(pause.after(25, LONG), LONG);
        assert_eq!(pause.after(80, Duration::from_millis(20)), Duration::from_millis(8));
        assert_eq!(pause.after(80, Duration::ZERO), SHORT);
    }

    #[test]
    fn nothing_is_delayed_by_a_batch_without_changes_or_with_many() {
        for pause in [pause(0), pause(3)] {
            assert_eq!(pause.after(0, LONG), Duration::ZERO);
            assert_eq!(pause.after(MANY, LONG), Duration::ZERO);
            assert_eq!(pause.after(u32::MAX, LONG), Duration::ZERO);
        }
    }

    #[test]
    fn a_batch_without_changes_changes_nothing() {
        let pause = pause(0);
        pause.heard(&Heard::default());
        assert_eq!(pause.after(1, LONG), LONG);
    }
}
