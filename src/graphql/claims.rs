//! Which operations are carried out at the same time, so that each finds the memory that it needs.
//!
//! Operations take memory as they go on. Too many large ones would each be given a part of it and none all that it needs,
//! and all would fail in the end. So whoever may need much claims it before it begins, and waits for its turn while it
//! holds nothing. How much that is, is a guess: by the number of values that the answer can have, and by what the same
//! operation, or others if it is new, has taken for each of them lately. One that takes more than it has claimed may
//! still find no memory left.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// How long an operation may wait: a client that is told to come again soon has more of it than one that waits for long.
const PATIENCE: Duration = Duration::from_secs(5);
/// One in this many of the operations that may be under way may wait.
const WAITING: usize = 4;
/// What is claimed in one piece.
const UNIT: u64 = 1 << 10;
/// Bytes for each value, as long as nothing has been learned.
const GUESS: u64 = 256;
/// The most bytes for a value that can be learned: one odd operation must not keep all others waiting.
const MOST: u64 = 4 << 10;
/// Rates are in as many parts of a byte: most lists have far fewer rows than they could.
const PARTS: u64 = 1 << 10;
/// Operations with fewer values teach nothing.
const TELLING: u64 = 500;
/// One in this many parts of what is known is learned anew from an operation that takes less.
const SLOWLY: u64 = 16;

/// The memory that can be claimed.
pub(super) struct Claims {
    memory: Arc<Semaphore>,
    places: Semaphore,
    /// What one operation may claim.
    share: u64,
    /// Of all operations.
    rate: Rate,
}

/// What operations have taken lately for each value that their answers can have; 0 as long as nothing is known.
#[derive(Debug, Default)]
pub(super) struct Rate(AtomicU64);

impl Rate {
    fn known(&self) -> Option<u64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|known| *known > 0)
    }

    /// Learns at once that more has been taken than was known, and slowly that it was less.
    fn learn(&self, took: u64) {
        let learned = |known: u64| match known {
            0 => Some(took),
            _ => Some(took.max(known - known.saturating_sub(took).div_ceil(SLOWLY))),
        };
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, learned);
    }
}

/// What an operation has claimed, until it is dropped.
pub(super) struct Claim {
    _memory: OwnedSemaphorePermit,
}

impl Claims {
    /// For operations that take as many bytes, of which one may take a share, when so many can be under way.
    pub(super) fn new(bytes: u64, share: u64, executions: usize) -> Claims {
        // The rest is for those that claim nothing, and those that take more than they have claimed.
        let claimed = (bytes - bytes / 4).max(share);
        let permits = |count: usize| Semaphore::new(count.min(Semaphore::MAX_PERMITS));
        Claims {
            memory: Arc::new(permits(usize::try_from(claimed / UNIT).unwrap_or(usize::MAX))),
            places: permits((executions / WAITING).max(1)),
            share,
            rate: Rate::default(),
        }
    }

    /// What an operation of this rate, with so many values, will presumably take.
    pub(super) fn guess(&self, rate: &Rate, values: u64) -> u64 {
        let each = rate.known().or_else(|| self.rate.known()).unwrap_or(GUESS * PARTS);
        let bytes = u128::from(values) * u128::from(each) / u128::from(PARTS);
        u64::try_from(bytes).unwrap_or(u64::MAX).min(self.share)
    }

    /// Claims as many bytes, after those who have asked before. `None` if too many wait already, or it takes too long.
    pub(super) async fn claim(&self, bytes: u64, end: Instant) -> Option<Claim> {
        let pieces = u32::try_from(bytes.min(self.share) / UNIT).ok()?;
        if let Ok(memory) = self.memory.clone().try_acquire_many_owned(pieces) {
            return Some(Claim { _memory: memory });
        }
        let _place = self.places.try_acquire().ok()?;
        let claimed = self.memory.clone().acquire_many_owned(pieces);
        let end = end.min(Instant::now() + PATIENCE);
        let memory = tokio::time::timeout_at(end, claimed).await.ok()?;
        Some(Claim { _memory: memory.expect("nobody closes the semaphore") })
    }

    /// Learns from an operation of this rate that has ended.
    pub(super) fn learn(&self, rate: &Rate, values: u64, bytes: u64) {
        if values < TELLING {
            return;
        }
        let took = (bytes.saturating_mul(PARTS) / values).clamp(1, MOST * PARTS);
        self.rate.learn(took);
        rate.learn(took);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const MIB: u64 = 1 << 20;

    fn later() -> Instant {
        Instant::now() + Duration::from_secs(3600)
    }

    #[tokio::test]
    async fn who_holds_nothing_waits_for_those_who_hold() {
        let claims = Claims::new(40 * MIB, 10 * MIB, 8);
        let mut held = Vec::new();
        for _ in 0..3 {
            held.push(claims.claim(10 * MIB, later()).now_or_never().flatten().expect("there is memory"));
        }
        let mut first = Box::pin(claims.claim(10 * MIB, later()));
        let mut second = Box::pin(claims.claim(MIB, later()));
        assert!((&mut first).now_or_never().is_none());
        assert!((&mut second).now_or_never().is_none());
        // Two may wait.
        assert!(claims.claim(MIB, later()).now_or_never().expect("it is refused at once").is_none());
        held.pop();
        let _first = (&mut first).now_or_never().flatten().expect("it is its turn");
        assert!((&mut second).now_or_never().is_none(), "the first one has taken all");
        held.pop();
        assert!((&mut second).now_or_never().flatten().is_some());
    }

    #[tokio::test]
    async fn nobody_waits_beyond_the_end() {
        let claims = Claims::new(40 * MIB, 10 * MIB, 8);
        let mut held = Vec::new();
        for _ in 0..3 {
            held.push(claims.claim(u64::MAX, later()).await.expect("there is memory"));
        }
        assert!(claims.claim(MIB, Instant::now()).await.is_none());
        drop(held);
        assert!(claims.claim(MIB, later()).await.is_some());
    }

    #[test]
    fn guesses_grow_at_once_and_shrink_slowly() {
        let (claims, rate) = (Claims::new(1 << 30, 1 << 28, 8), Rate::default());
        assert_eq!(claims.guess(&rate, 1_000), 1_000 * GUESS);
        claims.learn(&rate, 1_000, 1_000 * 320);
        assert_eq!(claims.guess(&rate, 1_000), 1_000 * 320);
        claims.learn(&rate, 1_000, 0);
        assert_eq!(claims.guess(&rate, 1_000), 300_000);
        for _ in 0..1_000 {
            claims.learn(&rate, 1_000, 0);
        }
        assert_eq!(claims.guess(&rate, 1_000), 0);
        claims.learn(&rate, TELLING - 1, u64::MAX);
        assert_eq!(claims.guess(&rate, 1_000), 0);
        claims.learn(&rate, TELLING, u64::MAX);
        assert_eq!(claims.guess(&rate, 1_000), 1_000 * MOST);
        assert_eq!(claims.guess(&rate, u64::MAX), 1 << 28);
    }

    #[test]
    fn an_operation_is_known_by_itself_and_a_new_one_by_others() {
        let claims = Claims::new(1 << 30, 1 << 28, 8);
        let (large, small, new) = (Rate::default(), Rate::default(), Rate::default());
        claims.learn(&small, 1_000_000, 2_000);
        assert_eq!(claims.guess(&new, 1_000_000), 1_953);
        claims.learn(&large, 1_000, 1_000_000);
        assert_eq!(claims.guess(&small, 1_000_000), 1_953);
        assert_eq!(claims.guess(&large, 1_000), 1_000_000);
        assert_eq!(claims.guess(&new, 1_000), 1_000_000);
    }

    #[test]
    fn absurd_bounds_are_bounds() {
        for (bytes, executions) in [(0, 0), (1, 1), (u64::MAX, usize::MAX)] {
            let claims = Claims::new(bytes, bytes / 4, executions);
            assert!(claims.claim(u64::MAX, later()).now_or_never().is_some());
        }
    }
}
