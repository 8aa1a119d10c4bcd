//! Voids everything cached after other programs have written to the store.
//!
//! Nobody can tell what such a write has changed, nor when it happened among the store's own changes. So the cache
//! begins a new epoch: what it has is void, fills under way are refused, and a write of this server that was committed
//! before the foreign one but is noted after it voids its type instead of bringing its document back.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::Engine;
use super::reconcile::tell;
use crate::cache::VoidReason;

/// How often the store is asked.
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);
/// How long the store may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

impl Engine {
    /// Follows the writes of other programs to the store, as long as it is polled: from 3 s after such a write, at the
    /// most, nothing from before it is read from the cache. While the store does not answer there may always have been
    /// one.
    pub async fn follow_foreign_writes(self: Arc<Self>) {
        let mut answers = true;
        loop {
            sleep(BETWEEN_LOOKS).await;
            let fault = match timeout(PATIENCE, self.core.store.foreign_writes()).await {
                Ok(Ok(false)) => {
                    answers = true;
                    continue;
                }
                Ok(Ok(true)) => {
                    tracing::debug!("another program has written to the store; nothing cached holds");
                    None
                }
                Ok(Err(error)) => Some(error.to_string()),
                Err(_) => Some(format!("no answer within {PATIENCE:?}")),
            };
            if let Some(fault) = &fault
                && answers
            {
                tracing::warn!(
                    fault,
                    "the store does not say whether other programs write; nothing is cached for long"
                );
            }
            answers = fault.is_none();
            self.void_everything().await;
        }
    }

    async fn void_everything(&self) {
        let types = self.core.model.collections.len() as u64;
        match self.core.cache.clear().await {
            Ok(()) => self.core.metrics.cache_voided(VoidReason::Foreign, types),
            Err(error) => tell(&error, "the cache could not be voided, it is not used until it is clear"),
        }
    }
}
