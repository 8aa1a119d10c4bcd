//! The server's own log as a sink: one line per event.

use async_trait::async_trait;

use super::{Sink, Undelivered};
use crate::store::outbox::Outgoing;

/// Writes events to the log.
pub(super) struct Log;

#[async_trait]
impl Sink for Log {
    async fn deliver(&self, event: &Outgoing) -> Result<(), Undelivered> {
        let Outgoing { id, sink, name, ty, document, payload, .. } = event;
        tracing::info!(target: "oponn::event", %id, sink, name, r#type = ty, document, payload, "event");
        Ok(())
    }
}
