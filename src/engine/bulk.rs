//! Writes of many documents: each is reconciled on its own up to a bound; beyond it, the type's cached lists
//! are voided.

use std::sync::Arc;

use bson::{Bson, Document};
use futures_util::stream::{self, StreamExt};
use serde_json::{Map, Value as Json};

use super::commit::Effect;
use super::lookup::{DOCUMENTS_AT_A_TIME, Numbered, apart};
use super::references::{keys, needs_current};
use super::write::Draft;
use super::{EngineError, Step, View};
use crate::query::{Bound, Filter, Order, row_key};
use crate::schema::{Collection, UniqueKey};
use crate::store::{Condition, Find, Patch, StoreError, Write, Written};
use crate::value::{Doc, EntityRef, Id, Time};

/// How many pieces are inserted concurrently: one piece spends most of its time waiting for a majority to acknowledge.
const AT_ONCE: usize = 4;

impl View {
    /// Creates documents, each on its own; the results are in the order of the inputs. `places` has each
    /// input's place, for errors.
    pub async fn create_many(
        &self,
        collection: &Collection,
        inputs: &[&Map<String, Json>],
        places: &[Vec<Step>],
    ) -> Vec<Result<(EntityRef, Doc), EngineError>> {
        let drafts = self.drafts(collection, inputs, places).await;
        self.create_drafts(collection, drafts).await
    }

    /// Creates documents whose inputs have been checked.
    pub(super) async fn create_drafts(
        &self,
        collection: &Collection,
        drafts: Vec<Result<Draft, EngineError>>,
    ) -> Vec<Result<(EntityRef, Doc), EngineError>> {
        match drafts.len() <= self.lane.core.options.bulk {
            true => self.create_each(collection, drafts).await,
            false => self.insert_drafts(collection, drafts).await,
        }
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
                let document = self.permitted(collection, draft?)?;
                let doc = Doc::encode(&document).map_err(|error| unencodable(&error))?;
                let id = doc.id().ok_or_else(|| EngineError::Internal("a new document has no id".into()))?;
                documents.push(document);
                Ok((EntityRef { ty: collection.name.clone(), id }, doc))
            })
            .collect();
        let ty = &collection.name;
        let mut written: Vec<Result<(), EngineError>> = vec![Ok(()); documents.len()];
        let (at_once, later) = apart(collection, documents.into_iter().enumerate().collect());
        let insert = async |documents: Numbered| {
            let (places, documents): (Vec<usize>, Vec<Document>) = documents.into_iter().unzip();
            let again = self.lane.core.expiries.of(ty).map(|_| documents.clone());
            let write = async {
                let done = self.lane.core.store.insert_many(ty, documents).await;
                let (mut results, at) =
                    done.unwrap_or_else(|error| (vec![Err(error); places.len()], Time(0)));
                let mut effects = inserted(ty, &results, at);
                for (index, document) in again.into_iter().flatten().enumerate() {
                    if let Err(StoreError::Duplicate { .. }) = results[index] {
                        let write = Write::Insert { ty: ty.clone(), document };
                        let (result, more) = self.lane.core.write_over_remains(write).await;
                        effects.extend(more);
                        results[index] = result.map(drop);
                        effects.push(Effect::Voided { types: vec![ty.clone()], at: Time(0) });
                    }
                }
                (results, effects)
            };
            // One commit per piece: until it is done, lists lack documents that look-ups already find.
            let results = self.lane.core.commit([ty.clone()], write).await;
            (places, results)
        };
        let mut done: Vec<_> =
            stream::iter(pieces(at_once)).map(&insert).buffer_unordered(AT_ONCE).collect().await;
        if !later.is_empty() {
            done.push(insert(later).await);
        }
        for (places, results) in done {
            for (place, result) in places.into_iter().zip(results) {
                written[place] = result.map_err(EngineError::from);
            }
        }
        let mut written = written.into_iter();
        let finish = |result: Result<_, EngineError>| {
            let created = result?;
            written.next().unwrap_or(Ok(()))?;
            Ok(created)
        };
        results.into_iter().map(finish).collect()
    }

    /// Updates fields of every document that matches the filter; returns the number of documents.
    pub async fn update_many(
        &self,
        collection: &Collection,
        filter: Filter,
        set: &Map<String, Json>,
        at: &[Step],
    ) -> Result<u64, EngineError> {
        let mut patch = self.patch(collection, set, at)?;
        let straddles = needs_current(collection, &patch);
        if !straddles {
            self.check_patch(collection, &patch, None, at).await?;
        }
        let unfinished = straddles.then(|| patch.clone());
        self.complete_patch(collection, &mut patch);
        let filter = filter.and(self.updatable(collection, &patch)?).canonical();
        if let Some(patch) = unfinished {
            self.check_patch_of_all(collection, &patch, &filter, at).await?;
        }
        self.write_all_of(collection, Some(&patch), &filter).await
    }

    /// Checks a patch for each of the documents that match the filter: the bounds of each depend on its own parents.
    async fn check_patch_of_all(
        &self,
        collection: &Collection,
        patch: &Patch,
        filter: &Filter,
        at: &[Step],
    ) -> Result<(), EngineError> {
        let ids = self.all_ids(&collection.name, filter).await?;
        for piece in ids.chunks(DOCUMENTS_AT_A_TIME) {
            let core = &self.lane.core;
            let docs = core.store.get(&collection.name, piece, core.at_latest().await).await?;
            let mut groups = Vec::with_capacity(docs.len());
            for id in piece {
                let Some(doc) = docs.get(id) else { continue };
                let current = doc.decode().map_err(|error| unencodable(&error))?;
                groups.push(keys(collection, patch, Some(&current), at));
            }
            self.check_keys(&groups).await?.into_iter().collect::<Result<(), _>>()?;
        }
        Ok(())
    }

    /// Deletes every document that matches the filter; returns the number of documents.
    pub async fn delete_many(&self, collection: &Collection, filter: Filter) -> Result<u64, EngineError> {
        let ty = &collection.name;
        let filter = filter.and(self.deletable(collection)).canonical();
        if self.lane.core.model.dependents(ty).is_empty() {
            return self.write_all_of(collection, None, &filter).await;
        }
        let ids = self.all_ids(ty, &filter).await?;
        let doomed = self.doomed(ty, ids.clone()).await?;
        self.clear_way(&doomed).await?;
        self.write_each(ty, ids, None, &filter).await
    }

    /// Applies the patch to the documents that match the filter, or deletes them if there is no patch;
    /// returns their number. Up to the bound, each is reconciled on its own.
    async fn write_all_of(
        &self,
        collection: &Collection,
        patch: Option<&Patch>,
        filter: &Filter,
    ) -> Result<u64, EngineError> {
        let (ty, bulk) = (&collection.name, self.lane.core.options.bulk);
        let found = self.first_ids(ty, filter, bulk.max(1) + 1).await?;
        if let Some(key) = patch.filter(|_| found.len() > 1).and_then(|patch| shared_key(collection, patch)) {
            return Err(EngineError::Conflict {
                message: format!("Several {ty} satisfy the filter, but only one can have this {}.", key.name),
                details: vec![("field", key.name.as_str().into())],
            });
        }
        if found.len() > bulk {
            return self.write_where(ty, patch, filter).await;
        }
        self.write_each(ty, found, patch, filter).await
    }

    /// Applies the patch to those of these documents that match the filter, or deletes them if there is no
    /// patch; returns their number. Up to the bound, each is reconciled on its own.
    pub(super) async fn write_each(
        &self,
        ty: &Arc<str>,
        ids: Vec<Id>,
        patch: Option<&Patch>,
        filter: &Filter,
    ) -> Result<u64, EngineError> {
        let mut count = 0;
        if ids.len() > self.lane.core.options.bulk {
            for piece in ids.chunks(DOCUMENTS_AT_A_TIME) {
                let these = Filter::In("_id".to_owned(), piece.iter().map(Id::to_bson).collect());
                count += self.write_where(ty, patch, &these.and(filter.clone())).await?;
            }
            return Ok(count);
        }
        let when = || Condition { version: None, filter: Some(filter.clone()).filter(|it| !it.is_all()) };
        let write = |id: Id| match patch {
            Some(patch) => Write::Update { ty: ty.clone(), id, patch: patch.clone(), when: when() },
            None => Write::Delete { ty: ty.clone(), id, when: when() },
        };
        for written in self.write_all(ids.into_iter().map(write).collect()).await {
            count += u64::from(matches!(written?, Written::Changed(_)));
        }
        Ok(count)
    }

    /// Applies the patch to the documents that match the filter, or deletes them if there is no patch, and
    /// voids the type's batches; returns the number of documents.
    async fn write_where(
        &self,
        ty: &Arc<str>,
        patch: Option<&Patch>,
        filter: &Filter,
    ) -> Result<u64, EngineError> {
        let write = async {
            let done = match patch {
                Some(patch) => self.lane.core.store.update_many(ty, filter, patch).await,
                None => self.lane.core.store.delete_many(ty, filter).await,
            };
            let effect = match &done {
                Ok((_, at)) => Effect::Voided { types: vec![ty.clone()], at: *at },
                // Some documents may have changed even so.
                Err(_) => Effect::Unknown(vec![ty.clone()]),
            };
            (done, vec![effect])
        };
        Ok(self.lane.core.commit([ty.clone()], write).await?.0)
    }

    /// The ids of all documents that match the filter.
    pub(super) async fn all_ids(&self, ty: &Arc<str>, filter: &Filter) -> Result<Vec<Id>, EngineError> {
        self.first_ids(ty, filter, usize::MAX).await
    }

    /// The ids of up to `most` documents that match the filter, read piece by piece.
    async fn first_ids(&self, ty: &Arc<str>, filter: &Filter, most: usize) -> Result<Vec<Id>, EngineError> {
        let by_id = Order::default();
        let (mut ids, mut after, mut piece) = (Vec::new(), None, DOCUMENTS_AT_A_TIME);
        loop {
            let wanted = piece.min(most - ids.len());
            let docs = match self.first(ty, filter, after.clone(), wanted).await {
                Err(EngineError::TooLarge(_)) if wanted > 1 => {
                    piece = wanted / 2;
                    continue;
                }
                docs => docs?,
            };
            ids.extend(docs.iter().filter_map(Doc::id));
            let last = docs.last().filter(|_| docs.len() == wanted && ids.len() < most);
            after = last.and_then(|doc| row_key(&by_id, ty, doc.raw())?.bound(&by_id, ty, true));
            if after.is_none() {
                return Ok(ids);
            }
        }
    }

    async fn first(
        &self,
        ty: &Arc<str>,
        filter: &Filter,
        after: Option<Bound>,
        limit: usize,
    ) -> Result<Vec<Doc>, EngineError> {
        let first = Find::first(ty.clone(), filter.clone(), Order::default(), limit as u64);
        let find = Find { after, ..first };
        Ok(self.lane.core.store.find(&find, self.lane.core.at_latest().await).await?)
    }
}

/// The unique key that the patch would give the same value in every document, if there is one.
fn shared_key<'a>(collection: &'a Collection, patch: &Patch) -> Option<&'a UniqueKey> {
    let set =
        |field: &Arc<str>| patch.set.iter().any(|(name, value)| **name == **field && *value != Bson::Null);
    collection.uniques.iter().find(|key| key.fields.iter().all(set))
}

/// The effects of inserting many documents at once, the last one at `at`.
fn inserted(ty: &Arc<str>, results: &[Result<(), StoreError>], at: Time) -> Vec<Effect> {
    let mut effects = Vec::new();
    if results.iter().any(Result::is_ok) {
        effects.push(Effect::Voided { types: vec![ty.clone()], at });
    }
    if results.iter().any(|result| result.as_ref().is_err_and(|error| !error.is_of_document())) {
        effects.push(Effect::Unknown(vec![ty.clone()]));
    }
    effects
}

/// Splits the documents into pieces.
fn pieces(documents: Numbered) -> impl Iterator<Item = Numbered> {
    let mut rest = documents;
    std::iter::from_fn(move || {
        let more = rest.split_off(rest.len().min(DOCUMENTS_AT_A_TIME));
        Some(std::mem::replace(&mut rest, more)).filter(|piece| !piece.is_empty())
    })
}

pub(super) fn unencodable(error: &bson::error::Error) -> EngineError {
    EngineError::Internal(format!("a document cannot be encoded: {error}"))
}
