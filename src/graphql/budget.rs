//! What one operation may take: time, memory for its rows and its answer, conditions in its filters. The memory of all
//! operations under way is bounded as well.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::ApiLimits;
use super::error::ApiError;
use crate::engine::input::{FilterBudget, FilterLimits};
use crate::metrics::ErrorCode;
use crate::value::Doc;

/// One operation may take one part in this many of all memory.
const SHARE: u64 = 4;
/// Bytes of each operation that do not count towards the memory of all: small operations are let in while large ones
/// are turned away.
const FREE: u64 = 256 << 10;
/// Bytes that a row takes up besides its document.
const ROW: u64 = 256;

/// The memory of all operations under way.
#[derive(Clone)]
pub(super) struct Pool {
    timeout: Duration,
    most: u64,
    taken: Arc<AtomicU64>,
}

impl Pool {
    pub(super) fn new(limits: &ApiLimits) -> Pool {
        Pool { timeout: limits.timeout, most: limits.memory, taken: Arc::default() }
    }

    /// The budget of a new operation.
    pub(super) fn budget(&self) -> Budget {
        let filters = FilterBudget::new(&FilterLimits::default());
        let end = Instant::now() + self.timeout;
        let (held, taken) = (AtomicU64::new(0), AtomicU64::new(0));
        Budget { pool: self.clone(), held, taken, end, filters }
    }
}

/// What one operation may take, and has taken. Dropping the budget gives the memory back.
pub(super) struct Budget {
    pool: Pool,
    /// Bytes of everything the operation holds.
    held: AtomicU64,
    /// The part of `held` that is for rows and the answer.
    taken: AtomicU64,
    /// The deadline of the operation's reads.
    pub(super) end: Instant,
    /// The budget for the conditions of the operation's filters.
    pub(super) filters: FilterBudget,
}

impl Budget {
    /// Takes memory for the operation's text and plan, which have bounds of their own.
    pub(super) fn hold(&self, bytes: u64) -> Result<(), ApiError> {
        let before = self.held.fetch_add(bytes, Ordering::Relaxed);
        let counted = (before + bytes).saturating_sub(FREE) - before.saturating_sub(FREE);
        let all = self.pool.taken.fetch_add(counted, Ordering::Relaxed) + counted;
        if counted > 0 && all > self.pool.most {
            return Err(ApiError::no_memory());
        }
        Ok(())
    }

    /// Takes memory for rows and the answer.
    pub(super) fn take(&self, bytes: u64) -> Result<(), ApiError> {
        let most = self.pool.most / SHARE;
        if self.taken.fetch_add(bytes, Ordering::Relaxed) + bytes > most {
            let message = format!(
                "The operation takes more than {} KiB of rows and answer; ask for fewer rows or fields at once.",
                most / 1_024
            );
            return Err(ApiError::new(ErrorCode::TooComplex, message));
        }
        self.hold(bytes)
    }

    /// Whether the deadline has passed.
    pub(super) fn is_late(&self) -> bool {
        Instant::now() >= self.end
    }

    /// Takes memory for documents.
    pub(super) fn take_docs<'d>(&self, docs: impl Iterator<Item = &'d Doc>) -> Result<(), ApiError> {
        self.take(docs.map(|doc| doc.bytes().len() as u64 + ROW).sum())
    }
}

impl Drop for Budget {
    fn drop(&mut self) {
        let counted = self.held.load(Ordering::Relaxed).saturating_sub(FREE);
        self.pool.taken.fetch_sub(counted, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: u64 = 40 << 20;

    fn code<T>(taken: Result<T, ApiError>) -> Option<ErrorCode> {
        taken.err().map(|error| error.code)
    }

    #[test]
    fn one_may_take_a_share_and_all_no_more_than_there_is() {
        let pool = Pool::new(&ApiLimits { memory: MOST, ..ApiLimits::default() });
        let mut all: Vec<Budget> = (0..4).map(|_| pool.budget()).collect();
        for budget in &all {
            assert_eq!(code(budget.take(MOST / 4)), None);
        }
        // What is left of the pool is what the four took for free.
        let another = pool.budget();
        assert_eq!(code(another.take(4 * FREE)), None);
        assert_eq!(code(another.take(2 * FREE)), Some(ErrorCode::Overloaded));
        assert_eq!(code(pool.budget().hold(2 * FREE)), Some(ErrorCode::Overloaded));
        assert_eq!(code(all[0].take(1)), Some(ErrorCode::TooComplex));
        all.push(another);
        // Small operations are let in all the same.
        for _ in 0..100 {
            assert_eq!(code(pool.budget().take(FREE)), None);
        }
        drop(all);
        assert_eq!(pool.taken.load(Ordering::Relaxed), 0);
        assert_eq!(code(pool.budget().take(MOST / 4)), None);
    }

    #[test]
    fn a_text_takes_nothing_from_the_rows() {
        let pool = Pool::new(&ApiLimits { memory: MOST, ..ApiLimits::default() });
        let budget = pool.budget();
        assert_eq!(code(budget.hold(MOST / 2)), None);
        assert_eq!(code(budget.take(MOST / 4)), None);
        assert_eq!(code(budget.take(1)), Some(ErrorCode::TooComplex));
    }
}
