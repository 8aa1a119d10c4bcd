//! What the API allows.

use std::time::Duration;

/// Maximum rows that a list over several types may skip: they must all be read to be merged.
const MERGED_OFFSET: u64 = 10_000;

/// Bounds of the API.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiLimits {
    /// Rows in a list when neither `first` nor `last` is given.
    pub page_default: u64,
    /// Maximum rows in a list.
    pub page_max: u64,
    /// Maximum levels of nested fields.
    pub depth: usize,
    /// Maximum complexity: the number of fields, each multiplied by the rows of the lists around it.
    pub complexity: usize,
    /// Whether introspection is allowed.
    pub introspection: bool,
    /// Maximum bytes of kept answers.
    pub answers: u64,
    /// Maximum bytes of kept documents and plans.
    pub documents: u64,
    /// Maximum bytes of rows and answers over all large operations under way; one may take a quarter.
    pub memory: u64,
    /// Time limit for the reads of an operation.
    pub timeout: Duration,
    /// Maximum number of operations carried out at once. Requests served from kept answers do not count.
    pub executions: usize,
    /// Maximum number of operations that wait for their turn.
    pub queue: usize,
}

impl Default for ApiLimits {
    fn default() -> ApiLimits {
        ApiLimits {
            page_default: 20,
            page_max: 1_000,
            depth: 16,
            complexity: 200_000,
            introspection: true,
            answers: 64 << 20,
            documents: 64 << 20,
            memory: 128 << 20,
            timeout: Duration::from_secs(30),
            executions: 128,
            queue: 1_024,
        }
    }
}

/// Maximum rows that a list over so many types may skip.
pub(super) fn max_offset(types: usize) -> u64 {
    if types > 1 { MERGED_OFFSET } else { i32::MAX as u64 }
}
