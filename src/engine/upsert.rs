//! Upserts: one at a time, as the API has them, and in bulk, as the importer needs them, where only what
//! differs is written.
//!
//! Both look in the store, not in the cache: what a cache says holds for those who were acknowledged
//! before, but whoever lost a race against a write under way has to see that write.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::bulk::unencodable;
use super::lookup::key_values;
use super::references::keys;
use super::{Engine, EngineError, InputFault, Step, input};
use crate::schema::{Collection, UniqueKey};
use crate::store::{Condition, Patch, Write, Written};
use crate::value::{Doc, EntityRef, Id};

/// What an upsert did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upserted {
    /// There was no such document.
    Created,
    /// There was one and it changed.
    Updated,
    /// There was one just like it; nothing was written.
    Unchanged,
}

/// What most records of a bulk upsert are likely to be; a wrong guess costs time, nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Not in the store: they are created, and only those that cannot be are looked up.
    New,
    /// In the store: they are looked up first.
    Known,
}

/// How often an upsert begins anew because another write came between its look and its own.
const TRIES: usize = 5;

impl Engine {
    /// Updates the document that has the input's values in a unique key (its id, when no key is given),
    /// or creates it.
    pub async fn upsert(
        &self,
        collection: &Collection,
        key: Option<&UniqueKey>,
        input: &Map<String, Json>,
        at: &[Step],
    ) -> Result<(EntityRef, Doc), EngineError> {
        let on = key.map_or("id", |key| &key.name);
        let fields = key.map_or_else(|| vec![Arc::from("id")], |key| key.fields.clone());
        let values = key_values(collection, on, input);
        if values.contains(&Json::Null) {
            let missing = fields.iter().zip(&values).filter(|(_, value)| value.is_null());
            let faults = missing.map(|(field, _)| InputFault {
                path: vec![Step::Key(field.to_string())],
                message: format!("The upsert goes by {field}: it must be given and not null."),
            });
            return Err(EngineError::bad_input(at, faults.collect()));
        }
        for _ in 0..TRIES {
            let found = self.lookup(collection, on, std::slice::from_ref(&values)).await.pop();
            let found = match found.unwrap_or(Ok(None)) {
                Err(EngineError::BadInput(faults)) => return Err(EngineError::bad_input(at, faults)),
                found => found?,
            };
            let result = match found {
                Some(doc) => {
                    let mut set = input.clone();
                    set.remove("id");
                    self.update(collection, &id_of(&doc)?, &set, None, at).await
                }
                None => self.create(collection, input, at).await,
            };
            match result {
                // Somebody else created or deleted it since: look again.
                Err(EngineError::Conflict { details, .. })
                    if details.contains(&("field", Json::from(on))) => {}
                Err(EngineError::NotFound { path, .. }) if path.is_empty() => {}
                other => return other,
            }
        }
        Err(EngineError::Unavailable {
            message: "Too many others are writing the same document; try again.".into(),
            cause: format!("an upsert of {} lost {TRIES} races", collection.name),
        })
    }

    /// Creates or updates documents of a type by a unique key (its API name, `isbn`; or `id`), in bulk;
    /// the results are in the order of the records. Records are JSON as `BookInput` has it.
    pub async fn upsert_many(
        &self,
        ty: &str,
        on: &str,
        records: Vec<Map<String, Json>>,
        expect: Expect,
    ) -> Vec<Result<(Id, Upserted), EngineError>> {
        let Some(collection) = self.core.model.collection(ty).cloned() else {
            let error = EngineError::Internal(format!("there is no collection type {ty}"));
            return records.iter().map(|_| Err(error.clone())).collect();
        };
        let values: Vec<Vec<Json>> =
            records.iter().map(|record| key_values(&collection, on, record)).collect();
        let mut results: Vec<Option<Result<(Id, Upserted), EngineError>>> = vec![None; records.len()];
        // A key that stands twice among the records: the later one finds what the earlier one made.
        let mut first_use: HashMap<String, usize> = HashMap::new();
        let is_first = |index: &usize| {
            let name = Json::from(values[*index].clone()).to_string();
            *first_use.entry(name).or_insert(*index) == *index
        };
        let (mut open, repeated): (Vec<usize>, Vec<usize>) = (0..records.len()).partition(is_first);
        if expect == Expect::New {
            self.create_records(&collection, &records, open.clone(), &mut results).await;
            open.retain(|&index| results[index].as_ref().is_none_or(may_be_known));
        }
        let wanted: Vec<Vec<Json>> = open.iter().map(|&index| values[index].clone()).collect();
        let existing = if open.is_empty() { Vec::new() } else { self.lookup(&collection, on, &wanted).await };
        let mut creates: Vec<usize> = Vec::new();
        let mut updates: Vec<(usize, Id, Patch)> = Vec::new();
        for (index, found) in open.into_iter().zip(existing) {
            match found {
                Err(error) => results[index] = Some(Err(error)),
                Ok(None) => creates.push(index),
                Ok(Some(doc)) => match self.difference(&collection, &records[index], &doc) {
                    Err(error) => results[index] = Some(Err(error)),
                    Ok((id, None)) => results[index] = Some(Ok((id, Upserted::Unchanged))),
                    Ok((id, Some(patch))) => updates.push((index, id, patch)),
                },
            }
        }
        self.create_records(&collection, &records, creates, &mut results).await;
        self.update_records(&collection, updates, &mut results).await;
        for index in repeated {
            let again = Box::pin(self.upsert_many(ty, on, vec![records[index].clone()], Expect::Known)).await;
            results[index] = again.into_iter().next();
        }
        let missing = || Err(EngineError::Internal("a record had no result".into()));
        results.into_iter().map(|result| result.unwrap_or_else(missing)).collect()
    }

    async fn create_records(
        &self,
        collection: &Collection,
        records: &[Map<String, Json>],
        indexes: Vec<usize>,
        results: &mut [Option<Result<(Id, Upserted), EngineError>>],
    ) {
        let inputs: Vec<&Map<String, Json>> = indexes.iter().map(|&index| &records[index]).collect();
        let created = self.create_many(collection, &inputs, &vec![Vec::new(); inputs.len()]).await;
        for (index, created) in indexes.into_iter().zip(created) {
            results[index] = Some(created.map(|(entity, _)| (entity.id, Upserted::Created)));
        }
    }

    async fn update_records(
        &self,
        collection: &Collection,
        updates: Vec<(usize, Id, Patch)>,
        results: &mut [Option<Result<(Id, Upserted), EngineError>>],
    ) {
        let groups: Vec<_> = updates
            .iter()
            .map(|(_, _, patch)| {
                keys(collection, patch.set.iter().map(|(name, value)| (name.as_str(), value)), &[])
            })
            .collect();
        let checks = match self.check_keys(&groups).await {
            Ok(checks) => checks,
            Err(error) => updates.iter().map(|_| Err(error.clone())).collect(),
        };
        let mut sent = Vec::new();
        let mut writes = Vec::new();
        for ((index, id, mut patch), check) in updates.into_iter().zip(checks) {
            match check {
                Err(error) => results[index] = Some(Err(error)),
                Ok(()) => {
                    self.complete_patch(collection, &mut patch);
                    sent.push((index, id.clone()));
                    let ty = collection.name.clone();
                    writes.push(Write::Update { ty, id, patch, when: Condition::default() });
                }
            }
        }
        let written = self.write_all(writes).await;
        for ((index, id), written) in sent.into_iter().zip(written) {
            results[index] = Some(match written {
                Ok(Written::Changed(_)) => Ok((id, Upserted::Updated)),
                Ok(Written::NotFound | Written::VersionMismatch(_)) => Err(EngineError::NotFound {
                    message: format!("The {} was deleted meanwhile.", collection.name),
                    path: Vec::new(),
                }),
                Err(error) => Err(error),
            });
        }
    }

    /// What of a record the document does not have yet.
    fn difference(
        &self,
        collection: &Collection,
        record: &Map<String, Json>,
        doc: &Doc,
    ) -> Result<(Id, Option<Patch>), EngineError> {
        let id = id_of(doc)?;
        let mut set = record.clone();
        set.remove("id");
        let mut patch = input::patch(&self.core.model, collection, &set)
            .map_err(|faults| EngineError::bad_input(&[], faults))?;
        let current = doc.decode().map_err(|error| unencodable(&error))?;
        patch.set.retain(|(name, value)| current.get(name) != Some(value));
        Ok((id, if patch.set.is_empty() { None } else { Some(patch) }))
    }
}

/// Whether a record that could not be created may be one of a document that is there: one of its keys is
/// taken, or it has not all that a new document needs.
fn may_be_known<T>(result: &Result<T, EngineError>) -> bool {
    match result {
        Ok(_) | Err(EngineError::Unavailable { .. } | EngineError::Internal(_)) => false,
        Err(_) => true,
    }
}

fn id_of(doc: &Doc) -> Result<Id, EngineError> {
    doc.id().ok_or_else(|| EngineError::Internal("a found document has no id".into()))
}
