//! A cache whose clock is set back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use oponn::cache::{Adoption, Cache, CacheError, Following, Mark, Parts, Standing, Voucher};
use oponn::value::{Change, EntityRef, Time};

use super::world::{SDL, World, put, until};
use crate::support::app::{CacheKind, StoreKind, TestApp};

/// Reads a cache's clock wrong by so many milliseconds.
struct Slow {
    cache: Arc<dyn Cache>,
    back: Arc<AtomicU64>,
}

#[async_trait]
impl Following for Slow {
    fn shared(&self) -> bool {
        self.cache.shared()
    }

    fn follows(&self, scope: &str) {
        self.cache.follows(scope);
    }

    async fn clock(&self) -> Result<u64, CacheError> {
        Ok(self.cache.clock().await?.saturating_sub(self.back.load(Ordering::SeqCst)))
    }

    async fn standing(&self) -> Result<Standing, CacheError> {
        self.cache.standing().await
    }

    async fn adopt(&self, adoption: &Adoption) -> Result<Mark, CacheError> {
        self.cache.adopt(adoption).await
    }

    async fn vouch(&self, voucher: &Voucher) -> Result<bool, CacheError> {
        self.cache.vouch(voucher).await
    }

    async fn vouched(&self) -> Result<bool, CacheError> {
        self.cache.vouched().await
    }

    fn session(&self) -> u64 {
        self.cache.session()
    }

    fn settled(&self, session: u64, mark: Mark, changes: &[(EntityRef, Time)]) {
        self.cache.settled(session, mark, changes);
    }

    async fn unsettled(&self, mark: Mark, changes: Vec<Change>) -> Result<Vec<Change>, CacheError> {
        self.cache.unsettled(mark, changes).await
    }
}

/// The term that has seen another clock ends, and nobody reads by it; the next one begins with the clock as it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_term_ends_when_the_clock_of_the_cache_is_set_back() {
    let back = Arc::new(AtomicU64::new(0));
    let setup = TestApp::with(SDL).on(StoreKind::Mongo, CacheKind::Redis).followed();
    let set = back.clone();
    let setup = setup.around(move |cache| {
        let following = Arc::new(Slow { cache: cache.clone(), back: set });
        Arc::new(Parts { following, ..Parts::of(cache) })
    });
    let world = World::of(setup.start().await).await;
    put(&world.one, "x", "a", 1).await;
    world.converges(&["a"]).await;
    let ended = async || world.one.metric("oponn_tail_ended_total", &[]).await;
    let before = ended().await;
    back.store(5_000, Ordering::SeqCst);
    until("the term ends", async || ended().await > before).await;
    back.store(0, Ordering::SeqCst);
    world.converges(&["a"]).await;
    put(&world.other, "y", "a", 2).await;
    world.shows("a", &["x@1", "y@2"]).await;
}
