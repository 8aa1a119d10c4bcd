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
    /// Whether pages are not read any more, and how many readers have come since.
    shut: AtomicBool,
    readers: watch::Sender<u64>,
}

impl Gate {
    /// A gate that is shut.
    pub fn new(inner: Arc<dyn Cache>) -> Gate {
        Gate {
            inner,
            looks: watch::Sender::new(0),
            passes: Semaphore::new(0),
            breaks: AtomicBool::new(false),
            shut: AtomicBool::new(false),
            readers: watch::Sender::new(0),
        }
    }

    /// How many looks have begun.
    pub fn looks(&self) -> u64 {
        *self.looks.borrow()
    }

    /// Waits until so many looks have begun. What they tell is settled then.
    pub async fn begun(&self, looks: u64) {
        reached(&self.looks, looks).await;
    }

    /// Lets nobody read pages from now on, to the end of the test.
    pub fn shut_pages(&self) {
        self.shut.store(true, Ordering::SeqCst);
    }

    /// Waits until so many have come to read pages since.
    pub async fn waiting(&self, readers: u64) {
        reached(&self.readers, readers).await;
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

async fn reached(count: &watch::Sender<u64>, wanted: u64) {
    let mut count = count.subscribe();
    let reached =
        tokio::time::timeout(Duration::from_secs(30), count.wait_for(|count| *count >= wanted)).await;
    reached.expect("it is reached in time").expect("the sender is here");
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
        if self.shut.load(Ordering::SeqCst) {
            self.readers.send_modify(|readers| *readers += 1);
            std::future::pending::<()>().await;
        }
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
