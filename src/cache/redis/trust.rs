//! Whether the data cached in Redis can be trusted, and over which connection it is used.
//!
//! While this process cannot reach Redis, Redis does not see its writes. So when a change may not have got
//! through, or the connection is lost, the process stops trusting the cache, and trusts it again only when
//! everything under the tag has been voided over a new connection; [`super::mend`] does that. A late answer
//! to a read proves no such thing: reads then bypass the cache, and resume when Redis answers again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::RwLock;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::phase::{Need, Phase, Session};
use crate::cache::CacheError;

/// How late the answer to a read may be before the connection is taken to be dead.
const SILENCE: Duration = Duration::from_secs(30);

/// The current phase of the cache.
pub(super) struct Trust {
    /// For messages.
    server: String,
    phase: RwLock<Phase>,
    sessions: AtomicU64,
    lost: mpsc::Sender<()>,
}

/// Receives one message each time the trust has ended; closes with the [`Trust`].
pub(super) type Losses = mpsc::Receiver<()>;

impl Trust {
    /// A cache that is not connected yet.
    pub fn new(server: String) -> (Arc<Trust>, Losses) {
        // Room for one is enough: the trust cannot end again before it has been mended.
        let (lost, losses) = mpsc::channel(1);
        let (phase, sessions) = (RwLock::new(Phase::Down), AtomicU64::new(0));
        (Arc::new(Trust { server, phase, sessions, lost }), losses)
    }

    /// The connection that an operation may use.
    pub fn session(&self, need: Need) -> Result<Session, CacheError> {
        self.phase.read().session(need).cloned().ok_or_else(|| self.unavailable())
    }

    /// Refuses answers from a session if the trust in it has ended since.
    pub fn confirm(&self, session: &Session, need: Need) -> Result<(), CacheError> {
        match self.phase.read().is_of(session.number, need) {
            true => Ok(()),
            false => Err(self.unavailable()),
        }
    }

    /// Stops trusting the cache because of a failure in a session.
    pub fn distrust(&self, number: u64, reason: &str) -> CacheError {
        let mut phase = self.phase.write();
        match &*phase {
            Phase::Up(session) | Phase::Late(session) if session.number == number => {
                tracing::warn!(server = %self.server, reason, "the cache is not used until it can be trusted again");
                *phase = Phase::Down;
                // Fails only when the cache is no longer in use.
                let _ = self.lost.try_send(());
            }
            Phase::Mending(session) if session.number == number => *phase = Phase::Down,
            // That session is over already.
            _ => {}
        }
        CacheError::Unavailable(format!("Redis at {}: {reason}", self.server))
    }

    /// Stops trusting the cache after an unintelligible answer to a change.
    pub fn failed(&self, need: Need, error: CacheError) -> CacheError {
        let session = self.phase.read().session(need).map(|session| session.number);
        match (need, session) {
            (Need::Change, Some(number)) => self.distrust(number, &error.to_string()),
            _ => error,
        }
    }

    /// Makes reads bypass the cache until it answers again; the cached data stays right meanwhile.
    pub fn late(self: &Arc<Trust>, session: &Session) -> CacheError {
        let mut phase = self.phase.write();
        if let Phase::Up(now) = &*phase
            && now.number == session.number
        {
            tracing::warn!(server = %self.server, "the cache is late: reads go past it until it answers");
            *phase = Phase::Late(session.clone());
            tokio::spawn(Trust::catch_up(Arc::downgrade(self), session.clone()));
        }
        CacheError::Unavailable(format!("Redis at {} gave no answer in time", self.server))
    }

    /// Waits until the cache answers, then lets it be read again. Gives up a connection that stays silent.
    async fn catch_up(trust: Weak<Trust>, mut session: Session) {
        let ping = redis::cmd("PING");
        let answer = timeout(SILENCE, session.connection.send_packed_command(&ping)).await;
        let Some(trust) = trust.upgrade() else { return };
        if !matches!(answer, Ok(Ok(_))) {
            trust.distrust(session.number, "it does not answer any more");
            return;
        }
        let mut phase = trust.phase.write();
        if let Phase::Late(now) = &*phase
            && now.number == session.number
        {
            tracing::info!(server = %trust.server, "the cache answers again and is read");
            *phase = Phase::Up(session);
        }
    }

    /// The session that is used now.
    pub fn current(&self) -> Option<Session> {
        self.with_session(Session::clone)
    }

    /// Looks at the session that is used now.
    pub fn with_session<T>(&self, look: impl FnOnce(&Session) -> T) -> Option<T> {
        self.phase.read().session(Need::Change).map(look)
    }

    /// The number of the next session.
    pub fn next(&self) -> u64 {
        self.sessions.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Starts a session, for changes only.
    pub fn mending(&self, session: Session) {
        *self.phase.write() = Phase::Mending(session);
    }

    /// Trusts the cache from now on, unless the session has ended meanwhile.
    pub fn mended(&self, number: u64) -> Result<(), CacheError> {
        let mut phase = self.phase.write();
        if let Phase::Mending(session) = &*phase
            && session.number == number
        {
            *phase = Phase::Up(session.clone());
            return Ok(());
        }
        Err(self.unavailable())
    }

    fn unavailable(&self) -> CacheError {
        CacheError::Unavailable(format!("Redis at {} is out of reach or being cleared", self.server))
    }
}
