//! Whether a document satisfies a filter: the reference that the stores must agree with.

use bson::raw::{RawBsonRef, RawDocument};

use super::filter::Filter;

/// Whether the document satisfies the filter.
pub fn matches(filter: &Filter, doc: &RawDocument) -> bool {
    let _ = (filter, doc);
    unimplemented!()
}

/// Calls `see` with every value that an operator at the path sees; `None` stands for missing.
pub fn values_at(doc: &RawDocument, path: &str, see: &mut dyn FnMut(Option<RawBsonRef<'_>>)) {
    let _ = (doc, path, see);
    unimplemented!()
}
