//! Expired documents that the store still has: removed where they hold a unique value, and by and by where the store does
//! not do that by itself.

use std::sync::Arc;
use std::time::Duration;

use bson::{Bson, Document};

use super::lookup::{DOCUMENTS_AT_A_TIME, value_at};
use super::write::effects;
use super::{Core, Effect, Engine};
use crate::query::{Filter, Order};
use crate::schema::Collection;
use crate::store::{Condition, Find, StoreError, Write, Written};
use crate::value::{Doc, Time};

/// How often expired documents are removed; as often as MongoDB does it.
const BETWEEN_REMOVALS: Duration = Duration::from_secs(60);

impl Core {
    /// Carries out writes in the store, and tells their effects. An expired document that holds a unique value which one
    /// of them needs is removed.
    pub(super) async fn write_store(
        &self,
        writes: Vec<Write>,
        types: &[Arc<str>],
    ) -> (Vec<Result<Written, StoreError>>, Vec<Effect>) {
        let expire = !self.expiries.is_empty() && types.iter().any(|ty| self.expiries.of(ty).is_some());
        let again = expire.then(|| writes.clone());
        let mut results = self.store.write(writes).await;
        let mut before = Vec::new();
        for (index, write) in again.into_iter().flatten().enumerate() {
            if let Some(Err(StoreError::Duplicate { .. })) = results.get(index) {
                let (result, effects) = self.write_over_remains(write).await;
                before.extend(effects);
                results[index] = result;
            }
        }
        before.extend(effects(&results, types));
        (results, before)
    }

    /// Carries out a write once more that has found a unique value taken, after removing the expired documents that hold
    /// it. Also returns the effects of the removal.
    pub(super) async fn write_over_remains(
        &self,
        write: Write,
    ) -> (Result<Written, StoreError>, Vec<Effect>) {
        let ty = write.ty().clone();
        let mut told = Vec::new();
        if let Some(collection) = self.model.collection(&ty)
            && let Some(holders) = holders(collection, &write)
        {
            match self.remove_expired(&ty, holders).await {
                Ok(effects) => told = effects,
                Err(error) => return (Err(error), told),
            }
        }
        let result = self.store.write(vec![write]).await.pop();
        (result.unwrap_or(Ok(Written::NotFound)), told)
    }

    /// Removes those of these documents that have expired, and tells the effects.
    async fn remove_expired(&self, ty: &Arc<str>, these: Filter) -> Result<Vec<Effect>, StoreError> {
        let Some(expiry) = self.expiries.of(ty) else { return Ok(Vec::new()) };
        let expired = expiry.expired(self.expiries.now());
        let limit = DOCUMENTS_AT_A_TIME as u64;
        let find = Find::first(ty.clone(), these.and(expired.clone()), Order::default(), limit);
        let found = self.whole.find(&find, self.at(Time(0))).await?;
        let removal = |id| {
            let when = Condition { version: None, filter: Some(expired.clone()) };
            Write::Delete { ty: ty.clone(), id, when }
        };
        let removals: Vec<Write> = found.iter().filter_map(Doc::id).map(removal).collect();
        if removals.is_empty() {
            return Ok(Vec::new());
        }
        let types = vec![ty.clone(); removals.len()];
        let results = self.whole.write(removals).await;
        let removed = results.iter().filter(|done| matches!(done, Ok(Written::Changed(_)))).count();
        self.metrics.store_expired(removed as u64);
        Ok(effects(&results, &types))
    }

    /// Removes the documents that have expired for all servers, some at a time. Nothing is told to the cache: whoever finds
    /// one of them there takes it for expired.
    async fn remove_overdue(&self) -> Result<(), StoreError> {
        for (ty, expiry) in self.expiries.types() {
            let expired = expiry.expired(self.expiries.overdue());
            loop {
                let limit = DOCUMENTS_AT_A_TIME as u64;
                let find = Find::first(ty.clone(), expired.clone(), expiry.order(), limit);
                let found = self.whole.find(&find, self.at(Time(0))).await?;
                let ids: Vec<Bson> = found.iter().filter_map(Doc::id).map(|id| id.to_bson()).collect();
                if ids.is_empty() {
                    break;
                }
                let these = Filter::In("_id".to_owned(), ids).and(expired.clone());
                let (removed, _) = self.whole.delete_many(ty, &these).await?;
                self.metrics.store_expired(removed);
                if removed == 0 {
                    break;
                }
            }
        }
        Ok(())
    }
}

impl Engine {
    /// Removes expired documents from the store for ever, if it does not do that by itself.
    pub async fn remove_expired(self: Arc<Self>) {
        if self.core.expiries.is_empty() || self.core.whole.removes_expired() {
            return;
        }
        loop {
            self.remove_overdue().await;
            tokio::time::sleep(BETWEEN_REMOVALS).await;
        }
    }

    /// Removes the documents from the store that have expired for a while.
    pub async fn remove_overdue(&self) {
        if let Err(error) = self.core.remove_overdue().await {
            // They show nowhere, and the next time comes soon.
            tracing::debug!(%error, "expired documents could not be removed");
        }
    }
}

/// The documents that hold a unique value which a write sets; `None` if it sets none.
fn holders(collection: &Collection, write: &Write) -> Option<Filter> {
    let set: Vec<Filter> = match write {
        Write::Insert { document, .. } => {
            let id = document.get("_id").map(|id| Filter::eq("_id", id.clone()));
            collection.uniques.iter().filter_map(|key| all_of(&key.paths(), document)).chain(id).collect()
        }
        Write::Update { patch, .. } => {
            let mut any = Vec::new();
            for key in &collection.uniques {
                let paths = key.paths();
                // Of a key with several fields, only some may be set: every expired document may go.
                let named =
                    patch.set.iter().filter(|(path, value)| paths.contains(path) && *value != Bson::Null);
                let parts: Vec<Filter> =
                    named.map(|(path, value)| Filter::eq(path.clone(), value.clone())).collect();
                any.extend((!parts.is_empty()).then_some(Filter::And(parts)));
            }
            any
        }
        Write::Delete { .. } => Vec::new(),
    };
    (!set.is_empty()).then_some(Filter::Or(set))
}

/// The documents with the same values at these paths; `None` if one of them is null or missing.
fn all_of(paths: &[String], document: &Document) -> Option<Filter> {
    let equal = |path: &String| Some(Filter::eq(path.clone(), value_at(document, path)?.clone()));
    paths.iter().map(equal).collect::<Option<_>>().map(Filter::And)
}
