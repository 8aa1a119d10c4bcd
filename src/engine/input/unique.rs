//! Unique keys: finds documents by them, and computes the normalised values stored beside them.

use std::sync::Arc;

use bson::Bson;
use serde_json::Value as Json;

use super::faults::Faults;
use super::value::leaf;
use crate::engine::InputFault;
use crate::query::{Filter, normalised};
use crate::schema::{Collection, Model, UniqueKey};

/// The filter that matches the document with these values in the key's fields (in their order). Paths of
/// faults are field names.
pub fn unique(
    model: &Model,
    collection: &Collection,
    key: &UniqueKey,
    values: &[Json],
) -> Result<Filter, Vec<InputFault>> {
    equal(model, collection, &key.fields, values, |name, stored| {
        Filter::eq(key.path(name), normalised(key, &stored))
    })
}

/// The filter that matches the documents with these values in fields (in their order). Paths of faults are field names.
pub fn shared(
    model: &Model,
    collection: &Collection,
    fields: &[Arc<str>],
    values: &[Json],
) -> Result<Filter, Vec<InputFault>> {
    equal(model, collection, fields, values, |name, stored| Filter::eq(name, stored))
}

fn equal(
    model: &Model,
    collection: &Collection,
    fields: &[Arc<str>],
    values: &[Json],
    condition: impl Fn(&str, Bson) -> Filter,
) -> Result<Filter, Vec<InputFault>> {
    let mut faults = Faults::default();
    let mut parts = Vec::with_capacity(fields.len());
    for (place, name) in fields.iter().enumerate() {
        faults.at(name, |faults| match (collection.field(name), values.get(place)) {
            (Some(_), None | Some(Json::Null)) => {
                faults.add("documents without a value cannot be found by it");
            }
            (Some(field), Some(given)) => {
                let stored = faults.keep(leaf(model, field, given));
                parts.extend(stored.map(|stored| condition(name, stored)));
            }
            (None, _) => faults.add(format!("{} has no such field", collection.name)),
        });
    }
    let filter = if parts.len() == 1 { parts.pop() } else { Some(Filter::And(parts)) };
    faults.finish(filter)
}

/// The values to store under `_oponn.u` for these fields of a document or a patch, each with its path; null
/// for null. A field outside every normalised key adds nothing.
pub fn unique_values<'a>(
    collection: &Collection,
    fields: impl IntoIterator<Item = (&'a str, &'a Bson)>,
) -> Vec<(String, Bson)> {
    let mut values = Vec::new();
    for (name, stored) in fields {
        for key in collection.uniques.iter().filter(|key| !key.normalize.is_empty()) {
            if key.fields.iter().any(|field| **field == *name) {
                values.push((key.path(name), normalised(key, stored)));
            }
        }
    }
    values
}
