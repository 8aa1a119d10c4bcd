//! What filters may ask for: bounds of each, and a budget that all filters of one operation share.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Bounds of a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilterLimits {
    /// Levels of `and`, `or`, `not`, `some` and embedded objects at the most.
    pub depth: usize,
    /// Values of one `in`, `nin`, `hasAny` or `hasAll` at the most.
    pub values: usize,
    /// Operators and values of all filters of an operation at the most.
    pub total: usize,
    /// Bytes of memory that the patterns of all filters of an operation may take up, once they are compiled.
    pub patterns: usize,
}

impl Default for FilterLimits {
    fn default() -> FilterLimits {
        FilterLimits { depth: 16, values: 1_000, total: 4_000, patterns: 64 << 20 }
    }
}

/// What the filters of one operation may still use up, all together.
#[derive(Debug)]
pub struct FilterBudget {
    total: AtomicUsize,
    patterns: AtomicUsize,
}

impl FilterBudget {
    /// All that the limits give.
    pub fn new(limits: &FilterLimits) -> FilterBudget {
        FilterBudget { total: limits.total.into(), patterns: limits.patterns.into() }
    }

    /// Takes so many operators and values, if so many are left.
    pub(super) fn take_total(&self, count: usize) -> bool {
        take(&self.total, count)
    }

    /// Takes so many bytes of patterns, if so many are left.
    pub(super) fn take_patterns(&self, bytes: usize) -> bool {
        take(&self.patterns, bytes)
    }
}

fn take(left: &AtomicUsize, much: usize) -> bool {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(much)).is_ok()
}
