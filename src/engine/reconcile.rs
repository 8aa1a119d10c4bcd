//! After a write: brings every cached batch in line with what changed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::Engine;
use crate::cache::{CacheError, Mark, Reconcile, Reconciled};
use crate::metrics::CacheAction;
use crate::value::{Change, Time};

/// Longer than any store waits for the end of a write.
const AFTERMATH: Duration = Duration::from_secs(60);

impl Engine {
    /// Makes the cache right after these changes. When it returns, no read that begins can see what was
    /// before them: the cache says so, or it is out of reach and distrusts itself until it has been
    /// cleared. The mark was taken before the store was written.
    pub(super) async fn settle(&self, mark: Mark, changes: &[Change]) {
        if changes.is_empty() {
            return;
        }
        for change in changes {
            self.core.saw(change.stamp.t);
        }
        if let Err(error) = self.try_settle(mark, changes).await {
            tracing::warn!(%error, "a write could not be brought to the cache, which is not used until it is clear");
        }
    }

    async fn try_settle(&self, mark: Mark, changes: &[Change]) -> Result<(), CacheError> {
        let found = self.core.cache.note(mark, changes).await?;
        let mut rows = Vec::new();
        for (change, batches) in changes.iter().zip(found) {
            let ty = &change.entity.ty;
            for batch in batches {
                let place = |doc| batch.def.row(ty, doc);
                let before = change.before.as_ref().and_then(place);
                let row = change.after.as_ref().and_then(place);
                // A row that stays where it is counts too: an earlier write of another server, which
                // is still on its way, may have brought it there.
                if before.is_some() || row.is_some() {
                    let (entity, stamp) = (change.entity.clone(), change.stamp);
                    rows.push(Reconcile { batch, entity, stamp, row });
                }
            }
        }
        if !rows.is_empty() {
            self.count(&self.core.cache.reconcile(mark, &rows).await?);
        }
        Ok(())
    }

    /// Brings single rows in line with what their entities say. The mark was taken before those were
    /// read.
    pub(super) async fn reconcile_rows(&self, mark: Mark, rows: &[Reconcile]) {
        // Out of reach: the reader goes to the store in the end.
        if let Ok(done) = self.core.cache.reconcile(mark, rows).await {
            self.count(&done);
        }
    }

    /// Voids what is cached of the types: for writes that tell too little to reconcile. `at` is not
    /// before any of their commits.
    pub(super) async fn void(&self, types: impl IntoIterator<Item = Arc<str>>, at: Time) {
        self.core.saw(at);
        let types: Vec<Arc<str>> = types.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        match self.core.cache.drop_types(&types, at).await {
            Ok(()) => self.core.metrics.cache_reconciled(CacheAction::Dropped, types.len() as u64),
            Err(error) => {
                tracing::warn!(%error, "cached types could not be voided, the cache is not used until it is clear")
            }
        }
    }

    /// Voids what is cached of types of which a write with an unknown outcome may still be under way: now,
    /// and once more when the store has long given it up.
    pub(super) async fn void_unknown(&self, types: impl IntoIterator<Item = Arc<str>>) {
        let types: Vec<Arc<str>> = types.into_iter().collect();
        self.void(types.iter().cloned(), Time(0)).await;
        let core = self.core.clone();
        tokio::spawn(async move {
            tokio::time::sleep(AFTERMATH).await;
            // Out of reach: the cache is cleared before it is used again.
            let _ = core.cache.drop_types(&types, Time(0)).await;
        });
    }

    fn count(&self, done: &[Reconciled]) {
        for action in done {
            let action = match action {
                Reconciled::Inserted => CacheAction::Inserted,
                Reconciled::Moved => CacheAction::Moved,
                Reconciled::Removed => CacheAction::Removed,
                Reconciled::Dropped => CacheAction::Dropped,
                Reconciled::Unchanged | Reconciled::Deferred | Reconciled::Absent => continue,
            };
            self.core.metrics.cache_reconciled(action, 1);
        }
    }
}
