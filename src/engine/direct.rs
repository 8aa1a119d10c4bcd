//! Lists straight from the store: for fills, for pages beyond the bounds of a batch, and for times when the
//! cache is out of reach.

use std::ops::Range;
use std::sync::Arc;

use futures_util::future::try_join_all;

use super::page::PageRequest;
use super::{EngineError, Page, Row, View};
use crate::cache::Window;
use crate::metrics::{CacheKind, CacheResult};
use crate::probe::Point;
use crate::query::{BatchDef, SortKey, row_key};
use crate::store::Find;
use crate::value::{Doc, EntityRef, Time};

impl View {
    /// Answers the requests with these indexes without the cache.
    pub(super) async fn direct_pages(
        &self,
        requests: &[PageRequest],
        indexes: &[usize],
    ) -> Result<Vec<(usize, Page)>, EngineError> {
        // A partition is read for the cache or not at all.
        let indexes: Vec<usize> =
            indexes.iter().copied().filter(|&index| !requests[index].batch.def.partition).collect();
        if indexes.is_empty() {
            return Ok(Vec::new());
        }
        self.lane.core.metrics.cache_read(CacheKind::Batch, CacheResult::Bypass, indexes.len() as u64);
        // Pages of many parents that start at the beginning of their lists need one operation, not many.
        let simple = |window: &Window| {
            window.after.is_none() && window.before.is_none() && !window.from_end && window.offset == 0
        };
        let (family, alone): (Vec<usize>, Vec<usize>) = indexes.iter().copied().partition(|&index| {
            indexes.len() > 1 && requests[index].family.is_some() && simple(&requests[index].window)
        });
        let at = self.lane.core.at_latest().await;
        let mut answers = Vec::new();
        let mut groups: std::collections::BTreeMap<String, Vec<usize>> = Default::default();
        for index in family {
            groups.entry(super::fill::family_name(&requests[index])).or_default().push(index);
        }
        for members in groups.into_values() {
            answers.extend(self.direct_family(requests, members, at).await?);
        }
        let pages = alone.into_iter().map(|index| async move {
            Ok::<_, EngineError>((index, self.direct_page(&requests[index], at).await?))
        });
        answers.extend(try_join_all(pages).await?);
        Ok(answers)
    }

    /// First pages of one relation's lists under many parents.
    async fn direct_family(
        &self,
        requests: &[PageRequest],
        members: Vec<usize>,
        at: Time,
    ) -> Result<Vec<(usize, Page)>, EngineError> {
        let leaders: Vec<&PageRequest> = members.iter().map(|&index| &requests[index]).collect();
        let limit = leaders.iter().map(|request| request.window.limit).max().unwrap_or(0).saturating_add(1);
        let lists = self.store_rows(&leaders, limit, at).await?;
        let mut answers = Vec::with_capacity(members.len());
        let wanted = members.iter().any(|&index| requests[index].window.total);
        let totals = if wanted { self.family_totals(&leaders, at).await? } else { vec![0; members.len()] };
        for ((index, mut rows), total) in members.into_iter().zip(lists).zip(totals) {
            let window = &requests[index].window;
            let has_next = rows.len() as u64 > window.limit;
            rows.truncate(usize::try_from(window.limit).unwrap_or(usize::MAX));
            let total = window.total.then_some(total);
            answers.push((index, Page { rows, has_previous: false, has_next, total }));
        }
        Ok(answers)
    }

    async fn family_totals(&self, leaders: &[&PageRequest], at: Time) -> Result<Vec<u64>, EngineError> {
        let mut totals = vec![0; leaders.len()];
        let Some(family) = leaders.first().and_then(|leader| leader.family.as_ref()) else {
            return Ok(totals);
        };
        let values: Vec<_> =
            leaders.iter().filter_map(|leader| Some(leader.family.as_ref()?.value.clone())).collect();
        for ty in &leaders[0].batch.def.types {
            let filter = family.all.def.filter_of(ty);
            let counts = self.lane.core.store.count_each(ty, &filter, &family.field, &values, at).await?;
            totals.iter_mut().zip(counts).for_each(|(total, count)| *total += count);
        }
        Ok(totals)
    }

    /// One page of one list.
    async fn direct_page(&self, request: &PageRequest, at: Time) -> Result<Page, EngineError> {
        let (def, window) = (&request.batch.def, &request.window);
        let one_more = Window { limit: window.limit.saturating_add(1), ..window.clone() };
        let rows = self.rows(def, &one_more, at);
        let total = async { if window.total { self.total(def, at).await.map(Some) } else { Ok(None) } };
        let (mut rows, total) = tokio::try_join!(rows, total)?;
        let further = rows.len() as u64 > window.limit;
        if further {
            if window.from_end {
                rows.remove(0);
            } else {
                rows.pop();
            }
        }
        self.lane.core.passes(Point::PastRead).await;
        let has_previous = self.has_previous(def, window, &rows, further, at);
        let has_next = self.has_next(def, window, &rows, further, at);
        let (has_previous, has_next) = tokio::try_join!(has_previous, has_next)?;
        Ok(Page { rows, has_previous, has_next, total })
    }

    /// Whether the list has rows before the page (or, if the page is empty, before its place), given the page's rows and
    /// whether there is another one beyond them within the window (`further`). Compares with the rows that are shown: a
    /// document may have moved past the cursor since they were read.
    async fn has_previous(
        &self,
        def: &BatchDef,
        window: &Window,
        rows: &[Row],
        further: bool,
        at: Time,
    ) -> Result<bool, EngineError> {
        let (after, before) = (window.after.as_ref(), window.before.as_ref());
        let shown = further || !rows.is_empty();
        let passed = if window.from_end { further } else { shown && window.offset > 0 };
        // The offset skipped every row of the window.
        let at_end = !window.from_end && !shown;
        if passed || (!at_end && after.is_none()) {
            return Ok(passed);
        }
        let first = self.rows(def, &Window { limit: 1, ..Window::default() }, at).await?;
        Ok(first.first().is_some_and(|first| match rows.first() {
            Some(shown) => first.key < shown.key,
            None => {
                after.is_some_and(|after| first.key <= *after)
                    || (at_end && before.is_none_or(|before| first.key < *before))
            }
        }))
    }

    /// The same as [`View::has_previous`], for rows after the page.
    async fn has_next(
        &self,
        def: &BatchDef,
        window: &Window,
        rows: &[Row],
        further: bool,
        at: Time,
    ) -> Result<bool, EngineError> {
        let (after, before) = (window.after.as_ref(), window.before.as_ref());
        let shown = further || !rows.is_empty();
        let passed = if window.from_end { shown && window.offset > 0 } else { further };
        let at_start = window.from_end && !shown;
        if passed || (!at_start && before.is_none()) {
            return Ok(passed);
        }
        let last = self.rows(def, &Window { limit: 1, from_end: true, ..Window::default() }, at).await?;
        Ok(last.last().is_some_and(|last| match rows.last() {
            Some(shown) => last.key > shown.key,
            None => {
                after.is_none_or(|after| last.key > *after)
                    && (at_start || before.is_none_or(|before| last.key >= *before))
            }
        }))
    }

    async fn total(&self, def: &BatchDef, at: Time) -> Result<u64, EngineError> {
        let counts = def
            .types
            .iter()
            .map(|ty| async move { self.lane.core.store.count(ty, &def.filter_of(ty), at).await });
        Ok(try_join_all(counts).await?.into_iter().sum())
    }

    /// The first rows of each list: of a single list, or of one family's lists with one operation per type.
    pub(super) async fn store_rows(
        &self,
        leaders: &[&PageRequest],
        limit: u64,
        at: Time,
    ) -> Result<Vec<Vec<Row>>, EngineError> {
        let Some(first) = leaders.first() else { return Ok(Vec::new()) };
        let def = &first.batch.def;
        let family = match &first.family {
            Some(family) if leaders.len() > 1 => family,
            _ => return Ok(vec![self.rows(def, &Window { limit, ..Window::default() }, at).await?]),
        };
        let values: Vec<_> =
            leaders.iter().filter_map(|leader| Some(leader.family.as_ref()?.value.clone())).collect();
        let mut lists: Vec<Vec<Row>> = vec![Vec::new(); leaders.len()];
        for ty in &def.types {
            let find = Find::first(ty.clone(), family.all.def.filter_of(ty), def.order.clone(), limit);
            let found = self.lane.core.store.find_each(&find, &family.field, &values, at).await?;
            for (list, docs) in lists.iter_mut().zip(found) {
                list.extend(rows_of(def, ty, docs));
            }
        }
        if def.types.len() > 1 {
            for list in &mut lists {
                list.sort_by(|a, b| a.key.cmp(&b.key));
                list.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            }
        }
        Ok(lists)
    }

    /// The rows of a window, merged over the list's types.
    async fn rows(&self, def: &BatchDef, window: &Window, at: Time) -> Result<Vec<Row>, EngineError> {
        let several = def.types.len() > 1;
        let reads = def.types.iter().map(|ty| async move {
            let bound =
                |key: &Option<SortKey>, after| key.as_ref().and_then(|key| key.bound(&def.order, ty, after));
            let find = Find {
                ty: ty.clone(),
                filter: def.filter_of(ty),
                order: def.order.clone(),
                after: bound(&window.after, true),
                before: bound(&window.before, false),
                from_end: window.from_end,
                // Which rows to skip is known only after merging.
                offset: if several { 0 } else { window.offset },
                limit: if several { window.offset.saturating_add(window.limit) } else { window.limit },
            };
            let docs = self.lane.core.store.find(&find, at).await?;
            Ok::<_, EngineError>(rows_of(def, ty, docs))
        });
        let mut rows: Vec<Row> = try_join_all(reads).await?.into_iter().flatten().collect();
        if several {
            rows.sort_by(|a, b| a.key.cmp(&b.key));
            let Range { start, end } = window.page(0..rows.len());
            rows.truncate(end);
            rows.drain(..start);
        }
        Ok(rows)
    }
}

fn rows_of(def: &BatchDef, ty: &Arc<str>, docs: Vec<Doc>) -> impl Iterator<Item = Row> {
    docs.into_iter().filter_map(move |doc| {
        let key = row_key(&def.order, ty, doc.raw())?;
        let entity = EntityRef { ty: ty.clone(), id: doc.id()? };
        Some(Row { entity, key, doc })
    })
}
