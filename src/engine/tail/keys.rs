//! Has documents that other programs have written keep the normalised values of their unique keys, so that they are
//! found by them, and conflict with other documents.
//!
//! The feed tells which documents keep wrong values. They wait here, by their ids, for a task beside the tailer, which
//! writes like everybody else, if the document is still what it was. So several servers that follow do no harm, and
//! the write's own event ends the matter. Where nobody knows which documents are concerned, all of the type are looked
//! at: when a server begins to lead, after a gap in the feed, and when the documents that wait are too many.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bson::Bson;
use futures_util::TryStreamExt;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::engine::Core;
use crate::metrics::TailKeys;
use crate::query::{Filter, Misfit, MisfitPart, kept_values, misfits, normalised};
use crate::schema::UniqueKey;
use crate::store::{Condition, Follow, Patch, StoreError, Write, Written};
use crate::value::{Change, EntityRef, Id, Image};

/// Documents that are read and written together.
const TOGETHER: usize = 128;
/// Documents that wait at the most.
const WAITING: usize = 10_000;
/// Documents at the most that are remembered because others have their values.
const REFUSED: usize = 200;
/// Pause before the next try when the store has failed, and between two looks at all documents of a type.
const PAUSE: Duration = Duration::from_secs(1);

/// What is to be looked at.
#[derive(Default)]
pub(super) struct Unkeyed {
    waiting: Mutex<Waiting>,
    more_documents: Notify,
    more_types: Notify,
    /// Documents of which something has been said already.
    refused: Mutex<BTreeSet<EntityRef>>,
}

#[derive(Default)]
struct Waiting {
    documents: BTreeSet<EntityRef>,
    /// All documents of these types.
    types: BTreeSet<Arc<str>>,
}

impl Unkeyed {
    /// Adds a document; without an id, all documents of the type.
    pub(super) fn add(&self, ty: Arc<str>, id: Option<Id>) {
        let mut waiting = self.waiting.lock();
        match id.filter(|_| waiting.documents.len() < WAITING) {
            Some(id) => {
                waiting.documents.insert(EntityRef { ty, id });
                self.more_documents.notify_one();
            }
            None => {
                waiting.types.insert(ty);
                self.more_types.notify_one();
            }
        }
    }

    /// Adds the documents again whose values another one had that has given values up.
    pub(super) fn freed_by(&self, change: &Change) {
        let again: Vec<EntityRef> = {
            let refused = self.refused.lock();
            let of_type = refused.iter().filter(|entity| entity.ty == change.entity.ty);
            of_type.cloned().collect()
        };
        if !again.is_empty() && gives_up(change) {
            again.into_iter().for_each(|entity| self.add(entity.ty, Some(entity.id)));
        }
    }

    /// Some documents of one type.
    fn next_documents(&self) -> Option<(Arc<str>, Vec<Id>)> {
        let mut waiting = self.waiting.lock();
        let ty = waiting.documents.first()?.ty.clone();
        let mut ids = Vec::new();
        while let Some(entity) = waiting.documents.pop_first() {
            if entity.ty != ty || ids.len() == TOGETHER {
                waiting.documents.insert(entity);
                break;
            }
            ids.push(entity.id);
        }
        Some((ty, ids))
    }

    fn next_type(&self) -> Option<Arc<str>> {
        self.waiting.lock().types.pop_first()
    }

    /// Whether it is worth a line in the log that a document is refused: once for each.
    fn refuse(&self, entity: &EntityRef) -> bool {
        let mut refused = self.refused.lock();
        refused.len() < REFUSED && refused.insert(entity.clone())
    }

    fn accept(&self, entity: &EntityRef) {
        self.refused.lock().remove(entity);
    }
}

/// Whether a document keeps other values after a change than before it, or none.
fn gives_up(change: &Change) -> bool {
    match &change.before {
        Image::Absent => false,
        Image::Unknown => true,
        Image::Doc(before) => {
            let kept = kept_values(before.raw());
            kept.is_some() && kept != change.after.as_ref().and_then(|after| kept_values(after.raw()))
        }
    }
}

impl Core {
    /// Has all documents of all types looked at.
    pub(super) fn look_at_keys(&self) {
        for ty in self.model.collections.iter().filter(|ty| ty.keeps_values()) {
            self.tail.unkeyed.add(ty.name.clone(), None);
        }
    }

    /// Writes the values that documents have to keep, for ever.
    pub(super) async fn keep_keys(self: &Arc<Self>, follow: &dyn Follow) {
        tokio::join!(self.keep_keys_of_documents(), self.keep_keys_of_types(follow));
    }

    async fn keep_keys_of_documents(self: &Arc<Self>) {
        let unkeyed = &self.tail.unkeyed;
        loop {
            let Some((ty, ids)) = unkeyed.next_documents() else {
                unkeyed.more_documents.notified().await;
                continue;
            };
            if let Err(error) = self.keep_keys_of(&ty, ids.clone()).await {
                tracing::debug!(%error, "unique keys of documents could not be brought up; trying again");
                ids.into_iter().for_each(|id| unkeyed.add(ty.clone(), Some(id)));
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    async fn keep_keys_of_types(self: &Arc<Self>, follow: &dyn Follow) {
        let unkeyed = &self.tail.unkeyed;
        loop {
            let Some(ty) = unkeyed.next_type() else {
                unkeyed.more_types.notified().await;
                continue;
            };
            let begun = Instant::now();
            let all = follow.unkeyed(&ty).try_chunks(TOGETHER).map_err(|error| error.1);
            let looked = all.try_for_each(|ids| self.keep_keys_of(&ty, ids)).await;
            if let Err(error) = looked {
                tracing::debug!(%error, "unique keys of a type could not be brought up; trying again");
                unkeyed.add(ty, None);
            }
            // At most half of the time.
            tokio::time::sleep(begun.elapsed().max(PAUSE)).await;
        }
    }

    /// Has these documents keep the right values. Once begun it goes on to its end.
    async fn keep_keys_of(self: &Arc<Self>, ty: &Arc<str>, ids: Vec<Id>) -> Result<(), StoreError> {
        let (core, ty) = (self.clone(), ty.clone());
        let kept = self.tasks.spawn(async move { core.rekey(&ty, &ids).await });
        kept.await.unwrap_or_else(|error| Err(StoreError::Internal(error.to_string())))
    }

    async fn rekey(self: &Arc<Self>, ty: &Arc<str>, ids: &[Id]) -> Result<(), StoreError> {
        let Some(collection) = self.model.collection(ty) else { return Ok(()) };
        let found = self.store.get(ty, ids, self.at_latest().await).await?;
        let mut wrong = Vec::new();
        for id in ids {
            let entity = EntityRef { ty: ty.clone(), id: id.clone() };
            let misfits = found.get(id).map_or_else(Vec::new, |doc| misfits(collection, doc.raw()));
            if misfits.is_empty() {
                self.tail.unkeyed.accept(&entity);
            }
            wrong.extend(misfits.into_iter().map(|misfit| (entity.clone(), misfit)));
        }
        let writes = wrong.iter().map(|(entity, misfit)| keeping(entity, misfit, normalised)).collect();
        let mut refused = Vec::new();
        for ((entity, misfit), written) in wrong.iter().zip(self.write_keys(ty, writes).await) {
            match written {
                Ok(Written::Changed(_)) => self.metrics.tail_keys(TailKeys::Written),
                // It has changed since, which is told as well.
                Ok(Written::NotFound | Written::VersionMismatch(_)) => {}
                Err(error) if may_pass(&error) => return Err(error),
                Err(error) => {
                    self.tell_refused(entity, misfit, &error);
                    refused.push((entity, misfit));
                }
            }
        }
        // So it is not found by the values of before, and the next server can start.
        let unmarked = |part: &MisfitPart<'_>| part.kept != Some(Bson::Null);
        let stale = refused.iter().filter(|(_, misfit)| misfit.parts.iter().any(unmarked));
        let writes = stale.map(|(entity, misfit)| keeping(entity, misfit, |_, _| Bson::Null)).collect();
        match self.write_keys(ty, writes).await.into_iter().find_map(Result::err) {
            Some(error) if may_pass(&error) => Err(error),
            _ => Ok(()),
        }
    }

    async fn write_keys(
        self: &Arc<Self>,
        ty: &Arc<str>,
        writes: Vec<Write>,
    ) -> Vec<Result<Written, StoreError>> {
        if writes.is_empty() {
            return Vec::new();
        }
        let types = vec![ty.clone(); writes.len()];
        self.commit([ty.clone()], self.write_store(writes, &types)).await
    }

    fn tell_refused(&self, entity: &EntityRef, misfit: &Misfit<'_>, error: &StoreError) {
        let duplicate = matches!(error, StoreError::Duplicate { .. });
        self.metrics.tail_keys(if duplicate { TailKeys::Duplicate } else { TailKeys::Failed });
        let first = self.tail.unkeyed.refuse(entity);
        let (ty, id, key) = (&*entity.ty, &entity.id, &*misfit.key.name);
        match (first, duplicate) {
            (true, true) => tracing::warn!(
                ty,
                %id,
                key,
                "another program has written a value of a unique key that another document has: this document is not \
                 found by the key until one of the two has another value"
            ),
            (true, false) => tracing::warn!(
                ty,
                %id,
                key,
                %error,
                "another program has written a value of a unique key that cannot be normalised and stored: this \
                 document is not found by the key"
            ),
            (false, _) => tracing::debug!(ty, %id, key, %error, "a value of a unique key is not kept"),
        }
    }
}

/// The write that has a document keep this of the values of a key, if it has and keeps what it did.
fn keeping(entity: &EntityRef, misfit: &Misfit<'_>, value: impl Fn(&UniqueKey, &Bson) -> Bson) -> Write {
    let (mut patch, mut same) = (Patch::default(), Vec::new());
    for part in &misfit.parts {
        let path = misfit.key.path(part.field);
        same.push(Filter::eq(part.field, part.value.clone()));
        same.push(Filter::eq(path.clone(), part.kept.clone().unwrap_or(Bson::Null)));
        patch.set.push((path, value(misfit.key, &part.value)));
    }
    let when = Condition { version: None, filter: Some(Filter::And(same)) };
    Write::Update { ty: entity.ty.clone(), id: entity.id.clone(), patch, when }
}

/// Whether the same write may succeed later.
fn may_pass(error: &StoreError) -> bool {
    match error {
        StoreError::Unavailable(_)
        | StoreError::Disk(..)
        | StoreError::TimedOut(_)
        | StoreError::Overloaded
        | StoreError::Unknown(_)
        | StoreError::Behind(_) => true,
        StoreError::TooLarge(_)
        | StoreError::Duplicate { .. }
        | StoreError::Refused(_)
        | StoreError::Unacceptable(_)
        | StoreError::Internal(_) => false,
    }
}
