//! The cache that keeps nothing: every read goes past it, every lease is refused.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use super::{
    Batch, Cache, CacheError, EntitiesRead, Floor, Lease, LeaseState, Mark, News, Noted, PageRead, PageState,
    Place, Proved, Reconcile, Reconciled, TypeStats,
};
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

    async fn read_entities(&self, _: &[EntityRef]) -> Result<EntitiesRead, CacheError> {
        Err(CacheError::Bypassed)
    }

    async fn fill_entities(&self, _: &Floor, _: &[(EntityRef, Option<Doc>)]) -> Result<(), CacheError> {
        Ok(())
    }

    async fn read_pages(&self, _: &[PageRead]) -> Result<Vec<PageState>, CacheError> {
        Err(CacheError::Bypassed)
    }

    async fn news(&self, _: Option<Place>) -> Result<Option<News>, CacheError> {
        Ok(None)
    }

    async fn lease(&self, batches: &[Batch]) -> Result<Vec<LeaseState>, CacheError> {
        Ok(batches.iter().map(|_| LeaseState::Refused).collect())
    }

    async fn commit(&self, _: &Lease, _: &Proved) -> Result<bool, CacheError> {
        Ok(false)
    }

    async fn release(&self, _: &[Lease]) -> Result<(), CacheError> {
        Ok(())
    }

    async fn filling(&self, batches: &[Batch]) -> Result<Vec<bool>, CacheError> {
        Ok(vec![false; batches.len()])
    }

    async fn note(&self, _: Mark, changes: &[Change]) -> Result<Vec<Noted>, CacheError> {
        Ok(vec![Noted::Found(Vec::new()); changes.len()])
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
