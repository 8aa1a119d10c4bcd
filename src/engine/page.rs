//! Pages of lists through the cache: read, check each row against its entity, fill what is missing.

use std::sync::Arc;

use bson::Bson;

use super::{EngineError, View};
use crate::cache::{Batch, PageRead, PageRows, PageState, Reconcile, Topic, Window};
use crate::metrics::{CacheKind, CacheResult};
use crate::probe::Point;
use crate::probe::without::{Mechanism, without};
use crate::query::SortKey;
use crate::telemetry::TRACES;
use crate::value::{Doc, EntityRef, Stamp};

/// How often a page is read again when a row and its entity disagree, which means that a write is under way.
const REREADS: usize = 3;

/// A page that a request asks for.
#[derive(Clone, Debug)]
pub(super) struct PageRequest {
    /// The list.
    pub(super) batch: Batch,
    /// The part of the list.
    pub(super) window: Window,
    /// Set for the lists of one relation under many parents: what tells them apart, so that one operation can
    /// fill them all.
    pub(super) family: Option<Family>,
}

/// One of several lists that differ only in the value of one field.
#[derive(Clone, Debug)]
pub(super) struct Family {
    /// The list of all their documents together.
    pub(super) all: Batch,
    /// The field that tells them apart.
    pub(super) field: Arc<str>,
    /// The field's value in this list.
    pub(super) value: Bson,
}

/// A page, as returned to the caller.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The page's rows.
    pub rows: Vec<Row>,
    /// Whether the list has rows before this page.
    pub has_previous: bool,
    /// Whether the list has rows after this page.
    pub has_next: bool,
    /// Length of the whole list; always there when the window asks for it.
    pub total: Option<u64>,
}

/// One row of a page.
#[derive(Clone, Debug)]
pub struct Row {
    /// The document's type and id.
    pub entity: EntityRef,
    /// The document's place in the list.
    pub key: SortKey,
    /// The document.
    pub doc: Doc,
}

impl View {
    /// Reads pages, in the order of the requests. Any number of pages costs one cache read, one entity read,
    /// and one fill per family.
    #[tracing::instrument(target = TRACES, level = "trace", name = "engine pages", skip_all, fields(pages = requests.len()))]
    pub(super) async fn pages(&self, requests: &[PageRequest]) -> Result<Vec<Page>, EngineError> {
        let mut pages: Vec<Option<Page>> = vec![None; requests.len()];
        self.answer_from_partitions(requests, &mut pages).await?;
        let mut open: Vec<usize> = (0..requests.len()).filter(|&index| pages[index].is_none()).collect();
        let mut waited = vec![false; requests.len()];
        let mut beyond: Vec<usize> = Vec::new();
        for _ in 0..=REREADS {
            if open.is_empty() {
                break;
            }
            let reads: Vec<PageRead> = open
                .iter()
                .map(|&i| PageRead { batch: requests[i].batch.clone(), window: requests[i].window.clone() })
                .collect();
            let Ok(states) = self.lane.core.cache.read_pages(&reads).await else { break };
            let mut hits = Vec::new();
            let (mut misses, mut doubtful) = (Vec::new(), Vec::new());
            for (&index, state) in open.iter().zip(states) {
                match self.lane.core.believed(state) {
                    PageState::Hit(rows) => hits.push((index, rows)),
                    PageState::Miss { known } => misses.push((index, known)),
                    PageState::Doubtful => doubtful.push(index),
                }
            }
            let disagreeing = self.assemble(requests, hits, &mut pages, &waited).await?;
            if misses.iter().any(|&(index, _)| !requests[index].batch.def.filter.is_none()) {
                self.footprint.spoil();
            }
            for (index, page) in self.fill(requests, &misses).await? {
                pages[index] = Some(page);
            }
            misses.iter().for_each(|&(index, _)| waited[index] = true);
            beyond.append(&mut doubtful);
            open = disagreeing;
            // Requests that waited for another reader's fill now have to read the cache.
            open.extend(misses.iter().map(|&(index, _)| index).filter(|&index| pages[index].is_none()));
        }
        open.append(&mut beyond);
        open.retain(|&index| pages[index].is_none());
        if !open.is_empty() {
            self.footprint.spoil();
        }
        for (index, page) in self.direct_pages(requests, &open).await? {
            pages[index] = Some(page);
        }
        Ok(pages.into_iter().map(Option::unwrap_or_default).collect())
    }

    /// Makes pages from cached rows and their entities. Where rows and entities disagree, repairs the batches
    /// to match the entities and returns the requests.
    async fn assemble(
        &self,
        requests: &[PageRequest],
        hits: Vec<(usize, PageRows)>,
        pages: &mut [Option<Page>],
        waited: &[bool],
    ) -> Result<Vec<usize>, EngineError> {
        let mut refs = Vec::new();
        let mut readable = Vec::with_capacity(hits.len());
        let mut disagreeing = Vec::new();
        for (index, rows) in hits {
            let order = &requests[index].batch.def.order;
            let all = rows.rows.iter().chain(&rows.unshown);
            let entities: Option<Vec<EntityRef>> = all.map(|key| key.entity(order)).collect();
            match entities {
                Some(entities) => {
                    refs.extend(entities);
                    readable.push((index, rows));
                }
                None => disagreeing.push(index),
            }
        }
        let mark = self.lane.core.cache.mark();
        self.lane.core.passes(Point::RowsRead).await;
        let mut entities = self.stamped_entities(&refs).await?.into_iter().zip(refs);
        let mut repairs = Vec::new();
        for (index, cached) in readable {
            let batch = &requests[index].batch;
            let mut rows = Vec::with_capacity(cached.rows.len());
            let mut agree = true;
            let shown = cached.rows.len();
            let all = cached.rows.into_iter().chain(cached.unshown);
            for (place, (key, (found, entity))) in all.zip(entities.by_ref()).enumerate() {
                let row = found.doc.as_ref().and_then(|doc| batch.def.row(&entity.ty, doc));
                let unchecked = without(Mechanism::Rows) || place >= shown && without(Mechanism::Suspects);
                if row.as_ref() == Some(&key) || unchecked {
                    let shown = found.doc.filter(|_| place < shown);
                    rows.extend(shown.map(|doc| Row { entity, key, doc }));
                } else {
                    agree = false;
                    if found.stamp != Stamp::default() {
                        let until = found.doc.as_ref().and_then(|doc| batch.def.end(&entity.ty, doc));
                        let (batch, stamp) = (batch.clone(), found.stamp);
                        repairs.push(Reconcile { batch, entity, stamp, row, doc: None, until });
                    }
                }
            }
            if agree {
                let result = if waited[index] { CacheResult::Joined } else { CacheResult::Hit };
                self.lane.core.metrics.cache_read(CacheKind::Batch, result, 1);
                self.footprint.add(|read| {
                    read.pages += 1;
                    read.until = read.until.into_iter().chain(cached.until).min();
                    read.topics.push(Topic::batch(batch.key));
                    read.topics.extend(batch.def.types.iter().map(|ty| Topic::ty(ty)));
                    if requests[index].window.counts() {
                        read.topics.extend(batch.def.types.iter().map(|ty| Topic::counts(ty)));
                    }
                });
                let (has_previous, has_next) = (cached.has_previous, cached.has_next);
                pages[index] = Some(Page { rows, has_previous, has_next, total: cached.total });
            } else {
                disagreeing.push(index);
            }
        }
        if !repairs.is_empty() {
            self.lane.core.reconcile_rows(mark, &repairs).await;
        }
        Ok(disagreeing)
    }
}
