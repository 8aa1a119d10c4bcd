//! A cache that keeps nothing: every read bypasses it, and every lease is refused.

use std::sync::Arc;

use async_trait::async_trait;

use super::{
    CacheError, Changes, EntitiesRead, Fills, Following, Journal, Mark, Noted, Notes, PageRead, PageState,
    PartitionRead, PartitionState, Reads, Reconcile, Reconciled, Upkeep,
};
use crate::value::{Change, EntityRef, Time};

/// Keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCache;

#[async_trait]
impl Reads for NoCache {
    async fn read_entities(&self, _: &[EntityRef]) -> Result<EntitiesRead, CacheError> {
        Err(CacheError::Bypassed)
    }

    async fn read_pages(&self, _: &[PageRead]) -> Result<Vec<PageState>, CacheError> {
        Err(CacheError::Bypassed)
    }

    async fn read_partitions(&self, _: &[PartitionRead]) -> Result<Vec<PartitionState>, CacheError> {
        Err(CacheError::Bypassed)
    }

    async fn latest(&self) -> Result<Time, CacheError> {
        Err(CacheError::Bypassed)
    }
}

impl Fills for NoCache {}

impl Following for NoCache {}

#[async_trait]
impl Changes for NoCache {
    fn mark(&self) -> Mark {
        Mark::default()
    }

    async fn note(&self, _: Mark, changes: &[Change]) -> Result<Notes, CacheError> {
        Ok(Notes { of_changes: vec![Noted::Found(Vec::new()); changes.len()], vouched: true })
    }

    async fn reconcile(&self, _: Mark, rows: &[Reconcile]) -> Result<Vec<Reconciled>, CacheError> {
        Ok(vec![Reconciled::Absent; rows.len()])
    }

    async fn drop_types(&self, _: &[Arc<str>], _: Time) -> Result<(), CacheError> {
        Ok(())
    }
}

impl Journal for NoCache {}

#[async_trait]
impl Upkeep for NoCache {
    fn name(&self) -> &'static str {
        "none"
    }

    async fn clear(&self) -> Result<(), CacheError> {
        Ok(())
    }

    async fn reset(&self) -> Result<(), CacheError> {
        Ok(())
    }
}
