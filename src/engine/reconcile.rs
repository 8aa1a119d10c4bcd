//! Brings every cached batch in line after a write.

use std::time::{Instant, UNIX_EPOCH};

use super::Core;
use crate::cache::{CacheError, Mark, Noted, Notes, Reconcile, Reconciled};
use crate::metrics::CacheAction;
use crate::probe::Point;
use crate::probe::without::{Mechanism, without};
use crate::telemetry::TRACES;
use crate::value::{Change, Image, Stamp, Time};

/// What came of a step on the cache.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Brought {
    /// The cache is out of reach.
    Failed,
    /// The cache is right. Whether it was vouched for afterwards: then it is the one that everybody reads.
    Taken { vouched: bool },
}

/// How many batches a write concerns.
#[derive(Default)]
struct CameUp {
    /// Batches found in the table index under the documents' values.
    found: usize,
    /// Batches that held one of the documents before the write, or hold one after it.
    touched: usize,
}

impl Core {
    /// Makes the cache right after these changes. Once that is done, no new read of this cache can see the state before
    /// them. The mark must be taken before the store is written.
    #[tracing::instrument(target = TRACES, level = "trace", name = "engine reconcile", skip_all, fields(changes = changes.len()))]
    pub(super) async fn settle(&self, mark: Mark, changes: &[Change]) -> Brought {
        if changes.is_empty() {
            return Brought::Taken { vouched: true };
        }
        let (start, session) = (Instant::now(), self.cache.session());
        let mut came_up = CameUp::default();
        let brought = async {
            let (rows, vouched) = self.rows(mark, changes, &mut came_up).await?;
            self.passes(Point::WriteNoted).await;
            self.reconcile(mark, &rows).await.map(|()| vouched)
        };
        let brought = brought.await;
        self.metrics.cache_settled(start.elapsed(), came_up.found, came_up.touched);
        match brought {
            Ok(vouched) => {
                if self.options.limits.freshness.is_some() {
                    let settled: Vec<_> =
                        changes.iter().map(|change| (change.entity.clone(), change.stamp.t)).collect();
                    self.cache.settled(session, mark, &settled);
                }
                Brought::Taken { vouched }
            }
            Err(error) => {
                tell(&error, "a write could not be brought to the cache");
                Brought::Failed
            }
        }
    }

    /// Makes the cache right after changes that others have made.
    pub(super) async fn bring(&self, mark: Mark, changes: &[Change]) -> Result<(), CacheError> {
        let (rows, _) = self.rows(mark, changes, &mut CameUp::default()).await?;
        self.reconcile(mark, &rows).await
    }

    /// Notes changes, and returns the rows that the batches found have to have; and whether the cache was vouched for
    /// afterwards.
    async fn rows(
        &self,
        mark: Mark,
        changes: &[Change],
        came_up: &mut CameUp,
    ) -> Result<(Vec<Reconcile>, bool), CacheError> {
        for change in changes {
            self.saw(change.stamp.t);
        }
        if without(Mechanism::Note) {
            return Ok((Vec::new(), self.vouched().await));
        }
        let Notes { of_changes, vouched } = self.cache.note(mark, changes).await?;
        let mut rows = Vec::new();
        for (change, noted) in changes.iter().zip(of_changes) {
            let ty = &change.entity.ty;
            if let Noted::Voided(reason) = noted {
                self.metrics.cache_voided(reason, 1);
            }
            let batches = noted.batches();
            came_up.found += batches.len();
            for batch in batches {
                let place = |doc| batch.def.row(ty, doc);
                let before = match &change.before {
                    Image::Absent => false,
                    // The batch may hold the document.
                    Image::Unknown => true,
                    Image::Doc(doc) => place(doc).is_some(),
                };
                let end = change.after.as_ref().and_then(|doc| batch.def.end(ty, doc));
                let lives = end.is_none_or(|end| end > self.expiries.now());
                let row = change.after.as_ref().filter(|_| lives).and_then(place);
                // An unmoved row counts too: an earlier write of another server, which is still on its way,
                // may have put it there.
                if before || row.is_some() {
                    let (entity, stamp) = (change.entity.clone(), change.stamp);
                    let until = end.filter(|_| row.is_some() && !batch.def.partition);
                    let doc = change.after.clone().filter(|_| batch.def.partition && row.is_some());
                    rows.push(Reconcile { batch, entity, stamp, row, doc, until });
                }
            }
        }
        came_up.touched = rows.len();
        Ok((rows, vouched))
    }

    async fn reconcile(&self, mark: Mark, rows: &[Reconcile]) -> Result<(), CacheError> {
        if rows.is_empty() || without(Mechanism::Reconcile) {
            return Ok(());
        }
        let done = match without(Mechanism::Order) {
            true => self.cache.reconcile(mark, &as_the_latest(rows)).await?,
            false => self.cache.reconcile(mark, rows).await?,
        };
        self.count(&done);
        Ok(())
    }

    /// Repairs single rows to match their entities. The mark must be taken before the entities are read.
    pub(super) async fn reconcile_rows(&self, mark: Mark, rows: &[Reconcile]) {
        self.metrics.cache_repairs(rows.len() as u64);
        // If the cache is out of reach, the reader goes to the store in the end.
        let _ = self.reconcile(mark, rows).await;
    }

    fn count(&self, done: &[Reconciled]) {
        for action in done {
            let action = match action {
                Reconciled::Inserted => CacheAction::Inserted,
                Reconciled::Moved => CacheAction::Moved,
                Reconciled::Removed => CacheAction::Removed,
                Reconciled::Dropped(reason) => {
                    self.metrics.cache_dropped(*reason);
                    continue;
                }
                Reconciled::Unchanged | Reconciled::Aged | Reconciled::Deferred | Reconciled::Absent => {
                    continue;
                }
            };
            self.metrics.cache_reconciled(action, 1);
        }
    }
}

/// The same as if made by changes that are later than any other so far.
fn as_the_latest(rows: &[Reconcile]) -> Vec<Reconcile> {
    let now = UNIX_EPOCH.elapsed().map_or(0, |now| now.as_nanos() as u64);
    let t = Time(now | 1 << 63);
    rows.iter().map(|row| Reconcile { stamp: Stamp { t, ..row.stamp }, ..row.clone() }).collect()
}

/// Logs that the cache did not take a change. The cache logs itself when it is out of reach, once for all writes.
pub(super) fn tell(error: &CacheError, what: &str) {
    match error {
        CacheError::Unavailable(_) | CacheError::Bypassed => tracing::debug!(%error, "{what}"),
        CacheError::Internal(_) => tracing::warn!(%error, "{what}"),
    }
}
