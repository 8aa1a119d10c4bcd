//! Cuts a page out of the rows from the start of a list, when they reach far enough.

use super::{Page, Row};
use crate::cache::Window;

/// The page of the window, from rows that the list begins with (all of it when `complete`). `None` when
/// the rows do not reach far enough to know the page and what lies beside it.
pub(super) fn slice(rows: &[Row], complete: bool, window: &Window) -> Option<Page> {
    if window.total && !complete {
        return None;
    }
    let known_to = rows.last().map(|row| &row.key);
    let within = |cursor: &Option<_>| cursor.is_none() || complete || cursor.as_ref() <= known_to;
    if !within(&window.after) || !within(&window.before) {
        return None;
    }
    let first = window.after.as_ref().map_or(0, |after| rows.partition_point(|row| row.key <= *after));
    let end = window.before.as_ref().map(|before| rows.partition_point(|row| row.key < *before));
    let bounded = end.is_some() || complete;
    let end = end.unwrap_or(rows.len()).max(first);
    let (offset, limit) = (clamp(window.offset), clamp(window.limit));
    let (from, to) = if window.from_end {
        if !bounded {
            return None;
        }
        let to = end.saturating_sub(offset).max(first);
        (to.saturating_sub(limit).max(first), to)
    } else {
        let from = first.saturating_add(offset).min(end);
        let to = from.saturating_add(limit).min(end);
        // One row past the page tells whether there is a next one.
        let covered = first.saturating_add(offset).saturating_add(limit) < rows.len();
        if !bounded && !covered {
            return None;
        }
        (from, to)
    };
    Some(Page {
        rows: rows[from..to].to_vec(),
        has_previous: from > 0,
        has_next: to < rows.len() || !complete,
        total: window.total.then_some(rows.len() as u64),
    })
}

fn clamp(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}
