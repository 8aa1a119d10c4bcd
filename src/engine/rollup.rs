//! Rollups: figures about rows, computed from their partition each time that somebody asks. So they are as new as the rows.

use std::sync::Arc;

use bson::{Bson, DateTime, Document};
use serde_json::Value as Json;

use super::page::PageRequest;
use super::{EngineError, List, View, input};
use crate::cache::{Batch, Window};
use crate::query::{CmpOp, Direction, Filter, Order, OrderBy, rollup};
use crate::schema::Rollup;
use crate::value::Doc;

/// Rows at the most; what a store gives at once is bounded by its bytes before.
const ROWS: u64 = u32::MAX as u64;

impl View {
    /// The figures about the rows that the viewer may see and that have these values in the fields that they share, in
    /// the order of those. The result has the rollup's fields.
    pub async fn rollup(&self, of: &Rollup, shared: &[Json]) -> Result<Doc, EngineError> {
        let model = self.model();
        let internal = |message: &str| EngineError::Internal(format!("{}: {message}", of.name));
        let collection = model.collection(&of.of).ok_or_else(|| internal("it has no rows"))?;
        let filter = input::shared(model, collection, &of.by, shared).map_err(EngineError::BadInput)?;
        let filter = filter.canonical();
        let key = |name: &Arc<str>| Some((name.to_string(), filter.fixed(name)?.clone()));
        let key: Document = of.by.iter().filter_map(key).collect();
        let rows = self.rollup_rows(of, filter).await?;
        let (inside, changes) = match &of.window {
            Some(window) => rollup::in_window(window, &rows, self.lane.core.expiries.now()),
            None => (rows.iter().collect(), None),
        };
        self.footprint.holds_until(changes);
        let figures = rollup::figures(of, &key, &inside);
        Doc::encode(&figures).map_err(|error| internal(&error.to_string()))
    }

    /// The rows that match a filter and are not past the window, in the order of their moments.
    async fn rollup_rows(&self, of: &Rollup, filter: Filter) -> Result<Vec<Doc>, EngineError> {
        let (mut filter, mut order) = (filter, Order::default());
        if let Some(window) = &of.window {
            let begin = self.lane.core.expiries.now().saturating_sub(window.millis());
            let begin = DateTime::from_millis(begin);
            filter = filter.and(Filter::Cmp(window.field.to_string(), CmpOp::Gt, Bson::DateTime(begin)));
            order = Order::new([OrderBy { path: window.field.to_string(), direction: Direction::Asc }]);
        }
        let list = List { on: of.of.clone(), types: vec![of.of.clone()], filter, order };
        let batch = Batch::new(self.visible(&list));
        if batch.def.filter.is_none() {
            return Ok(Vec::new());
        }
        let window = Window { limit: ROWS, ..Window::default() };
        let request = [PageRequest { batch, window, family: None }];
        let mut pages = [None];
        self.answer_from_partitions(&request, &mut pages).await?;
        if pages[0].is_none() {
            // The partition is too large, or the cache is out of reach. A list that moves with the time is not cached.
            self.footprint.spoil();
            pages = [self.direct_pages(&request, &[0]).await?.pop().map(|(_, page)| page)];
        }
        let rows = pages.into_iter().flatten().flat_map(|page| page.rows);
        Ok(rows.map(|row| row.doc).collect())
    }
}
