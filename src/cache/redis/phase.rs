//! What an operation may expect of Redis right now.

use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;

/// The time-out of a read, which the store can answer as well.
const READ: Duration = Duration::from_secs(1);
/// The time-out of a change, after which everything has to be voided.
const CHANGE: Duration = Duration::from_secs(3);

/// One connection.
#[derive(Clone)]
pub(super) struct Session {
    pub number: u64,
    pub connection: MultiplexedConnection,
    /// The process that the connection leads to.
    pub node: Arc<str>,
    /// When it began, by the process's clock in milliseconds, and by this one's.
    pub began: u64,
    pub since: Instant,
}

impl Session {
    /// How long ago it began.
    pub fn age(&self) -> Duration {
        self.since.elapsed()
    }
}

/// How far the data cached in Redis can be trusted.
pub(super) enum Phase {
    /// Out of reach.
    Down,
    /// Connected, and being voided: changes are sent, nothing is read.
    Mending(Session),
    /// Trusted, but an answer is late: changes are sent, no read begins.
    Late(Session),
    /// Trusted.
    Up(Session),
}

impl Phase {
    /// The connection that an operation may use, if any.
    pub fn session(&self, need: Need) -> Option<&Session> {
        match self {
            Phase::Up(session) => Some(session),
            Phase::Mending(session) | Phase::Late(session) => (need == Need::Change).then_some(session),
            Phase::Down => None,
        }
    }

    /// Whether an answer that was requested in this session still counts.
    pub fn is_of(&self, number: u64, need: Need) -> bool {
        match self {
            Phase::Up(session) | Phase::Late(session) => session.number == number,
            Phase::Mending(session) => need == Need::Change && session.number == number,
            Phase::Down => false,
        }
    }
}

/// What an operation needs of the cache.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// A trusted cache. An error of the server is only an error.
    Trust,
    /// To deliver a change. Any error leaves stale data, so it ends the trust.
    Change,
}

impl Need {
    /// The operation's time-out.
    pub fn patience(self) -> Duration {
        match self {
            Need::Trust => READ,
            Need::Change => CHANGE,
        }
    }
}
