//! Cuts a page out of the known rows of a list, if they cover it.

use std::ops::Range;

use super::proved::Extent;
use super::{Batch, Window};
use crate::query::SortKey;

/// A read of one page.
#[derive(Clone, Debug)]
pub struct PageRead {
    /// The batch to read.
    pub batch: Batch,
    /// The rows to read.
    pub window: Window,
}

/// A page within the known rows of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Cut {
    /// The page's rows; an empty range says where they would be.
    pub rows: Range<usize>,
    /// Whether the list has rows before the page.
    pub has_previous: bool,
    /// Whether the list has rows after the page.
    pub has_next: bool,
    /// Length of the whole list, if all of it is known.
    pub total: Option<u64>,
}

impl Window {
    /// The page among the rows between the window's two places.
    pub fn page(&self, rows: Range<usize>) -> Range<usize> {
        let (offset, limit) = (clamp(self.offset), clamp(self.limit));
        if self.from_end {
            let to = rows.end.saturating_sub(offset).max(rows.start);
            to.saturating_sub(limit).max(rows.start)..to
        } else {
            let from = rows.start.saturating_add(offset).min(rows.end);
            from..from.saturating_add(limit).min(rows.end)
        }
    }

    /// Whether the page depends on the number of rows outside it.
    pub fn counts(&self) -> bool {
        self.total || self.offset > 0
    }

    /// The page, if the known rows (the first of the list) determine all of it and its neighbours.
    pub(super) fn cut(&self, known: &[SortKey], extent: &Extent) -> Option<Cut> {
        let complete = *extent == Extent::Complete;
        let first = self.after.as_ref().map_or(0, |after| known.partition_point(|row| row <= after));
        let before = self.before.as_ref();
        let end = before.map_or(known.len(), |before| known.partition_point(|row| row < before)).max(first);
        let Range { start: from, end: to } = self.page(first..end);
        // A page that neither bound of the window cuts off needs a known row after it. So does telling
        // whether the list goes on beyond the extent.
        let covered = match before {
            _ if complete => true,
            Some(before) if extent.covers(before) => to < known.len(),
            _ => !self.from_end && to < end,
        };
        (covered && (complete || !self.total)).then(|| Cut {
            has_previous: from > 0,
            has_next: to < known.len(),
            total: complete.then_some(known.len() as u64),
            rows: from..to,
        })
    }
}

fn clamp(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}
