//! Troubles of the store in the log: one line when one begins, and one when it is over, however many requests fail of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::store::StoreError;

/// How long a store that has been out of reach has to answer without a failure to be taken for back. One that answers
/// some requests only is neither away nor back each time.
const BACK: Duration = Duration::from_secs(1);
/// How long no read may have been too slow: they are seldom all slow.
const FAST: Duration = Duration::from_secs(60);

/// The troubles of one store.
pub(super) struct Troubles {
    name: &'static str,
    away: Trouble,
    disk: Trouble,
    slow: Trouble,
}

/// Something that fails operations for a while.
struct Trouble {
    quiet: Duration,
    /// Whether there is one, for those who need not know when it was last seen.
    there: AtomicBool,
    seen: Mutex<Option<Instant>>,
}

impl Troubles {
    pub(super) fn of(name: &'static str) -> Troubles {
        let [away, disk, slow] = [BACK, BACK, FAST].map(Trouble::over_after);
        Troubles { name, away, disk, slow }
    }

    /// Takes note of how a read has ended.
    pub(super) fn read<T>(&self, result: &Result<T, StoreError>) {
        match result {
            Err(StoreError::Unavailable(cause) | StoreError::Unknown(cause)) => {
                if self.away.begins() {
                    tracing::warn!(store = self.name, cause, "the store is out of reach");
                }
            }
            Err(StoreError::Disk(fault, cause)) => {
                if self.disk.begins() {
                    tracing::warn!(store = self.name, %fault, cause, "the store cannot write");
                }
            }
            Err(StoreError::TimedOut(cause)) => {
                if self.slow.begins() {
                    tracing::warn!(
                        store = self.name,
                        cause,
                        "reads of the store are broken off, they take too long"
                    );
                }
            }
            // Whatever else it says, it answers.
            Ok(_)
            | Err(
                StoreError::TooLarge(_)
                | StoreError::Overloaded
                | StoreError::Duplicate { .. }
                | StoreError::Refused(_)
                | StoreError::Unacceptable(_)
                | StoreError::Behind(_)
                | StoreError::Internal(_),
            ) => {
                if self.away.ends() {
                    tracing::info!(store = self.name, "the store answers again");
                }
                if self.slow.ends() {
                    tracing::info!(store = self.name, "reads of the store are no longer broken off");
                }
            }
        }
    }

    /// Takes note of how a write has ended.
    pub(super) fn wrote<T>(&self, result: &Result<T, StoreError>) {
        self.read(result);
        if result.is_ok() && self.disk.ends() {
            tracing::info!(store = self.name, "the store can write again");
        }
    }
}

impl Trouble {
    fn over_after(quiet: Duration) -> Trouble {
        Trouble { quiet, there: AtomicBool::new(false), seen: Mutex::default() }
    }

    /// Notes that it has been seen; whether it has just begun.
    fn begins(&self) -> bool {
        self.there.store(true, Ordering::Relaxed);
        self.seen.lock().replace(Instant::now()).is_none()
    }

    /// Notes that it has not been seen where it could have been; whether that ends it.
    fn ends(&self) -> bool {
        if !self.there.load(Ordering::Relaxed) {
            return false;
        }
        let mut seen = self.seen.lock();
        let over = seen.is_some_and(|seen| seen.elapsed() >= self.quiet);
        if over {
            *seen = None;
            self.there.store(false, Ordering::Relaxed);
        }
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trouble_begins_and_ends_once() {
        let trouble = Trouble::over_after(Duration::ZERO);
        assert!(!trouble.ends());
        for _ in 0..2 {
            assert!(trouble.begins());
            assert!(!trouble.begins());
            assert!(trouble.ends());
            assert!(!trouble.ends());
        }
    }

    #[test]
    fn a_trouble_that_comes_and_goes_does_not_end() {
        let trouble = Trouble::over_after(Duration::MAX);
        assert!(trouble.begins());
        for _ in 0..3 {
            assert!(!trouble.ends());
            assert!(!trouble.begins());
        }
    }
}
