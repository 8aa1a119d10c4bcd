//! The cache that keeps nothing: every read is a miss, every lease is refused.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use super::{
    Batch, Cache, CacheError, EntitiesRead, Extent, Floor, Lease, LeaseState, Mark, News, PageRead,
    PageState, Place, Reconcile, Reconciled, TypeStats,
};
use crate::query::SortKey;
use crate::value::{Change, Doc, EntityRef, Time};

/// Keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCache;

#[async_trait]
impl Cache for NoCache {
    fn name(&self) -> &'static str {
        "none"
    }

    fn mark(&self) -> Mark {
        Mark::default()
    }

    async fn ping(&self) -> Result<(), CacheError> {
        Ok(())
    }

    async fn read_entities(&self, entities: &[EntityRef]) -> Result<EntitiesRead, CacheError> {
        let floor = Floor { time: Time::default(), generations: BTreeMap::new() };
        Ok(EntitiesRead { entities: vec![None; entities.len()], floor })
    }

    async fn fill_entities(&self, _: &Floor, _: &[(EntityRef, Option<Doc>)]) -> Result<(), CacheError> {
        Ok(())
    }

    async fn read_pages(&self, reads: &[PageRead]) -> Result<Vec<PageState>, CacheError> {
        Ok(vec![PageState::Miss { known: 0 }; reads.len()])
    }

    async fn news(&self, _: Option<Place>) -> Result<Option<News>, CacheError> {
        Ok(None)
    }

    async fn lease(&self, batches: &[Batch]) -> Result<Vec<LeaseState>, CacheError> {
        Ok(batches.iter().map(|_| LeaseState::Refused).collect())
    }

    async fn commit(&self, _: &Lease, _: &[SortKey], _: Extent) -> Result<bool, CacheError> {
        Ok(false)
    }

    async fn release(&self, _: &[Lease]) -> Result<(), CacheError> {
        Ok(())
    }

    async fn filling(&self, batches: &[Batch]) -> Result<Vec<bool>, CacheError> {
        Ok(vec![false; batches.len()])
    }

    async fn note(&self, _: Mark, changes: &[Change]) -> Result<Vec<Vec<Batch>>, CacheError> {
        Ok(vec![Vec::new(); changes.len()])
    }

    async fn reconcile(&self, _: Mark, rows: &[Reconcile]) -> Result<Vec<Reconciled>, CacheError> {
        Ok(vec![Reconciled::Absent; rows.len()])
    }

    async fn drop_types(&self, _: &[Arc<str>], _: Time) -> Result<(), CacheError> {
        Ok(())
    }

    async fn clear(&self) -> Result<(), CacheError> {
        Ok(())
    }

    async fn reset(&self) -> Result<(), CacheError> {
        Ok(())
    }

    async fn stats(&self) -> Result<BTreeMap<Arc<str>, TypeStats>, CacheError> {
        Ok(BTreeMap::new())
    }

    async fn sweep(&self) -> Result<u64, CacheError> {
        Ok(0)
    }
}
