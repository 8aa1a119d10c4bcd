//! How long the tailer pauses between two reads of the feed. A read costs more than a write, for the store and for the
//! server, so changes that come one by one are read together.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::apply::Heard;

/// The pause while others write much, whose changes are not seen before the tailer brings them.
const SHORT: Duration = Duration::from_millis(5);
/// The longest pause while writers bring their changes to the cache themselves.
const LONG: Duration = Duration::from_millis(25);
/// One in so many changes may be without a remark: some writers take long, and some remarks are lost.
const REST: usize = 4;
/// How many changes a batch should have at the most: until it is read, their documents are suspects.
const FEW: u32 = 32;
/// From how many changes in a batch on the next one is read without a pause.
const MANY: u32 = 100;

/// The pace of one term.
#[derive(Default)]
pub(super) struct Pause {
    /// Whether writers had brought the changes of the last batch to the cache.
    settled: AtomicBool,
}

impl Pause {
    /// Takes note of the last batch.
    pub(super) fn heard(&self, heard: &Heard) {
        if heard.changes > 0 {
            self.settled.store(heard.unsettled <= heard.changes / REST, Ordering::Relaxed);
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
    fn a_few_changes_without_a_remark_are_no_sign_of_others() {
        let of = |changes, unsettled| {
            let pause = Pause::default();
            pause.heard(&Heard { changes, unsettled, ..Heard::default() });
            pause.after(1, LONG)
        };
        assert_eq!([of(32, 8), of(32, 9), of(4, 1), of(3, 1)], [LONG, SHORT, LONG, SHORT]);
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
