//! Single writes: one command each, which checks the condition, changes the document and returns the image
//! before.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use bson::raw::{RawArrayBuf, RawDocumentBuf};
use bson::{Bson, Document, cstr, doc};
use futures_util::{StreamExt, stream};
use tokio::sync::{Mutex, MutexGuard};

use super::command::{MAX_DOCUMENT, Reply, encoded, number, too_large};
use super::{MongoStore, error, filter, update};
use crate::query::emit::Changed;
use crate::query::matches;
use crate::schema::{Collection, EmitOn};
use crate::store::{Condition, Patch, StoreError, Write, Written};
use crate::value::{BOOKKEEPING, Change, Doc, EntityRef, Id, Image, Stamp, Time, VERSION_PATH};

/// Writes of one call that are under way at the same time.
const CONCURRENT: usize = 32;
/// How often a write is tried whose document changes between the write and the look at why it did not
/// happen.
const TRIES: usize = 5;
/// Queues that documents are spread over.
const QUEUES: usize = 512;

/// Lets the writes of one process to one document go one after another. The server would make them wait
/// for each other anyway, by failing and trying again; and a server whose reply names its last commit
/// instead of the command's own cannot put two of them in the wrong order.
pub(super) struct Queues {
    hasher: RandomState,
    queues: Vec<Mutex<()>>,
}

impl Queues {
    pub(super) fn new() -> Queues {
        Queues { hasher: RandomState::new(), queues: (0..QUEUES).map(|_| Mutex::new(())).collect() }
    }

    async fn turn(&self, entity: &EntityRef) -> MutexGuard<'_, ()> {
        let queue = self.hasher.hash_one(entity) % QUEUES as u64;
        self.queues[queue as usize].lock().await
    }
}

impl MongoStore {
    pub(super) async fn write_all(&self, writes: Vec<Write>) -> Vec<Result<Written, StoreError>> {
        let writes: Vec<_> = writes.into_iter().map(|write| self.write_one(write)).collect();
        stream::iter(writes).buffered(CONCURRENT).collect().await
    }

    async fn write_one(&self, write: Write) -> Result<Written, StoreError> {
        match write {
            Write::Insert { ty, document } => self.insert(ty, document).await,
            Write::Update { ty, id, patch, when } => {
                self.modify(EntityRef { ty, id }, &when, Some(&patch)).await
            }
            Write::Delete { ty, id, when } => self.modify(EntityRef { ty, id }, &when, None).await,
        }
    }

    pub(super) async fn insert(&self, ty: Arc<str>, document: Document) -> Result<Written, StoreError> {
        let collection = self.collection(&ty)?;
        let after = new_document(document)?;
        let id = after.id().ok_or_else(|| {
            let id = after.raw().get("_id");
            StoreError::Unacceptable(format!("this _id cannot be the id of a {ty}: {id:?}"))
        })?;
        let entity = EntityRef { ty, id };
        let _turn = self.queues.turn(&entity).await;
        if let Some(emits) = self.emitting.emits.of(&entity.ty, EmitOn::Create) {
            let changed = Changed { entity: &entity, before: None, after: Some(after.raw()) };
            let events = emits.events(changed);
            if !events.is_empty() {
                return self.insert_emitting(collection, entity, after, events).await;
            }
        }
        let reply = self.change(collection, insertion(collection, [&after])).await?;
        if let Some(refused) = write_errors(&reply.body).next() {
            return Err(of_write_error(refused, collection));
        }
        let stamp = Stamp { t: reply.time, v: after.version() };
        Ok(Written::Changed(Change { entity, before: Image::Absent, after: Some(after), stamp }))
    }

    /// Applies the patch, or deletes when there is none.
    async fn modify(
        &self,
        entity: EntityRef,
        when: &Condition,
        patch: Option<&Patch>,
    ) -> Result<Written, StoreError> {
        let collection = self.collection(&entity.ty)?;
        let mut command = doc! {
            "findAndModify": &*collection.collection,
            "query": query(&entity.id, when),
        };
        match patch {
            Some(patch) => command.insert("update", update::raising(patch)),
            None => command.insert("remove", true),
        };
        let command = encoded(&command)?;
        let _turn = self.queues.turn(&entity).await;
        let on = if patch.is_some() { EmitOn::Update } else { EmitOn::Delete };
        let emits = self.emitting.emits.of(&entity.ty, on);
        let emits = emits.filter(|_| !patch.is_some_and(Patch::is_of_bookkeeping));
        for _ in 0..TRIES {
            let reply = match emits {
                Some(emits) => {
                    match self.modify_emitting(collection, emits, &entity, &command, patch).await? {
                        Ok(change) => return Ok(Written::Changed(change)),
                        Err(reply) => reply,
                    }
                }
                None => {
                    let mut reply = self.change(collection, command.clone()).await?;
                    if let Some(Bson::Document(before)) = reply.body.remove("value") {
                        return changed(&entity, before, patch, reply.time).map(Written::Changed);
                    }
                    reply
                }
            };
            if let Some(why) = self.why_not(collection, &entity.id, when, &reply).await? {
                return Ok(why);
            }
        }
        Err(StoreError::Unavailable(format!("{} {} changes all the time", entity.ty, entity.id)))
    }

    /// Why a write found nothing to change; `None` when there is no reason any more.
    async fn why_not(
        &self,
        collection: &Collection,
        id: &Id,
        when: &Condition,
        reply: &Reply,
    ) -> Result<Option<Written>, StoreError> {
        if when.version.is_none() {
            return Ok(Some(Written::NotFound));
        }
        let mut found = self.read_by_id(collection, std::slice::from_ref(id), reply.time).await?;
        Ok(match found.remove(id) {
            None => Some(Written::NotFound),
            // Nobody is told the version of a document that the condition hides.
            Some(doc) if when.filter.as_ref().is_some_and(|filter| !matches(filter, doc.raw())) => {
                Some(Written::NotFound)
            }
            Some(doc) if when.version != Some(doc.version()) => Some(Written::VersionMismatch(doc.version())),
            Some(_) => None,
        })
    }
}

/// The command that inserts these documents, one failing not keeping the others out.
pub(super) fn insertion<'a>(
    collection: &Collection,
    documents: impl IntoIterator<Item = &'a Doc>,
) -> RawDocumentBuf {
    let mut all = RawArrayBuf::new();
    documents.into_iter().for_each(|document| all.push(document.raw()));
    let mut command = RawDocumentBuf::new();
    command.append(cstr!("insert"), &*collection.collection);
    command.append(cstr!("documents"), all);
    command.append(cstr!("ordered"), false);
    command
}

/// A document to insert, with the version number that a new one has.
pub(super) fn new_document(mut document: Document) -> Result<Doc, StoreError> {
    let first = Patch { set: vec![(VERSION_PATH.to_owned(), Bson::Int64(1))], unset: Vec::new() };
    first.apply(&mut document);
    let encoded = image(&document)?;
    match encoded.bytes().len() {
        length if length > MAX_DOCUMENT => Err(too_large(length)),
        _ => Ok(encoded),
    }
}

/// What the server says about single writes that it refused.
pub(super) fn write_errors(reply: &Document) -> impl Iterator<Item = &Document> {
    let errors = reply.get_array("writeErrors").into_iter().flatten();
    errors.filter_map(Bson::as_document)
}

/// The error of an entry of `writeErrors`.
pub(super) fn of_write_error(refused: &Document, collection: &Collection) -> StoreError {
    let code = i32::try_from(number(refused.get("code"))).unwrap_or_default();
    error::of_code(code, refused.get_str("errmsg").unwrap_or_default(), Some(refused), collection)
}

fn query(id: &Id, when: &Condition) -> Document {
    let mut parts = vec![filter::of_id(id)];
    parts.extend(when.version.map(version));
    parts.extend(when.filter.as_ref().map(filter::of));
    doc! { "$and": parts }
}

/// Documents of a version. Zero is also what documents have whose version is no whole number, or stands
/// in an array, where a path would find it.
fn version(version: i64) -> Document {
    let whole = ["int", "long"];
    match version {
        0 => doc! { "$or": [
            { VERSION_PATH: { "$eq": 0 } },
            { VERSION_PATH: { "$not": { "$type": whole.as_slice() } } },
            { BOOKKEEPING: { "$type": "array" } },
        ] },
        version => doc! {
            VERSION_PATH: { "$eq": version, "$type": whole.as_slice() },
            BOOKKEEPING: { "$not": { "$type": "array" } },
        },
    }
}

pub(super) fn changed(
    entity: &EntityRef,
    before: Document,
    patch: Option<&Patch>,
    t: Time,
) -> Result<Change, StoreError> {
    // It has happened: what goes wrong from here on leaves the outcome open.
    let unknown = |error: StoreError| StoreError::Unknown(error.to_string());
    let image_before = image(&before).map_err(unknown)?;
    let v = image_before.version() + 1;
    let after = patch.map(|patch| image(&update::raised(before, patch, v))).transpose().map_err(unknown)?;
    let entity = entity.clone();
    Ok(Change { entity, before: Image::Doc(image_before), after, stamp: Stamp { t, v } })
}

pub(super) fn image(document: &Document) -> Result<Doc, StoreError> {
    Doc::encode(document)
        .map_err(|error| StoreError::Unacceptable(format!("the value cannot be stored: {error}")))
}
