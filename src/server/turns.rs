//! Bounds how many requests are carried out at once, and how many wait for that.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::fault::Fault;
use crate::engine::Engine;
use crate::graphql::Leave;
use crate::metrics::Bound;

/// The leaves that there are.
pub(super) struct Turns {
    executions: Arc<Semaphore>,
    queue: Semaphore,
}

impl Turns {
    pub(super) fn new(executions: usize, queue: usize) -> Turns {
        let permits = |count: usize| Semaphore::new(count.min(Semaphore::MAX_PERMITS));
        Turns { executions: Arc::new(permits(executions)), queue: permits(queue) }
    }

    /// Leave to carry out a request, at once or after those who came before. Refused when too many wait.
    pub(super) async fn take(&self, engine: &Engine) -> Result<Leave, Fault> {
        if let Ok(leave) = self.executions.clone().try_acquire_owned() {
            return Ok(leave.into());
        }
        let Ok(_place) = self.queue.try_acquire() else {
            engine.metrics().http_bound(Bound::Executions);
            return Err(Fault::overloaded("The server has too much to do; ask again in a while."));
        };
        Ok(self.wait().await)
    }

    /// Leave for what is part of a request that had leave before: it waits, but is not refused.
    pub(super) async fn wait(&self) -> Leave {
        let leave = self.executions.clone().acquire_owned().await;
        leave.map(Leave::from).expect("nobody closes the semaphore")
    }
}
