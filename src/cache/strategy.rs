//! Other ways to use the cache than the one that is right, chosen request by request: for comparing them
//! on one server, under one load.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;

use super::{
    Batch, Cache, CacheError, EntitiesRead, Floor, Lease, LeaseState, Mark, News, Noted, PageRead, PageState,
    Place, Proved, Reconcile, Reconciled, TypeStats,
};
use crate::metrics::VoidReason;
use crate::value::{Change, Doc, EntityRef, Time};

/// How a request uses the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// Writes bring cached entities and batches in line: what oponn is for.
    Reconcile,
    /// Writes void everything cached of the types that they touch.
    Invalidate,
    /// Writes leave the cache as it is: what is cached is served until it expires, stale or not.
    Ttl,
    /// Reads go to the store and leave nothing in the cache. Writes reconcile.
    Bypass,
    /// Reads go to the store, and what they find is cached. Writes reconcile.
    Refresh,
}

impl Strategy {
    /// All of them.
    pub const ALL: [Strategy; 5] =
        [Strategy::Reconcile, Strategy::Invalidate, Strategy::Ttl, Strategy::Bypass, Strategy::Refresh];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Strategy::Reconcile => "reconcile",
            Strategy::Invalidate => "invalidate",
            Strategy::Ttl => "ttl",
            Strategy::Bypass => "bypass",
            Strategy::Refresh => "refresh",
        }
    }

    /// The strategy of a name.
    pub fn parse(name: &str) -> Option<Strategy> {
        Strategy::ALL.into_iter().find(|strategy| strategy.as_str() == name)
    }
}

/// A cache as one strategy sees it. All strategies share what is cached.
///
/// Repairs pass in every strategy: a reader makes them where a row and its entity disagree, from what is
/// cached already, and without them it would have to go to the store.
pub struct StrategyCache {
    inner: Arc<dyn Cache>,
    strategy: Strategy,
}

impl StrategyCache {
    /// Uses a cache in this way.
    pub fn new(inner: Arc<dyn Cache>, strategy: Strategy) -> StrategyCache {
        StrategyCache { inner, strategy }
    }
}

#[async_trait]
impl Cache for StrategyCache {
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
        match self.strategy {
            Strategy::Bypass => Err(CacheError::Bypassed),
            Strategy::Refresh => {
                // The floor is needed for the fills.
                let mut read = self.inner.read_entities(entities).await?;
                read.entities.fill(None);
                Ok(read)
            }
            _ => self.inner.read_entities(entities).await,
        }
    }

    async fn fill_entities(
        &self,
        floor: &Floor,
        entities: &[(EntityRef, Option<Doc>)],
    ) -> Result<(), CacheError> {
        match self.strategy {
            Strategy::Bypass => Ok(()),
            _ => self.inner.fill_entities(floor, entities).await,
        }
    }

    async fn read_pages(&self, reads: &[PageRead]) -> Result<Vec<PageState>, CacheError> {
        match self.strategy {
            Strategy::Bypass => Err(CacheError::Bypassed),
            Strategy::Refresh => Ok(vec![PageState::Miss { known: 0 }; reads.len()]),
            _ => self.inner.read_pages(reads).await,
        }
    }

    async fn news(&self, since: Option<Place>) -> Result<Option<News>, CacheError> {
        self.inner.news(since).await
    }

    async fn lease(&self, batches: &[Batch]) -> Result<Vec<LeaseState>, CacheError> {
        match self.strategy {
            Strategy::Bypass => Ok(batches.iter().map(|_| LeaseState::Refused).collect()),
            _ => self.inner.lease(batches).await,
        }
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
        match self.strategy {
            Strategy::Invalidate => {
                let types: BTreeSet<Arc<str>> =
                    changes.iter().map(|change| change.entity.ty.clone()).collect();
                let latest = changes.iter().map(|change| change.stamp.t).max().unwrap_or_default();
                let types: Vec<Arc<str>> = types.into_iter().collect();
                self.inner.drop_types(&types, latest).await?;
                Ok(vec![Noted::Voided(VoidReason::Strategy); changes.len()])
            }
            Strategy::Ttl => Ok(vec![Noted::Found(Vec::new()); changes.len()]),
            _ => self.inner.note(mark, changes).await,
        }
    }

    async fn reconcile(&self, mark: Mark, rows: &[Reconcile]) -> Result<Vec<Reconciled>, CacheError> {
        self.inner.reconcile(mark, rows).await
    }

    async fn drop_types(&self, types: &[Arc<str>], at: Time) -> Result<(), CacheError> {
        match self.strategy {
            Strategy::Ttl => Ok(()),
            _ => self.inner.drop_types(types, at).await,
        }
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
