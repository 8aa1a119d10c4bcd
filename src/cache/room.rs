//! When a table index is too full, and which of its batches go then: the same in every backend. A backend goes in steps,
//! each of which looks at some entries.

use super::CacheLimits;

/// How many entries one step looks at.
pub(super) const SAMPLE: usize = 64;
/// How many entries of each shape are looked at: a shape is as idle as the least idle of them.
pub(super) const OF_SHAPE: usize = 8;
/// How many entries of a shape one step takes.
pub(super) const ENTRIES: usize = 100;
/// Steps at the most.
pub(super) const STEPS: usize = 256;

/// One in this many entries, and in this many shapes, of a full table index are freed.
const FREE_BATCHES: u64 = 100;
const FREE_SHAPES: u64 = 16;
/// One in this many entries that are looked at goes.
const IDLEST: usize = 4;

/// What a table index has too little room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scarce {
    /// More entries.
    Batches,
    /// More shapes.
    Shapes,
}

/// What a table index with so many entries and shapes has too little room for.
pub(super) fn scarce(entries: u64, shapes: u64, limits: &CacheLimits) -> Option<Scarce> {
    let least = |most: u64, part: u64| most.saturating_sub((most / part).max(1));
    if entries > least(limits.batches, FREE_BATCHES) {
        Some(Scarce::Batches)
    } else if shapes > least(limits.shapes, FREE_SHAPES) {
        Some(Scarce::Shapes)
    } else {
        None
    }
}

/// Of some entries, the part that has been idle for longest.
pub(super) fn idlest<T>(entries: Vec<T>, idle: Vec<u64>) -> Vec<T> {
    let count = entries.len().div_ceil(IDLEST);
    let mut all: Vec<(u64, T)> = idle.into_iter().zip(entries).collect();
    all.sort_by_key(|(idle, _)| std::cmp::Reverse(*idle));
    all.into_iter().take(count).map(|(_, entry)| entry).collect()
}
