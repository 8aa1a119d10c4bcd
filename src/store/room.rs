//! The bytes that all reads under way may hold together, so that a few reads of large documents do not
//! exhaust memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::StoreError;

/// The share of all that one read may hold.
const SHARE: u64 = 2;

/// The room of a store's reads.
#[derive(Clone)]
pub(super) struct ReadRoom {
    most: u64,
    taken: Arc<AtomicU64>,
}

/// The bytes that one read holds, released when the read ends and its caller takes over the documents.
pub(super) struct Hold {
    room: ReadRoom,
    taken: u64,
}

impl ReadRoom {
    /// For so many bytes.
    pub(super) fn new(most: u64) -> ReadRoom {
        ReadRoom { most, taken: Arc::default() }
    }

    /// A hold for a new read, empty at first.
    pub(super) fn hold(&self) -> Hold {
        Hold { room: self.clone(), taken: 0 }
    }
}

impl Hold {
    /// Takes room for a document. The error says why there is none.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), StoreError> {
        let bytes = bytes as u64;
        self.taken += bytes;
        let all = self.room.taken.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if self.taken > self.room.most / SHARE {
            return Err(StoreError::TooLarge(self.room.most / SHARE));
        }
        if all > self.room.most {
            return Err(StoreError::Overloaded);
        }
        Ok(())
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.room.taken.fetch_sub(self.taken, Ordering::Relaxed);
    }
}
