//! Errors as clients see them: one exhaustive match from the engine's errors to codes.

use serde_json::{Map, Value as Json, json};

use super::position::Pos;
use crate::engine::{EngineError, InputFault, Step};
use crate::metrics::{ErrorCode, Label, Metrics};
use crate::quota::Refusal;

/// One error of a response.
#[derive(Clone, Debug)]
pub(super) struct ApiError {
    /// The code in `extensions.code`.
    pub(super) code: ErrorCode,
    /// The message for the client.
    pub(super) message: String,
    /// The position in the operation's text.
    pub(super) pos: Option<Pos>,
    /// The path in the response.
    pub(super) path: Vec<Step>,
    /// Further members of `extensions`.
    pub(super) details: Vec<(&'static str, Json)>,
}

impl ApiError {
    /// An error with a code.
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> ApiError {
        ApiError { code, message: message.into(), pos: None, path: Vec::new(), details: Vec::new() }
    }

    /// An error in the client's input.
    pub(super) fn input(message: impl Into<String>, argument: &[Step]) -> ApiError {
        let mut error = ApiError::new(ErrorCode::BadUserInput, message);
        if !argument.is_empty() {
            error.details.push(("argument", json!(argument)));
        }
        error
    }

    /// The errors for the faults of an argument.
    pub(super) fn of_argument(name: &str, faults: Vec<InputFault>) -> Vec<ApiError> {
        ApiError::of_engine(EngineError::bad_input(&[Step::Key(name.to_owned())], faults))
    }

    /// The error when operations under way have taken all their memory.
    pub(super) fn no_memory() -> ApiError {
        let message = "The server has too many large operations under way; try again in a moment.";
        ApiError::new(ErrorCode::Overloaded, message)
    }

    /// The error when the sender may not take what the operation costs.
    pub(super) fn over_quota(refusal: &Refusal) -> ApiError {
        let mut error = ApiError::new(refusal.code(), refusal.to_string());
        error.details.extend(refusal.retry_after().map(|seconds| ("retryAfter", seconds.into())));
        error
    }

    /// A fault of the server: the client gets an id under which the log has the cause.
    pub(super) fn internal(cause: &str) -> ApiError {
        let id = uuid::Uuid::new_v4().to_string();
        tracing::error!(error_id = %id, cause, "a request failed inside");
        let mut error = ApiError::new(
            ErrorCode::Internal,
            "Something went wrong on the server. Give the error id to its operator.",
        );
        error.details.push(("errorId", Json::String(id)));
        error
    }

    /// The errors for an error of the engine; several when several things are wrong.
    pub(super) fn of_engine(error: EngineError) -> Vec<ApiError> {
        match error {
            EngineError::BadInput(faults) => {
                faults.into_iter().map(|fault| ApiError::input(fault.message, &fault.path)).collect()
            }
            EngineError::NotFound { message, path } => {
                let mut error = ApiError::input(message, &path);
                error.code = ErrorCode::NotFound;
                vec![error]
            }
            EngineError::OutOfRange { message, path, details } => {
                let mut error = ApiError::input(message, &path);
                error.code = ErrorCode::OutOfRange;
                error.details.extend(details);
                vec![error]
            }
            EngineError::Forbidden(message) => vec![ApiError::new(ErrorCode::Forbidden, message)],
            EngineError::Conflict { message, details } => {
                vec![ApiError { details, ..ApiError::new(ErrorCode::Conflict, message) }]
            }
            EngineError::VersionMismatch { current } => {
                let message = format!(
                    "The document has version {current}, not the one given as ifVersion; read it again."
                );
                let mut error = ApiError::new(ErrorCode::VersionMismatch, message);
                error.details.push(("version", current.into()));
                vec![error]
            }
            EngineError::Unavailable { message, cause } => {
                tracing::debug!(cause, "a request found the store out of reach");
                vec![ApiError::new(ErrorCode::Unavailable, message)]
            }
            EngineError::TimedOut(cause) => {
                tracing::debug!(cause, "a read of the store was broken off");
                let message = "Reading from the store took too long and was broken off; ask for less at once, or \
                               try again.";
                vec![ApiError::new(ErrorCode::Timeout, message)]
            }
            EngineError::TooLarge(most) => {
                let message = format!(
                    "The documents that were read have more than {} KiB together; ask for fewer rows at once.",
                    most / 1_024
                );
                vec![ApiError::new(ErrorCode::TooComplex, message)]
            }
            EngineError::Overloaded => vec![ApiError::no_memory()],
            EngineError::Internal(cause) => vec![ApiError::internal(&cause)],
        }
    }

    /// The error with a position in the text, unless it has one already.
    pub(super) fn at(mut self, pos: Pos) -> ApiError {
        self.pos.get_or_insert(pos);
        self
    }

    /// The error in the form that the specification prescribes.
    pub(super) fn to_json(&self) -> Json {
        let mut error = Map::new();
        error.insert("message".into(), Json::String(self.message.clone()));
        if let Some(pos) = self.pos {
            error.insert("locations".into(), json!([{ "line": pos.line, "column": pos.column }]));
        }
        if !self.path.is_empty() {
            error.insert("path".into(), json!(self.path));
        }
        let mut extensions = Map::new();
        extensions.insert("code".into(), self.code.as_str().into());
        for (name, value) in &self.details {
            extensions.insert((*name).to_owned(), value.clone());
        }
        error.insert("extensions".into(), Json::Object(extensions));
        Json::Object(error)
    }
}

/// Counts the errors of a response.
pub(super) fn count(metrics: &Metrics, errors: &[ApiError]) {
    for error in errors {
        metrics.graphql_error(error.code);
    }
}
