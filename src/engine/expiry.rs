//! Documents that have expired: for everybody above the store they are not there, whether the store still has them or not.
//!
//! Whether a document has expired, the clock of the server decides that reads or writes it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bson::{Bson, Document};

use super::Core;
use crate::cache::PageState;
use crate::query::{Expiry, Filter};
use crate::schema::Model;
use crate::store::{DiskFault, Find, Follow, Outbox, Patch, Store, StoreError, Write, Written};
use crate::value::{Change, Doc, Id, Time};

/// How far the clocks of servers may be apart: when a document has expired for so long, it has for all of them.
const SKEW: i64 = 10_000;

/// The time of day.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// Milliseconds since 1970, of a clock that stands still; only tests have one.
    standing: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// Milliseconds since 1970.
    pub fn now(&self) -> i64 {
        match &self.standing {
            Some(standing) => standing.load(Ordering::Relaxed),
            None => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
            }
        }
    }

    /// A clock that shows the time of now until it is set ahead.
    #[cfg(feature = "probes")]
    pub fn standing() -> Clock {
        Clock { standing: Some(Arc::new(AtomicI64::new(Clock::default().now()))) }
    }

    /// Sets a clock that stands still ahead.
    #[cfg(feature = "probes")]
    pub fn advance(&self, by: std::time::Duration) {
        if let Some(standing) = &self.standing {
            standing.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::Relaxed);
        }
    }
}

/// Which documents expire, and when.
#[derive(Debug)]
pub(super) struct Expiries {
    by_type: BTreeMap<Arc<str>, Expiry>,
    clock: Clock,
}

impl Expiries {
    pub(super) fn new(model: &Model, clock: Clock) -> Expiries {
        let expiry = |ttl| Expiry::of(ttl);
        let by_type = model.collections.iter();
        let by_type =
            by_type.filter_map(|ty| Some((ty.name.clone(), ty.ttl.as_ref().map(expiry)?))).collect();
        Expiries { by_type, clock }
    }

    /// Whether no document ever expires.
    pub(super) fn is_empty(&self) -> bool {
        self.by_type.is_empty()
    }

    /// The types whose documents expire.
    pub(super) fn types(&self) -> impl Iterator<Item = (&Arc<str>, &Expiry)> {
        self.by_type.iter()
    }

    /// When documents of a type expire.
    pub(super) fn of(&self, ty: &str) -> Option<&Expiry> {
        self.by_type.get(ty)
    }

    pub(super) fn now(&self) -> i64 {
        self.clock.now()
    }

    /// Whether a change is the removal of a document that has expired for all servers: nobody can have seen it before the
    /// change, or can miss it after.
    pub(super) fn is_removal(&self, change: &Change) -> bool {
        let end = |doc| self.of(&change.entity.ty)?.end(doc);
        !self.is_empty()
            && change.after.is_none()
            && change.before.doc().and_then(end).is_some_and(|end| end.saturating_add(SKEW) <= self.now())
    }

    /// The moment at which documents have to have expired to be removed without a word to the cache.
    pub(super) fn overdue(&self) -> i64 {
        self.now().saturating_sub(SKEW)
    }
}

impl Core {
    /// A page of a batch, if none of the documents that the batch lists may have expired; else it has to be filled again.
    pub(super) fn believed(&self, state: PageState) -> PageState {
        match state {
            PageState::Hit(rows) if rows.until.is_some_and(|until| until <= self.expiries.now()) => {
                PageState::Miss { known: 0 }
            }
            other => other,
        }
    }
}

/// A store without the documents that have expired.
pub(super) struct LivingStore {
    inner: Arc<dyn Store>,
    expiries: Arc<Expiries>,
}

impl LivingStore {
    /// The store itself where no document ever expires.
    pub(super) fn over(inner: Arc<dyn Store>, expiries: &Arc<Expiries>) -> Arc<dyn Store> {
        match expiries.is_empty() {
            true => inner,
            false => Arc::new(LivingStore { inner, expiries: expiries.clone() }),
        }
    }

    /// Those of the documents that have not expired.
    fn living(&self, ty: &str, filter: &Filter) -> Filter {
        match self.expiries.of(ty) {
            Some(expiry) => filter.clone().and(expiry.living(self.expiries.now())),
            None => filter.clone(),
        }
    }

    fn living_find(&self, find: &Find) -> Find {
        Find { filter: self.living(&find.ty, &find.filter), ..find.clone() }
    }
}

#[async_trait]
impl Store for LivingStore {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    async fn prepare(&self) -> Result<Vec<Arc<str>>, StoreError> {
        self.inner.prepare().await
    }

    fn readers(&self) -> usize {
        self.inner.readers()
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.inner.ping().await
    }

    fn fault(&self) -> Option<DiskFault> {
        self.inner.fault()
    }

    fn follow(&self) -> Option<&dyn Follow> {
        self.inner.follow()
    }

    fn removes_expired(&self) -> bool {
        self.inner.removes_expired()
    }

    fn outbox(&self) -> Option<&dyn Outbox> {
        self.inner.outbox()
    }

    async fn foreign_writes(&self) -> Result<bool, StoreError> {
        self.inner.foreign_writes().await
    }

    async fn get(&self, ty: &str, ids: &[Id], at: Time) -> Result<HashMap<Id, Doc>, StoreError> {
        let mut found = self.inner.get(ty, ids, at).await?;
        if let Some(expiry) = self.expiries.of(ty) {
            let now = self.expiries.now();
            found.retain(|_, doc| expiry.end(doc).is_none_or(|end| end > now));
        }
        Ok(found)
    }

    async fn find(&self, find: &Find, at: Time) -> Result<Vec<Doc>, StoreError> {
        self.inner.find(&self.living_find(find), at).await
    }

    async fn find_each(
        &self,
        find: &Find,
        field: &str,
        values: &[Bson],
        at: Time,
    ) -> Result<Vec<Vec<Doc>>, StoreError> {
        self.inner.find_each(&self.living_find(find), field, values, at).await
    }

    async fn count(&self, ty: &str, filter: &Filter, at: Time) -> Result<u64, StoreError> {
        self.inner.count(ty, &self.living(ty, filter), at).await
    }

    async fn count_each(
        &self,
        ty: &str,
        filter: &Filter,
        field: &str,
        values: &[Bson],
        at: Time,
    ) -> Result<Vec<u64>, StoreError> {
        self.inner.count_each(ty, &self.living(ty, filter), field, values, at).await
    }

    async fn write(&self, mut writes: Vec<Write>) -> Vec<Result<Written, StoreError>> {
        for write in &mut writes {
            if let Write::Update { ty, when, .. } | Write::Delete { ty, when, .. } = write
                && self.expiries.of(ty).is_some()
            {
                let filter = when.filter.take().unwrap_or_else(Filter::all);
                when.filter = Some(self.living(ty, &filter));
            }
        }
        self.inner.write(writes).await
    }

    async fn insert_many(
        &self,
        ty: &str,
        documents: Vec<Document>,
    ) -> Result<(Vec<Result<(), StoreError>>, Time), StoreError> {
        self.inner.insert_many(ty, documents).await
    }

    async fn update_many(&self, ty: &str, filter: &Filter, patch: &Patch) -> Result<(u64, Time), StoreError> {
        self.inner.update_many(ty, &self.living(ty, filter), patch).await
    }

    async fn delete_many(&self, ty: &str, filter: &Filter) -> Result<(u64, Time), StoreError> {
        self.inner.delete_many(ty, &self.living(ty, filter)).await
    }
}
