//! A cache whose journal a test watches: it counts the looks, holds up their answers, or lets one panic.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use oponn::cache::{
    Batch, Cache, CacheError, EntitiesRead, Floor, Lease, LeaseState, Mark, News, Noted, PageRead, PageState,
    Place, Proved, Reconcile, Reconciled, TypeStats,
};
use oponn::value::{Change, Doc, EntityRef, Time};
use tokio::sync::{Semaphore, watch};

/// Passes everything on to another cache, but looks at the journal one at a time, when it is told to.
pub struct Gate {
    inner: Arc<dyn Cache>,
    looks: watch::Sender<u64>,
    passes: Semaphore,
    breaks: AtomicBool,
}

impl Gate {
    /// A gate that is shut.
    pub fn new(inner: Arc<dyn Cache>) -> Gate {
        let (looks, passes) = (watch::Sender::new(0), Semaphore::new(0));
        Gate { inner, looks, passes, breaks: AtomicBool::new(false) }
    }

    /// How many looks have begun.
    pub fn looks(&self) -> u64 {
        *self.looks.borrow()
    }

    /// Waits until so many looks have begun. What they tell is settled then.
    pub async fn begun(&self, looks: u64) {
        let mut begun = self.looks.subscribe();
        let begun = begun.wait_for(|begun| *begun >= looks);
        let begun = tokio::time::timeout(Duration::from_secs(30), begun).await;
        begun.expect("it begins in time").expect("the sender is here");
    }

    /// Lets so many answers out.
    pub fn pass(&self, looks: usize) {
        self.passes.add_permits(looks);
    }

    /// Has the next answer that gets out panic instead.
    pub fn break_one(&self) {
        self.breaks.store(true, Ordering::SeqCst);
    }
}

#[async_trait]
impl Cache for Gate {
    async fn news(&self, since: Option<Place>) -> Result<Option<News>, CacheError> {
        let news = self.inner.news(since).await;
        self.looks.send_modify(|looks| *looks += 1);
        self.passes.acquire().await.expect("it is never closed").forget();
        assert!(!self.breaks.swap(false, Ordering::SeqCst), "this look was to panic");
        news
    }

    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn mark(&self) -> Mark {
        self.inner.mark()
    }

    async fn ping(&self) -> Result<(), CacheError> {
        self.inner.ping().await
    }

    async fn read_entities(&self, entities: &[EntityRef]) -> Result<EntitiesRead, CacheError> {
        self.inner.read_entities(entities).await
    }

    async fn fill_entities(
        &self,
        floor: &Floor,
        entities: &[(EntityRef, Option<Doc>)],
    ) -> Result<(), CacheError> {
        self.inner.fill_entities(floor, entities).await
    }

    async fn read_pages(&self, reads: &[PageRead]) -> Result<Vec<PageState>, CacheError> {
        self.inner.read_pages(reads).await
    }

    async fn lease(&self, batches: &[Batch]) -> Result<Vec<LeaseState>, CacheError> {
        self.inner.lease(batches).await
    }

    async fn commit(&self, lease: &Lease, proved: &Proved) -> Result<bool, CacheError> {
        self.inner.commit(lease, proved).await
    }

    async fn release(&self, leases: &[Lease]) -> Result<(), CacheError> {
        self.inner.release(leases).await
    }

    async fn filling(&self, batches: &[Batch]) -> Result<Vec<bool>, CacheError> {
        self.inner.filling(batches).await
    }

    async fn note(&self, mark: Mark, changes: &[Change]) -> Result<Vec<Noted>, CacheError> {
        self.inner.note(mark, changes).await
    }

    async fn reconcile(&self, mark: Mark, rows: &[Reconcile]) -> Result<Vec<Reconciled>, CacheError> {
        self.inner.reconcile(mark, rows).await
    }

    async fn drop_types(&self, types: &[Arc<str>], at: Time) -> Result<(), CacheError> {
        self.inner.drop_types(types, at).await
    }

    async fn clear(&self) -> Result<(), CacheError> {
        self.inner.clear().await
    }

    async fn reset(&self) -> Result<(), CacheError> {
        self.inner.reset().await
    }

    async fn stats(&self) -> Result<BTreeMap<Arc<str>, TypeStats>, CacheError> {
        self.inner.stats().await
    }

    async fn sweep(&self) -> Result<u64, CacheError> {
        self.inner.sweep().await
    }
}
