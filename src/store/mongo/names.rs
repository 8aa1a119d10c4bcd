//! The names of the indexes that oponn makes. The server names an index when a write violates it, so the
//! names are read as well.

use crate::schema::{Index, UniqueKey};

/// What the name of every such index begins with.
const PREFIX: &str = "oponn_";

/// The name of the index that enforces a unique key.
pub(super) fn of_unique(unique: &UniqueKey) -> String {
    format!("{PREFIX}{}", unique.name)
}

/// The name of an index that only speeds reads up.
pub(super) fn of_index(index: &Index) -> String {
    format!("{PREFIX}by_{}", index.fields.join("_"))
}

/// The unique key that an index enforces; the whole name of an index that is not one of these.
pub(super) fn unique_of(index: &str) -> &str {
    index.strip_prefix(PREFIX).unwrap_or(index)
}
