//! What the API allows.

use std::time::Duration;

/// Rows that a list over several types passes over at the most: they have to be read to be merged.
const MERGED_OFFSET: u64 = 10_000;

/// Bounds of the API.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiLimits {
    /// Rows of a list when neither `first` nor `last` is given.
    pub page_default: u64,
    /// Rows of a list at the most.
    pub page_max: u64,
    /// Levels of nested fields at the most.
    pub depth: usize,
    /// Complexity at the most: fields, each times the rows of the lists around it.
    pub complexity: usize,
    /// Whether the schema may be asked for.
    pub introspection: bool,
    /// Bytes of answers that are kept at the most.
    pub answers: u64,
    /// Bytes of parsed documents and of plans that are kept at the most.
    pub documents: u64,
    /// Bytes of rows and answers of all operations under way at the most; a quarter of it for each.
    pub memory: u64,
    /// How long the reads of an operation may take.
    pub timeout: Duration,
    /// Operations carried out at once at the most. What is answered from the kept answers is none of them.
    pub executions: usize,
    /// Operations that wait for their turn at the most.
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

/// Rows that a list over so many types passes over at the most.
pub(super) fn max_offset(types: usize) -> u64 {
    if types > 1 { MERGED_OFFSET } else { i32::MAX as u64 }
}
