//! What comes of an operation: its data as bytes with what went wrong and what was read, or that it was refused.

use super::Outcome;
use super::error::ApiError;
use crate::engine::{Place, Read};
use crate::metrics::{GraphqlKind, GraphqlOutcome};

/// The answer of an operation that was carried out. The data stands in the buffer in which it is sent, behind the
/// opening that the protocol gave, so that the protocol has to add what comes behind it, and to copy nothing.
pub(super) struct Answer {
    /// The opening and the data.
    pub(super) json: Vec<u8>,
    /// Where the data begins.
    pub(super) from: usize,
    /// What went wrong; the data has nulls for it.
    pub(super) errors: Vec<ApiError>,
    /// What was read, if all of it was read from the cache.
    pub(super) read: Option<Read>,
    /// The place in the cache's journal that what was read is no older than.
    pub(super) place: Option<Place>,
}

impl Answer {
    /// The data as JSON: an object of the root fields, or null.
    pub(super) fn data(&self) -> &[u8] {
        &self.json[self.from..]
    }

    /// What came of the operation.
    pub(super) fn outcome(&self) -> GraphqlOutcome {
        if self.errors.is_empty() { GraphqlOutcome::Ok } else { GraphqlOutcome::Errors }
    }
}

/// Why an operation was not carried out.
pub(super) struct Refused {
    /// What is wrong with it.
    pub(super) errors: Vec<ApiError>,
    /// How far it came.
    pub(super) outcome: Outcome,
    /// What it is, as far as that is known.
    pub(super) kind: GraphqlKind,
}
