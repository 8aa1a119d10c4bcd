//! The journal of a cache: what has changed in it, in the order of the changes.
//!
//! A server that keeps what it made of cached entities and batches need not read them again to know that
//! it is still right. It asks what has changed since it looked last: one small question for all that it
//! keeps. Every step that can change what a read would find writes its topic to the journal *in the same
//! step*, so whoever asks after a write has been acknowledged hears of it.

use super::Mark;
use crate::query::{BatchKey, row_ref};
use crate::value::EntityRef;

/// Changes that a journal tells of; whoever looks less often has to begin anew.
pub const JOURNAL: u64 = 4_096;

/// What a change is about: an entity, a batch or a whole type, as a hash that all servers make alike. Two
/// things with one topic cost a needless read, nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Topic(pub u64);

impl Topic {
    /// One document.
    pub fn entity(entity: &EntityRef) -> Topic {
        Topic(fnv(&row_ref(entity)))
    }

    /// One list.
    pub fn batch(key: BatchKey) -> Topic {
        let [a, b, c, d, e, f, g, h, ..] = key.0;
        Topic(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
    }

    /// Everything of a collection type.
    pub fn ty(name: &str) -> Topic {
        Topic(fnv(name.as_bytes()))
    }
}

/// A place in a journal: after so many entries of the epoch that the mark names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The cache's epoch; a journal ends with it.
    pub mark: Mark,
    /// Entries before this place.
    pub number: u64,
}

/// What a look at the journal found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// Where the journal ends now.
    pub place: Place,
    /// What has changed since the place asked for, in order. `None` when that cannot be told: anything
    /// may have.
    pub changed: Option<Vec<Topic>>,
}

/// FNV-1a: an even spread, the same in every process.
pub(super) fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
