//! Output for people and scripts. A reader that has gone away is no failure.

use std::ffi::OsString;
use std::io::{ErrorKind, Write};

use super::failure::Failure;
use crate::config::mask;

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

/// Writes messages to standard error, marking each line as the program's.
pub(super) fn complain(message: &str) {
    let mut out = std::io::stderr().lock();
    for line in message.lines() {
        let _ = writeln!(out, "oponn: {line}");
    }
}

/// Tells people something beside the output.
pub(super) fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Prints clap's message about a command line (a fault, or the help asked for), with secrets masked in addresses that
/// stand where none belongs.
pub(super) fn refuse(error: &clap::Error, arguments: impl Iterator<Item = OsString>) {
    let text = error.render().to_string();
    let is_secret = |argument: &String| text.contains(argument.as_str()) && mask(argument) != *argument;
    let arguments = arguments.map(|argument| argument.to_string_lossy().into_owned());
    let secrets: Vec<String> = arguments.filter(is_secret).collect();
    if secrets.is_empty() {
        // A closed pipe is nobody's fault.
        let _ = error.print();
    } else {
        let masked = secrets.iter().fold(text, |text, secret| text.replace(secret, &mask(secret)));
        let _ = std::io::stderr().lock().write_all(masked.as_bytes());
    }
}

/// A count with its noun: `1 fault`, `2 faults`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
