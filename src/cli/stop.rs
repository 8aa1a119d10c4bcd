//! The system's signals to stop: SIGTERM and SIGINT.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::failure::Failure;

/// Listens to the signals until it is dropped.
pub(super) struct Stop {
    told: CancellationToken,
    _listener: AbortOnDropHandle<()>,
}

impl Stop {
    /// Starts listening: the first signal asks the program to stop, a second one ends it at once.
    pub(super) fn listen() -> Result<Stop, Failure> {
        let no_signals = |error| Failure::Failed(format!("signals cannot be listened to: {error}"));
        let mut terminate = signal(SignalKind::terminate()).map_err(no_signals)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signals)?;
        let told = CancellationToken::new();
        let first = told.clone();
        // A separate task hears the second signal whatever the program is busy with.
        let listener = tokio::spawn(async move {
            for first_time in [true, false] {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                match first_time {
                    true => first.cancel(),
                    false => std::process::exit(130),
                }
            }
        });
        Ok(Stop { told, _listener: AbortOnDropHandle::new(listener) })
    }

    /// Resolves when the program has been asked to stop.
    pub(super) async fn told(&self) {
        self.told.cancelled().await;
    }
}
