//! What an operation may expect of Redis at the moment.

use std::time::Duration;

use redis::aio::MultiplexedConnection;

/// How long a read waits for its answer, which the store can give as well.
const READ: Duration = Duration::from_secs(1);
/// How long a change waits, before everything has to be voided for its sake.
const CHANGE: Duration = Duration::from_secs(3);

/// One connection.
#[derive(Clone)]
pub(super) struct Session {
    pub number: u64,
    pub connection: MultiplexedConnection,
}

/// How far what is cached in Redis can be trusted.
pub(super) enum Phase {
    /// Out of reach.
    Down,
    /// Connected, and being voided: writes go there, nothing is read.
    Mending(Session),
    /// Trusted, but an answer is late: writes go there, no read begins.
    Late(Session),
    /// Trusted.
    Up(Session),
}

impl Phase {
    /// The connection that an operation may use.
    pub fn session(&self, need: Need) -> Option<&Session> {
        match self {
            Phase::Up(session) => Some(session),
            Phase::Mending(session) | Phase::Late(session) => (need == Need::Change).then_some(session),
            Phase::Down => None,
        }
    }

    /// Whether an answer counts that was asked for in this session.
    pub fn is_of(&self, number: u64, need: Need) -> bool {
        match self {
            Phase::Up(session) | Phase::Late(session) => session.number == number,
            Phase::Mending(session) => need == Need::Change && session.number == number,
            Phase::Down => false,
        }
    }
}

/// What an operation needs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// A cache that can be trusted. An error of the server is only an error.
    Trust,
    /// To bring a change there. Any error leaves something stale, so it ends the trust.
    Change,
}

impl Need {
    /// How long an answer may take.
    pub fn patience(self) -> Duration {
        match self {
            Need::Trust => READ,
            Need::Change => CHANGE,
        }
    }
}
