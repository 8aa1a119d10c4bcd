//! The bounds of each filter, and the budget that all filters of one operation share.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Bounds of a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilterLimits {
    /// The maximum nesting of `and`, `or`, `not`, `some` and embedded objects.
    pub depth: usize,
    /// The maximum number of values of one `in`, `nin`, `hasAny` or `hasAll`.
    pub values: usize,
    /// The maximum number of operators and values in all filters of an operation together.
    pub total: usize,
    /// The maximum memory, in bytes, of the compiled patterns in all filters of an operation together.
    pub patterns: usize,
}

impl Default for FilterLimits {
    fn default() -> FilterLimits {
        FilterLimits { depth: 16, values: 1_000, total: 4_000, patterns: 64 << 20 }
    }
}

/// What is left for the filters of one operation, all together.
#[derive(Debug)]
pub struct FilterBudget {
    total: AtomicUsize,
    patterns: AtomicUsize,
}

impl FilterBudget {
    /// A full budget, as the limits grant it.
    pub fn new(limits: &FilterLimits) -> FilterBudget {
        FilterBudget { total: limits.total.into(), patterns: limits.patterns.into() }
    }

    /// Takes `count` operators and values, if that many are left.
    pub(super) fn take_total(&self, count: usize) -> bool {
        take(&self.total, count)
    }

    /// Takes `bytes` of patterns, if that many are left.
    pub(super) fn take_patterns(&self, bytes: usize) -> bool {
        take(&self.patterns, bytes)
    }
}

fn take(left: &AtomicUsize, much: usize) -> bool {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(much)).is_ok()
}
