//! Fills of partitions: a whole one or none, since lists of every kind are made from it.

use futures_util::future::join_all;

use super::{Cohort, Led, SPARE_ROWS};
use crate::cache::{Lease, PartitionRead, PartitionState};
use crate::engine::page::PageRequest;
use crate::engine::{EngineError, Page, Row, View};
use crate::metrics::{CacheKind, CacheResult, FillResult};
use crate::probe::Point;
use crate::value::{Doc, Time};

impl View {
    /// As [`View::still_missing`], for partitions.
    pub(super) async fn still_missing_partitions<'a>(
        &self,
        requests: &[PageRequest],
        leased: Vec<(Led<'a>, Lease)>,
    ) -> Vec<(Led<'a>, Lease)> {
        let read = |(_, lease): &(Led<'_>, Lease)| PartitionRead { batch: lease.batch.clone(), known: None };
        let reads: Vec<PartitionRead> = leased.iter().map(read).collect();
        let Ok(states) = self.lane.core.cache.read_partitions(&reads).await else { return leased };
        let (mut missing, mut needless) = (Vec::new(), Vec::new());
        for ((led, lease), state) in leased.into_iter().zip(states) {
            let is_there = match state {
                PartitionState::Miss => false,
                PartitionState::Held(partition, _) => {
                    !self.lane.core.is_spent(&partition, &requests[led.requests[0]])
                }
                PartitionState::Same(_) | PartitionState::TooLarge | PartitionState::Doubtful => true,
            };
            if is_there { needless.push(lease) } else { missing.push((led, lease)) }
        }
        if !needless.is_empty() {
            // If the cache is out of reach, the leases expire by themselves.
            let _ = self.lane.core.cache.release(&needless).await;
        }
        missing
    }

    /// Reads partitions from the store and makes them ready. Answers with all of the documents; not for those that have
    /// too many.
    pub(super) async fn fill_partitions(
        &self,
        leaders: &[&PageRequest],
        cohort: &Cohort<'_>,
        at: Time,
    ) -> Result<Vec<(usize, Page)>, EngineError> {
        let read = match self.whole_partitions(leaders, at).await {
            Ok(read) => read,
            Err(error) => {
                let leases: Vec<Lease> = cohort.members.iter().map(|(_, lease)| lease.clone()).collect();
                let _ = self.lane.core.cache.release(&leases).await;
                return Err(error);
            }
        };
        self.lane.core.passes(Point::FillRead).await;
        let metrics = &self.lane.core.metrics;
        let commits = cohort.members.iter().zip(&read).map(|((_, lease), rows)| async move {
            let def = &lease.batch.def;
            let foreign = |row: &Row| def.row(&row.entity.ty, &row.doc).as_ref() != Some(&row.key);
            if let Some(row) = rows.iter().flatten().find(|row| foreign(row)) {
                tracing::warn!(partition = %lease.batch.text, id = %row.entity.id,
                    "the store gave a document that the filter does not match; the partition is not cached");
                let _ = self.lane.core.cache.release(std::slice::from_ref(lease)).await;
                metrics.cache_filled(FillResult::Refused);
                return;
            }
            let docs = rows.as_ref().map(|rows| rows.iter().map(|row| row.doc.clone()).collect::<Vec<Doc>>());
            // If the cache is out of reach or refuses, the answer is still right.
            let kept = self.lane.core.cache.commit_partition(lease, docs.as_deref()).await.unwrap_or(false);
            let result = if kept && docs.is_some() { FillResult::Kept } else { FillResult::Refused };
            metrics.cache_filled(result);
        });
        join_all(commits).await;
        let mut answers = Vec::new();
        for ((led, _), rows) in cohort.members.iter().zip(read) {
            let Some(rows) = rows else { continue };
            metrics.cache_read(CacheKind::Partition, CacheResult::Miss, 1);
            metrics.cache_read(CacheKind::Partition, CacheResult::Joined, led.requests.len() as u64 - 1);
            answers.extend(
                led.requests.iter().map(|&index| (index, Page { rows: rows.clone(), ..Page::default() })),
            );
        }
        Ok(answers)
    }

    /// All rows of each partition; `None` for those that are too large. Most are small, so a few rows are asked for at
    /// first where there are many partitions, and the others are read one by one.
    async fn whole_partitions(
        &self,
        leaders: &[&PageRequest],
        at: Time,
    ) -> Result<Vec<Option<Vec<Row>>>, EngineError> {
        let want = |leader: &&PageRequest| leader.window.limit.saturating_add(1);
        let most = leaders.iter().map(want).max().unwrap_or(1);
        let share = (self.lane.core.options.limits.rows / leaders.len().max(1) as u64).max(SPARE_ROWS);
        let first = if leaders.len() > 1 { share.min(most) } else { most };
        let mut lists = match self.store_rows(leaders, first, at).await {
            Ok(lists) => lists.into_iter().map(Some).collect(),
            Err(EngineError::TooLarge(_)) => vec![None; leaders.len()],
            Err(error) => return Err(error),
        };
        for (leader, list) in leaders.iter().zip(&mut lists) {
            let open = list.as_ref().is_none_or(|rows| rows.len() as u64 >= first);
            if open && leaders.len() > 1 {
                *list = match self.store_rows(&[leader], want(leader), at).await {
                    Ok(mut alone) => alone.pop(),
                    Err(EngineError::TooLarge(_)) => None,
                    Err(error) => return Err(error),
                };
            }
            let limits = &self.lane.core.options.limits;
            *list = list.take().filter(|rows| {
                let bytes: usize = rows.iter().map(|row| row.doc.bytes().len()).sum();
                // One that changes could not keep would be dropped again and again.
                let keeps =
                    |row: &Row| row.key.0.len() <= limits.row_key && row.doc.bytes().len() <= limits.member();
                rows.len() as u64 <= leader.window.limit
                    && bytes <= limits.partition
                    && rows.iter().all(keeps)
            });
        }
        Ok(lists)
    }
}
