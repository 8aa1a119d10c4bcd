//! A cache that a test holds up: looks at its journal, which may panic as well, and reads of pages.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use oponn::cache::{
    Cache, CacheError, EntitiesRead, Journal, News, PageRead, PageState, PartitionRead, PartitionState,
    Parts, Place, Reads,
};
use oponn::value::{EntityRef, Time};
use tokio::sync::{Semaphore, watch};

/// Looks at the journal of a cache one at a time, when it is told to.
pub struct Gate {
    inner: Arc<dyn Cache>,
    looks: watch::Sender<u64>,
    passes: Semaphore,
    breaks: AtomicBool,
    /// Whether pages are not read at present, and how many readers have come meanwhile.
    shut: watch::Sender<bool>,
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
            shut: watch::Sender::new(false),
            readers: watch::Sender::new(0),
        }
    }

    /// The cache behind the gate.
    pub fn cache(self: &Arc<Self>) -> Arc<dyn Cache> {
        Arc::new(Parts { reads: self.clone(), journal: self.clone(), ..Parts::of(self.inner.clone()) })
    }

    /// How many looks have begun.
    pub fn looks(&self) -> u64 {
        *self.looks.borrow()
    }

    /// Waits until so many looks have begun. What they tell is settled then.
    pub async fn begun(&self, looks: u64) {
        reached(&self.looks, looks).await;
    }

    /// Lets nobody read pages from now on.
    pub fn shut_pages(&self) {
        self.shut.send_replace(true);
    }

    /// Lets everybody read pages again.
    pub fn open_pages(&self) {
        self.shut.send_replace(false);
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
impl Journal for Gate {
    async fn news(&self, since: Option<Place>) -> Result<Option<News>, CacheError> {
        let news = self.inner.news(since).await;
        self.looks.send_modify(|looks| *looks += 1);
        self.passes.acquire().await.expect("it is never closed").forget();
        assert!(!self.breaks.swap(false, Ordering::SeqCst), "this look was to panic");
        news
    }
}

#[async_trait]
impl Reads for Gate {
    async fn read_entities(&self, entities: &[EntityRef]) -> Result<EntitiesRead, CacheError> {
        self.inner.read_entities(entities).await
    }

    async fn read_pages(&self, reads: &[PageRead]) -> Result<Vec<PageState>, CacheError> {
        if *self.shut.borrow() {
            self.readers.send_modify(|readers| *readers += 1);
            self.shut.subscribe().wait_for(|shut| !shut).await.expect("the sender is here");
        }
        self.inner.read_pages(reads).await
    }

    async fn read_partitions(&self, reads: &[PartitionRead]) -> Result<Vec<PartitionState>, CacheError> {
        self.inner.read_partitions(reads).await
    }

    async fn latest(&self) -> Result<Time, CacheError> {
        self.inner.latest().await
    }
}
