//! One field's value: its type, its bounds, its stored form.

use bson::Bson;
use serde_json::Value as Json;

use crate::engine::InputFault;
use crate::schema::{Field, Model};

/// A field's value in stored form, with all its faults at once; their paths start inside the value.
pub fn value(model: &Model, field: &Field, given: &Json) -> Result<Bson, Vec<InputFault>> {
    let _ = (model, field, given);
    unimplemented!()
}
