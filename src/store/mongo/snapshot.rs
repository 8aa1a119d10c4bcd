//! Whether reads ask the server for snapshots, in which all rows of one command are of one moment.
//!
//! A snapshot is a majority read of one moment. For both, a member of a replica set waits until a majority has the
//! read's floor, and then shows the latest that a majority has; only a snapshot keeps to that moment to its last
//! row. A router of a sharded cluster chooses the moment by the time that it knows itself, and may not have heard of
//! a write through another router, so reads through routers are no snapshots.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether to ask for snapshots; not before the server is known.
#[derive(Default)]
pub(super) struct Snapshots(AtomicBool);

/// How a server says that a read cannot be a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// There are none.
    Never,
    /// There is none of this collection now: it is capped, or an index was made just before.
    Now,
}

impl Snapshots {
    /// Whether reads are to ask for them.
    pub(super) fn wanted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Learns of the server that it is a router, or that it is not.
    pub(super) fn learn(&self, router: bool) {
        self.0.store(!router, Ordering::Relaxed);
    }

    /// Learns that a majority read succeeded after the same read was refused as a snapshot.
    pub(super) fn refused(&self, refusal: Refusal) {
        if refusal == Refusal::Never && self.0.swap(false, Ordering::Relaxed) {
            tracing::warn!(
                "the server gives no snapshots: a list can show a document twice or not at all if it moves in \
                 the list while the store reads it"
            );
        }
    }
}
