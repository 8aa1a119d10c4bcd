//! The engine's errors in an import: which of them end it, and what an operator reads.

use crate::engine::{EngineError, InputFault, Step};

/// Whether an error says nothing about the record at hand.
pub(super) fn is_fatal(error: &EngineError) -> bool {
    matches!(
        error,
        EngineError::Unavailable { .. }
            | EngineError::TimedOut(_)
            | EngineError::TooLarge(_)
            | EngineError::Overloaded
            | EngineError::Internal(_)
    )
}

/// What an operator reads: of an input's faults also the places.
pub(super) fn describe(error: &EngineError) -> String {
    match error {
        EngineError::BadInput(faults) => faults.iter().map(describe_fault).collect::<Vec<_>>().join("; "),
        EngineError::Unavailable { message, cause } => format!("{message} ({cause})"),
        error => error.to_string(),
    }
}

fn describe_fault(fault: &InputFault) -> String {
    let steps: Vec<String> = fault
        .path
        .iter()
        .map(|step| match step {
            Step::Key(key) => key.clone(),
            Step::Index(index) => index.to_string(),
        })
        .collect();
    if steps.is_empty() { fault.message.clone() } else { format!("{}: {}", steps.join("."), fault.message) }
}
