//! Single writes: the store first, then the cache, then the answer.

use std::sync::Arc;

use bson::{Bson, Document, doc};
use serde_json::{Map, Value as Json};

use super::bulk::unencodable;
use super::commit::Effect;
use super::lookup::{Numbered, apart};
use super::permit::no_such;
use super::references::{keys, needs_current};
use super::{EngineError, InputFault, Step, View, input};
use crate::query::{Filter, matches};
use crate::schema::{Collection, Filled};
use crate::store::{Condition, Patch, StoreError, Write, Written};
use crate::telemetry::TRACES;
use crate::value::{BOOKKEEPING, Doc, EntityRef, Id};

/// The checked input of a create in stored form, not yet a whole document.
pub(super) struct Draft {
    /// The document without id and bookkeeping.
    pub(super) document: Document,
    /// The id, if the client gave one.
    pub(super) id: Option<Id>,
    /// The given fields that the viewer may not give in every document.
    pub(super) restricted: Vec<Arc<str>>,
}

impl View {
    /// Creates a document. `at` is the input's place, for errors.
    pub async fn create(
        &self,
        collection: &Collection,
        input: &Map<String, Json>,
        at: &[Step],
    ) -> Result<(EntityRef, Doc), EngineError> {
        let drafts = self.drafts(collection, &[input], &[at.to_vec()]).await;
        let mut created = self.create_each(collection, drafts).await;
        created.pop().unwrap_or_else(|| Err(EngineError::Internal("a create had no result".into())))
    }

    /// Creates documents, each on its own; the results are in the order of the drafts.
    pub(super) async fn create_each(
        &self,
        collection: &Collection,
        drafts: Vec<Result<Draft, EngineError>>,
    ) -> Vec<Result<(EntityRef, Doc), EngineError>> {
        let mut results = Vec::with_capacity(drafts.len());
        let mut documents = Vec::new();
        for draft in drafts {
            results.push(draft.and_then(|draft| {
                let document = self.permitted(collection, draft)?;
                documents.push(document);
                Ok(())
            }));
        }
        let mut written = self.insert_each(collection, documents).await.into_iter();
        let finish = |result: Result<(), EngineError>| {
            result?;
            let written = written.next().unwrap_or(Ok(Written::NotFound))?;
            changed(written).ok_or_else(|| EngineError::Internal("an insert changed nothing".into()))
        };
        results.into_iter().map(finish).collect()
    }

    /// Inserts documents concurrently. A document that shares its id or a unique value with an earlier one
    /// waits for it, so that the first always wins.
    async fn insert_each(
        &self,
        collection: &Collection,
        documents: Vec<Document>,
    ) -> Vec<Result<Written, EngineError>> {
        let mut results: Vec<Result<Written, EngineError>> =
            documents.iter().map(|_| Ok(Written::NotFound)).collect();
        let mut rest: Numbered = documents.into_iter().enumerate().collect();
        while !rest.is_empty() {
            let (now, later) = apart(collection, rest);
            rest = later;
            let insert = |(index, document)| (index, Write::Insert { ty: collection.name.clone(), document });
            let (indexes, writes): (Vec<usize>, Vec<Write>) = now.into_iter().map(insert).unzip();
            for (index, written) in indexes.into_iter().zip(self.write_all(writes).await) {
                results[index] = written;
            }
        }
        results
    }

    /// Checks inputs and their foreign keys.
    pub(super) async fn drafts(
        &self,
        collection: &Collection,
        inputs: &[&Map<String, Json>],
        places: &[Vec<Step>],
    ) -> Vec<Result<Draft, EngineError>> {
        let draft = |(input, at): (&&Map<String, Json>, &Vec<Step>)| {
            let restricted = self.restricted(collection, input);
            let input = self.owned(collection, input)?;
            let document = input::create(&self.lane.core.model, collection, &input)
                .map_err(|faults| EngineError::bad_input(at, faults))?;
            let id = match input.get("id") {
                Some(given) if !given.is_null() => Some(
                    input::id(collection, given)
                        .map_err(|message| EngineError::bad_input(at, vec![InputFault::at("id", message)]))?,
                ),
                _ => None,
            };
            Ok(Draft { document, id, restricted })
        };
        let mut drafts: Vec<_> = inputs.iter().zip(places).map(draft).collect();
        let groups: Vec<_> = drafts
            .iter()
            .zip(places)
            .map(|(draft, at)| match draft {
                Ok(draft) => keys(collection, &draft.document, None, at),
                Err(_) => Vec::new(),
            })
            .collect();
        match self.check_keys(&groups).await {
            Ok(checks) => {
                for (draft, check) in drafts.iter_mut().zip(checks) {
                    if let (Ok(_), Err(error)) = (&*draft, check) {
                        *draft = Err(error);
                    }
                }
            }
            Err(error) => drafts.iter_mut().filter(|draft| draft.is_ok()).for_each(|draft| {
                *draft = Err(error.clone());
            }),
        }
        drafts
    }

    /// Builds the whole document, and refuses it if the viewer may not create it.
    pub(super) fn permitted(&self, collection: &Collection, draft: Draft) -> Result<Document, EngineError> {
        let restricted = draft.restricted.clone();
        let document = self.complete(collection, draft);
        self.check_create(collection, &document, &restricted)?;
        Ok(document)
    }

    /// The time of a write.
    fn now(&self) -> Bson {
        Bson::DateTime(bson::DateTime::from_millis(self.lane.core.options.clock.now()))
    }

    /// Builds the whole document: id, fields in the model's order, times, bookkeeping.
    fn complete(&self, collection: &Collection, draft: Draft) -> Document {
        let Draft { document: mut given, id, .. } = draft;
        let id = id.unwrap_or_else(|| input::new_id(collection.id));
        let now = self.now();
        let mut bookkeeping = doc! { "v": 1_i64 };
        let mut unique = Patch::default();
        for (path, value) in
            input::unique_values(collection, given.iter().map(|(name, value)| (name.as_str(), value)))
        {
            let path = path.strip_prefix(BOOKKEEPING).map_or(path.as_str(), |rest| &rest[1..]).to_owned();
            unique.set.push((path, value));
        }
        unique.apply(&mut bookkeeping);
        let mut document = doc! { "_id": id.to_bson() };
        for field in &collection.fields {
            match field.filled {
                Filled::CreatedAt | Filled::UpdatedAt => {
                    document.insert(&*field.name, now.clone());
                }
                Filled::Version => {}
                Filled::ByClient | Filled::ReadOnly => {
                    if let Some(value) = given.remove(&*field.name) {
                        document.insert(&*field.name, value);
                    }
                }
            }
        }
        document.insert(BOOKKEEPING, bookkeeping);
        document
    }

    /// Adds to a patch the values that follow from it: normalised unique keys and the time of the change.
    pub(super) fn complete_patch(&self, collection: &Collection, patch: &mut Patch) {
        let set = patch.set.iter().map(|(path, value)| (path.as_str(), value));
        patch.set.extend(input::unique_values(collection, set));
        for field in collection.fields.iter().filter(|field| field.filled == Filled::UpdatedAt) {
            patch.set.push((field.name.to_string(), self.now()));
        }
    }

    /// Updates fields of a document.
    pub async fn update(
        &self,
        collection: &Collection,
        id: &Id,
        set: &Map<String, Json>,
        if_version: Option<i64>,
        at: &[Step],
    ) -> Result<(EntityRef, Doc), EngineError> {
        self.update_where(collection, id, &Filter::all(), set, if_version, at).await
    }

    /// Updates fields of a document that satisfies a filter.
    pub(super) async fn update_where(
        &self,
        collection: &Collection,
        id: &Id,
        filter: &Filter,
        set: &Map<String, Json>,
        if_version: Option<i64>,
        at: &[Step],
    ) -> Result<(EntityRef, Doc), EngineError> {
        let mut patch = self.patch(collection, set, at)?;
        let current = match needs_current(collection, &patch) {
            true => {
                let entity = EntityRef { ty: collection.name.clone(), id: id.clone() };
                let found = self.stamped_entities(&[entity]).await?.pop().and_then(|found| found.doc);
                found.map(|doc| doc.decode()).transpose().map_err(|error| unencodable(&error))?
            }
            false => None,
        };
        self.check_patch(collection, &patch, current.as_ref(), at).await?;
        self.complete_patch(collection, &mut patch);
        let filter = filter.clone().and(self.updatable(collection, &patch)?).canonical();
        let when = Condition { version: if_version, filter: restricting(filter) };
        let write = Write::Update { ty: collection.name.clone(), id: id.clone(), patch, when };
        self.write_one(collection, id, write).await
    }

    /// Makes a valid patch, which is not yet complete.
    pub(super) fn patch(
        &self,
        collection: &Collection,
        set: &Map<String, Json>,
        at: &[Step],
    ) -> Result<Patch, EngineError> {
        input::patch(&self.lane.core.model, collection, set)
            .map_err(|faults| EngineError::bad_input(at, faults))
    }

    /// Checks the foreign keys that a patch sets, and the bounds that parents give. `current` is the document before it,
    /// as far as [`needs_current`].
    pub(super) async fn check_patch(
        &self,
        collection: &Collection,
        patch: &Patch,
        current: Option<&Document>,
        at: &[Step],
    ) -> Result<(), EngineError> {
        let group = keys(collection, patch, current, at);
        self.check_keys(&[group]).await?.into_iter().collect()
    }

    /// Deletes a document, after dealing with the documents that refer to it; returns it as it was.
    pub async fn delete(
        &self,
        collection: &Collection,
        id: &Id,
        if_version: Option<i64>,
    ) -> Result<(EntityRef, Doc), EngineError> {
        self.delete_where(collection, id, &Filter::all(), if_version).await
    }

    /// Deletes a document that satisfies a filter, after dealing with the documents that refer to it; returns it as it was.
    pub(super) async fn delete_where(
        &self,
        collection: &Collection,
        id: &Id,
        filter: &Filter,
        if_version: Option<i64>,
    ) -> Result<(EntityRef, Doc), EngineError> {
        let allowed = filter.clone().and(self.deletable(collection)).canonical();
        if !self.lane.core.model.dependents(&collection.name).is_empty() {
            // The children must stay untouched if the delete itself would be refused.
            let entity = EntityRef { ty: collection.name.clone(), id: id.clone() };
            let current = self.entities(std::slice::from_ref(&entity)).await?.pop().flatten();
            let current = current.ok_or_else(|| no_such(collection, id))?;
            if !matches(&allowed, current.raw()) {
                return Err(self.nothing_written(collection, id).await);
            }
            if let Some(expected) = if_version.filter(|expected| *expected != current.version()) {
                tracing::debug!(expected, "a delete expected another version");
                return Err(EngineError::VersionMismatch { current: current.version() });
            }
            let doomed = self.doomed(&collection.name, vec![id.clone()]).await?;
            self.clear_way(&doomed).await?;
        }
        let when = Condition { version: if_version, filter: restricting(allowed) };
        let write = Write::Delete { ty: collection.name.clone(), id: id.clone(), when };
        self.write_one(collection, id, write).await
    }

    async fn write_one(
        &self,
        collection: &Collection,
        id: &Id,
        write: Write,
    ) -> Result<(EntityRef, Doc), EngineError> {
        match self.write_all(vec![write]).await.pop() {
            Some(Ok(Written::VersionMismatch(current))) => Err(EngineError::VersionMismatch { current }),
            Some(Ok(written)) => match changed(written) {
                Some(changed) => Ok(changed),
                None => Err(self.nothing_written(collection, id).await),
            },
            Some(Err(error)) => Err(error),
            None => Err(EngineError::Internal("a write had no result".into())),
        }
    }

    /// Carries out writes, and brings the cache in line before returning.
    #[tracing::instrument(target = TRACES, level = "trace", name = "engine write", skip_all, fields(documents = writes.len()))]
    pub(super) async fn write_all(&self, writes: Vec<Write>) -> Vec<Result<Written, EngineError>> {
        if writes.is_empty() {
            return Vec::new();
        }
        let types: Vec<Arc<str>> = writes.iter().map(|write| write.ty().clone()).collect();
        let write = self.lane.core.write_store(writes, &types);
        let results = self.lane.core.commit(types.iter().cloned(), write).await;
        results.into_iter().map(|result| result.map_err(EngineError::from)).collect()
    }
}

/// The effects of writes to these types. What a write of unknown outcome may have touched is voided.
pub(super) fn effects(results: &[Result<Written, StoreError>], types: &[Arc<str>]) -> Vec<Effect> {
    let (mut changes, mut unknown) = (Vec::new(), Vec::new());
    for (result, ty) in results.iter().zip(types) {
        match result {
            Ok(Written::Changed(change)) => changes.push(change.clone()),
            Err(StoreError::Unknown(_)) => unknown.push(ty.clone()),
            Ok(Written::NotFound | Written::VersionMismatch(_)) | Err(_) => {}
        }
    }
    vec![Effect::Changes(changes), Effect::Unknown(unknown)]
}

/// The document as the write left it, or the deleted document.
fn changed(written: Written) -> Option<(EntityRef, Doc)> {
    match written {
        Written::Changed(change) => Some((change.entity, change.after.or(change.before.into_doc())?)),
        Written::NotFound | Written::VersionMismatch(_) => None,
    }
}

/// The filter, unless every document satisfies it.
fn restricting(filter: Filter) -> Option<Filter> {
    Some(filter).filter(|filter| !filter.is_all())
}
