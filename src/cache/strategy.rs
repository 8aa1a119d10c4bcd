//! Alternatives to the right way of using the cache, chosen per request, for comparing them on one server
//! under one load.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;

use super::{
    Cache, CacheError, Changes, EntitiesRead, Mark, NoCache, Noted, Notes, PageRead, PageState,
    PartitionRead, PartitionState, Parts, Reads, Reconcile, Reconciled, VoidReason,
};
use crate::value::{Change, EntityRef, Time};

/// How a request uses the cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// Writes bring cached entities and batches in line: what oponn is for.
    #[default]
    Reconcile,
    /// Writes invalidate everything cached of the types that they touch.
    Invalidate,
    /// Writes leave the cache alone: cached data is served until it expires and may be stale.
    Ttl,
    /// Reads bypass the cache and fill nothing. Writes reconcile.
    Bypass,
    /// Reads go to the store and fill the cache with what they find. Writes reconcile.
    Refresh,
}

impl Strategy {
    /// All strategies.
    pub const ALL: [Strategy; 5] =
        [Strategy::Reconcile, Strategy::Invalidate, Strategy::Ttl, Strategy::Bypass, Strategy::Refresh];

    /// The strategy's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Strategy::Reconcile => "reconcile",
            Strategy::Invalidate => "invalidate",
            Strategy::Ttl => "ttl",
            Strategy::Bypass => "bypass",
            Strategy::Refresh => "refresh",
        }
    }

    /// The strategy with this name.
    pub fn parse(name: &str) -> Option<Strategy> {
        Strategy::ALL.into_iter().find(|strategy| strategy.as_str() == name)
    }

    /// The cache as the strategy uses it. All strategies share the cached data.
    pub fn over(self, cache: Arc<dyn Cache>) -> Arc<dyn Cache> {
        let parts = Parts::of(cache.clone());
        let writes = |voids| Arc::new(Writes { cache: cache.clone(), voids });
        Arc::new(match self {
            Strategy::Reconcile => parts,
            Strategy::Invalidate => Parts { changes: writes(true), ..parts },
            Strategy::Ttl => Parts { changes: writes(false), ..parts },
            Strategy::Bypass => Parts { reads: Arc::new(NoCache), fills: Arc::new(NoCache), ..parts },
            Strategy::Refresh => Parts { reads: Arc::new(Misses(cache.clone())), ..parts },
        })
    }
}

/// Reads that always miss, so that everything is refilled.
struct Misses(Arc<dyn Cache>);

#[async_trait]
impl Reads for Misses {
    async fn read_entities(&self, entities: &[EntityRef]) -> Result<EntitiesRead, CacheError> {
        // The floor is needed for the fills.
        let mut read = self.0.read_entities(entities).await?;
        read.entities.fill(None);
        Ok(read)
    }

    async fn read_pages(&self, reads: &[PageRead]) -> Result<Vec<PageState>, CacheError> {
        Ok(vec![PageState::Miss { known: 0 }; reads.len()])
    }

    async fn read_partitions(&self, reads: &[PartitionRead]) -> Result<Vec<PartitionState>, CacheError> {
        Ok(vec![PartitionState::Miss; reads.len()])
    }

    async fn latest(&self) -> Result<Time, CacheError> {
        self.0.latest().await
    }
}

/// Writes that void the types that they touch, or leave the cache alone.
///
/// Repairs pass in every strategy: where a row and its entity disagree, a reader makes one from data that is
/// already cached; without it, the reader would have to go to the store.
struct Writes {
    cache: Arc<dyn Cache>,
    voids: bool,
}

#[async_trait]
impl Changes for Writes {
    fn mark(&self) -> Mark {
        self.cache.mark()
    }

    async fn note(&self, _: Mark, changes: &[Change]) -> Result<Notes, CacheError> {
        let of_changes = |noted| vec![noted; changes.len()];
        if !self.voids {
            return Ok(Notes { of_changes: of_changes(Noted::Found(Vec::new())), vouched: true });
        }
        let types: BTreeSet<Arc<str>> = changes.iter().map(|change| change.entity.ty.clone()).collect();
        let latest = changes.iter().map(|change| change.stamp.t).max().unwrap_or_default();
        let types: Vec<Arc<str>> = types.into_iter().collect();
        self.cache.drop_types(&types, latest).await?;
        let vouched = self.cache.vouched().await?;
        Ok(Notes { of_changes: of_changes(Noted::Voided(VoidReason::Strategy)), vouched })
    }

    async fn reconcile(&self, mark: Mark, rows: &[Reconcile]) -> Result<Vec<Reconciled>, CacheError> {
        self.cache.reconcile(mark, rows).await
    }

    async fn drop_types(&self, types: &[Arc<str>], at: Time) -> Result<(), CacheError> {
        match self.voids {
            true => self.cache.drop_types(types, at).await,
            false => Ok(()),
        }
    }
}
