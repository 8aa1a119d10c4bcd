//! The connection to Redis, and whether what is cached there can be trusted.
//!
//! While this process cannot reach Redis, its writes go by unseen there. So when a change may not have come
//! through, or the connection is lost, it stops to trust the cache, and trusts it again only when a new
//! connection has voided everything under the deployment's prefix. An answer to a read that is merely late
//! proves nothing of the kind: reads are then spared the wait, and go on when Redis answers again.
//!
//! The order matters: writes use the new connection *before* the voiding begins. A write that was not
//! brought to Redis then was committed before that, and nothing that was read from the store before
//! survives the voiding.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use redis::{AsyncConnectionConfig, Client, Cmd, Pipeline, ServerError, Value};
use tokio::time::timeout;

use super::keys::Keys;
use super::phase::{Need, Phase, Session};
use super::{reply, scripts, server, traffic};
use crate::cache::{CacheError, CacheLimits};
use crate::metrics::{Metrics, VoidReason};

/// How long the answer to a read may be late before the connection is taken to be dead.
const SILENCE: Duration = Duration::from_secs(30);
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(2);
/// Pause before the first and between the later attempts to connect again.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LAST_PAUSE: Duration = Duration::from_secs(5);
/// Commands that one round trip sends.
const COMMANDS_PER_TRIP: usize = 128;

/// The connection and everything that belongs to it.
pub(super) struct Link {
    pub keys: Keys,
    pub limits: CacheLimits,
    metrics: Arc<Metrics>,
    /// Host and port, for messages.
    pub server: String,
    client: Client,
    phase: RwLock<Phase>,
    sessions: AtomicU64,
    mark: AtomicU64,
    me: Weak<Link>,
}

/// What the server answered to a command.
pub(super) type Answer = Result<Value, ServerError>;

impl Link {
    /// Connects for the first time. A Redis that is away now is looked for in the background: the
    /// server can do without it.
    pub async fn open(
        client: Client,
        keys: Keys,
        limits: CacheLimits,
        metrics: Arc<Metrics>,
    ) -> Result<Arc<Link>, CacheError> {
        let server = client.get_connection_info().addr().to_string();
        let link = Arc::new_cyclic(|me| Link {
            keys,
            limits,
            metrics,
            server,
            client,
            phase: RwLock::new(Phase::Down),
            sessions: AtomicU64::new(0),
            mark: AtomicU64::new(0),
            me: me.clone(),
        });
        match link.begin(false).await {
            Err(CacheError::Unavailable(reason)) => {
                tracing::warn!(server = %link.server, reason, "the cache is out of reach and not used");
                tokio::spawn(mend(link.me.clone()));
                Ok(link)
            }
            result => result.map(|()| link),
        }
    }

    /// The latest epoch that Redis has told.
    pub fn mark(&self) -> u64 {
        self.mark.load(Ordering::Acquire)
    }

    /// Takes note of the epoch in an answer. Answers may overtake each other: an older epoch only makes
    /// a write void its type without need.
    pub fn heard(&self, mark: u64) {
        self.mark.store(mark, Ordering::Release);
    }

    /// Counts types that were voided because their table indexes had lost entries.
    pub fn lost_index(&self, count: u64) {
        self.metrics.cache_voided(VoidReason::Index, count);
    }

    /// How long the meta hash and the indexes live after their last use: longer than what depends on
    /// them.
    pub fn life(&self) -> u64 {
        let life = (self.limits.ttl + self.limits.lease) * 2 + Duration::from_secs(60);
        u64::try_from(life.as_millis()).unwrap_or(u64::MAX >> 1)
    }

    /// Sends commands and gives their answers, in order.
    pub async fn send(&self, need: Need, commands: Vec<Cmd>) -> Result<Vec<Answer>, CacheError> {
        let session = self.session(need)?;
        let mut answers = Vec::with_capacity(commands.len());
        for chunk in commands.chunks(COMMANDS_PER_TRIP) {
            answers.extend(self.send_chunk(&session, need, chunk).await?);
        }
        // The answer may be older than the loss of trust.
        if !self.phase.read().is_of(session.number, need) {
            return Err(self.unavailable());
        }
        if need == Need::Change
            && let Some(error) = answers.iter().find_map(|answer| answer.as_ref().err())
            && error.code() != "OOM"
        {
            return Err(self.distrust(session.number, &describe(error)));
        }
        Ok(answers)
    }

    /// Ends the trust after an answer that cannot be understood, when it was to bring a change.
    pub fn failed(&self, need: Need, error: CacheError) -> CacheError {
        let session = self.phase.read().session(need).map(|session| session.number);
        match (need, session) {
            (Need::Change, Some(number)) => self.distrust(number, &error.to_string()),
            _ => error,
        }
    }

    async fn send_chunk(
        &self,
        session: &Session,
        need: Need,
        commands: &[Cmd],
    ) -> Result<Vec<Answer>, CacheError> {
        let mut answers = self.exchange(session, need, commands).await?;
        let missing: Vec<usize> = (0..answers.len())
            .filter(|&i| matches!(&answers[i], Err(error) if error.code() == "NOSCRIPT"))
            .collect();
        if !missing.is_empty() {
            let load: Vec<Cmd> = scripts::all().iter().map(|script| script.load()).collect();
            self.exchange(session, need, &load).await?;
            let again: Vec<Cmd> = missing.iter().map(|&i| commands[i].clone()).collect();
            for (i, answer) in missing.into_iter().zip(self.exchange(session, need, &again).await?) {
                answers[i] = answer;
            }
        }
        Ok(answers)
    }

    async fn exchange(
        &self,
        session: &Session,
        need: Need,
        commands: &[Cmd],
    ) -> Result<Vec<Answer>, CacheError> {
        let mut pipeline = Pipeline::with_capacity(commands.len());
        for command in commands {
            pipeline.add_command(command.clone());
        }
        let mut connection = session.connection.clone();
        let start = Instant::now();
        let _under_way = self.metrics.redis_begins(commands.len(), traffic::of_commands(commands));
        let answers = connection.send_packed_commands(&pipeline, 0, commands.len());
        let Ok(answers) = timeout(need.patience(), answers).await else {
            return Err(match need {
                Need::Trust => self.late(session),
                Need::Change => self.distrust(session.number, "a change got no answer in time"),
            });
        };
        if let Ok(values) = &answers {
            self.metrics.redis_answered(traffic::of_values(values), start.elapsed());
        }
        match answers {
            Ok(values) if values.len() == commands.len() => Ok(values
                .into_iter()
                .map(|value| match value {
                    Value::ServerError(error) => Err(error),
                    value => Ok(value),
                })
                .collect()),
            Ok(_) => Err(self.distrust(session.number, "it gave too few answers")),
            Err(error) => Err(self.distrust(session.number, &error.to_string())),
        }
    }

    fn session(&self, need: Need) -> Result<Session, CacheError> {
        self.phase.read().session(need).cloned().ok_or_else(|| self.unavailable())
    }

    fn unavailable(&self) -> CacheError {
        CacheError::Unavailable(format!("Redis at {} is out of reach or being cleared", self.server))
    }

    /// Stops to trust the cache because of what happened in a session.
    fn distrust(&self, number: u64, reason: &str) -> CacheError {
        let mut phase = self.phase.write();
        match &*phase {
            Phase::Up(session) | Phase::Late(session) if session.number == number => {
                tracing::warn!(server = %self.server, reason, "the cache is not used until it has been cleared");
                tokio::spawn(mend(self.me.clone()));
                *phase = Phase::Down;
            }
            Phase::Mending(session) if session.number == number => *phase = Phase::Down,
            // It is over already.
            _ => {}
        }
        CacheError::Unavailable(format!("Redis at {}: {reason}", self.server))
    }

    /// Has reads go past the cache until it answers again; what is there stays right meanwhile.
    fn late(&self, session: &Session) -> CacheError {
        let mut phase = self.phase.write();
        if let Phase::Up(now) = &*phase
            && now.number == session.number
        {
            tracing::warn!(server = %self.server, "the cache is late: reads go past it until it answers");
            *phase = Phase::Late(session.clone());
            tokio::spawn(catch_up(self.me.clone(), session.clone()));
        }
        CacheError::Unavailable(format!("Redis at {} gave no answer in time", self.server))
    }

    /// Connects, voids what is cached if it may be stale, and trusts the cache.
    async fn begin(&self, stale: bool) -> Result<(), CacheError> {
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT)).set_response_timeout(None);
        let failed = |error: redis::RedisError| match error.kind() {
            // Waiting does not help against a wrong password.
            redis::ErrorKind::AuthenticationFailed => {
                CacheError::Internal(format!("Redis at {} does not let us in: {error}", self.server))
            }
            _ => CacheError::Unavailable(format!("Redis at {}: {error}", self.server)),
        };
        let mut connection =
            self.client.get_multiplexed_async_connection_with_config(&config).await.map_err(failed)?;
        let mut info = redis::cmd("INFO");
        info.arg("server");
        let info = timeout(Need::Change.patience(), info.query_async::<Value>(&mut connection)).await;
        let info = info.map_err(|_| self.unavailable())?.map_err(failed)?;
        let run_id = server::check(&reply::text(info)?, &self.server)?;
        let number = self.sessions.fetch_add(1, Ordering::Relaxed) + 1;
        *self.phase.write() = Phase::Mending(Session { number, connection });
        let void = async {
            if stale || self.run_id().await?.as_deref() != Some(run_id.as_str()) {
                self.void(&run_id).await
            } else {
                self.learn_mark().await
            }
        };
        let done = void.await.map_err(|error| self.distrust(number, &error.to_string()));
        let mut phase = self.phase.write();
        if let (Ok(()), Phase::Mending(session)) = (&done, &*phase)
            && session.number == number
        {
            *phase = Phase::Up(session.clone());
            return Ok(());
        }
        done.and(Err(self.unavailable()))
    }

    /// The run id of the server that was cleared last.
    async fn run_id(&self) -> Result<Option<String>, CacheError> {
        let mut get = redis::cmd("HGET");
        get.arg(self.keys.meta()).arg("r");
        let id = reply::bytes(self.change(get).await?)?;
        Ok(id.and_then(|id| String::from_utf8(id).ok()))
    }

    /// Voids everything under the prefix; what it takes up is removed by [`super::upkeep`].
    pub async fn void(&self, run_id: &str) -> Result<(), CacheError> {
        let mut clear = scripts::CLEAR.call(&[self.keys.meta()], fresh()?, self.life());
        clear.arg(run_id);
        self.epoch_of(clear).await
    }

    /// Asks for the epoch, so that the first writes need not void anything.
    async fn learn_mark(&self) -> Result<(), CacheError> {
        let mut start = scripts::START.call(&[self.keys.meta()], fresh()?, self.life());
        start.arg(0);
        self.epoch_of(start).await
    }

    /// Sends a script and takes note of the epoch that it answers first.
    async fn epoch_of(&self, call: Cmd) -> Result<(), CacheError> {
        let answer = reply::items(self.change(call).await?)?;
        self.heard(reply::number(answer.into_iter().next().unwrap_or(Value::Nil))?);
        Ok(())
    }

    async fn change(&self, command: Cmd) -> Result<Value, CacheError> {
        let answer = self.send(Need::Change, vec![command]).await?.pop();
        answer.unwrap_or(Ok(Value::Nil)).map_err(|error| CacheError::Internal(describe(&error)))
    }
}

/// Waits until the cache answers, and has it read again. A connection that stays silent is given up.
async fn catch_up(link: Weak<Link>, mut session: Session) {
    let ping = redis::cmd("PING");
    let answer = timeout(SILENCE, session.connection.send_packed_command(&ping)).await;
    let Some(alive) = link.upgrade() else { return };
    if !matches!(answer, Ok(Ok(_))) {
        alive.distrust(session.number, "it does not answer any more");
        return;
    }
    let mut phase = alive.phase.write();
    if let Phase::Late(now) = &*phase
        && now.number == session.number
    {
        tracing::info!(server = %alive.server, "the cache answers again and is read");
        *phase = Phase::Up(session);
    }
}

/// Tries to connect again until it works or the cache is no more. That the cache is away has been told; what
/// waiting does not help against is told too, once.
async fn mend(link: Weak<Link>) {
    let (mut pause, mut told) = (FIRST_PAUSE, None);
    loop {
        let Some(alive) = link.upgrade() else { return };
        match alive.begin(true).await {
            Ok(()) => {
                tracing::info!(server = %alive.server, "the cache has been cleared and is used again");
                // Only room is at stake: everything there is void.
                let _ = alive.remove_void().await;
                return;
            }
            Err(CacheError::Internal(reason)) => {
                if told.as_ref() != Some(&reason) {
                    tracing::warn!(server = %alive.server, reason, "the cache cannot be used");
                }
                told = Some(reason);
            }
            Err(error) => {
                tracing::debug!(server = %alive.server, %error, ?pause, "the cache is still out of reach");
            }
        }
        drop(alive);
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LAST_PAUSE);
    }
}

/// A number that was never given before.
pub(super) fn fresh() -> Result<u64, CacheError> {
    getrandom::u64().map_err(|error| CacheError::Internal(format!("no random numbers: {error}")))
}

/// An error of the server, for messages.
pub(super) fn describe(error: &ServerError) -> String {
    match error.details() {
        Some(details) => format!("{} {details}", error.code()),
        None => error.code().to_owned(),
    }
}
