//! The result of an operation: its data as bytes, with its errors and what was read; or a refusal.

use super::Outcome;
use super::error::ApiError;
use crate::engine::{Place, Read};
use crate::metrics::{GraphqlKind, GraphqlOutcome};

/// The answer of an operation that was carried out. The data is in the buffer in which it is sent, after the
/// protocol's opening, so the protocol only has to append the rest, and copies nothing.
pub(super) struct Answer {
    /// The opening and the data.
    pub(super) json: Vec<u8>,
    /// Where the data begins.
    pub(super) from: usize,
    /// The operation's errors; the data has nulls in their places.
    pub(super) errors: Vec<ApiError>,
    /// What was read, if the cache answered every read.
    pub(super) read: Option<Read>,
    /// The place in the cache's journal that is no later than the reads.
    pub(super) place: Option<Place>,
}

impl Answer {
    /// The data as JSON: an object of the root fields, or null.
    pub(super) fn data(&self) -> &[u8] {
        &self.json[self.from..]
    }

    /// The outcome of the operation.
    pub(super) fn outcome(&self) -> GraphqlOutcome {
        if self.errors.is_empty() { GraphqlOutcome::Ok } else { GraphqlOutcome::Errors }
    }
}

/// Why an operation was not carried out.
pub(super) struct Refused {
    /// The errors of the operation.
    pub(super) errors: Vec<ApiError>,
    /// How far the operation came.
    pub(super) outcome: Outcome,
    /// The operation's kind, as far as that is known.
    pub(super) kind: GraphqlKind,
}
