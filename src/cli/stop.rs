//! The system's signals to stop.

use tokio::signal::unix::{SignalKind, signal};

use super::failure::Failure;

/// Resolves at SIGTERM or SIGINT. A second signal ends the program at once.
pub(super) fn stop_signal() -> Result<impl Future<Output = ()>, Failure> {
    let no_signals = |error| Failure::Failed(format!("signals cannot be listened to: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(no_signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signals)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            std::process::exit(130);
        });
    })
}
