//! What a fill may say of a list: what a read of the store has proved of it, and no more.

use super::{Cut, Window};
use crate::query::SortKey;

/// How much of its list a batch knows.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Extent {
    /// All of it.
    Complete,
    /// All rows up to this place, inclusive.
    UpTo(SortKey),
}

impl Extent {
    /// Whether a row at this place would be known.
    pub fn covers(&self, row: &SortKey) -> bool {
        match self {
            Extent::Complete => true,
            Extent::UpTo(end) => row <= end,
        }
    }
}

/// The rows that a list begins with, and how far they are all of it. Only made of what was asked of the
/// store and what came: everybody believes a batch, so nobody may claim what has not been read.
#[derive(Clone, Debug, PartialEq)]
pub struct Proved {
    rows: Vec<SortKey>,
    extent: Extent,
}

impl Proved {
    /// What is known after the store was asked for the first `asked` rows of a list and gave these. Fewer
    /// than were asked for are all that there are; others reach as far as the last of them. `None` when
    /// that is nothing: no row was asked for, or they do not stand in order.
    pub fn by_reading(asked: u64, rows: Vec<SortKey>) -> Option<Proved> {
        let extent = match rows.last() {
            _ if (rows.len() as u64) < asked => Extent::Complete,
            Some(last) => Extent::UpTo(last.clone()),
            None => return None,
        };
        rows.is_sorted_by(|a, b| a < b).then_some(Proved { rows, extent })
    }

    /// The rows.
    pub fn rows(&self) -> &[SortKey] {
        &self.rows
    }

    /// How far they reach.
    pub(super) fn extent(&self) -> &Extent {
        &self.extent
    }

    /// The page of a window, if the rows reach far enough to know it and what lies beside it.
    pub fn page(&self, window: &Window) -> Option<Cut> {
        window.cut(&self.rows, &self.extent)
    }
}
