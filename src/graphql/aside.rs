//! What keeps a processor busy for long is done aside, so that small requests do not wait for it.
//!
//! The runtime's threads take up one task after the other and cannot break one off. So large operations have threads
//! of their own, as many as there are processors, and the operating system shares these among all threads: it
//! takes a processor from a large operation as soon as there is something for a small one.

use std::num::NonZero;
use std::panic::resume_unwind;

use futures_util::future::FutureExt;
use tokio::runtime::{Builder, Runtime};
use tokio_util::task::AbortOnDropHandle;

/// The threads for large operations; none when there are no more to be had: then all is done where it is.
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

    /// Does the work, aside if it is `large`. It is broken off when the future is dropped; what it spawns goes on, on
    /// the threads on which it was spawned.
    pub(super) fn run<T: Send + 'static>(
        &self,
        large: bool,
        work: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = T> + Send {
        // A future that is awaited at several places takes its size at each of them, and all of it is copied when
        // it is spawned.
        let work = work.boxed();
        let runtime = self.0.as_ref().filter(|_| large);
        async move {
            let Some(runtime) = runtime else { return work.await };
            match AbortOnDropHandle::new(runtime.spawn(work)).await {
                Ok(done) => done,
                Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
                // The program is at its end.
                Err(_) => std::future::pending().await,
            }
        }
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        // Waiting for the threads here could block the runtime that is left.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
