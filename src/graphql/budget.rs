//! What one operation may take: time, memory for rows and its answer, conditions in its filters. Memory has a
//! bound for all operations under way together, too.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::ApiLimits;
use super::error::ApiError;
use crate::engine::input::{FilterBudget, FilterLimits};
use crate::metrics::ErrorCode;
use crate::value::Doc;

/// The share of all memory that one operation may take.
const SHARE: u64 = 4;
/// Bytes that a row takes up beside its document.
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

    /// What a new operation may take.
    pub(super) fn budget(&self) -> Budget {
        let filters = FilterBudget::new(&FilterLimits::default());
        let end = Instant::now() + self.timeout;
        Budget { pool: self.clone(), taken: AtomicU64::new(0), end, filters }
    }
}

/// What one operation may take, and has taken. It is given back at the operation's end.
pub(super) struct Budget {
    pool: Pool,
    taken: AtomicU64,
    /// By when its reads have to be done.
    pub(super) end: Instant,
    /// For the conditions of its filters.
    pub(super) filters: FilterBudget,
}

impl Budget {
    /// Takes memory, or says that there is none.
    pub(super) fn take(&self, bytes: u64) -> Result<(), ApiError> {
        let mine = self.taken.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let all = self.pool.taken.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let most = self.pool.most / SHARE;
        if mine > most {
            let message = format!(
                "The operation takes more than {} KiB of rows and answer; ask for fewer rows or fields at once.",
                most / 1_024
            );
            return Err(ApiError::new(ErrorCode::TooComplex, message));
        }
        if all > self.pool.most {
            let message = "The server has too many large operations under way; try again in a moment.";
            return Err(ApiError::new(ErrorCode::Unavailable, message));
        }
        Ok(())
    }

    /// Whether the time is over.
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
        self.pool.taken.fetch_sub(self.taken.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_may_take_a_share_and_all_no_more_than_there_is() {
        let pool = Pool::new(&ApiLimits { memory: 4_000, ..ApiLimits::default() });
        let code = |taken: Result<(), ApiError>| taken.err().map(|error| error.code);
        let all: Vec<Budget> = (0..5).map(|_| pool.budget()).collect();
        for budget in &all[..4] {
            assert_eq!(code(budget.take(1_000)), None);
        }
        assert_eq!(code(all[4].take(1)), Some(ErrorCode::Unavailable));
        assert_eq!(code(all[0].take(1)), Some(ErrorCode::TooComplex));
        drop(all);
        assert_eq!(code(pool.budget().take(1_000)), None);
        assert_eq!(pool.taken.load(Ordering::Relaxed), 0);
    }
}
