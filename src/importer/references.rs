//! References: the ids of other documents, looked up by a unique key for many records at once.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value as Json;

use super::chunk::Resolved;
use super::definition::{Definition, text, texts};
use super::field::Mapping;
use super::record_path::RecordPath;
use crate::engine::{Engine, EngineError, input};
use crate::schema::Model;

/// How to find the document that a field refers to.
pub(super) struct Reference {
    /// Name of its type.
    pub(super) ty: Arc<str>,
    key: String,
    /// The places of the key's values in a record.
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

    /// A possible id of such a document.
    pub(super) fn any_id(&self, model: &Model) -> Option<Json> {
        let collection = model.collection(&self.ty)?;
        Some(Json::String(input::new_id(collection.id).to_string()))
    }
}

/// Maximum number of remembered ids from earlier chunks.
const REMEMBERED: usize = 100_000;

/// Resolves one reference in all chunks of a loader.
pub(super) struct Resolver<'a> {
    mapping: &'a Mapping,
    reference: &'a Reference,
    assumed: bool,
    /// The ids found so far, by key. The write of the record detects a document deleted meanwhile.
    known: HashMap<String, Json>,
}

impl<'a> Resolver<'a> {
    /// With `assumed`, every referenced document is assumed to exist.
    pub(super) fn new(mapping: &'a Mapping, reference: &'a Reference, assumed: bool) -> Resolver<'a> {
        Resolver { mapping, reference, assumed, known: HashMap::new() }
    }

    /// The value of the mapped field in each record.
    pub(super) async fn resolve(
        &mut self,
        engine: &Engine,
        records: &[&Json],
    ) -> Result<Vec<Resolved>, EngineError> {
        let Resolver { mapping, reference, .. } = *self;
        let keys: Vec<_> = records.iter().map(|record| mapping.key(reference, record)).collect();
        if self.assumed {
            let assume = |key: Option<_>| key.and_then(|_| reference.any_id(engine.model()));
            return Ok(keys.into_iter().map(|key| key.map(assume)).collect());
        }
        let mut asked: Vec<Vec<Json>> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        if self.known.len() > REMEMBERED {
            self.known.clear();
        }
        for key in keys.iter().flatten().flatten() {
            let name = name(key);
            if !self.known.contains_key(&name) {
                places.entry(name).or_insert_with(|| {
                    asked.push(key.clone());
                    asked.len() - 1
                });
            }
        }
        let answers = match asked.is_empty() {
            true => Vec::new(),
            false => engine.resolve_many(&reference.ty, &reference.key, &asked).await,
        };
        if let Some(error) = answers.iter().find_map(|answer| answer.as_ref().err().filter(|e| is_fatal(e))) {
            return Err(error.clone());
        }
        for (name, place) in &places {
            if let Ok(Some(id)) = &answers[*place] {
                self.known.insert(name.clone(), Json::String(id.to_string()));
            }
        }
        let resolved = keys.into_iter().map(|key| {
            let Some(key) = key? else { return Ok(None) };
            let name = name(&key);
            match (self.known.get(&name), places.get(&name).map(|place| &answers[*place])) {
                (Some(id), _) => Ok(Some(id.clone())),
                (None, Some(Err(error))) => Err(mapping.say(error)),
                (None, _) => Err(mapping.say(format_args!(
                    "there is no {} whose {} is {}",
                    reference.ty,
                    reference.key,
                    shown(&key)
                ))),
            }
        });
        Ok(resolved.collect())
    }
}

/// Whether an error does not concern the record.
pub(super) fn is_fatal(error: &EngineError) -> bool {
    matches!(
        error,
        EngineError::Unavailable { .. }
            | EngineError::TimedOut(_)
            | EngineError::TooLarge(_)
            | EngineError::Overloaded
            | EngineError::Internal(_)
    )
}

/// The key's values as a text, for look-ups.
fn name(key: &[Json]) -> String {
    Json::from(key.to_vec()).to_string()
}

fn shown(key: &[Json]) -> String {
    key.iter().map(Json::to_string).collect::<Vec<_>>().join(", ")
}
