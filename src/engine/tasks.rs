//! Tasks that outlive their callers and that the end of the program waits for.

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Tasks that end together. Clones share the tasks.
#[derive(Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    ending: CancellationToken,
}

impl Tasks {
    /// Spawns a task that runs to its own end, on the caller's runtime.
    pub fn spawn<T: Send + 'static>(&self, task: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        self.tracker.spawn(task)
    }

    /// Spawns a task that is cancelled at its next await when all tasks are to end.
    pub fn spawn_until_end(&self, task: impl Future<Output = ()> + Send + 'static) {
        let ending = self.ending.clone();
        self.tracker.spawn(async move { ending.run_until_cancelled(task).await });
    }

    /// Resolves when all tasks are to end: a task that only waits for its time goes on at once.
    pub(super) async fn ending(&self) {
        self.ending.cancelled().await;
    }

    /// Tells all tasks to end, and waits for them.
    pub async fn end(&self) {
        self.ending.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    async fn end(tasks: Tasks, within: Duration) -> bool {
        tokio::time::timeout(within, tasks.end()).await.is_ok()
    }

    #[tokio::test]
    async fn what_a_task_holds_is_free_after_the_end() {
        let (tasks, held) = (Tasks::default(), Arc::new(()));
        for _ in 0..3 {
            let held = held.clone();
            tasks.spawn_until_end(async move {
                std::future::pending::<()>().await;
                drop(held);
            });
        }
        assert!(end(tasks, Duration::MAX).await);
        assert_eq!(Arc::strong_count(&held), 1);
    }

    #[tokio::test]
    async fn a_task_that_does_not_wait_is_not_waited_for_longer_than_said() {
        let (tasks, (release, released)) = (Tasks::default(), std::sync::mpsc::channel::<()>());
        let blocking = tokio::task::spawn_blocking(move || released.recv());
        // Not cancelled: the task was spawned without the token.
        tasks.spawn(blocking);
        assert!(!end(tasks, Duration::ZERO).await);
        drop(release);
    }
}
