//! Work that goes on when its caller has gone, and that whoever ends the program waits for.

use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The tasks of one engine.
#[derive(Clone, Default)]
pub(super) struct Tasks(Arc<Inner>);

#[derive(Default)]
struct Inner {
    tracker: TaskTracker,
    ending: CancellationToken,
}

impl Tasks {
    /// Spawns a task on the runtime of the caller.
    pub(super) fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.0.tracker.spawn(task)
    }

    /// Resolves when the engine is to end: a task that only waits for its time goes on at once.
    pub(super) async fn ending(&self) {
        self.0.ending.cancelled().await;
    }

    /// Tells all tasks that the engine is to end, and waits for them.
    pub(super) async fn end(&self) {
        self.0.ending.cancel();
        self.0.tracker.close();
        self.0.tracker.wait().await;
    }
}
