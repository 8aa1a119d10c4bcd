//! References: the ids of other documents, looked up by a unique key for many records at once.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value as Json;

use super::definition::{Definition, text, texts};
use super::field::Mapping;
use super::record_path::RecordPath;
use crate::engine::{Engine, EngineError, input};
use crate::schema::Model;

/// Which document a field refers to.
pub(super) struct Reference {
    /// Name of its type.
    pub(super) ty: Arc<str>,
    key: String,
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
            let hint = crate::config::suggestion(&ty, model.collections.iter().map(|known| &*known.name));
            definition.fault("type", format!("there is no type `{ty}` with @collection; {hint}"));
            return None;
        };
        let fields = match key.as_str() {
            "id" => 1,
            _ => match collection.uniques.iter().find(|unique| unique.name == key) {
                Some(unique) => unique.fields.len(),
                None => {
                    let names = collection.uniques.iter().map(|unique| unique.name.as_str()).chain(["id"]);
                    let hint = crate::config::suggestion(&key, names.collect::<Vec<_>>());
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

    /// What the mapped field becomes in each record: an id, nothing to refer to (`None`), or why not.
    pub(super) async fn resolve(
        &self,
        mapping: &Mapping,
        engine: &Engine,
        records: &[&Json],
    ) -> Result<Vec<Result<Option<Json>, String>>, EngineError> {
        let keys: Vec<_> = records.iter().map(|record| mapping.key(self, record)).collect();
        let mut asked: Vec<Vec<Json>> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for key in keys.iter().flatten().flatten() {
            places.entry(name(key)).or_insert_with(|| {
                asked.push(key.clone());
                asked.len() - 1
            });
        }
        let answers = engine.resolve_many(&self.ty, &self.key, &asked).await;
        if let Some(error) = answers.iter().find_map(|answer| answer.as_ref().err().filter(|e| is_fatal(e))) {
            return Err(error.clone());
        }
        let resolved = keys.into_iter().map(|key| {
            let Some(key) = key? else { return Ok(None) };
            match &answers[places[&name(&key)]] {
                Ok(Some(id)) => Ok(Some(Json::String(id.to_string()))),
                Ok(None) => Err(mapping.say(format_args!(
                    "there is no {} whose {} is {}",
                    self.ty,
                    self.key,
                    shown(&key)
                ))),
                Err(error) => Err(mapping.say(error)),
            }
        });
        Ok(resolved.collect())
    }
}

/// Whether an error says nothing about the record at hand.
pub(super) fn is_fatal(error: &EngineError) -> bool {
    matches!(error, EngineError::Unavailable { .. } | EngineError::Internal(_))
}

/// The key's values as a text, to find them again.
fn name(key: &[Json]) -> String {
    Json::from(key.to_vec()).to_string()
}

fn shown(key: &[Json]) -> String {
    key.iter().map(Json::to_string).collect::<Vec<_>>().join(", ")
}
