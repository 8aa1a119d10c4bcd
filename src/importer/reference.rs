//! A reference: the document of another type that a field names, by values of a unique key.

use std::sync::Arc;

use serde_json::Value as Json;

use super::definition::{Definition, text, texts};
use super::record_path::RecordPath;
use crate::engine::input;
use crate::schema::Model;
use crate::spelling::suggestion;

/// Which document a field refers to.
pub(super) struct Reference {
    /// Name of its type.
    pub(super) ty: Arc<str>,
    /// Name of the key; or `id`.
    pub(super) key: String,
    /// Where the values of the key's fields are in a record.
    pub(super) from: Vec<RecordPath>,
}

impl Reference {
    /// Reads `references`.
    pub(super) fn define(definition: &mut Definition<'_>, model: &Model) -> Option<Reference> {
        let ty = definition.required("type", "name the type that is referred to");
        let key = definition.required("key", "name one of its unique keys");
        if !definition.has("from") {
            definition.fault("from", "this is missing; name the path of the key's value in the record");
        }
        let from = definition.read("from", |value| {
            let paths = text(value).map(|path| vec![path]).or_else(|_| texts(value));
            paths.map_err(|_| "a path, or a list of paths for a key of several fields".to_owned())
        });
        let (ty, key, from) = (ty?, key?, from?);

        let Some(collection) = model.collection(&ty) else {
            let hint = suggestion(&ty, model.collections.iter().map(|known| &*known.name));
            definition.fault("type", format!("there is no type `{ty}` with @collection; {hint}"));
            return None;
        };
        let fields = match key.as_str() {
            "id" => 1,
            _ => match collection.uniques.iter().find(|unique| unique.name == key) {
                Some(unique) => unique.fields.len(),
                None => {
                    let names = collection.uniques.iter().map(|unique| unique.name.as_str()).chain(["id"]);
                    let hint = suggestion(&key, names.collect::<Vec<_>>());
                    definition.fault("key", format!("{ty} has no unique key `{key}`; {hint}"));
                    return None;
                }
            },
        };
        if from.len() != fields {
            definition
                .fault("from", format!("`{key}` has {fields} fields, and here are {} paths", from.len()));
            return None;
        }
        let from = from.into_iter().map(RecordPath::new).collect();
        Some(Reference { ty: collection.name.clone(), key, from })
    }

    /// An id that could be the one of such a document.
    pub(super) fn any_id(&self, model: &Model) -> Option<Json> {
        let collection = model.collection(&self.ty)?;
        Some(Json::String(input::new_id(collection.id).to_string()))
    }
}
