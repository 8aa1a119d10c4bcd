//! Unique keys: finding a document by one, and the normalised values that stand beside it.

use bson::Bson;
use serde_json::Value as Json;

use crate::engine::InputFault;
use crate::query::Filter;
use crate::schema::{Collection, Model, UniqueKey};

/// The filter that holds for the document with these values in the key's fields (in their order).
pub fn unique(
    model: &Model,
    collection: &Collection,
    key: &UniqueKey,
    values: &[Json],
) -> Result<Filter, Vec<InputFault>> {
    let _ = (model, collection, key, values);
    unimplemented!()
}

/// The values to store under `_oponn.u` for these fields of a document or a patch: paths with values,
/// null for null. Fields that are in no normalised key give nothing.
pub fn unique_values<'a>(
    collection: &Collection,
    fields: impl IntoIterator<Item = (&'a str, &'a Bson)>,
) -> Vec<(String, Bson)> {
    let _ = (collection, fields.into_iter().count());
    unimplemented!()
}
