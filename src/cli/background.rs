//! Background tasks beside the requests: the caller that begins them can wait for their end.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The background tasks of the program.
#[derive(Default)]
pub(super) struct Background {
    tasks: TaskTracker,
    ending: CancellationToken,
}

impl Background {
    /// Begins a task. When all tasks are to end, the task is cancelled at its next await.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let ending = self.ending.clone();
        self.tasks.spawn(async move { ending.run_until_cancelled(task).await });
    }

    /// Cancels all tasks and waits for them; `false` when some have not ended within the time.
    pub(super) async fn end(self, within: Duration) -> bool {
        self.ending.cancel();
        self.tasks.close();
        tokio::time::timeout(within, self.tasks.wait()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn what_a_task_holds_is_free_after_the_end() {
        let (background, held) = (Background::default(), Arc::new(()));
        for _ in 0..3 {
            let held = held.clone();
            background.spawn(async move {
                std::future::pending::<()>().await;
                drop(held);
            });
        }
        assert!(background.end(Duration::MAX).await);
        assert_eq!(Arc::strong_count(&held), 1);
    }

    #[tokio::test]
    async fn a_task_that_does_not_wait_is_not_waited_for_longer_than_said() {
        let (background, (release, released)) = (Background::default(), std::sync::mpsc::channel::<()>());
        let blocking = tokio::task::spawn_blocking(move || released.recv());
        // Not cancelled: the task was spawned without the token.
        background.tasks.spawn(blocking);
        assert!(!background.end(Duration::ZERO).await);
        drop(release);
    }
}
