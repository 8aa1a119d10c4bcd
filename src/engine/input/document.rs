//! Whole inputs: a new document, and a change of fields.

use bson::Document;
use serde_json::{Map, Value as Json};

use crate::engine::InputFault;
use crate::schema::{Collection, Model};
use crate::store::Patch;

/// A new document as `BookInput` describes it, without `_id`, bookkeeping and the fields that the
/// engine fills. All faults at once. Fields that are `@readOnly` are accepted: the API's input types
/// do not have them, importers do. An `id` is passed over where clients may give one: see
/// [`id`](super::id).
pub fn create(
    model: &Model,
    collection: &Collection,
    input: &Map<String, Json>,
) -> Result<Document, Vec<InputFault>> {
    let _ = (model, collection, input);
    unimplemented!()
}

/// A change of fields as `BookPatch` describes it: fields left out stay, null clears nullable fields,
/// embedded values are replaced as a whole. All faults at once.
pub fn patch(
    model: &Model,
    collection: &Collection,
    set: &Map<String, Json>,
) -> Result<Patch, Vec<InputFault>> {
    let _ = (model, collection, set);
    unimplemented!()
}
