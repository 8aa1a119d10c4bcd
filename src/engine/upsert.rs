//! Upserts: one at a time, as the API has them, and in bulk, as the importer needs them, where only what
//! differs is written.
//!
//! Both look in the store, not in the cache: what a cache says holds for those who were acknowledged
//! before, but whoever lost a race against a write under way has to see that write.

use std::collections::HashSet;
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

/// Records of a bulk upsert, with what has become of them.
struct Work<'a> {
    collection: &'a Collection,
    on: &'a str,
    records: &'a [Map<String, Json>],
    /// Their values in the key.
    values: Vec<Vec<Json>>,
    results: Vec<Option<Outcome>>,
}

type Outcome = Result<(Id, Upserted), EngineError>;

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
    ) -> Vec<Outcome> {
        let Some(collection) = self.core.model.collection(ty).cloned() else {
            let error = EngineError::Internal(format!("there is no collection type {ty}"));
            return records.iter().map(|_| Err(error.clone())).collect();
        };
        let values: Vec<Vec<Json>> =
            records.iter().map(|record| key_values(&collection, on, record)).collect();
        let names: Vec<Vec<u8>> =
            values.iter().map(|values| self.key_name(&collection, on, values)).collect();
        let results = vec![None; records.len()];
        let mut work = Work { collection: &collection, on, records: &records, values, results };
        let (mut rest, mut expect): (Vec<usize>, Expect) = ((0..records.len()).collect(), expect);
        while !rest.is_empty() {
            // A key that stands twice among the records: the later one finds what the earlier one made.
            let mut taken = HashSet::new();
            let (now, later) = rest.into_iter().partition(|&index| taken.insert(&names[index]));
            self.upsert_apart(&mut work, now, expect).await;
            (rest, expect) = (later, Expect::Known);
        }
        let missing = || Err(EngineError::Internal("a record had no result".into()));
        work.results.into_iter().map(|result| result.unwrap_or_else(missing)).collect()
    }

    /// Upserts records of which no two have the same key.
    async fn upsert_apart(&self, work: &mut Work<'_>, mut open: Vec<usize>, expect: Expect) {
        if expect == Expect::New {
            self.create_records(work, open.clone()).await;
            open.retain(|&index| work.results[index].as_ref().is_none_or(may_be_known));
        }
        if open.is_empty() {
            return;
        }
        let wanted: Vec<Vec<Json>> = open.iter().map(|&index| work.values[index].clone()).collect();
        let existing = self.lookup(work.collection, work.on, &wanted).await;
        let mut creates: Vec<usize> = Vec::new();
        let mut updates: Vec<(usize, Id, Patch)> = Vec::new();
        for (index, found) in open.into_iter().zip(existing) {
            match found {
                Err(error) => work.results[index] = Some(Err(error)),
                Ok(None) => creates.push(index),
                Ok(Some(doc)) => match self.difference(work.collection, &work.records[index], &doc) {
                    Err(error) => work.results[index] = Some(Err(error)),
                    Ok((id, None)) => work.results[index] = Some(Ok((id, Upserted::Unchanged))),
                    Ok((id, Some(patch))) => updates.push((index, id, patch)),
                },
            }
        }
        self.create_records(work, creates).await;
        self.update_records(work, updates).await;
    }

    async fn create_records(&self, work: &mut Work<'_>, indexes: Vec<usize>) {
        let inputs: Vec<&Map<String, Json>> = indexes.iter().map(|&index| &work.records[index]).collect();
        let created = self.create_many(work.collection, &inputs, &vec![Vec::new(); inputs.len()]).await;
        for (index, created) in indexes.into_iter().zip(created) {
            work.results[index] = Some(created.map(|(entity, _)| (entity.id, Upserted::Created)));
        }
    }

    async fn update_records(&self, work: &mut Work<'_>, updates: Vec<(usize, Id, Patch)>) {
        let Work { collection, results, .. } = work;
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
