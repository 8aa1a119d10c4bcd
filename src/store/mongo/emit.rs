//! Changes with their events, in one transaction.
//!
//! The place of an event among those of its document is the server's time when the document was written. A later change of
//! the document, on any server and even if the document was deleted in between, is written when the earlier one is
//! committed, and so later than the time at which that was written.

use std::collections::BTreeMap;
use std::sync::Arc;

use bson::raw::RawDocumentBuf;
use bson::{Bson, Document, doc};

use super::command::{MAX_DOCUMENT, Reply, encoded, number};
use super::transaction::{Failed, Transaction, Tries};
use super::write::{changed, image, insertion, new_document, of_write_error, write_errors};
use super::{MongoStore, filter, outbox, update};
use crate::query::emit::{Changed, Emitted, TypeEmits};
use crate::query::{Filter, Order, row_key};
use crate::schema::Collection;
use crate::store::outbox::Outgoing;
use crate::store::{Find, Patch, StoreError, Written};
use crate::value::{Change, Doc, EntityRef, Id, Image, Stamp, Time};

/// Documents in one transaction: it must not last long.
const PORTION: usize = 200;

/// A new document with its events.
type Emitting = (EntityRef, Doc, Vec<Emitted>);

impl MongoStore {
    /// Tells whoever delivers events that there are some.
    fn told(&self) {
        self.emitting.written.notify_one();
    }

    /// Inserts a document that is these events.
    pub(super) async fn insert_emitting(
        &self,
        collection: &Collection,
        entity: EntityRef,
        after: Doc,
        events: Vec<Emitted>,
    ) -> Result<Written, StoreError> {
        let mut tries = Tries::default();
        let one = [(entity.clone(), after.clone(), events)];
        let t = loop {
            match self.insert_once(collection, &one).await {
                Ok(t) => break t,
                Err(failed) => tries.another(failed).await?,
            }
        };
        self.told();
        let stamp = Stamp { t, v: after.version() };
        Ok(Written::Changed(Change { entity, before: Image::Absent, after: Some(after), stamp }))
    }

    async fn insert_once(&self, collection: &Collection, documents: &[Emitting]) -> Result<Time, Failed> {
        let mut transaction = Transaction::begin(self, collection).await?;
        let docs = documents.iter().map(|(_, doc, _)| doc);
        let reply = transaction.run(insertion(collection, docs)).await?;
        if let Some(refused) = write_errors(&reply.body).next() {
            let error = of_write_error(refused, collection);
            transaction.abort().await;
            return Err(error.into());
        }
        let events = documents.iter().map(|(entity, _, events)| (entity, events.clone()));
        store_events(&mut transaction, &reply, events).await?;
        transaction.commit().await
    }

    /// Applies the patch to a document, or deletes it when there is none, by a command that answers with the document as
    /// it was. The reply, if there was no such document.
    pub(super) async fn modify_emitting(
        &self,
        collection: &Collection,
        emits: &TypeEmits,
        entity: &EntityRef,
        command: &RawDocumentBuf,
        patch: Option<&Patch>,
    ) -> Result<Result<Change, Reply>, StoreError> {
        let mut tries = Tries::default();
        loop {
            match self.modify_once(collection, emits, entity, command.clone(), patch).await {
                Ok(done) => return Ok(done),
                Err(failed) => tries.another(failed).await?,
            }
        }
    }

    async fn modify_once(
        &self,
        collection: &Collection,
        emits: &TypeEmits,
        entity: &EntityRef,
        command: RawDocumentBuf,
        patch: Option<&Patch>,
    ) -> Result<Result<Change, Reply>, Failed> {
        let mut transaction = Transaction::begin(self, collection).await?;
        let mut reply = transaction.run(command).await?;
        let Some(Bson::Document(before)) = reply.body.remove("value") else {
            transaction.abort().await;
            return Ok(Err(reply));
        };
        if let Some(patch) = patch {
            let before = image(&before)?;
            if patch.changes_nothing(before.raw(), |path| emits.follows(path)) {
                transaction.abort().await;
                let stamp = Stamp { t: reply.time, v: before.version() };
                let (entity, after) = (entity.clone(), Some(before.clone()));
                return Ok(Ok(Change { entity, before: Image::Doc(before), after, stamp }));
            }
        }
        let mut change = changed(entity, before, patch, reply.time).map_err(nothing_yet)?;
        let (before, after) = (change.before.doc().map(Doc::raw), change.after.as_ref().map(Doc::raw));
        let events = emits.events(Changed { entity, before, after });
        store_events(&mut transaction, &reply, [(entity, events)]).await?;
        change.stamp.t = transaction.commit().await?;
        self.told();
        Ok(Ok(change))
    }

    pub(super) async fn insert_all_emitting(
        &self,
        collection: &Collection,
        emits: &TypeEmits,
        documents: Vec<Document>,
    ) -> Result<(Vec<Result<(), StoreError>>, Time), StoreError> {
        let mut results: Vec<Result<(), StoreError>> = vec![Ok(()); documents.len()];
        let (mut last, mut ready) = (Time::default(), Vec::new());
        for (place, document) in documents.into_iter().enumerate() {
            let made = new_document(document).and_then(|doc| match doc.id() {
                Some(id) => Ok((EntityRef { ty: collection.name.clone(), id }, doc)),
                None => Err(StoreError::Unacceptable("this _id cannot be an id".to_owned())),
            });
            match made {
                Ok((entity, doc)) => {
                    let events =
                        emits.events(Changed { entity: &entity, before: None, after: Some(doc.raw()) });
                    ready.push((place, (entity, doc, events)));
                }
                Err(error) => results[place] = Err(error),
            }
        }
        while !ready.is_empty() {
            let mut bytes = 0;
            let fits = |(_, (_, doc, _)): &&(usize, Emitting)| {
                bytes += doc.bytes().len();
                bytes <= MAX_DOCUMENT / 2
            };
            let count = ready.iter().take(PORTION).take_while(fits).count().max(1);
            let (places, portion): (Vec<usize>, Vec<_>) = ready.drain(..count).unzip();
            match self.insert_portion(collection, &portion).await {
                Ok(at) => last = last.max(at),
                // One document fails, and the others with it: each is tried on its own.
                Err(error) if error.is_of_document() && portion.len() > 1 => {
                    for (place, one) in places.into_iter().zip(portion) {
                        match self.insert_portion(collection, &[one]).await {
                            Ok(at) => last = last.max(at),
                            Err(error) => results[place] = Err(error),
                        }
                    }
                }
                Err(error) => places.iter().for_each(|place| results[*place] = Err(error.clone())),
            }
        }
        Ok((results, last))
    }

    async fn insert_portion(
        &self,
        collection: &Collection,
        portion: &[Emitting],
    ) -> Result<Time, StoreError> {
        let mut tries = Tries::default();
        loop {
            match self.insert_once(collection, portion).await {
                Ok(at) => {
                    self.told();
                    return Ok(at);
                }
                Err(failed) => tries.another(failed).await?,
            }
        }
    }

    /// Applies the patch to all documents that satisfy the filter, or deletes them when there is none: portion by portion,
    /// each with its events.
    pub(super) async fn change_all_emitting(
        &self,
        collection: &Arc<Collection>,
        emits: &TypeEmits,
        filter: &Filter,
        patch: Option<&Patch>,
    ) -> Result<(u64, Time), StoreError> {
        let by_id = Order::default();
        let first = Find::first(collection.name.clone(), filter.clone(), by_id.clone(), PORTION as u64);
        let (mut after, mut count, mut last) = (None, 0, Time::default());
        loop {
            let find = Find { after, ..first.clone() };
            let docs = self.read_list(collection, &find, Time(0)).await?;
            let ids: Vec<Id> = docs.iter().filter_map(Doc::id).collect();
            let mut tries = Tries::default();
            let (changed, at) = loop {
                if ids.is_empty() {
                    break (0, Time::default());
                }
                match self.change_portion(collection, emits, filter, &ids, patch).await {
                    Ok(done) => break done,
                    Err(failed) => tries.another(failed).await?,
                }
            };
            (count, last) = (count + changed, last.max(at));
            let end = docs.last().filter(|_| docs.len() == PORTION);
            let end = end.and_then(|doc| {
                row_key(&by_id, &collection.name, doc.raw())?.bound(&by_id, &collection.name, true)
            });
            match end {
                Some(bound) => after = Some(bound),
                None => return Ok((count, last)),
            }
        }
    }

    /// Changes those of the documents that satisfy the filter. How many do, and when it was committed.
    async fn change_portion(
        &self,
        collection: &Collection,
        emits: &TypeEmits,
        filter: &Filter,
        ids: &[Id],
        patch: Option<&Patch>,
    ) -> Result<(u64, Time), Failed> {
        let of_ids = |ids: &[Id]| Filter::In("_id".to_owned(), ids.iter().map(Id::to_bson).collect());
        let mut transaction = Transaction::begin(self, collection).await?;
        let wanted = filter::of_visible(&of_ids(ids).and(filter.clone()), []);
        let find = doc! {
            "find": &*collection.collection, "filter": wanted, "batchSize": PORTION as i64, "singleBatch": true,
        };
        let mut reply = transaction.run(encoded(&find)?).await?;
        let found = reply.body.get_document_mut("cursor").ok().and_then(|cursor| cursor.remove("firstBatch"));
        let Some(Bson::Array(found)) = found else {
            return Err(StoreError::Internal("a cursor without rows".to_owned()).into());
        };
        let count = found.len() as u64;
        let mut changes: BTreeMap<Id, (EntityRef, Vec<Emitted>)> = BTreeMap::new();
        for row in found {
            let Bson::Document(before) = row else { continue };
            let doc = image(&before)?;
            let Some(id) = doc.id() else { continue };
            if patch.is_some_and(|patch| patch.changes_nothing(doc.raw(), |path| emits.follows(path))) {
                continue;
            }
            let entity = EntityRef { ty: collection.name.clone(), id: id.clone() };
            let change = changed(&entity, before, patch, Time(0)).map_err(nothing_yet)?;
            let (before, after) = (Some(doc.raw()), change.after.as_ref().map(Doc::raw));
            let events = emits.events(Changed { entity: &entity, before, after });
            changes.insert(id, (entity, events));
        }
        if changes.is_empty() {
            transaction.abort().await;
            return Ok((count, Time::default()));
        }
        let ids: Vec<Id> = changes.keys().cloned().collect();
        let these = filter::of_visible(&of_ids(&ids), []);
        let command = match patch {
            Some(patch) => doc! {
                "update": &*collection.collection,
                "updates": [{ "q": these, "u": update::raising(patch), "multi": true }],
            },
            None => doc! {
                "delete": &*collection.collection,
                "deletes": [{ "q": these, "limit": 0 }],
            },
        };
        let reply = transaction.run(encoded(&command)?).await?;
        if let Some(refused) = write_errors(&reply.body).next() {
            let error = of_write_error(refused, collection);
            transaction.abort().await;
            return Err(error.into());
        }
        if number(reply.body.get("n")) != ids.len() as u64 {
            transaction.abort().await;
            return Err(StoreError::Internal("documents changed within a transaction".to_owned()).into());
        }
        store_events(
            &mut transaction,
            &reply,
            changes.values().map(|(entity, events)| (entity, events.clone())),
        )
        .await?;
        let at = transaction.commit().await?;
        self.told();
        Ok((count, at))
    }
}

/// Nothing is written until the commit.
fn nothing_yet(error: StoreError) -> StoreError {
    match error {
        StoreError::Unknown(cause) => StoreError::Internal(cause),
        other => other,
    }
}

/// Stores the events of changes that the reply is to.
async fn store_events<'e>(
    transaction: &mut Transaction<'_>,
    reply: &Reply,
    events: impl IntoIterator<Item = (&'e EntityRef, Vec<Emitted>)>,
) -> Result<(), Failed> {
    let outgoing: Vec<Outgoing> = events
        .into_iter()
        .flat_map(|(entity, emitted)| Outgoing::of(entity, emitted, reply.time.0))
        .collect();
    for insertion in outbox::insertions(&outgoing)? {
        let reply = transaction.run(insertion).await?;
        if let Some(refused) = write_errors(&reply.body).next() {
            return Err(StoreError::Internal(format!("an event cannot be stored: {refused}")).into());
        }
    }
    Ok(())
}
