//! Bounds how many operations are carried out at once, and how many wait for that.

use std::sync::Arc;

use tokio::sync::{Semaphore, SemaphorePermit};

/// The turns that there are.
#[derive(Clone)]
pub(super) struct Turns(Arc<Bounds>);

struct Bounds {
    executions: Semaphore,
    queue: Semaphore,
}

impl Turns {
    pub(super) fn new(executions: usize, queue: usize) -> Turns {
        let permits = |count: usize| Semaphore::new(count.min(Semaphore::MAX_PERMITS));
        Turns(Arc::new(Bounds { executions: permits(executions), queue: permits(queue) }))
    }

    /// A turn, at once or after those who came before; none when too many wait already and this one cannot.
    pub(super) async fn take(&self, patient: bool) -> Option<SemaphorePermit<'_>> {
        let Bounds { executions, queue } = &*self.0;
        if let Ok(turn) = executions.try_acquire() {
            return Some(turn);
        }
        let _place = match patient {
            true => None,
            false => Some(queue.try_acquire().ok()?),
        };
        Some(executions.acquire().await.expect("nobody closes the semaphore"))
    }
}
