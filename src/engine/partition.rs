//! Lists made from partitions: documents that share the values of some fields are cached as one thing, and whatever else
//! a list asks for is found out here.

use std::collections::HashMap;
use std::sync::Arc;

use super::fill::JUDGED;
use super::page::{Family, PageRequest};
use super::watch::Watch;
use super::{Core, EngineError, Page, Row, View};
use crate::cache::{
    Batch, Member, Partition, PartitionRead, PartitionState, Proved, Reconcile, Topic, Window,
};
use crate::metrics::{CacheKind, CacheResult};
use crate::probe::without::{Mechanism, without};
use crate::query::{BatchDef, BatchKey, Filter, Order, SortKey};
use crate::schema::{self, Model};
use crate::value::{Doc, EntityRef, Stamp};

mod kept;

use kept::{Held, Kept};

/// How often a partition is read: again after waiting for another reader's fill.
const READS: usize = 2;

/// The partitions of a model, and those that this server keeps.
pub(super) struct Partitions {
    of: HashMap<Arc<str>, schema::Partition>,
    kept: Kept,
    watch: Arc<Watch>,
}

/// What has been found of a partition.
enum Found {
    /// Its documents. Of some that it may have wrongly, the state now.
    Set(Arc<Partition>, Vec<(SortKey, Option<Doc>)>),
    /// It cannot be used now; the store has to answer.
    Doubtful,
    /// It is not cached; other ways are open.
    Not,
}

/// The partitions that some requests need, each once.
#[derive(Default)]
struct Wanted {
    requests: Vec<PageRequest>,
    places: HashMap<BatchKey, usize>,
}

impl Partitions {
    /// The partitions of a model, with room for so many bytes of them; `None` if it has none.
    pub(super) fn new(model: &Model, watch: Arc<Watch>, bytes: u64) -> Option<Arc<Partitions>> {
        let of: HashMap<Arc<str>, schema::Partition> = model
            .collections
            .iter()
            .filter_map(|collection| Some((collection.name.clone(), collection.partition.clone()?)))
            .collect();
        (!of.is_empty()).then(|| Arc::new(Partitions { of, kept: Kept::new(bytes), watch }))
    }

    /// Names of the types that have partitions.
    pub(super) fn types(&self) -> Vec<Arc<str>> {
        self.of.keys().cloned().collect()
    }

    /// The partition that has all documents of a type which are in a list; `None` if no single one has.
    fn request(&self, def: &BatchDef, ty: &Arc<str>) -> Option<PageRequest> {
        let schema::Partition { by, max } = self.of.get(ty)?;
        let rule = def.rules.get(ty);
        let condition = |field: &Arc<str>| {
            let value = def.filter.fixed(field).or_else(|| rule?.fixed(field))?;
            Some(Filter::eq(&**field, value.clone()))
        };
        let filter = Filter::And(by.iter().map(condition).collect::<Option<_>>()?);
        let expiry = def.expiry.get_key_value(ty).map(|(ty, expiry)| (ty.clone(), expiry.clone()));
        let def = BatchDef::partition(ty.clone(), filter).with_expiry(expiry.into_iter().collect());
        let batch = Batch::new(def);
        let window = Window { limit: *max, total: true, ..Window::default() };
        Some(PageRequest { batch, window, family: None })
    }
}

impl Wanted {
    /// The places of the partitions that a list can be made from.
    fn plan(&mut self, partitions: &Partitions, def: &BatchDef) -> Option<Vec<usize>> {
        if def.filter.is_none() || def.filter.size() > JUDGED {
            return None;
        }
        let needed = def.types.iter().map(|ty| partitions.request(def, ty)).collect::<Option<Vec<_>>>()?;
        let place = |request: PageRequest| {
            *self.places.entry(request.batch.key).or_insert_with(|| {
                self.requests.push(request);
                self.requests.len() - 1
            })
        };
        Some(needed.into_iter().map(place).collect())
    }
}

impl View {
    /// Answers the requests that can be answered from partitions; the others are left open.
    pub(super) async fn answer_from_partitions(
        &self,
        requests: &[PageRequest],
        pages: &mut [Option<Page>],
    ) -> Result<(), EngineError> {
        let Some(partitions) = &self.lane.partitions else { return Ok(()) };
        let mut wanted = Wanted::default();
        let plan = |request: &PageRequest| wanted.plan(partitions, &request.batch.def);
        let plans: Vec<Option<Vec<usize>>> = requests.iter().map(plan).collect();
        if wanted.requests.is_empty() {
            return Ok(());
        }
        let found = self.partitions(partitions, &mut wanted.requests).await?;
        let mut direct = Vec::new();
        for (index, places) in plans.into_iter().enumerate() {
            let Some(places) = places else { continue };
            let of_types: Vec<&Found> = places.iter().map(|&place| &found[place]).collect();
            if of_types.iter().any(|found| matches!(found, Found::Doubtful)) {
                direct.push(index);
                continue;
            }
            let (page, until) = page(&requests[index], &of_types, self.lane.core.expiries.now()).unzip();
            self.footprint.holds_until(until.flatten());
            pages[index] = page;
            // Each takes up to a millisecond.
            tokio::task::consume_budget().await;
        }
        if !direct.is_empty() {
            self.footprint.spoil();
            for (index, page) in self.direct_pages(requests, &direct).await? {
                pages[index] = Some(page);
            }
        }
        Ok(())
    }

    /// Reads partitions, in the order of the requests: as kept here, from the cache, or from the store.
    async fn partitions(
        &self,
        partitions: &Partitions,
        wanted: &mut [PageRequest],
    ) -> Result<Vec<Found>, EngineError> {
        let metrics = &self.lane.core.metrics;
        let keeps = self.lane.keeps_partitions;
        let known = |request: &PageRequest| partitions.kept.get(request.batch.key).filter(|_| keeps);
        let kept: Vec<Option<Arc<Held>>> = wanted.iter().map(known).collect();
        let mut looked = None;
        if kept.iter().any(Option::is_some) || keeps && partitions.watch.place().is_none() {
            looked = partitions.watch.look().await;
        }
        let mut found = Vec::with_capacity(wanted.len());
        for (request, kept) in wanted.iter().zip(&kept) {
            found.push(match kept {
                Some(held) if looked.is_some() && self.lane.core.holds(held, request, &partitions.watch) => {
                    metrics.cache_read(CacheKind::Partition, CacheResult::Kept, 1);
                    self.depend_on(&request.batch.def.on, request.batch.key);
                    Found::Set(held.partition.clone(), Vec::new())
                }
                _ => Found::Not,
            });
        }
        let place = partitions.watch.place().filter(|_| keeps);
        let mut open: Vec<usize> =
            (0..wanted.len()).filter(|&index| matches!(found[index], Found::Not)).collect();
        let mut result = CacheResult::Hit;
        for _ in 0..READS {
            if open.is_empty() {
                break;
            }
            let read = |&index: &usize| PartitionRead {
                batch: wanted[index].batch.clone(),
                known: kept[index].as_ref().map(|held| held.partition.version),
            };
            let reads: Vec<PartitionRead> = open.iter().map(read).collect();
            let Ok(states) = self.lane.core.cache.read_partitions(&reads).await else { break };
            let (mut misses, mut doubted) = (Vec::new(), Vec::new());
            for (index, state) in open.into_iter().zip(states) {
                let (partition, suspects) = match (state, &kept[index]) {
                    (PartitionState::Held(partition, suspects), _) => (Arc::new(partition), suspects),
                    (PartitionState::Same(suspects), Some(held)) => (held.partition.clone(), suspects),
                    (PartitionState::TooLarge, _) => {
                        metrics.cache_read(CacheKind::Partition, CacheResult::Bypass, 1);
                        continue;
                    }
                    (PartitionState::Doubtful, _) => {
                        metrics.cache_read(CacheKind::Partition, CacheResult::Bypass, 1);
                        found[index] = Found::Doubtful;
                        continue;
                    }
                    (PartitionState::Miss | PartitionState::Same(_), _) => {
                        misses.push(index);
                        continue;
                    }
                };
                let batch = &wanted[index].batch;
                if self.lane.core.is_spent(&partition, &wanted[index]) {
                    misses.push(index);
                    continue;
                }
                metrics.cache_read(CacheKind::Partition, result, 1);
                self.depend_on(&batch.def.on, batch.key);
                let doubts =
                    if without(Mechanism::Suspects) { Vec::new() } else { partition.doubted(&suspects) };
                if let (true, Some(place)) = (doubts.is_empty(), place) {
                    partitions.kept.keep(batch, partition.clone(), place);
                }
                doubted.extend(doubts.iter().map(|member| (index, member.name.clone())));
                found[index] = Found::Set(partition, Vec::new());
            }
            self.amend(wanted, &mut found, doubted).await?;
            if misses.is_empty() {
                break;
            }
            self.footprint.spoil();
            misses.iter().for_each(|&index| wanted[index].family = family(&wanted[index].batch.def));
            let asked: Vec<(usize, u64)> = misses.iter().map(|&index| (index, 0)).collect();
            for (index, page) in self.fill(wanted, &asked).await? {
                let member = |row: Row| Member { name: row.key, stamp: Stamp::default(), doc: row.doc };
                let partition = Partition::of(0, page.rows.into_iter().map(member).collect());
                found[index] = Found::Set(Arc::new(partition), Vec::new());
            }
            open = misses.into_iter().filter(|&index| matches!(found[index], Found::Not)).collect();
            result = CacheResult::Joined;
        }
        Ok(found)
    }

    /// Looks at documents that partitions may have wrongly, because a later write of them knew nothing of it.
    async fn amend(
        &self,
        wanted: &[PageRequest],
        found: &mut [Found],
        doubted: Vec<(usize, SortKey)>,
    ) -> Result<(), EngineError> {
        let by_id = Order::default();
        let named = |(index, name): (usize, SortKey)| Some((index, name.entity(&by_id)?, name));
        let doubted: Vec<(usize, EntityRef, SortKey)> = doubted.into_iter().filter_map(named).collect();
        if doubted.is_empty() {
            return Ok(());
        }
        let refs: Vec<EntityRef> = doubted.iter().map(|(_, entity, _)| entity.clone()).collect();
        let mark = self.lane.core.cache.mark();
        let mut repairs = Vec::new();
        for ((index, entity, name), now) in doubted.into_iter().zip(self.stamped_entities(&refs).await?) {
            let batch = wanted[index].batch.clone();
            if now.stamp != Stamp::default() {
                let row = now.doc.as_ref().and_then(|doc| batch.def.row(&entity.ty, doc));
                let doc = now.doc.clone().filter(|_| row.is_some());
                repairs.push(Reconcile { batch, entity, stamp: now.stamp, row, doc, until: None });
            }
            if let Found::Set(_, amended) = &mut found[index] {
                amended.push((name, now.doc));
            }
        }
        if !repairs.is_empty() {
            self.lane.core.reconcile_rows(mark, &repairs).await;
        }
        Ok(())
    }

    /// Notes that a partition was read. Which documents have left it follows from the counts of the type.
    fn depend_on(&self, ty: &str, key: BatchKey) {
        self.footprint.add(|read| {
            read.pages += 1;
            read.topics.extend(topics(ty, key));
        });
    }
}

impl Core {
    /// Whether a partition has to be filled anew: it has more documents than it may have, or most of them have expired.
    pub(super) fn is_spent(&self, partition: &Partition, request: &PageRequest) -> bool {
        let PageRequest { batch, window, .. } = request;
        let members = partition.members();
        let expired = match batch.def.expiry.get(&batch.def.on) {
            Some(expiry) => {
                let now = self.expiries.now();
                let ends = members.iter().filter_map(|member| expiry.end(&member.doc));
                ends.filter(|end| *end <= now).count()
            }
            None => 0,
        };
        members.len() as u64 > window.limit || expired > members.len() / 2
    }

    /// Whether a partition that is kept in the process can be used as of the last look.
    fn holds(&self, held: &Held, request: &PageRequest, watch: &Watch) -> bool {
        held.holds(watch) && !self.is_spent(&held.partition, request)
    }
}

/// What a partition as it was read depends on.
fn topics(ty: &str, key: BatchKey) -> [Topic; 3] {
    [Topic::batch(key), Topic::ty(ty), Topic::counts(ty)]
}

/// What tells a partition from others that can be read with it.
fn family(def: &BatchDef) -> Option<Family> {
    let conditions = match &def.filter {
        Filter::And(parts) => parts.as_slice(),
        single => std::slice::from_ref(single),
    };
    let (Filter::In(field, values), others) = conditions.split_first()? else { return None };
    let value = values.first().filter(|value| **value != bson::Bson::Null)?.clone();
    let all = Batch::new(BatchDef { filter: Filter::And(others.to_vec()).canonical(), ..def.clone() });
    Some(Family { all, field: field.as_str().into(), value })
}

/// The page of a list at a moment, out of the partitions of its types, and when the first of the list's documents
/// expires; `None` unless all partitions are there.
fn page(request: &PageRequest, found: &[&Found], at: i64) -> Option<(Page, Option<i64>)> {
    let def = &request.batch.def;
    let mut rows: Vec<(SortKey, &Doc)> = Vec::new();
    let mut until = None;
    for (ty, found) in def.types.iter().zip(found) {
        let Found::Set(partition, amended) = found else { return None };
        let expiry = def.expiry.get(ty);
        for Member { name, doc, .. } in partition.members() {
            let now = amended.iter().find(|(of, _)| of == name).map_or(Some(doc), |(_, now)| now.as_ref());
            let Some((row, doc)) = now.and_then(|doc| Some((def.row(ty, doc)?, doc))) else { continue };
            match expiry.and_then(|expiry| expiry.end(doc)) {
                Some(end) if end <= at => continue,
                end => until = until.into_iter().chain(end).min(),
            }
            rows.push((row, doc));
        }
    }
    rows.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    let (keys, docs): (Vec<SortKey>, Vec<&Doc>) = rows.into_iter().unzip();
    let all = Proved::by_reading(keys.len() as u64 + 1, keys)?;
    let cut = all.page(&request.window)?;
    let row = |at: usize| {
        let key = all.rows()[at].clone();
        Some(Row { entity: key.entity(&def.order)?, key, doc: docs[at].clone() })
    };
    let page = Page {
        rows: cut.rows.map(row).collect::<Option<_>>()?,
        has_previous: cut.has_previous,
        has_next: cut.has_next,
        total: cut.total.filter(|_| request.window.total),
    };
    Some((page, until))
}
