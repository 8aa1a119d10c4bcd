//! Whole inputs: new documents, and patches.

use bson::Document;
use serde_json::{Map, Value as Json};

use super::faults::Faults;
use super::value::{read, read_fields, settable};
use crate::engine::InputFault;
use crate::schema::{Collection, Model, RelationKind};
use crate::store::Patch;

/// A new document from a `BookInput`, without `_id`, bookkeeping and the fields that the engine fills.
/// Reports all faults at once. Accepts `@readOnly` fields: the API's input types do not have them, but
/// importers do. Ignores an `id` where clients may give one: see [`id`](super::id()).
pub fn create(
    model: &Model,
    collection: &Collection,
    input: &Map<String, Json>,
) -> Result<Document, Vec<InputFault>> {
    let mut faults = Faults::default();
    for key in input.keys() {
        let given_id = key == "id" && collection.client_id;
        if !given_id && collection.field(key).is_none() {
            faults.at(key, |faults| faults.add(no_such_field(collection, key)));
        }
    }
    let document = read_fields(model, &collection.fields, input, &mut faults);
    faults.finish(Some(document))
}

/// A change of fields from a `BookPatch`: omitted fields stay, null clears nullable fields, embedded values
/// are replaced as a whole. Reports all faults at once. Treats `@readOnly` as [`create`] does.
pub fn patch(
    model: &Model,
    collection: &Collection,
    set: &Map<String, Json>,
) -> Result<Patch, Vec<InputFault>> {
    let mut faults = Faults::default();
    let mut patch = Patch::default();
    for (key, given) in set {
        faults.at(key, |faults| match collection.field(key) {
            Some(field) if settable(field) => {
                let stored = read(model, field, given, faults);
                patch.set.extend(stored.map(|stored| (key.clone(), stored)));
            }
            Some(_) => faults.add("is filled by the server; leave it out"),
            None => faults.add(no_such_field(collection, key)),
        });
    }
    faults.finish(Some(patch))
}

/// What to tell the client about a key that is not a stored field.
fn no_such_field(collection: &Collection, key: &str) -> String {
    if key == "id" {
        return format!(
            "the server gives {} their ids, which do not change; leave it out",
            collection.names.plural
        );
    }
    match collection.relation(key).map(|relation| &relation.kind) {
        Some(RelationKind::BelongsTo { field, .. }) => format!("give the other's id in {field} instead"),
        Some(RelationKind::HasMany { field, .. }) => {
            format!("cannot be written here; write {field} of the other documents instead")
        }
        None => {
            let names: Vec<&str> = collection.fields.iter().map(|field| &*field.name).collect();
            format!("there is no such field; {} has {}", collection.name, names.join(", "))
        }
    }
}
