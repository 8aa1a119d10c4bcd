//! The requests of one HTTP/2 connection: tasks of their own, which end with it.

use hyper::rt::Executor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::server::share::Share;

/// Carries requests out beside each other.
#[derive(Clone)]
pub(super) struct Streams {
    pub(super) share: Share,
    /// The end of the connection.
    pub(super) end: CancellationToken,
    /// The requests of all connections.
    pub(super) all: TaskTracker,
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, request: F) {
        let (end, share) = (self.end.clone(), self.share.of_many());
        self.all.spawn(share.scope(async move {
            end.run_until_cancelled(request).await;
        }));
    }
}
