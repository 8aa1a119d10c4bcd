//! The store's own record of changes, whoever makes them, and the control record through which the servers of
//! one deployment agree which of them follows the changes.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::BoxStream;

use super::StoreError;
use crate::value::{Change, Id, Time};

/// A store that keeps a record of its changes, as MongoDB's change streams do.
#[async_trait]
pub trait Follow: Send + Sync + 'static {
    /// Opens the feed. It also reports changes of the deployment's control record.
    async fn feed(&self, deployment: &str, from: &From) -> Result<Box<dyn Feed>, FeedError>;

    /// The deployment's control record, no older than `at`; `None` if there is none.
    async fn control(&self, deployment: &str, at: Time) -> Result<Option<Control>, StoreError>;

    /// Takes the lead, if the control record is still as it was seen (`None`: there was none). Returns what the first
    /// beat of the new term follows; `None` if another server was faster.
    async fn lead(&self, deployment: &str, seen: Option<&Control>) -> Result<Option<Led>, StoreError>;

    /// Renews the control record, and returns the number of this beat and the time of its commit. `None` if another
    /// server leads now, or an earlier beat of unknown outcome has happened.
    async fn beat(&self, deployment: &str, beat: &Beat) -> Result<Option<(u64, Time)>, StoreError>;

    /// What the store lacks for its changes to be followed well. Puts right what it can if `fix` is set.
    async fn inspect(&self, fix: bool) -> Result<Vec<Lack>, StoreError>;

    /// The documents of a type that do not keep the normalised values of unique keys that their fields say, as a
    /// majority has them. Goes through all documents of the type.
    fn unkeyed<'a>(&'a self, ty: &'a str) -> BoxStream<'a, Result<Id, StoreError>>;

    /// Asks the leader for a beat.
    async fn poke(&self, deployment: &str) -> Result<(), StoreError>;
}

/// Changes in the order of their commits.
#[async_trait]
pub trait Feed: Send {
    /// The next events, in order. Waits a moment for the first; there may be none.
    async fn next(&mut self) -> Result<Vec<Event>, FeedError>;

    /// The place after the events returned so far.
    fn place(&self) -> Option<Vec<u8>>;
}

/// Where a feed begins.
#[derive(Clone, Debug, PartialEq)]
pub enum From {
    /// With the first change at or after this time.
    Time(Time),
    /// After a place that [`Feed::place`] has given.
    Place(Vec<u8>),
}

/// One event of a feed.
#[derive(Clone, Debug)]
pub enum Event {
    /// A document changed. The document after the change may be a later version of it.
    Changed(Change),
    /// Unknown documents of these types changed, none of them after `at`.
    Voided {
        /// Names of the collection types.
        types: Vec<Arc<str>>,
        /// No earlier than the changes.
        at: Time,
    },
    /// A document may not keep the normalised values of unique keys that its fields say; without an id, unknown
    /// documents of the type.
    Unkeyed {
        /// Name of the collection type.
        ty: Arc<str>,
        /// Which document.
        id: Option<Id>,
    },
    /// The control record changed: all changes up to this time have been reported.
    Beat {
        /// The time of the commit.
        at: Time,
        /// Whether it was a request for a beat.
        poked: bool,
    },
}

/// The control record of a deployment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Control {
    /// Raised whenever another server takes the lead.
    pub term: u64,
    /// Raised by each beat.
    pub beat: u64,
    /// The latest time up to which the leader has brought all changes to the cache.
    pub applied: Time,
    /// The cache's process that the leader vouches for.
    pub node: String,
    /// Whether the leader has left the lead.
    pub free: bool,
}

/// A term, and the number of the last beat in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Led {
    /// The term.
    pub term: u64,
    /// The last beat.
    pub beat: u64,
}

/// A renewal of the control record.
#[derive(Clone, Debug, Default)]
pub struct Beat {
    /// The term of the leader and its beat before this one: a beat that arrives late changes nothing. `None` for a
    /// server that follows for itself alone and need not lead.
    pub after: Option<Led>,
    /// As [`Control::applied`].
    pub applied: Time,
    /// As [`Control::node`].
    pub node: String,
    /// As [`Control::free`].
    pub free: bool,
}

/// Something that a store lacks.
#[derive(Clone, Debug)]
pub struct Lack {
    /// What, and what follows from it.
    pub what: String,
    /// What an operator can do.
    pub help: String,
    /// Whether it has been put right.
    pub fixed: bool,
}

/// Why a feed ended.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The record no longer reaches back to that place, or cannot be read on from it: what happened since is
    /// unknown.
    #[error("the store's record of changes does not go on from there: {0}")]
    Lost(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
