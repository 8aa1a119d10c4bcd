//! What a fill may claim about a list: what a read of the store has proved, and no more.

use super::{Cut, Window};
use crate::query::SortKey;

/// How much of its list a batch knows.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Extent {
    /// All of it.
    Complete,
    /// All rows up to this one, inclusive.
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

/// The first rows of a list, and how far they are known to be complete. Only made from a request to the store
/// and its answer: every reader believes a batch, so none may claim rows that were not read.
#[derive(Clone, Debug, PartialEq)]
pub struct Proved {
    rows: Vec<SortKey>,
    extent: Extent,
    until: Option<i64>,
}

impl Proved {
    /// The proof from asking the store for the first `asked` rows of a list and getting these. If the rows
    /// are fewer than asked for, they are the whole list; otherwise they reach as far as the last of them.
    /// `None` when they prove nothing: no row was asked for, or they are out of order.
    pub fn by_reading(asked: u64, rows: Vec<SortKey>) -> Option<Proved> {
        let extent = match rows.last() {
            _ if (rows.len() as u64) < asked => Extent::Complete,
            Some(last) => Extent::UpTo(last.clone()),
            None => return None,
        };
        rows.is_sorted_by(|a, b| a < b).then_some(Proved { rows, extent, until: None })
    }

    /// The same, whose documents expire from this moment on, if any of them does.
    pub fn until(self, until: Option<i64>) -> Proved {
        Proved { until, ..self }
    }

    /// The moment at which the first of the documents expires.
    pub(super) fn expires(&self) -> Option<i64> {
        self.until
    }

    /// The rows.
    pub fn rows(&self) -> &[SortKey] {
        &self.rows
    }

    /// How far the rows reach.
    pub(super) fn extent(&self) -> &Extent {
        &self.extent
    }

    /// The page of a window, if the rows reach far enough to determine the page and its neighbours.
    pub fn page(&self, window: &Window) -> Option<Cut> {
        window.cut(&self.rows, &self.extent)
    }
}
