//! Answers misses: one fill per batch across all servers, one store operation per family of batches.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::page::PageRequest;
use super::{EngineError, Page, Row, View};
use crate::cache::{Lease, LeaseState, PageRead, PageState, Proved, Window};
use crate::metrics::{CacheKind, CacheResult, FillResult, Joined};
use crate::probe::Point;
use crate::query::BatchKey;
use crate::store::deadline;
use crate::telemetry::TRACES;
use crate::value::{Doc, EntityRef, Time};

mod flights;
mod partitions;

pub(super) use flights::Flights;

use flights::{Flight, Held};

/// Bytes that the compiled patterns of a cached list may take: each write that may concern the list compiles them.
pub(super) const JUDGED: usize = 4 << 20;
/// Rows that a fill reads at least, so that the next pages are already cached.
const SPARE_ROWS: u64 = 100;
/// How long a reader waits for another server's fill before it reads the store itself.
const FOREIGN_WAIT: Duration = Duration::from_secs(2);
/// The first pause between looks at another server's fill. Each pause is half as long again, up to the last.
const FIRST_LOOK: Duration = Duration::from_millis(2);
const LAST_LOOK: Duration = Duration::from_millis(40);

/// A batch that this process fills, or waits for another server to fill, on behalf of all requests for it here.
struct Led<'a> {
    /// Indexes of the requests for the batch; the first one leads.
    requests: Vec<usize>,
    /// Rows to read.
    want: u64,
    /// Later requests for the batch wait for this flight to land.
    _flight: Flight<'a>,
}

/// Batches of one family whose leases were granted.
#[derive(Default)]
struct Cohort<'a> {
    members: Vec<(Led<'a>, Lease)>,
    /// Rows to read per batch.
    want: u64,
}

impl View {
    /// Fills missing batches and answers the requests that missed. A request without an answer waited for
    /// another reader's fill and has to read the cache again.
    #[tracing::instrument(target = TRACES, level = "trace", name = "engine fill", skip_all, fields(batches = misses.len()))]
    pub(super) async fn fill(
        &self,
        requests: &[PageRequest],
        misses: &[(usize, u64)],
    ) -> Result<Vec<(usize, Page)>, EngineError> {
        let limit = self.lane.core.options.limits.rows;
        let mut by_batch: BTreeMap<BatchKey, (u64, Vec<usize>)> = BTreeMap::new();
        let mut answers = Vec::new();
        let mut direct = Vec::new();
        for &(index, known) in misses {
            if requests[index].batch.def.filter.is_none() {
                answers.push((index, Page { total: Some(0), ..Page::default() }));
                continue;
            }
            let PageRequest { batch, window, .. } = &requests[index];
            let want = match batch.def.partition {
                true => Some(window.limit.saturating_add(1)),
                false => rows_needed(window, known, limit),
            };
            match want.filter(|_| batch.def.filter.size() <= JUDGED) {
                Some(want) => {
                    let entry = by_batch.entry(requests[index].batch.key).or_default();
                    entry.0 = entry.0.max(want);
                    entry.1.push(index);
                }
                None => direct.push(index),
            }
        }
        let mut led = Vec::new();
        let mut landings = Vec::new();
        for (key, (want, requests)) in by_batch {
            match self.lane.flights.begin(key) {
                Ok(flight) => led.push(Led { requests, want, _flight: flight }),
                Err(landing) => {
                    self.lane.core.metrics.cache_joined(Joined::Flight, requests.len() as u64);
                    landings.push(landing);
                }
            }
        }
        let batches: Vec<_> = led.iter().map(|led| requests[led.requests[0]].batch.clone()).collect();
        let leases =
            if batches.is_empty() { Ok(Vec::new()) } else { self.lane.core.cache.lease(&batches).await };
        let mut granted = Vec::new();
        let mut waiting = Vec::new();
        let mut full = BTreeSet::new();
        match leases {
            Ok(states) => {
                for (led, state) in led.into_iter().zip(states) {
                    match state {
                        LeaseState::Granted(lease) => granted.push((led, lease)),
                        LeaseState::Busy => waiting.push(led),
                        LeaseState::Full => {
                            full.extend(requests[led.requests[0]].batch.def.types.iter().cloned());
                            direct.extend(led.requests);
                        }
                        LeaseState::Refused => direct.extend(led.requests),
                    }
                }
            }
            Err(_) => direct.extend(led.into_iter().flat_map(|led| led.requests)),
        }
        self.lane.core.make_room(full);
        let held = Held::new(&self.lane.core, granted.iter().map(|(_, lease)| lease.clone()).collect());
        let mut cohorts: BTreeMap<String, Cohort<'_>> = BTreeMap::new();
        for (led, lease) in self.still_missing(requests, granted).await {
            let cohort = cohorts.entry(family_name(&requests[led.requests[0]])).or_default();
            cohort.want = cohort.want.max(led.want);
            cohort.members.push((led, lease));
        }
        let cohorts = cohorts.into_values().map(|cohort| self.fill_cohort(requests, cohort));
        let filled = join_all(cohorts).await;
        held.settled();
        for answered in filled {
            answers.extend(answered?);
        }
        answers.extend(self.direct_pages(requests, &direct).await?);
        let foreign: Vec<usize> = waiting.iter().flat_map(|led| led.requests.iter().copied()).collect();
        self.lane.core.metrics.cache_joined(Joined::Lease, foreign.len() as u64);
        answers.extend(self.await_foreign(requests, foreign).await?);
        // Not earlier: later requests would each wait for the same fill on their own.
        drop(waiting);
        let most = self.lane.core.options.read;
        for mut landing in landings {
            // Returns an error once the flight has landed, because the sender is dropped.
            let landed = async {
                let _ = landing.changed().await;
                Ok::<_, EngineError>(())
            };
            deadline::limited(most, landed).await?;
        }
        Ok(answers)
    }

    /// Of batches that were just leased, returns those that the cache still cannot answer. Another fill may
    /// have ended between the miss and the lease; once the lease is held, none can.
    async fn still_missing<'a>(
        &self,
        requests: &[PageRequest],
        leased: Vec<(Led<'a>, Lease)>,
    ) -> Vec<(Led<'a>, Lease)> {
        let Some((first, _)) = leased.first() else { return leased };
        if requests[first.requests[0]].batch.def.partition {
            return self.still_missing_partitions(requests, leased).await;
        }
        let read = |(led, _): &(Led<'_>, Lease)| {
            let request = &requests[led.requests[0]];
            PageRead { batch: request.batch.clone(), window: request.window.clone() }
        };
        let reads: Vec<PageRead> = leased.iter().map(read).collect();
        let Ok(states) = self.lane.core.cache.read_pages(&reads).await else { return leased };
        let mut missing = Vec::new();
        let mut needless = Vec::new();
        for ((led, lease), state) in leased.into_iter().zip(states) {
            match self.lane.core.believed(state) {
                PageState::Miss { .. } => missing.push((led, lease)),
                PageState::Hit(_) | PageState::Doubtful => needless.push(lease),
            }
        }
        if !needless.is_empty() {
            // If the cache is out of reach, the leases expire by themselves.
            let _ = self.lane.core.cache.release(&needless).await;
        }
        missing
    }

    /// Reads the store once for all batches of a family, makes the batches ready, and answers.
    async fn fill_cohort(
        &self,
        requests: &[PageRequest],
        cohort: Cohort<'_>,
    ) -> Result<Vec<(usize, Page)>, EngineError> {
        let leases: Vec<Lease> = cohort.members.iter().map(|(_, lease)| lease.clone()).collect();
        let floor = leases.iter().map(|lease| lease.floor.time).max().unwrap_or(Time(0));
        self.lane.core.saw(floor);
        let limit = self.rows_to_read(requests, &cohort);
        let leaders: Vec<&PageRequest> =
            cohort.members.iter().map(|(led, _)| &requests[led.requests[0]]).collect();
        self.lane.core.passes(Point::FillLeased).await;
        if leaders.iter().any(|leader| leader.batch.def.partition) {
            return self.fill_partitions(&leaders, &cohort, self.lane.core.at(floor)).await;
        }
        let read = match self.store_rows(&leaders, limit, self.lane.core.at(floor)).await {
            Ok(read) => read,
            Err(error) => {
                let _ = self.lane.core.cache.release(&leases).await;
                let EngineError::TooLarge(_) = error else { return Err(error) };
                // The fill would have read more rows than were asked for.
                let asked = cohort.members.iter().flat_map(|(led, _)| led.requests.iter().copied());
                return self.direct_pages(requests, &asked.collect::<Vec<_>>()).await;
            }
        };
        self.lane.core.passes(Point::FillRead).await;
        let mut answers = Vec::new();
        let mut too_short = Vec::new();
        let (led, leases): (Vec<Led<'_>>, Vec<Lease>) = cohort.members.into_iter().unzip();
        let fills = led.iter().zip(leases).zip(read).map(|((led, lease), rows)| {
            let proved = Proved::by_reading(limit, rows.iter().map(|row| row.key.clone()).collect());
            let mut result = CacheResult::Miss;
            for &index in &led.requests {
                match proved.as_ref().and_then(|proved| page(proved, &rows, &requests[index].window)) {
                    Some(page) => {
                        self.lane.core.metrics.cache_read(CacheKind::Batch, result, 1);
                        result = CacheResult::Joined;
                        answers.push((index, page));
                    }
                    None => too_short.push(index),
                }
            }
            self.make_ready(lease, rows, proved)
        });
        let fills: Vec<_> = fills.collect();
        join_all(fills).await;
        drop(led);
        answers.extend(self.direct_pages(requests, &too_short).await?);
        Ok(answers)
    }

    /// Rows to read of each list of a family. A lone list is read a little ahead, or whole when its length is
    /// wanted. Many lists share a bound, so that a small query cannot load everything.
    fn rows_to_read(&self, requests: &[PageRequest], cohort: &Cohort<'_>) -> u64 {
        let most = self.lane.core.options.limits.rows.saturating_add(1);
        let members = cohort.members.len() as u64;
        if members == 1 {
            return cohort.want.max(SPARE_ROWS).min(most);
        }
        let page = |(led, _): &(Led<'_>, Lease)| {
            let window = &requests[led.requests[0]].window;
            window.offset.saturating_add(window.limit).saturating_add(1)
        };
        let pages = cohort.members.iter().map(page).max().unwrap_or(1);
        cohort.want.min(pages.max(most / members)).min(most)
    }

    /// Commits a fill and the entities that came with it.
    async fn make_ready(&self, lease: Lease, rows: Vec<Row>, proved: Option<Proved>) {
        let def = &lease.batch.def;
        // Caching this list would make its rows and entities disagree on every read.
        let foreign = rows.iter().find(|row| def.row(&row.entity.ty, &row.doc).as_ref() != Some(&row.key));
        let proved = match (foreign, proved) {
            (None, Some(proved)) => proved,
            (foreign, _) => {
                let id = foreign.map(|row| row.entity.id.to_string());
                tracing::warn!(batch = %lease.batch.text, id,
                    "the store's rows are not in order, or one that the filter does not match is among them; \
                     the list is not cached");
                let _ = self.lane.core.cache.release(std::slice::from_ref(&lease)).await;
                self.lane.core.metrics.cache_filled(FillResult::Refused);
                return;
            }
        };
        let until = rows.iter().filter_map(|row| def.end(&row.entity.ty, &row.doc)).min();
        let proved = proved.until(until);
        let entities: Vec<(EntityRef, Option<Doc>)> =
            rows.into_iter().map(|row| (row.entity, Some(row.doc))).collect();
        // If the cache is out of reach or refuses, the answer is still right. The entities go first, so that
        // a reader that finds the batch finds its entities too.
        if !entities.is_empty() {
            let _ = self.lane.core.cache.fill_entities(&lease.floor, &entities).await;
        }
        let kept = self.lane.core.cache.commit(&lease, &proved).await.unwrap_or(false);
        self.lane.core.metrics.cache_filled(if kept { FillResult::Kept } else { FillResult::Refused });
    }

    /// Waits for other servers' fills; reads from the store the lists whose fills take too long.
    async fn await_foreign(
        &self,
        requests: &[PageRequest],
        foreign: Vec<usize>,
    ) -> Result<Vec<(usize, Page)>, EngineError> {
        if foreign.is_empty() {
            return Ok(Vec::new());
        }
        let end = Instant::now() + FOREIGN_WAIT;
        let mut pause = FIRST_LOOK;
        let batches: Vec<_> = foreign.iter().map(|&index| requests[index].batch.clone()).collect();
        while Instant::now() < end {
            tokio::time::sleep(pause).await;
            pause = (pause + pause / 2).min(LAST_LOOK);
            match self.lane.core.cache.filling(&batches).await {
                Ok(busy) if !busy.contains(&true) => return Ok(Vec::new()),
                Ok(_) => {}
                Err(_) => break,
            }
        }
        self.direct_pages(requests, &foreign).await
    }
}

/// The page of the window, if the rows read reach far enough.
fn page(proved: &Proved, rows: &[Row], window: &Window) -> Option<Page> {
    let cut = proved.page(window)?;
    Some(Page {
        rows: rows[cut.rows].to_vec(),
        has_previous: cut.has_previous,
        has_next: cut.has_next,
        total: cut.total.filter(|_| window.total),
    })
}

/// Rows to read from the start of the list to cover the window; `None` when a batch can never cover it. At
/// least one, because reading no row proves nothing.
fn rows_needed(window: &Window, known: u64, limit: u64) -> Option<u64> {
    let whole = limit.saturating_add(1);
    let want = if window.total || (window.from_end && window.before.is_none()) {
        // Only the whole list will do, and a batch that was filled up to the limit has shown that the list is
        // longer.
        if known >= limit { return None } else { whole }
    } else if window.after.is_some() || window.before.is_some() {
        // The distance from the start to the cursor is unknown, so widen step by step.
        known.saturating_mul(4).max(window.offset.saturating_add(window.limit).saturating_mul(4))
    } else {
        window.offset.saturating_add(window.limit).saturating_add(1)
    };
    if known >= limit || (want > whole && window.after.is_none() && window.before.is_none()) {
        return None;
    }
    // A batch that has been too short once grows by doubling.
    Some(want.max(known.saturating_mul(2)).clamp(1, whole))
}

/// The family's name: one operation fills all requests with the same name.
pub(super) fn family_name(request: &PageRequest) -> String {
    match &request.family {
        Some(family) => format!("{}|{}", family.field, family.all.text),
        None => request.batch.text.to_string(),
    }
}
