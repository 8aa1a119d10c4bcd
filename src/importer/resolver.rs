//! Resolves references: looks up the ids of other documents for many records at once.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::engine_error::is_fatal;
use super::field::Mapping;
use super::reference::Reference;
use crate::engine::{EngineError, View};

/// An id, nothing to refer to, or why the record cannot be taken.
pub(super) type Resolved = Result<Option<Json>, String>;

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
        view: &View,
        records: &[&Json],
    ) -> Result<Vec<Resolved>, EngineError> {
        let Resolver { mapping, reference, .. } = *self;
        let keys: Vec<_> = records.iter().map(|record| mapping.key(reference, record)).collect();
        if self.assumed {
            let assume = |key: Option<_>| key.and_then(|_| reference.any_id(view.model()));
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
            false => view.resolve_many(&reference.ty, &reference.key, &asked).await,
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

/// The key's values as a text, to find them again.
fn name(key: &[Json]) -> String {
    Json::from(key.to_vec()).to_string()
}

fn shown(key: &[Json]) -> String {
    key.iter().map(Json::to_string).collect::<Vec<_>>().join(", ")
}
