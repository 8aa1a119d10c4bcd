//! The cache's clock beside this process's: a voucher lives by the former, and whoever waits for its end by the latter.

use std::time::{Duration, Instant};

use super::{DRIFT, Ended};
use crate::probe::without::{Mechanism, without};

/// Whether the cache's clock goes on as this process's does. Both may drift for long, so each reading is compared with the
/// one before.
pub(super) struct Clock {
    last: Option<Reading>,
    tolerance: Duration,
}

/// What the cache's clock said in milliseconds, at some moment between the question and the answer.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    pub(super) now: u64,
    pub(super) asked: Instant,
    pub(super) heard: Instant,
}

impl Clock {
    /// A clock by which vouchers count for so long. It may be set back by no more than what others wait in addition.
    pub(super) fn new(freshness: Duration) -> Clock {
        Clock { last: None, tolerance: freshness / DRIFT }
    }

    /// What the clock said, unless it has been set since the last reading.
    pub(super) fn check(&mut self, reading: Reading) -> Result<u64, Ended> {
        let last = self.last.replace(reading).unwrap_or(reading);
        // An answer may have been late, on either end.
        let least = reading.asked.saturating_duration_since(last.heard);
        let most = reading.heard.saturating_duration_since(last.asked);
        let passed = Duration::from_millis(reading.now.saturating_sub(last.now));
        let set = reading.now < last.now || passed + self.tolerance < least || passed > most + self.tolerance;
        if set && !without(Mechanism::Clock) { Err(Ended::Clock) } else { Ok(reading.now) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRESHNESS: Duration = Duration::from_secs(3);

    /// Readings, each with milliseconds: of the cache's clock, of the question and of the answer.
    fn goes_on(readings: &[(u64, u64, u64)]) -> bool {
        let (mut clock, began) = (Clock::new(FRESHNESS), Instant::now());
        let at = |millis| began + Duration::from_millis(millis);
        let reading = |&(now, asked, heard)| Reading { now, asked: at(asked), heard: at(heard) };
        readings.iter().map(reading).all(|reading| clock.check(reading).is_ok())
    }

    #[test]
    fn a_clock_that_runs_is_believed_however_late_its_answers_are() {
        assert!(goes_on(&[(9_000, 0, 1)]));
        assert!(goes_on(&[(9_000, 0, 1), (9_375, 375, 376), (9_750, 750, 751)]));
        // The question was late, and then the answer; and both of the next one.
        assert!(goes_on(&[(9_900, 0, 900), (10_275, 1_275, 1_276)]));
        assert!(goes_on(&[(9_000, 0, 900), (10_275, 1_275, 1_276)]));
        assert!(goes_on(&[(9_000, 0, 1), (9_375, 375, 1_300), (10_299, 1_300, 1_301)]));
        // A drift of one part in twenty.
        assert!(goes_on(&[(9_000, 0, 1), (9_357, 375, 376)]));
        assert!(goes_on(&[(9_000, 0, 1), (9_394, 375, 376)]));
    }

    #[test]
    fn a_clock_that_is_set_is_noticed() {
        assert!(!goes_on(&[(9_000, 0, 1), (8_999, 375, 376)]));
        assert!(!goes_on(&[(9_000, 0, 1), (9_175, 375, 376)]), "back by less than what has passed");
        assert!(!goes_on(&[(9_000, 0, 1), (9_575, 375, 376)]));
        assert!(!goes_on(&[(9_000, 0, 1), (9_375, 375, 376), (3_609_750, 750, 751)]));
        assert!(!goes_on(&[(9_000, 0, 900), (9_000, 1_275, 1_276)]));
    }
}
