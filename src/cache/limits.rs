//! The bounds of a cache: past one, a batch is dropped or not made, never left wrong.

use std::time::Duration;

/// Bounds of a cache. The defaults suit a shared Redis of some gigabytes.
#[derive(Clone, Debug, PartialEq)]
pub struct CacheLimits {
    /// How long an entity or batch lives without being replaced; each gets up to a tenth less at
    /// random, so that they do not all end at once.
    pub ttl: Duration,
    /// How long a lease holds.
    pub lease: Duration,
    /// Rows that a fill keeps at the most; a batch that writes have made an eighth longer is dropped.
    pub rows: u64,
    /// Documents outside a batch whose last change it remembers, at the most: rows that left it since
    /// it was filled, and rows beyond its extent.
    pub departed: u64,
    /// Deltas that a batch being filled takes at the most.
    pub deltas: u64,
    /// Index entries of one collection type at the most; a batch has one, or several when its filter
    /// allows a field several values.
    pub batches: u64,
    /// Shapes of one collection type at the most.
    pub shapes: u64,
    /// Bytes of a batch's definition at the most.
    pub definition: usize,
    /// Bytes of a row's key at the most.
    pub row_key: usize,
    /// Bytes of an entity's document at the most.
    pub entity: usize,
    /// Batches that one change may touch at the most; past it, the type is dropped.
    pub matches: u64,
    /// Bytes that the memory cache keeps at the most; Redis has its own `maxmemory`.
    pub memory: u64,
}

impl CacheLimits {
    /// Rows with which a batch is dropped when it grows beyond them.
    pub(super) fn most_rows(&self) -> u64 {
        self.rows.saturating_add(self.rows / 8)
    }

    /// How long something made now lives, given a random number.
    pub(super) fn jittered(&self, random: u64) -> Duration {
        // A thousandth of a tenth is fine enough.
        self.ttl - self.ttl / 10_000 * u32::try_from(random % 1_000).unwrap_or(0)
    }
}

impl Default for CacheLimits {
    fn default() -> CacheLimits {
        CacheLimits {
            ttl: Duration::from_secs(24 * 60 * 60),
            lease: Duration::from_secs(10),
            rows: 10_000,
            departed: 1_000,
            deltas: 4_096,
            batches: 200_000,
            shapes: 256,
            definition: 4_096,
            row_key: 1_024,
            entity: 1 << 20,
            matches: 1_000,
            memory: 256 << 20,
        }
    }
}
