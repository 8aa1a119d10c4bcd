//! What people and scripts read. A reader that went away is no failure.

use std::io::{ErrorKind, Write};

use super::failure::Failure;

/// Writes to standard output.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::Failed(format!("the output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes messages to standard error, each line marked as one of an error.
pub(super) fn complain(message: &str) {
    let mut out = std::io::stderr().lock();
    for line in message.lines() {
        let _ = writeln!(out, "oponn: {line}");
    }
}

/// A count with its noun: `1 fault`, `2 faults`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
