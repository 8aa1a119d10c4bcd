//! Whether what is cached in Redis can be trusted, and over which connection it is used.
//!
//! While this process cannot reach Redis, its writes go by unseen there. So when a change may not have come
//! through, or the connection is lost, the trust in the cache ends, and it begins again only when everything
//! under the tag has been voided over a new connection; [`super::mend`] does that. An answer to a read that is
//! merely late proves nothing of the kind: reads are then spared the wait, and continue when Redis answers
//! again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::RwLock;
use redis::aio::MultiplexedConnection;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::phase::{Need, Phase, Session};
use crate::cache::CacheError;

/// How long the answer to a read may be late before the connection is taken to be dead.
const SILENCE: Duration = Duration::from_secs(30);

/// The phase that the cache is in.
pub(super) struct Trust {
    /// For messages.
    server: String,
    phase: RwLock<Phase>,
    sessions: AtomicU64,
    lost: mpsc::Sender<()>,
}

/// Receives one message for each time that the trust has ended, and is closed with the [`Trust`].
pub(super) type Losses = mpsc::Receiver<()>;

impl Trust {
    /// A cache that is not connected yet.
    pub fn new(server: String) -> (Arc<Trust>, Losses) {
        // One is enough: the trust cannot end again before somebody has mended it.
        let (lost, losses) = mpsc::channel(1);
        let (phase, sessions) = (RwLock::new(Phase::Down), AtomicU64::new(0));
        (Arc::new(Trust { server, phase, sessions, lost }), losses)
    }

    /// The connection that an operation may use.
    pub fn session(&self, need: Need) -> Result<Session, CacheError> {
        self.phase.read().session(need).cloned().ok_or_else(|| self.unavailable())
    }

    /// Refuses answers that a session gave before the trust in it ended.
    pub fn confirm(&self, session: &Session, need: Need) -> Result<(), CacheError> {
        match self.phase.read().is_of(session.number, need) {
            true => Ok(()),
            false => Err(self.unavailable()),
        }
    }

    /// Ends the trust because of what happened in a session.
    pub fn distrust(&self, number: u64, reason: &str) -> CacheError {
        let mut phase = self.phase.write();
        match &*phase {
            Phase::Up(session) | Phase::Late(session) if session.number == number => {
                tracing::warn!(server = %self.server, reason, "the cache is not used until it has been cleared");
                *phase = Phase::Down;
                // It fails only when nobody will use the cache any more.
                let _ = self.lost.try_send(());
            }
            Phase::Mending(session) if session.number == number => *phase = Phase::Down,
            // It is over already.
            _ => {}
        }
        CacheError::Unavailable(format!("Redis at {}: {reason}", self.server))
    }

    /// Ends the trust after an answer that cannot be understood, when it was to bring a change.
    pub fn failed(&self, need: Need, error: CacheError) -> CacheError {
        let session = self.phase.read().session(need).map(|session| session.number);
        match (need, session) {
            (Need::Change, Some(number)) => self.distrust(number, &error.to_string()),
            _ => error,
        }
    }

    /// Has reads bypass the cache until it answers again; what is there stays right meanwhile.
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

    /// Waits until the cache answers, and has it read again. A connection that stays silent is given up.
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

    /// Begins a session over a new connection, for changes alone. Returns its number.
    pub fn mending(&self, connection: MultiplexedConnection) -> u64 {
        let number = self.sessions.fetch_add(1, Ordering::Relaxed) + 1;
        *self.phase.write() = Phase::Mending(Session { number, connection });
        number
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
