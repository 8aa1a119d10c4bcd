//! Runs work that keeps a processor busy for long on threads of its own, so that small requests do not wait for it.
//!
//! The runtime's threads run one task after another and cannot preempt one. So large operations have threads of their
//! own, as many as there are processors, and the operating system schedules all threads: it takes a processor from a
//! large operation as soon as a small one has something to do.

use std::num::NonZero;
use std::panic::resume_unwind;

use futures_util::future::FutureExt;
use tokio::runtime::{Builder, Runtime};
use tokio_util::task::AbortOnDropHandle;

/// The threads for large operations. Without them, when the system gives no more, all work is done where it is.
pub(super) struct Aside(Option<Runtime>);

impl Aside {
    pub(super) fn new() -> Aside {
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(threads).thread_name("oponn-large").enable_all().build();
        if let Err(error) = &runtime {
            tracing::warn!(%error, "large operations get no threads of their own");
        }
        Aside(runtime.ok())
    }

    /// Does the work, aside if it is `large`. Dropping the future cancels the work; tasks that the work spawned go on,
    /// on the threads on which they were spawned.
    pub(super) fn run<T: Send + 'static>(
        &self,
        large: bool,
        work: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = T> + Send {
        // A future awaited at several places takes up its size at each of them, and all of it is copied when it is
        // spawned.
        let work = work.boxed();
        let runtime = self.0.as_ref().filter(|_| large);
        async move {
            let Some(runtime) = runtime else { return work.await };
            match AbortOnDropHandle::new(runtime.spawn(work)).await {
                Ok(done) => done,
                Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
                // The program is shutting down.
                Err(_) => std::future::pending().await,
            }
        }
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        // Waiting for the threads here could block the runtime that drops this.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
