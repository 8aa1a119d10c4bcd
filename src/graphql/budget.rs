//! What one operation may take: time, memory for its rows and its answer, conditions in its filters.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::error::ApiError;
use super::pool::{Part, Pool};
use crate::engine::input::{FilterBudget, FilterLimits};
use crate::metrics::ErrorCode;
use crate::value::Doc;

/// Bytes of each operation that do not count towards the memory of all: small operations are let in while large ones
/// are turned away.
const FREE: u64 = 256 << 10;
/// Bytes that a row takes up besides its document.
const ROW: u64 = 256;

/// What one operation may take, and has taken. Dropping the budget gives the memory back.
pub(super) struct Budget {
    pool: Pool,
    /// Bytes of everything the operation holds.
    held: AtomicU64,
    /// What of `held` counts towards the memory of all.
    part: OnceLock<Part>,
    /// The part of `held` that is for rows and the answer.
    taken: AtomicU64,
    /// The deadline of the operation's reads.
    pub(super) end: Instant,
    /// The budget for the conditions of the operation's filters.
    pub(super) filters: FilterBudget,
}

impl Budget {
    /// The budget of an operation that begins now.
    pub(super) fn new(pool: &Pool, timeout: Duration) -> Budget {
        Budget {
            pool: pool.clone(),
            held: AtomicU64::new(0),
            part: OnceLock::new(),
            taken: AtomicU64::new(0),
            end: Instant::now() + timeout,
            filters: FilterBudget::new(&FilterLimits::default()),
        }
    }

    /// Takes memory for the operation's text and plan, which have bounds of their own.
    pub(super) fn hold(&self, bytes: u64) -> Result<(), ApiError> {
        let before = self.held.fetch_add(bytes, Ordering::Relaxed);
        let counted = (before + bytes).saturating_sub(FREE) - before.saturating_sub(FREE);
        if counted > 0 && !self.part.get_or_init(|| self.pool.part()).take(counted) {
            return Err(ApiError::no_memory());
        }
        Ok(())
    }

    /// Takes memory for rows and the answer.
    pub(super) fn take(&self, bytes: u64) -> Result<(), ApiError> {
        let most = self.pool.share();
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

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: u64 = 40 << 20;

    fn code<T>(taken: Result<T, ApiError>) -> Option<ErrorCode> {
        taken.err().map(|error| error.code)
    }

    fn budget(pool: &Pool) -> Budget {
        Budget::new(pool, Duration::from_secs(1))
    }

    #[test]
    fn one_may_take_a_share_and_all_no_more_than_there_is() {
        let pool = Pool::new(MOST);
        let mut all: Vec<Budget> = (0..4).map(|_| budget(&pool)).collect();
        for budget in &all {
            assert_eq!(code(budget.take(MOST / 4)), None);
        }
        // What is left of the pool is what the younger two took for free.
        let another = budget(&pool);
        assert_eq!(code(another.take(3 * FREE)), None);
        assert_eq!(code(another.take(FREE)), Some(ErrorCode::Overloaded));
        assert_eq!(code(budget(&pool).hold(2 * FREE)), Some(ErrorCode::Overloaded));
        assert_eq!(code(all[0].take(1)), Some(ErrorCode::TooComplex));
        all.push(another);
        // Small operations are let in all the same.
        for _ in 0..100 {
            assert_eq!(code(budget(&pool).take(FREE)), None);
        }
        drop(all);
        assert_eq!(code(budget(&pool).take(MOST / 4)), None);
    }

    #[test]
    fn a_text_takes_nothing_from_the_rows() {
        let budget = budget(&Pool::new(MOST));
        assert_eq!(code(budget.hold(MOST / 2)), None);
        assert_eq!(code(budget.take(MOST / 4)), None);
        assert_eq!(code(budget.take(1)), Some(ErrorCode::TooComplex));
    }
}
