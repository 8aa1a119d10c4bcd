//! Following the store: the part of a cache for the tailer, which brings it the changes that nobody else
//! does, and the proof that a cache gives before it is read.
//!
//! A cache that is followed is readable only for a short time after the tailer has *vouched* for it: for one
//! process of the cache, up to one moment of the store.

use async_trait::async_trait;

use super::{CacheError, Mark};
use crate::value::{Change, EntityRef, Time};

/// For the tailer. The defaults are those of a cache that is not followed.
#[async_trait]
pub trait Following: Send + Sync + 'static {
    /// Whether several servers share this cache, so that one of them has to lead.
    fn shared(&self) -> bool {
        false
    }

    /// Names what the tailer of this server follows. What a tailer of another scope vouches for does not count here:
    /// it would not hear of all changes.
    fn follows(&self, _scope: &str) {}

    /// The cache's own clock, in milliseconds.
    async fn clock(&self) -> Result<u64, CacheError> {
        Err(CacheError::Bypassed)
    }

    /// How far the cache has followed the store.
    async fn standing(&self) -> Result<Standing, CacheError> {
        Err(CacheError::Bypassed)
    }

    /// Takes the cache over for a term. Until the first [`Following::vouch`] nobody reads it.
    async fn adopt(&self, _adoption: &Adoption) -> Result<Mark, CacheError> {
        Err(CacheError::Bypassed)
    }

    /// Vouches for the cache. `false` if it was adopted for another term since, or is of an earlier state.
    async fn vouch(&self, _voucher: &Voucher) -> Result<bool, CacheError> {
        Err(CacheError::Bypassed)
    }

    /// Whether the cache may be read now.
    async fn vouched(&self) -> Result<bool, CacheError> {
        Ok(true)
    }

    /// The connection to the cache that is in use: another one may lead to another process, or to an earlier state.
    fn session(&self) -> u64 {
        0
    }

    /// Remembers that these changes, noted with this mark, have been brought to every batch, all in one session. Only
    /// saves the tailer work, so it may forget.
    fn settled(&self, _session: u64, _mark: Mark, _changes: &[(EntityRef, Time)]) {}

    /// Remembers that all changes up to this time have been brought here, since the adoption with this mark: their
    /// documents are suspects no more. Of another mark it remembers nothing.
    async fn reached(&self, _mark: Mark, _at: Time) -> Result<(), CacheError> {
        Ok(())
    }

    /// Of these changes, in order, those that are not remembered as settled under the mark of the tailer's adoption:
    /// under another mark, a change may have been brought to a state that is gone.
    async fn unsettled(&self, _mark: Mark, changes: Vec<Change>) -> Result<Vec<Change>, CacheError> {
        Ok(changes)
    }
}

/// How far a cache has followed the store.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// The cache's process.
    pub node: String,
    /// The place in the store's feed up to which this cache has all changes; `None` if it has not been followed
    /// in this scope.
    pub place: Option<Vec<u8>>,
    /// The connection to the cache that this was asked over. A term ends with it.
    pub session: u64,
}

/// The start of a term.
#[derive(Clone, Debug)]
pub struct Adoption {
    /// The term.
    pub term: u64,
    /// As [`Standing::session`].
    pub session: u64,
    /// Void everything: nobody knows what has changed since it was cached. Whatever is read for this cache
    /// from now on must be no older than this time.
    pub void: Option<Time>,
}

/// What a leader vouches for: at `asked` by the cache's clock the store had not got beyond `applied`, up to which
/// the cache has all changes.
#[derive(Clone, Debug)]
pub struct Voucher {
    /// The leader's term.
    pub term: u64,
    /// As [`Standing::session`].
    pub session: u64,
    /// The place in the store's feed.
    pub place: Vec<u8>,
    /// Its time.
    pub applied: Time,
    /// A reading of [`Following::clock`].
    pub asked: u64,
}
