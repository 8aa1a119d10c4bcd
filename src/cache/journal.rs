//! The journal of a cache: the changes in it, in order.
//!
//! A server that keeps answers made from cached entities and batches need not read those again to know that
//! the answers still hold. It asks for the changes since its last look: one small question for all that it
//! keeps. Every step that can change what a read would find writes its topic to the journal *in the same
//! step*, so a look after a write was acknowledged sees that write.

use super::Mark;
use crate::query::{BatchKey, row_ref};
use crate::value::EntityRef;

/// How many changes a journal holds. A server that falls further behind has to start anew.
pub const JOURNAL: u64 = 4_096;

/// The subject of a change: an entity, a batch, a type's counts or a whole type, as a hash that is the same on all
/// servers. If two subjects share a topic, that costs a needless read and nothing else.
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

    /// The lengths of all lists of a collection type, as far as a write can make them doubtful.
    pub fn counts(ty: &str) -> Topic {
        Topic(fnv(&[ty.as_bytes(), b"#"].concat()))
    }

    /// Everything of a collection type.
    pub fn ty(name: &str) -> Topic {
        Topic(fnv(name.as_bytes()))
    }
}

/// A place in a journal: the number of entries before it, in the epoch of the mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The cache's epoch. When it ends, so does its journal.
    pub mark: Mark,
    /// The number of entries before this place.
    pub number: u64,
}

/// The result of a look at the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// Where the journal ends now.
    pub place: Place,
    /// The topics that have changed since the given place, in order. `None` when the journal cannot tell:
    /// anything may have changed.
    pub changed: Option<Vec<Topic>>,
}

/// FNV-1a: spreads evenly, and is the same in every process.
pub(super) fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
