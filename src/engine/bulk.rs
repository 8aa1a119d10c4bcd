//! Writes of many documents: each reconciled on its own up to a bound, beyond it the type's cached
//! lists are voided.

use std::collections::HashMap;

use bson::Bson;
use serde_json::{Map, Value as Json};

use super::references::{keys, under};
use super::write::Draft;
use super::{Engine, EngineError, Step, input};
use crate::query::{Filter, Order, encode_value};
use crate::schema::{Collection, UniqueKey};
use crate::store::{Condition, Find, Patch, Write, Written};
use crate::value::{Doc, EntityRef, Id, Time};

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

impl Engine {
    /// Creates documents, each on its own; the results are in the order of the inputs.
    pub async fn create_many(
        &self,
        collection: &Collection,
        inputs: &[&Map<String, Json>],
        at: &[Step],
    ) -> Vec<Result<(EntityRef, Doc), EngineError>> {
        let places: Vec<Vec<Step>> =
            (0..inputs.len()).map(|index| at.iter().cloned().chain([Step::Index(index)]).collect()).collect();
        if inputs.len() <= self.core.options.bulk {
            return self.create_each(collection, inputs, &places).await;
        }
        let drafts = self.drafts(collection, inputs, &places).await;
        self.insert_drafts(collection, drafts).await
    }

    /// Inserts many documents at once and voids the type's batches.
    async fn insert_drafts(
        &self,
        collection: &Collection,
        drafts: Vec<Result<Draft, EngineError>>,
    ) -> Vec<Result<(EntityRef, Doc), EngineError>> {
        let mut documents = Vec::new();
        let results: Vec<Result<(EntityRef, Doc), EngineError>> = drafts
            .into_iter()
            .map(|draft| {
                let document = self.complete(collection, draft?);
                let doc = Doc::encode(&document).map_err(|error| unencodable(&error))?;
                let id = doc.id().ok_or_else(|| EngineError::Internal("a new document has no id".into()))?;
                documents.push(document);
                Ok((EntityRef { ty: collection.name.clone(), id }, doc))
            })
            .collect();
        if documents.is_empty() {
            return results;
        }
        match self.core.store.insert_many(&collection.name, documents).await {
            Ok((written, time)) => {
                self.void([collection.name.clone()], time).await;
                let mut written = written.into_iter();
                let finish = |result: Result<_, EngineError>| {
                    let created = result?;
                    written.next().unwrap_or(Ok(()))?;
                    Ok(created)
                };
                results.into_iter().map(finish).collect()
            }
            Err(error) => {
                // Some of it may have happened.
                self.void([collection.name.clone()], Time(0)).await;
                let error = EngineError::from(error);
                results.into_iter().map(|result| result.and(Err(error.clone()))).collect()
            }
        }
    }

    /// Changes fields of every document that satisfies the filter; returns how many there were.
    pub async fn update_many(
        &self,
        collection: &Collection,
        filter: Filter,
        set: &Map<String, Json>,
        at: &[Step],
    ) -> Result<u64, EngineError> {
        let patch = self.checked_patch(collection, set, at).await?;
        let ids = self.ids(collection, &filter, self.core.options.bulk + 1).await?;
        if ids.len() > self.core.options.bulk {
            let done = self.core.store.update_many(&collection.name, &filter, &patch).await;
            let time = done.as_ref().map_or(Time(0), |(_, time)| *time);
            self.void([collection.name.clone()], time).await;
            return Ok(done?.0);
        }
        let writes = ids.into_iter().map(|id| Write::Update {
            ty: collection.name.clone(),
            id,
            patch: patch.clone(),
            when: Condition { version: None, filter: Some(filter.clone()) },
        });
        count_changed(self.write_all(writes.collect()).await)
    }

    /// Deletes every document that satisfies the filter; returns how many there were.
    pub async fn delete_many(&self, collection: &Collection, filter: Filter) -> Result<u64, EngineError> {
        let bulk = self.core.options.bulk;
        let childless = self.core.model.dependents(&collection.name).is_empty();
        let mut deleted = 0;
        loop {
            let ids = self.ids(collection, &filter, bulk + 1).await?;
            if ids.is_empty() {
                return Ok(deleted);
            }
            if childless && ids.len() > bulk {
                let done = self.core.store.delete_many(&collection.name, &filter).await;
                let time = done.as_ref().map_or(Time(0), |(_, time)| *time);
                self.void([collection.name.clone()], time).await;
                return Ok(deleted + done?.0);
            }
            self.check_blockers(&collection.name, &ids).await?;
            for id in ids.iter().filter(|_| !childless) {
                self.look_after_children(&collection.name, id).await?;
            }
            let all = ids.len() <= bulk;
            let writes = ids.into_iter().map(|id| Write::Delete {
                ty: collection.name.clone(),
                id,
                when: Condition { version: None, filter: Some(filter.clone()) },
            });
            let count = count_changed(self.write_all(writes.collect()).await)?;
            deleted += count;
            if all || count == 0 {
                return Ok(deleted);
            }
        }
    }

    /// Creates or updates documents of a type by a unique key (its API name, `isbn`; or `id`), in bulk;
    /// the results are in the order of the records. Records are JSON as `BookInput` has it.
    pub async fn upsert_many(
        &self,
        ty: &str,
        on: &str,
        records: Vec<Map<String, Json>>,
    ) -> Vec<Result<(Id, Upserted), EngineError>> {
        let Some(collection) = self.core.model.collection(ty).cloned() else {
            let error = EngineError::Internal(format!("there is no collection type {ty}"));
            return records.iter().map(|_| Err(error.clone())).collect();
        };
        let values: Vec<Vec<Json>> =
            records.iter().map(|record| key_values(&collection, on, record)).collect();
        let existing = self.lookup(&collection, on, &values).await;
        let mut results: Vec<Option<Result<(Id, Upserted), EngineError>>> = vec![None; records.len()];
        let mut creates: Vec<usize> = Vec::new();
        let mut repeated: Vec<usize> = Vec::new();
        let mut updates: Vec<(usize, Id, Patch)> = Vec::new();
        let mut first_use: HashMap<String, usize> = HashMap::new();
        for (index, found) in existing.into_iter().enumerate() {
            // A key that stands twice among the records: the later one finds what the earlier one made.
            let name = Json::from(values[index].clone()).to_string();
            if *first_use.entry(name).or_insert(index) != index {
                repeated.push(index);
                continue;
            }
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
            let again = Box::pin(self.upsert_many(ty, on, vec![records[index].clone()])).await;
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
        let created = if inputs.len() <= self.core.options.bulk {
            self.create_each(collection, &inputs, &vec![Vec::new(); inputs.len()]).await
        } else {
            let drafts = self.drafts(collection, &inputs, &vec![Vec::new(); inputs.len()]).await;
            self.insert_drafts(collection, drafts).await
        };
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
        let id = doc.id().ok_or_else(|| EngineError::Internal("a found document has no id".into()))?;
        let mut set = record.clone();
        set.remove("id");
        let mut patch =
            input::patch(&self.core.model, collection, &set).map_err(|faults| under(&[], faults))?;
        let current = doc.decode().map_err(|error| unencodable(&error))?;
        patch.set.retain(|(name, value)| current.get(name) != Some(value));
        Ok((id, if patch.set.is_empty() { None } else { Some(patch) }))
    }

    /// The ids of the documents that have these values in a unique key, one list of values per key
    /// field; in the order given.
    pub async fn resolve_many(
        &self,
        ty: &str,
        key: &str,
        values: &[Vec<Json>],
    ) -> Vec<Result<Option<Id>, EngineError>> {
        let Some(collection) = self.core.model.collection(ty).cloned() else {
            let error = EngineError::Internal(format!("there is no collection type {ty}"));
            return values.iter().map(|_| Err(error.clone())).collect();
        };
        let found = self.lookup(&collection, key, values).await;
        found.into_iter().map(|doc| Ok(doc?.and_then(|doc| doc.id()))).collect()
    }

    /// The documents of many values of a unique key, by one operation, from the store.
    async fn lookup(
        &self,
        collection: &Collection,
        on: &str,
        values: &[Vec<Json>],
    ) -> Vec<Result<Option<Doc>, EngineError>> {
        let key = collection.uniques.iter().find(|key| key.name == on);
        if key.is_none() && on != "id" {
            let error = EngineError::Internal(format!("{} has no unique key {on}", collection.name));
            return values.iter().map(|_| Err(error.clone())).collect();
        }
        let filters: Vec<Result<Filter, EngineError>> =
            values.iter().map(|values| self.key_filter(collection, key, values)).collect();
        let wanted: Vec<Filter> = filters.iter().filter_map(|filter| filter.clone().ok()).collect();
        if wanted.is_empty() {
            return filters.into_iter().map(|filter| filter.map(|_| None)).collect();
        }
        let find = Find {
            ty: collection.name.clone(),
            limit: wanted.len() as u64,
            filter: any_of(wanted),
            order: Order::default(),
            after: None,
            before: None,
            from_end: false,
            offset: 0,
        };
        let found = match self.core.store.find(&find, self.core.at(Time(0))).await {
            Ok(found) => found,
            Err(error) => {
                let error = EngineError::from(error);
                return filters.into_iter().map(|filter| filter.and(Err(error.clone()))).collect();
            }
        };
        let paths = key.map_or_else(|| vec!["_id".to_owned()], UniqueKey::paths);
        let by_key: HashMap<Vec<u8>, &Doc> =
            found.iter().filter_map(|doc| Some((doc_key(doc, &paths)?, doc))).collect();
        let pick = |filter: Filter| by_key.get(&filter_key(&filter, &paths)).map(|doc| (*doc).clone());
        filters.into_iter().map(|filter| filter.map(pick)).collect()
    }

    fn key_filter(
        &self,
        collection: &Collection,
        key: Option<&UniqueKey>,
        values: &[Json],
    ) -> Result<Filter, EngineError> {
        match (key, values) {
            (Some(key), values) => {
                input::unique(&self.core.model, collection, key, values).map_err(EngineError::BadInput)
            }
            (None, [id]) => match input::id(collection, id) {
                Ok(id) => Ok(Filter::eq("_id", id.to_bson())),
                Err(message) => {
                    let path = vec![Step::Key("id".into())];
                    Err(EngineError::BadInput(vec![super::InputFault { path, message }]))
                }
            },
            (None, _) => Err(EngineError::Internal("an id is one value".into())),
        }
    }

    async fn ids(
        &self,
        collection: &Collection,
        filter: &Filter,
        limit: usize,
    ) -> Result<Vec<Id>, EngineError> {
        let find = Find {
            ty: collection.name.clone(),
            filter: filter.clone(),
            order: Order::default(),
            after: None,
            before: None,
            from_end: false,
            offset: 0,
            limit: limit as u64,
        };
        let found = self.core.store.find(&find, self.core.at(Time(0))).await?;
        Ok(found.iter().filter_map(Doc::id).collect())
    }
}

/// One filter for many keys: a single `In` where each is one equality on the same path.
fn any_of(filters: Vec<Filter>) -> Filter {
    let mut path_of_all: Option<String> = None;
    let mut all = Vec::new();
    for filter in &filters {
        match filter {
            Filter::In(path, values) if path_of_all.as_ref().is_none_or(|first| first == path) => {
                path_of_all = Some(path.clone());
                all.extend(values.iter().cloned());
            }
            _ => return Filter::Or(filters).canonical(),
        }
    }
    Filter::In(path_of_all.unwrap_or_default(), all).canonical()
}

/// The values of a record in the fields of a key; null where it has none.
fn key_values(collection: &Collection, on: &str, record: &Map<String, Json>) -> Vec<Json> {
    let value = |field: &str| record.get(field).cloned().unwrap_or(Json::Null);
    match collection.uniques.iter().find(|key| key.name == on) {
        Some(key) => key.fields.iter().map(|field| value(field)).collect(),
        None => vec![value("id")],
    }
}

fn doc_key(doc: &Doc, paths: &[String]) -> Option<Vec<u8>> {
    let document = doc.decode().ok()?;
    let mut key = Vec::new();
    for path in paths {
        let mut parts = path.split('.');
        let mut value = document.get(parts.next()?)?;
        for part in parts {
            value = value.as_document()?.get(part)?;
        }
        key.extend(encode_value(value));
    }
    Some(key)
}

/// The values that a filter of equalities asks for, in the order of the paths.
fn filter_key(filter: &Filter, paths: &[String]) -> Vec<u8> {
    let parts = match filter {
        Filter::And(parts) => parts.as_slice(),
        single => std::slice::from_ref(single),
    };
    let value = |path: &String| {
        parts.iter().find_map(|part| match part {
            Filter::In(at, values) if at == path => values.first(),
            _ => None,
        })
    };
    paths.iter().flat_map(|path| encode_value(value(path).unwrap_or(&Bson::Null))).collect()
}

fn count_changed(written: Vec<Result<Written, EngineError>>) -> Result<u64, EngineError> {
    let mut count = 0;
    for written in written {
        count += u64::from(matches!(written?, Written::Changed(_)));
    }
    Ok(count)
}

fn unencodable(error: &bson::error::Error) -> EngineError {
    EngineError::Internal(format!("a document cannot be encoded: {error}"))
}
