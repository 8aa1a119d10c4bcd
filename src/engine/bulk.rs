//! Writes of many documents: each reconciled on its own up to a bound, beyond it the type's cached
//! lists are voided.

use serde_json::{Map, Value as Json};

use super::write::Draft;
use super::{Engine, EngineError, Step};
use crate::query::{Filter, Order};
use crate::schema::Collection;
use crate::store::{Condition, Find, Write, Written};
use crate::value::{Doc, EntityRef, Id, Time};

impl Engine {
    /// Creates documents, each on its own; the results are in the order of the inputs. `places` say where
    /// each input stands, for errors.
    pub async fn create_many(
        &self,
        collection: &Collection,
        inputs: &[&Map<String, Json>],
        places: &[Vec<Step>],
    ) -> Vec<Result<(EntityRef, Doc), EngineError>> {
        if inputs.len() <= self.core.options.bulk {
            return self.create_each(collection, inputs, places).await;
        }
        let drafts = self.drafts(collection, inputs, places).await;
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

fn count_changed(written: Vec<Result<Written, EngineError>>) -> Result<u64, EngineError> {
    let mut count = 0;
    for written in written {
        count += u64::from(matches!(written?, Written::Changed(_)));
    }
    Ok(count)
}

pub(super) fn unencodable(error: &bson::error::Error) -> EngineError {
    EngineError::Internal(format!("a document cannot be encoded: {error}"))
}
