//! Why a command did not do its work.

use std::process::ExitCode;

/// The failure of a command. Decides the exit code; the message goes to standard error.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The command did not do its work.
    #[error("{0}")]
    Failed(String),
    /// The command line or the configuration is wrong.
    #[error("{0}")]
    Usage(String),
    /// The command did not do its work, and has already printed the reasons.
    #[error("")]
    Told,
}

impl Failure {
    pub(super) fn exit_code(&self) -> ExitCode {
        match self {
            Failure::Failed(_) | Failure::Told => ExitCode::from(1),
            Failure::Usage(_) => ExitCode::from(2),
        }
    }
}
