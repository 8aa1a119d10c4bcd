//! Connects to the Redis server that holds a tag: makes the client with its options, and checks the server.
//!
//! Only this file knows how a server is found. Other code uses only [`Connector::connect`] of a
//! [`Connector`]: whenever the previous connection is no longer trusted, it returns a new connection to the
//! server that holds the tag now, together with that server's run id. A [`Connector`] may therefore find
//! another server each time:
//!
//! - With Sentinel, `connect` asks the sentinels for the primary and connects there. A fail-over breaks the
//!   connection, and the new primary has another run id, so the cache is voided as after any loss.
//! - With Cluster, each tag has its own link, and `connect` asks any node which node has the slot of its tag
//!   and connects there. No script uses keys of two tags, so one connection is enough for a link. When the slot
//!   moves, the answer `MOVED` has to end the trust in this tag, as it does today when it answers a change.
//! - TLS options belong to the client that [`Connector::new`] makes.

use std::time::Duration;

use redis::IntoConnectionInfo;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ProtocolVersion, PushInfo, PushKind, Value};
use tokio::time::timeout;

use super::phase::Need;
use super::reply;
use crate::cache::CacheError;
use crate::config;

/// The time-out for connecting.
const CONNECT: Duration = Duration::from_secs(2);

/// Connects to the server that holds a tag, as often as needed.
pub(super) struct Connector {
    client: Client,
    /// Host and port.
    server: String,
}

/// A new connection.
pub(super) struct Connected {
    pub connection: MultiplexedConnection,
    /// Identifies the server process: another process may hold an older state.
    pub run_id: String,
    /// When the connection began, by the server's clock in milliseconds.
    pub began: u64,
}

impl Connector {
    /// Parses the URL; sends nothing yet.
    pub fn new(url: &str) -> Result<Connector, CacheError> {
        let unusable = |error: redis::RedisError| {
            let reason = error.to_string();
            CacheError::Internal(format!("the URL of Redis is not usable: {}", config::told(&reason, url)))
        };
        let info = url.into_connection_info().map_err(unusable)?;
        // Pushes are part of this version of the protocol.
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let client = Client::open(info.set_redis_settings(settings)).map_err(unusable)?;
        let server = client.get_connection_info().addr().to_string();
        Ok(Connector { client, server })
    }

    /// The server, for messages.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Connects to a server that supports everything the scripts need. Returns [`CacheError::Unavailable`]
    /// when a retry may succeed.
    ///
    /// `replaced` is called when the server has put other data in the place of all it had: it was flushed, or has
    /// loaded a snapshot, or the data of another server. The call comes before any later answer on the connection.
    pub async fn connect(
        &self,
        replaced: impl Fn() + Send + Sync + 'static,
    ) -> Result<Connected, CacheError> {
        let pushed = move |push: PushInfo| {
            if push.kind == PushKind::Invalidate && push.data.first().is_none_or(|keys| *keys == Value::Nil) {
                replaced();
            }
            Ok::<_, std::convert::Infallible>(())
        };
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(None)
            .set_push_sender(pushed);
        let failed = |error: redis::RedisError| match error.kind() {
            // Waiting does not fix a wrong password.
            redis::ErrorKind::AuthenticationFailed => {
                CacheError::Internal(format!("Redis at {} does not let us in: {error}", self.server))
            }
            _ => CacheError::Unavailable(format!("Redis at {}: {error}", self.server)),
        };
        let late = || CacheError::Unavailable(format!("Redis at {} gave no answer in time", self.server));
        let mut connection =
            self.client.get_multiplexed_async_connection_with_config(&config).await.map_err(failed)?;
        // No key is tracked, but a tracking connection is told when all keys are replaced.
        let mut track = redis::cmd("CLIENT");
        track.arg("TRACKING").arg("ON").arg("OPTIN");
        let tracked = timeout(Need::Change.patience(), track.exec_async(&mut connection)).await;
        tracked.map_err(|_| late())?.map_err(failed)?;
        let mut info = redis::cmd("INFO");
        info.arg("server").arg("replication");
        let info = timeout(Need::Change.patience(), info.query_async::<Value>(&mut connection)).await;
        let info = info.map_err(|_| late())?.map_err(failed)?;
        let run_id = check(&reply::text(info)?, &self.server)?;
        // After the tracking has begun: from then on the connection hears when the data are replaced.
        let time = redis::cmd("TIME");
        let time = timeout(Need::Change.patience(), time.query_async::<Value>(&mut connection)).await;
        let began = reply::milliseconds(time.map_err(|_| late())?.map_err(failed)?)?;
        Ok(Connected { connection, run_id, began })
    }
}

/// Reads what the server tells of itself: returns the run id if the server has everything the scripts need, and its data
/// are its own. Changes that another server sends it, made of that server's data, would spoil what is here.
fn check(info: &str, server: &str) -> Result<String, CacheError> {
    let field = |name: &str| {
        let of = |line: &'_ str| line.trim_end().strip_prefix(name)?.strip_prefix(':').map(str::to_owned);
        info.lines().find_map(of)
    };
    let version = field("redis_version").unwrap_or_default();
    let major: u32 = version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0);
    if major < 7 {
        return Err(CacheError::Internal(format!(
            "Redis at {server} has version {version:?}, but 7.0 or newer is needed: upgrade it, or use the memory cache"
        )));
    }
    if field("role").is_some_and(|role| role != "master") {
        return Err(CacheError::Unavailable(format!(
            "Redis at {server} is a replica of another one, not yet promoted"
        )));
    }
    field("run_id").ok_or_else(|| CacheError::Internal(format!("Redis at {server} does not tell its run id")))
}

#[cfg(test)]
mod tests {
    use super::{CacheError, check};

    #[test]
    fn a_new_enough_server_gives_its_run_id() {
        let info = "# Server\r\nredis_version:7.0.15\r\nrun_id:abc\r\n\r\n# Replication\r\nrole:master\r\n";
        assert_eq!(check(info, "here").unwrap(), "abc");
    }

    #[test]
    fn a_replica_may_be_used_later() {
        let info = "redis_version:7.0.15\r\nrun_id:abc\r\nrole:slave\r\nmaster_link_status:up\r\n";
        assert!(matches!(check(info, "here"), Err(CacheError::Unavailable(_))));
    }

    #[test]
    fn an_old_server_is_refused_with_its_version() {
        let error = check("redis_version:6.2.6\r\nrun_id:abc\r\n", "here:1").unwrap_err().to_string();
        assert!(error.contains("6.2.6") && error.contains("7.0") && error.contains("here:1"), "{error}");
    }
}
