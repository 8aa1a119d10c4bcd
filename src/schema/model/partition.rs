//! Which documents of a type are cached together.

use std::sync::Arc;

/// From `@partition`: the documents with equal values of some fields are one partition.
#[derive(Clone, Debug, PartialEq)]
pub struct Partition {
    /// Names of the fields.
    pub by: Vec<Arc<str>>,
    /// The maximum number of documents of a partition.
    pub max: u64,
}
