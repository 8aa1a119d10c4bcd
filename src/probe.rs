//! What tests may do inside a server. At a point between two steps of the cache's protocol they can stop it, and have it
//! go on when something else has happened, or never. And they can have it do without a mechanism.
//!
//! Only builds with the feature `probes`, those of tests and benchmarks, have any of this. In any other build a point is
//! nothing at all, and no mechanism is missing.

#[cfg(feature = "probes")]
mod points;

pub mod without;

#[cfg(feature = "probes")]
pub use points::{Held, hold, point};

/// A point between two steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// A write is in the store, and the cache has not heard of it.
    WriteCommitted,
    /// The entities of a write are noted, and its batches are found but not reconciled.
    WriteNoted,
    /// A write could not be brought to every reader, and has not begun to wait for that.
    WriteUnseen,
    /// Nobody can see what was before a write, and it is not acknowledged.
    WriteSeen,
    /// The rows of pages are read from the cache, and their entities are not.
    RowsRead,
    /// Batches are leased, and the store is not read.
    FillLeased,
    /// The store is read for batches, and they are not committed.
    FillRead,
    /// The rows of a page are read from the store, past the cache, and what is around them is not.
    PastRead,
    /// The floor of missing entities is taken, and the store is not read.
    EntityFloor,
    /// The store is read for missing entities, and the cache is not filled.
    EntityRead,
    /// The feed has delivered events to the tailer, and none is brought to the cache.
    TailReceived,
    /// The tailer has brought events to the cache, and not vouched for it.
    TailApplied,
    /// The first of the two steps of a voucher is taken.
    VoucherMarked,
    /// An event is taken from the outbox, and its sink has not heard of it.
    EventTaken,
    /// A sink has taken an event, which is still in the outbox.
    EventDelivered,
}

/// Passes a point, on behalf of a server of the deployment.
#[cfg(not(feature = "probes"))]
#[inline(always)]
pub async fn point(_deployment: &str, _point: Point) {}
