//! Where events are delivered to.

use std::sync::Arc;

use async_trait::async_trait;

use super::log::Log;
use super::redis_stream::RedisStream;
use super::webhook::Webhook;
use crate::config::{SinkKind, SinkSettings};
use crate::store::outbox::Outgoing;

/// Takes events.
#[async_trait]
pub trait Sink: Send + Sync + 'static {
    /// Delivers an event. When this returns, the sink has it for good. If the future is dropped, it may have it.
    async fn deliver(&self, event: &Outgoing) -> Result<(), Undelivered>;
}

/// Why an event was not delivered, as far as is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    /// The sink cannot take any event now.
    #[error("{0}")]
    Away(String),
    /// The sink does not take this event.
    #[error("{0}")]
    Refused(String),
}

/// The sink of these settings. The error says what to change.
pub(super) fn of(settings: &SinkSettings) -> Result<Arc<dyn Sink>, String> {
    Ok(match &settings.kind {
        SinkKind::Log => Arc::new(Log),
        SinkKind::Webhook(webhook) => Arc::new(Webhook::new(webhook, settings.timeout)?),
        SinkKind::RedisStream(stream) => Arc::new(RedisStream::new(stream, settings.timeout)?),
        #[cfg(feature = "sqs")]
        SinkKind::Sqs(sqs) => Arc::new(super::sqs::Sqs::new(sqs, settings.timeout)),
        #[cfg(not(feature = "sqs"))]
        SinkKind::Sqs(_) => {
            return Err(
                "this oponn is built without `sqs`; build it with `cargo build --features sqs`".to_owned()
            );
        }
    })
}

/// An error with its causes.
pub(super) fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text += &format!(": {inner}");
        cause = inner.source();
    }
    text
}
