//! Answers misses: one fill per batch over all servers, one store operation per family of batches.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use futures_util::future::join_all;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;

use super::window::slice;
use super::{Engine, EngineError, Page, PageRequest, Row};
use crate::cache::{Extent, Lease, LeaseState, Window};
use crate::metrics::{CacheKind, CacheResult};
use crate::query::BatchKey;
use crate::value::{Doc, EntityRef, Time};

/// Rows that a fill reads at the least, so that the next pages are there already.
const SPARE_ROWS: u64 = 100;
/// How long a reader waits for another server's fill before it goes to the store itself.
const FOREIGN_WAIT: Duration = Duration::from_secs(2);
/// First pause between looks at another server's fill; each is half as long again, up to the last.
const FIRST_LOOK: Duration = Duration::from_millis(2);
const LAST_LOOK: Duration = Duration::from_millis(40);

/// The fills under way in this process.
#[derive(Default)]
pub(super) struct Flights(Mutex<HashMap<BatchKey, watch::Receiver<()>>>);

/// A fill that this process has begun; whoever waits is told when it is dropped.
struct Flight<'a> {
    flights: &'a Flights,
    key: BatchKey,
    _landing: watch::Sender<()>,
}

impl Flights {
    /// Begins a flight, or gives the end of the one under way to wait for.
    fn begin(&self, key: BatchKey) -> Result<Flight<'_>, watch::Receiver<()>> {
        let mut flights = self.0.lock();
        if let Some(landing) = flights.get(&key) {
            return Err(landing.clone());
        }
        let (landing, receiver) = watch::channel(());
        flights.insert(key, receiver);
        Ok(Flight { flights: self, key, _landing: landing })
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.flights.0.lock().remove(&self.key);
    }
}

/// Requests of one family whose leases were granted.
struct Cohort {
    /// Indexes into the requests; the first of each batch leads.
    members: Vec<(usize, Lease)>,
    /// Rows to read per batch.
    want: u64,
}

impl Engine {
    /// Fills missing batches and answers the requests that led to it. A request that is not answered
    /// waited for somebody else's fill and has to read the cache again.
    pub(super) async fn fill(
        &self,
        requests: &[PageRequest],
        misses: &[(usize, u64)],
    ) -> Result<Vec<(usize, Page)>, EngineError> {
        let limit = self.core.options.limits.rows;
        let mut by_batch: BTreeMap<BatchKey, (u64, Vec<usize>)> = BTreeMap::new();
        let mut answers = Vec::new();
        let mut direct = Vec::new();
        for &(index, known) in misses {
            if requests[index].batch.def.filter.is_none() {
                answers.push((index, Page { total: Some(0), ..Page::default() }));
                continue;
            }
            match rows_needed(&requests[index].window, known, limit) {
                Some(want) => {
                    let entry = by_batch.entry(requests[index].batch.key).or_default();
                    entry.0 = entry.0.max(want);
                    entry.1.push(index);
                }
                None => direct.push(index),
            }
        }
        let mut flights = Vec::new();
        let mut landings = Vec::new();
        for (key, (want, indexes)) in by_batch {
            match self.flights.begin(key) {
                Ok(flight) => flights.push((flight, want, indexes)),
                Err(landing) => landings.push(landing),
            }
        }
        let batches: Vec<_> =
            flights.iter().map(|(_, _, indexes)| requests[indexes[0]].batch.clone()).collect();
        let leases = if batches.is_empty() { Ok(Vec::new()) } else { self.core.cache.lease(&batches).await };
        let mut cohorts: BTreeMap<String, Cohort> = BTreeMap::new();
        let mut foreign = Vec::new();
        let mut led: HashMap<usize, Vec<usize>> = HashMap::new();
        match leases {
            Ok(states) => {
                for ((_, want, indexes), state) in flights.iter().zip(states) {
                    match state {
                        LeaseState::Granted(lease) => {
                            let leader = indexes[0];
                            led.insert(leader, indexes.clone());
                            let cohort = cohorts
                                .entry(family_name(&requests[leader]))
                                .or_insert(Cohort { members: Vec::new(), want: 0 });
                            cohort.want = cohort.want.max(*want);
                            cohort.members.push((leader, lease));
                        }
                        LeaseState::Busy => foreign.extend(indexes),
                        LeaseState::Refused => direct.extend(indexes),
                    }
                }
            }
            Err(_) => direct.extend(flights.iter().flat_map(|(_, _, indexes)| indexes)),
        }
        let cohorts = cohorts.into_values().map(|cohort| self.fill_cohort(requests, cohort, &led));
        let filled = join_all(cohorts).await;
        drop(flights);
        for answered in filled {
            answers.extend(answered?);
        }
        answers.extend(self.direct_pages(requests, &direct).await?);
        answers.extend(self.await_foreign(requests, foreign).await?);
        for mut landing in landings {
            // Ends with an error when the flight has landed.
            let _ = landing.changed().await;
        }
        Ok(answers)
    }

    /// Reads the store once for all batches of a family, makes them ready and answers.
    async fn fill_cohort(
        &self,
        requests: &[PageRequest],
        cohort: Cohort,
        led: &HashMap<usize, Vec<usize>>,
    ) -> Result<Vec<(usize, Page)>, EngineError> {
        let leases: Vec<Lease> = cohort.members.iter().map(|(_, lease)| lease.clone()).collect();
        let floor = leases.iter().map(|lease| lease.floor.time).max().unwrap_or(Time(0));
        self.core.saw(floor);
        let limit = self.rows_to_read(requests, &cohort);
        let leaders: Vec<&PageRequest> = cohort.members.iter().map(|(index, _)| &requests[*index]).collect();
        let read = match self.store_rows(&leaders, limit, self.core.at(floor)).await {
            Ok(read) => read,
            Err(error) => {
                let _ = self.core.cache.release(&leases).await;
                return Err(error);
            }
        };
        let mut answers = Vec::new();
        let mut too_short = Vec::new();
        let fills = cohort.members.into_iter().zip(read).map(|((leader, lease), rows)| {
            let complete = (rows.len() as u64) < limit;
            let known = led.get(&leader).map_or(&[][..], Vec::as_slice);
            for &index in known {
                match slice(&rows, complete, &requests[index].window) {
                    Some(page) => answers.push((index, page)),
                    None => too_short.push(index),
                }
            }
            self.make_ready(lease, rows, complete)
        });
        let fills: Vec<_> = fills.collect();
        join_all(fills).await;
        self.core.metrics.cache_read(CacheKind::Batch, CacheResult::Miss, answers.len() as u64);
        answers.extend(self.direct_pages(requests, &too_short).await?);
        Ok(answers)
    }

    /// Rows to read of each list of a family. A lone list is read some rows ahead, and whole when its
    /// length is wanted; many lists share a bound, so that a small query cannot ask for everything.
    fn rows_to_read(&self, requests: &[PageRequest], cohort: &Cohort) -> u64 {
        let most = self.core.options.limits.rows + 1;
        let members = cohort.members.len() as u64;
        if members == 1 {
            return cohort.want.max(SPARE_ROWS).min(most);
        }
        let page = |(index, _): &(usize, Lease)| {
            let window = &requests[*index].window;
            window.offset.saturating_add(window.limit).saturating_add(1)
        };
        let pages = cohort.members.iter().map(page).max().unwrap_or(1);
        cohort.want.min(pages.max(most / members)).min(most)
    }

    /// Commits a fill and the entities that came with it.
    async fn make_ready(&self, lease: Lease, rows: Vec<Row>, complete: bool) {
        let def = &lease.batch.def;
        if let Some(row) =
            rows.iter().find(|row| def.row(&row.entity.ty, &row.doc).as_ref() != Some(&row.key))
        {
            // Caching it would make every read of it a disagreement.
            tracing::warn!(batch = %lease.batch.text, id = %row.entity.id,
                "the store lists a document that the filter does not match; the list is not cached");
            let _ = self.core.cache.release(std::slice::from_ref(&lease)).await;
            return;
        }
        let limit = self.core.options.limits.rows as usize;
        let keys: Vec<_> = rows.iter().take(limit).map(|row| row.key.clone()).collect();
        let extent = match keys.last() {
            Some(last) if !complete || rows.len() > limit => Extent::UpTo(last.clone()),
            _ => Extent::Complete,
        };
        let entities: Vec<(EntityRef, Option<Doc>)> =
            rows.into_iter().map(|row| (row.entity, Some(row.doc))).collect();
        let entities = async {
            if !entities.is_empty() {
                let _ = self.core.cache.fill_entities(&lease.floor, &entities).await;
            }
        };
        // Out of reach or refused: the answer is right all the same.
        let _ = tokio::join!(self.core.cache.commit(&lease, &keys, extent), entities);
    }

    /// Waits for the fills of other servers; those that take too long are read from the store.
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
            match self.core.cache.filling(&batches).await {
                Ok(busy) if !busy.contains(&true) => return Ok(Vec::new()),
                Ok(_) => {}
                Err(_) => break,
            }
        }
        self.direct_pages(requests, &foreign).await
    }
}

/// Rows to read from the start of the list so that the window is covered; `None` when a batch can
/// never cover it.
fn rows_needed(window: &Window, known: u64, limit: u64) -> Option<u64> {
    let whole = limit + 1;
    let want = if window.total || (window.from_end && window.before.is_none()) {
        // Only the whole list will do. A batch that was filled up to the limit has shown that it is
        // longer.
        if known >= limit { return None } else { whole }
    } else if window.after.is_some() || window.before.is_some() {
        // How far the cursor is from the start is not known: widen step by step.
        known.saturating_mul(4).max(window.offset.saturating_add(window.limit).saturating_mul(4))
    } else {
        window.offset.saturating_add(window.limit).saturating_add(1)
    };
    if known >= limit || (want > whole && window.after.is_none() && window.before.is_none()) {
        return None;
    }
    // A batch that has been too short once grows by doubling.
    Some(want.max(known.saturating_mul(2)).min(whole))
}

/// Requests with the same name are filled by one operation.
pub(super) fn family_name(request: &PageRequest) -> String {
    let def = &request.batch.def;
    match &request.family {
        Some(family) => {
            format!("{}|{}|{}|{}", def.on, family.field, family.filter.to_json(), def.order.to_json())
        }
        None => request.batch.text.to_string(),
    }
}
