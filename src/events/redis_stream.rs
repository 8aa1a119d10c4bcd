//! A stream in a Redis as a sink: one entry per event.

use std::time::Duration;

use async_trait::async_trait;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client};
use tokio::sync::Mutex;

use super::{Sink, Undelivered};
use crate::config::{self, StreamSettings};
use crate::store::outbox::Outgoing;

/// Appends events to a stream.
pub(super) struct RedisStream {
    client: Client,
    settings: StreamSettings,
    timeout: Duration,
    connection: Mutex<Option<MultiplexedConnection>>,
}

impl RedisStream {
    pub(super) fn new(settings: &StreamSettings, timeout: Duration) -> Result<RedisStream, String> {
        let url = &settings.url.0;
        // Fails when it is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let unusable = |error: redis::RedisError| {
            format!("the address of the Redis cannot be used: {}", config::told(&error.to_string(), url))
        };
        let client = Client::open(url.as_str()).map_err(unusable)?;
        Ok(RedisStream { client, settings: settings.clone(), timeout, connection: Mutex::default() })
    }

    async fn connection(&self) -> Result<MultiplexedConnection, Undelivered> {
        let mut known = self.connection.lock().await;
        if let Some(known) = &*known {
            return Ok(known.clone());
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.timeout))
            .set_response_timeout(Some(self.timeout));
        let connected = self.client.get_multiplexed_async_connection_with_config(&config).await;
        let connected = connected.map_err(|error| self.away(&error))?;
        *known = Some(connected.clone());
        Ok(connected)
    }

    fn away(&self, error: &redis::RedisError) -> Undelivered {
        Undelivered::Away(config::told(&error.to_string(), &self.settings.url.0).into_owned())
    }
}

#[async_trait]
impl Sink for RedisStream {
    async fn deliver(&self, event: &Outgoing) -> Result<(), Undelivered> {
        let mut connection = self.connection().await?;
        let mut add = redis::cmd("XADD");
        add.arg(&self.settings.stream);
        if let Some(length) = self.settings.length {
            add.arg("MAXLEN").arg("~").arg(length);
        }
        let Outgoing { id, name, ty, document, payload, at, .. } = event;
        add.arg("*").arg("id").arg(id.to_string()).arg("name").arg(name).arg("type").arg(ty);
        add.arg("document").arg(document).arg("at").arg(*at).arg("payload").arg(payload);
        let added: redis::RedisResult<String> = add.query_async(&mut connection).await;
        match added {
            Ok(_) => Ok(()),
            // The stream's key holds something else: no event gets in.
            Err(error) if error.code().is_some() => Err(self.away(&error)),
            Err(error) => {
                *self.connection.lock().await = None;
                Err(self.away(&error))
            }
        }
    }
}
