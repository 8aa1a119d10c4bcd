//! Bounds how many operations are carried out at once, and how many wait for their turn.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The turns, and the queue for them.
pub(super) struct Turns {
    executions: Arc<Semaphore>,
    queue: Semaphore,
}

impl Turns {
    pub(super) fn new(executions: usize, queue: usize) -> Turns {
        let permits = |count: usize| Semaphore::new(count.min(Semaphore::MAX_PERMITS));
        Turns { executions: Arc::new(permits(executions)), queue: permits(queue) }
    }

    /// A turn, at once or after earlier waiters; none when the queue is full and the request is not `patient`.
    pub(super) async fn take(&self, patient: bool) -> Option<OwnedSemaphorePermit> {
        if let Ok(turn) = self.executions.clone().try_acquire_owned() {
            return Some(turn);
        }
        let _place = match patient {
            true => None,
            false => Some(self.queue.try_acquire().ok()?),
        };
        Some(self.executions.clone().acquire_owned().await.expect("nobody closes the semaphore"))
    }
}
