//! How many bytes the reads under way may hold together, so that few of large documents do not take all memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::StoreError;

/// The share of all that one read may hold.
const SHARE: u64 = 2;

/// The room of a store's reads.
#[derive(Clone)]
pub(super) struct Room {
    most: u64,
    taken: Arc<AtomicU64>,
}

/// What one read holds, given back when it ends: then its documents are whoever's wanted them.
pub(super) struct Hold {
    room: Room,
    taken: u64,
}

impl Room {
    /// For so many bytes.
    pub(super) fn new(most: u64) -> Room {
        Room { most, taken: Arc::default() }
    }

    /// What a read holds when it begins: nothing.
    pub(super) fn hold(&self) -> Hold {
        Hold { room: self.clone(), taken: 0 }
    }
}

impl Hold {
    /// Takes room for a document, or says why there is none.
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
