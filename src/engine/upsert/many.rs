//! Bulk upserts for the importer, which write only the differences.
//!
//! They take two steps, so that records can be checked while earlier ones are being written.

use std::collections::HashSet;
use std::sync::Arc;

use bson::Document;
use serde_json::{Map, Value as Json};

use super::{id_of, without_key};
use crate::engine::bulk::unencodable;
use crate::engine::lookup::key_values;
use crate::engine::references::keys;
use crate::engine::write::Draft;
use crate::engine::{EngineError, View, input};
use crate::schema::Collection;
use crate::store::{Condition, Patch, Write, Written};
use crate::value::{Doc, Id};

/// What an upsert did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upserted {
    /// There was no such document; it was created.
    Created,
    /// There was a document, and it was updated.
    Updated,
    /// There was an identical document; nothing was written.
    Unchanged,
}

/// What to expect of most records of a bulk upsert; a wrong guess costs only time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Most are not in the store: all are created, and only those that cannot be are looked up.
    New,
    /// Most are in the store: all are looked up first.
    Known,
}

/// Records to write next, checked as far as possible without the store.
pub struct Upserts {
    collection: Arc<Collection>,
    on: String,
    records: Vec<Map<String, Json>>,
    /// The records' values in the key.
    values: Vec<Vec<Json>>,
    /// Indexes of records, written one group after the other: of records with the same key, the later one
    /// then finds what the earlier one made.
    groups: Vec<Vec<usize>>,
    /// Drafts of the first group's documents, when these are expected to be new.
    drafts: Option<Vec<Result<Draft, EngineError>>>,
    results: Vec<Option<Outcome>>,
}

/// A record that differs from its document: its index, the document, the document's id, and the difference.
type Update = (usize, Document, Id, Patch);

type Outcome = Result<(Id, Upserted), EngineError>;

impl View {
    /// Checks records to be created or updated by a unique key (its API name, such as `isbn`; or `id`).
    /// Records are JSON in the form of `BookInput`.
    pub async fn prepare_upserts(
        &self,
        collection: &Arc<Collection>,
        on: &str,
        records: Vec<Map<String, Json>>,
        expect: Expect,
    ) -> Upserts {
        let values: Vec<Vec<Json>> =
            records.iter().map(|record| key_values(collection, on, record)).collect();
        let refused = |values: &Vec<Json>| {
            without_key(collection, on, values).map(|faults| Err(EngineError::bad_input(&[], faults)))
        };
        let results: Vec<Option<Outcome>> = values.iter().map(refused).collect();
        let names: Vec<Vec<u8>> = values.iter().map(|values| self.key_name(collection, on, values)).collect();
        let mut groups = Vec::new();
        let mut rest: Vec<usize> = (0..records.len()).filter(|&index| results[index].is_none()).collect();
        while !rest.is_empty() {
            let mut taken = HashSet::new();
            let (now, later) = rest.into_iter().partition(|&index| taken.insert(&names[index]));
            groups.push(now);
            rest = later;
        }
        let (collection, on) = (collection.clone(), on.to_owned());
        let mut upserts = Upserts { collection, on, records, values, groups, drafts: None, results };
        if let (Expect::New, Some(first)) = (expect, upserts.groups.first()) {
            upserts.drafts = Some(self.drafts_of(&upserts, first).await);
        }
        upserts
    }

    /// Checks, as far as possible without the store, whether a record could be created or updated.
    pub fn check_upsert(
        &self,
        collection: &Collection,
        on: &str,
        record: &Map<String, Json>,
    ) -> Result<(), EngineError> {
        let missing = without_key(collection, on, &key_values(collection, on, record));
        let faults = missing.or_else(|| input::create(&self.lane.core.model, collection, record).err());
        faults.map_or(Ok(()), |faults| Err(EngineError::bad_input(&[], faults)))
    }

    /// Creates or updates documents; the results are in the order of the records.
    pub async fn upsert_many(&self, mut upserts: Upserts) -> Vec<Outcome> {
        for group in std::mem::take(&mut upserts.groups) {
            self.upsert_group(&mut upserts, group).await;
        }
        let missing = || Err(EngineError::Internal("a record had no result".into()));
        upserts.results.into_iter().map(|result| result.unwrap_or_else(missing)).collect()
    }

    async fn upsert_group(&self, work: &mut Upserts, mut open: Vec<usize>) {
        if let Some(drafts) = work.drafts.take() {
            self.create_drafts_of(work, &open, drafts).await;
            open.retain(|&index| work.results[index].as_ref().is_none_or(may_be_known));
        }
        if open.is_empty() {
            return;
        }
        let wanted: Vec<Vec<Json>> = open.iter().map(|&index| work.values[index].clone()).collect();
        let existing = self.lookup(&work.collection, &work.on, &wanted).await;
        let mut creates: Vec<usize> = Vec::new();
        let mut updates: Vec<Update> = Vec::new();
        for (index, found) in open.into_iter().zip(existing) {
            match found {
                Err(error) => work.results[index] = Some(Err(error)),
                Ok(None) => creates.push(index),
                Ok(Some(doc)) => match self.difference(&work.collection, &work.records[index], &doc) {
                    Err(error) => work.results[index] = Some(Err(error)),
                    Ok((id, _, None)) => work.results[index] = Some(Ok((id, Upserted::Unchanged))),
                    Ok((id, current, Some(patch))) => updates.push((index, current, id, patch)),
                },
            }
        }
        let drafts = self.drafts_of(work, &creates).await;
        self.create_drafts_of(work, &creates, drafts).await;
        self.update_records(work, updates).await;
    }

    async fn drafts_of(&self, work: &Upserts, indexes: &[usize]) -> Vec<Result<Draft, EngineError>> {
        let inputs: Vec<&Map<String, Json>> = indexes.iter().map(|&index| &work.records[index]).collect();
        self.drafts(&work.collection, &inputs, &vec![Vec::new(); inputs.len()]).await
    }

    async fn create_drafts_of(
        &self,
        work: &mut Upserts,
        indexes: &[usize],
        drafts: Vec<Result<Draft, EngineError>>,
    ) {
        let created = self.create_drafts(&work.collection, drafts).await;
        for (&index, created) in indexes.iter().zip(created) {
            work.results[index] = Some(created.map(|(entity, _)| (entity.id, Upserted::Created)));
        }
    }

    async fn update_records(&self, work: &mut Upserts, updates: Vec<Update>) {
        let Upserts { collection, results, .. } = work;
        let groups: Vec<_> = updates
            .iter()
            .map(|(_, current, _, patch)| keys(collection, patch, Some(current), &[]))
            .collect();
        let checks = match self.check_keys(&groups).await {
            Ok(checks) => checks,
            Err(error) => updates.iter().map(|_| Err(error.clone())).collect(),
        };
        let mut sent = Vec::new();
        let mut writes = Vec::new();
        for ((index, _, id, mut patch), check) in updates.into_iter().zip(checks) {
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

    /// The document's id, the document, and the part of the record that differs from it.
    fn difference(
        &self,
        collection: &Collection,
        record: &Map<String, Json>,
        doc: &Doc,
    ) -> Result<(Id, Document, Option<Patch>), EngineError> {
        let id = id_of(doc)?;
        let mut set = record.clone();
        set.remove("id");
        let mut patch = input::patch(&self.lane.core.model, collection, &set)
            .map_err(|faults| EngineError::bad_input(&[], faults))?;
        let current = doc.decode().map_err(|error| unencodable(&error))?;
        patch.set.retain(|(name, value)| current.get(name) != Some(value));
        Ok((id, current, if patch.set.is_empty() { None } else { Some(patch) }))
    }
}

/// Whether a record that could not be created may belong to an existing document: one of its keys is taken,
/// or it lacks something that a new document needs.
fn may_be_known<T>(result: &Result<T, EngineError>) -> bool {
    match result {
        Ok(_)
        | Err(
            EngineError::Unavailable { .. }
            | EngineError::TimedOut(_)
            | EngineError::TooLarge(_)
            | EngineError::Overloaded
            | EngineError::Internal(_),
        ) => false,
        Err(_) => true,
    }
}
