//! The bounds of a cache: past a bound, a batch is dropped or not made, never left wrong.

use std::time::Duration;

/// Bounds of a cache. The defaults suit a shared Redis of several gigabytes.
#[derive(Clone, Debug, PartialEq)]
pub struct CacheLimits {
    /// How long an entity or batch lives without being replaced. Each lifetime is up to a tenth shorter, at
    /// random, so that entries do not all expire at once.
    pub ttl: Duration,
    /// How long a lease is valid.
    pub lease: Duration,
    /// The maximum number of rows from a fill; a batch that writes make an eighth longer than that is dropped.
    pub rows: u64,
    /// The maximum number of hidden documents whose last change a batch remembers: rows that left it since
    /// the fill, and rows beyond its extent.
    pub departed: u64,
    /// The maximum number of deltas for a batch being filled.
    pub deltas: u64,
    /// The maximum number of index entries of one collection type; a batch has one, or several when its
    /// filter allows a field several values.
    pub batches: u64,
    /// The maximum number of shapes of one collection type.
    pub shapes: u64,
    /// The maximum size of a batch's definition, in bytes.
    pub definition: usize,
    /// The maximum size of a row's key, in bytes.
    pub row_key: usize,
    /// The maximum size of an entity's document, in bytes.
    pub entity: usize,
    /// The maximum size of a partition's documents together, in bytes. A single document may take a part of it, so that
    /// changes do not make it grow without a bound.
    pub partition: usize,
    /// The maximum number of batches that one change may touch; beyond it, the type is voided.
    pub matches: u64,
    /// The maximum size of a type's suspects, in bytes; beyond it, lists of the type do not count until the cache has
    /// reached the last of them. 0 keeps none, where nobody tells how far it has got.
    pub suspects: usize,
    /// For how long the cache may be read after the tailer has vouched for it, which bounds how late it shows
    /// the writes of other programs. `None`: nobody follows the store, and the cache shows what it has.
    pub freshness: Option<Duration>,
    /// The maximum size of the memory cache, in bytes; Redis has its own `maxmemory`.
    pub memory: u64,
}

/// Bytes of suspects of a type: some eighty documents, each of which a page that counts may have to look for.
const SUSPECTS: usize = 4_096;

/// The largest document of a partition takes one part in this many of its bytes.
const MEMBERS: usize = 64;
/// For how long a partition is taken for too large once it was.
const TOO_LARGE: Duration = Duration::from_secs(300);

impl CacheLimits {
    /// With suspects, if the cache is told how far it has got: by a tailer or, in memory, by the only server that has it.
    pub fn with_suspects(self, in_memory: bool) -> CacheLimits {
        let told = self.freshness.is_some() || in_memory;
        CacheLimits { suspects: if told { SUSPECTS } else { 0 }, ..self }
    }

    /// The maximum size of a document that is put into a partition, in bytes.
    pub fn member(&self) -> usize {
        (self.partition / MEMBERS).min(self.entity)
    }

    /// For how long a partition that has too many documents is not asked for again.
    pub(super) fn too_large(&self) -> Duration {
        self.ttl.min(TOO_LARGE)
    }

    /// The number of rows beyond which a growing batch is dropped.
    pub(super) fn most_rows(&self) -> u64 {
        self.rows.saturating_add(self.rows / 8)
    }

    /// The lifetime of something made now, given a random number.
    pub(super) fn jittered(&self, random: u64) -> Duration {
        // Steps of a thousandth of that tenth are fine enough.
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
            partition: 4 << 20,
            matches: 1_000,
            suspects: 0,
            freshness: None,
            memory: 256 << 20,
        }
    }
}
