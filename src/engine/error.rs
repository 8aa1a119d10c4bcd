//! The engine's errors, and how much of each a client may know.

use serde_json::Value as Json;

use crate::store::{DiskFault, StoreError};

/// One step of a path into an input: `["inputs", 3, "price"]`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub enum Step {
    /// A field or argument.
    Key(String),
    /// An index in a list.
    Index(usize),
}

/// One fault of an input.
#[derive(Clone, Debug, PartialEq)]
pub struct InputFault {
    /// The path to the fault, from the argument on.
    pub path: Vec<Step>,
    /// What is wrong, and what would be right. For the client.
    pub message: String,
}

/// An error of the engine. One variant per `extensions.code` of the API.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EngineError {
    /// The input has these faults.
    #[error("{}", .0.iter().map(|fault| fault.message.as_str()).collect::<Vec<_>>().join("; "))]
    BadInput(Vec<InputFault>),
    /// A document that has to exist does not.
    #[error("{message}")]
    NotFound {
        /// For the client.
        message: String,
        /// Its place in the input, if the input named it.
        path: Vec<Step>,
    },
    /// A value is beyond a bound that a field of the parent gives.
    #[error("{message}")]
    OutOfRange {
        /// For the client.
        message: String,
        /// The value's place in the input.
        path: Vec<Step>,
        /// Further details for the client: `bound`, `of`, `limit`, `value`.
        details: Vec<(&'static str, Json)>,
    },
    /// The viewer may not do this. For the client.
    #[error("{0}")]
    Forbidden(String),
    /// A unique key is taken, or documents that refer to this one forbid its deletion.
    #[error("{message}")]
    Conflict {
        /// For the client.
        message: String,
        /// Further details for the client: `field`, `blockers`.
        details: Vec<(&'static str, Json)>,
    },
    /// The document's version is not the expected one.
    #[error("the document has version {current}")]
    VersionMismatch {
        /// The document's actual version.
        current: i64,
    },
    /// The store cannot be reached, or the outcome of a write is unknown.
    #[error("{message}")]
    Unavailable {
        /// For the client.
        message: String,
        /// For the log.
        cause: String,
    },
    /// A read of the store was cut off by its time-out. The cause is for the log.
    #[error("reading from the store took too long: {0}")]
    TimedOut(String),
    /// A read of the store found more bytes than one read may hold: this many.
    #[error("the documents have more than {0} bytes")]
    TooLarge(u64),
    /// Too much is under way.
    #[error("the reads under way hold all the memory that there is for them")]
    Overloaded,
    /// A fault of the server; clients see only an id.
    #[error("{0}")]
    Internal(String),
}

impl InputFault {
    /// A fault at a named place in the input.
    pub fn at(name: &str, message: impl Into<String>) -> InputFault {
        InputFault { path: vec![Step::Key(name.to_owned())], message: message.into() }
    }
}

impl EngineError {
    /// Faults of an input that is itself part of a larger one, at this place.
    pub fn bad_input(at: &[Step], faults: Vec<InputFault>) -> EngineError {
        let place = |fault: InputFault| InputFault {
            path: at.iter().cloned().chain(fault.path).collect(),
            message: fault.message,
        };
        EngineError::BadInput(faults.into_iter().map(place).collect())
    }
}

impl From<StoreError> for EngineError {
    fn from(error: StoreError) -> EngineError {
        match error {
            StoreError::Unavailable(cause) => {
                EngineError::Unavailable { message: "The store cannot be reached; try again.".into(), cause }
            }
            StoreError::Disk(fault, cause) => EngineError::Unavailable {
                message: match fault {
                    DiskFault::Full => {
                        "The store's disk is full: nothing can be written until there is space."
                    }
                    DiskFault::ReadOnly => "The store is read-only: nothing can be written.",
                    DiskFault::Failing => "The store's disk fails; the server's log says more.",
                }
                .into(),
                cause: format!("{fault}: {cause}"),
            },
            StoreError::TimedOut(cause) => EngineError::TimedOut(cause),
            StoreError::TooLarge(most) => EngineError::TooLarge(most),
            StoreError::Overloaded => EngineError::Overloaded,
            StoreError::Unknown(cause) => EngineError::Unavailable {
                message: "The connection to the store broke during the write, which may have happened; \
                          read before trying again."
                    .into(),
                cause,
            },
            StoreError::Duplicate { ty, key } => EngineError::Conflict {
                message: format!("Another {ty} has the same {key}."),
                details: vec![("field", Json::String(key))],
            },
            StoreError::Unacceptable(message) => {
                EngineError::BadInput(vec![InputFault { path: Vec::new(), message }])
            }
            StoreError::Behind(cause) => EngineError::Unavailable {
                message: "The store was restored or replaced, and the cache is being cleared; try again."
                    .into(),
                cause,
            },
            StoreError::Refused(message) | StoreError::Internal(message) => EngineError::Internal(message),
        }
    }
}
