//! A batch in memory: the state of each document, the rows that follow from the states, and how changes are
//! merged in.

use std::collections::HashMap;
use std::ops::Range;

use super::suspects::Suspect;
use crate::cache::proved::Extent;
use crate::cache::registry::Kept;
use crate::cache::{Batch, CacheLimits, DropReason, PageRows, PageState, Reconciled, Window};
use crate::query::SortKey;
use crate::value::{Doc, Stamp, Time};

/// The state of one document: its stamp, and its row.
type State = (Stamp, Option<SortKey>);

/// What a delta says of a document that belongs to the batch: its row or, for a partition, the document.
#[derive(Clone)]
pub(super) enum Delta {
    Row(SortKey),
    Doc(Doc),
}

impl Delta {
    fn bytes(&self) -> usize {
        match self {
            Delta::Row(row) => row.0.len(),
            Delta::Doc(doc) => doc.bytes().len(),
        }
    }
}

/// A readable batch. A document within the extent and without a state is known not to be in the list, as of
/// the fill's time.
pub(super) struct Ready {
    /// The batch.
    pub batch: Batch,
    /// The generations of its types; the batch is void when a type's current generation differs.
    pub generations: Vec<u64>,
    time: Time,
    extent: Extent,
    /// The moment from which on it is not to be believed.
    until: Option<i64>,
    /// The visible rows, in order.
    rows: Vec<SortKey>,
    states: HashMap<Vec<u8>, State>,
    bytes: usize,
}

/// A batch being filled: collects the deltas that writers have left since the lease.
pub(super) struct Pending {
    /// The batch.
    pub batch: Batch,
    /// The generations of its types; the fill is void when a type's current generation differs.
    pub generations: Vec<u64>,
    /// Proof of the lease.
    pub token: u64,
    /// The earliest time that the store read may show.
    pub time: Time,
    pub deltas: HashMap<Vec<u8>, (Stamp, Option<Delta>)>,
    /// The moment at which the first document of the deltas expires.
    until: Option<i64>,
    bytes: usize,
}

/// Bytes that a document's state takes beside its name and row.
const STATE: usize = 80;
/// Bytes that a row takes beside its key.
const ROW: usize = 24;

impl Pending {
    /// A new fill.
    pub fn new(batch: Batch, generations: Vec<u64>, token: u64, time: Time) -> Pending {
        Pending { batch, generations, token, time, deltas: HashMap::new(), until: None, bytes: 0 }
    }

    /// Its size in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes + 2 * self.batch.text.len()
    }

    /// Leaves a delta for the fill, unless there are too many.
    pub fn merge(
        &mut self,
        name: &[u8],
        stamp: Stamp,
        (delta, until): (Option<Delta>, Option<i64>),
        limits: &CacheLimits,
    ) -> Reconciled {
        let known = self.deltas.get(name).map(|(known, _)| *known);
        if stamp.t <= self.time || known.is_some_and(|known| known >= stamp) {
            return Reconciled::Deferred;
        }
        self.bytes += STATE + name.len() + delta.as_ref().map_or(0, Delta::bytes);
        self.deltas.insert(name.to_vec(), (stamp, delta));
        self.until = earlier(self.until, until);
        match self.deltas.len() as u64 <= limits.deltas {
            true => Reconciled::Deferred,
            false => Reconciled::Dropped(DropReason::Deltas),
        }
    }
}

impl Ready {
    /// Makes a ready batch of a fill and its deltas; `None` when the result exceeds a batch's bounds.
    pub fn new(pending: Pending, kept: Kept, until: Option<i64>, limits: &CacheLimits) -> Option<Ready> {
        let filled = Stamp { t: pending.time, v: i64::MAX };
        let mut ready = Ready {
            batch: pending.batch,
            generations: pending.generations,
            time: pending.time,
            extent: kept.extent,
            until: earlier(pending.until, until),
            rows: kept.rows.iter().map(|(_, row)| row.clone()).collect(),
            bytes: 0,
            states: HashMap::new(),
        };
        for (name, row) in kept.rows {
            ready.bytes += STATE + ROW + name.len() + 2 * row.0.len();
            ready.states.insert(name, (filled, Some(row)));
        }
        for (name, (stamp, delta)) in pending.deltas {
            let row = delta.as_ref().and_then(|delta| match delta {
                Delta::Row(row) => Some(row),
                Delta::Doc(_) => None,
            });
            ready.merge(&name, stamp, (row, None));
        }
        ready.beyond(limits).is_none().then_some(ready)
    }

    /// Its size in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes + 2 * self.batch.text.len()
    }

    /// The bound that the batch exceeds, if any.
    pub fn beyond(&self, limits: &CacheLimits) -> Option<DropReason> {
        let hidden = self.states.len() - self.rows.len();
        let too_long = self.rows.len() as u64 > limits.most_rows();
        match hidden as u64 > limits.departed {
            true => Some(DropReason::Departed),
            false => too_long.then_some(DropReason::Rows),
        }
    }

    /// Merges a change into the batch: the later stamp wins.
    pub fn merge(
        &mut self,
        name: &[u8],
        stamp: Stamp,
        (row, until): (Option<&SortKey>, Option<i64>),
    ) -> Reconciled {
        let known = self.states.get(name);
        if stamp.t <= self.time || known.is_some_and(|(known, _)| *known >= stamp) {
            return Reconciled::Unchanged;
        }
        let old = known.and_then(|(_, row)| row.clone()).filter(|row| self.extent.covers(row));
        let new = row.filter(|row| self.extent.covers(row)).cloned();
        let freed =
            known.map_or(0, |(_, row)| STATE + name.len() + row.as_ref().map_or(0, |row| row.0.len()));
        self.bytes -= freed;
        self.bytes += STATE + name.len() + row.map_or(0, |row| row.0.len());
        self.states.insert(name.to_vec(), (stamp, row.cloned()));
        let until = earlier(self.until, until.filter(|_| new.is_some()));
        let aged = until != self.until;
        self.until = until;
        let done = match (&old, &new) {
            (Some(old), Some(new)) if old == new && aged => return Reconciled::Aged,
            (Some(old), Some(new)) if old == new => return Reconciled::Unchanged,
            (None, None) => return Reconciled::Unchanged,
            (Some(_), Some(_)) => Reconciled::Moved,
            (None, Some(_)) => Reconciled::Inserted,
            (Some(_), None) => Reconciled::Removed,
        };
        if let Some(old) = old
            && let Ok(at) = self.rows.binary_search(&old)
        {
            self.bytes -= ROW + old.0.len();
            self.rows.remove(at);
        }
        if let Some(new) = new
            && let Err(at) = self.rows.binary_search(&new)
        {
            self.bytes += ROW + new.0.len();
            self.rows.insert(at, new);
        }
        done
    }

    /// Reads a page; the suspects are those that it must not count unchecked.
    pub fn page(&self, window: &Window, suspects: &[Suspect]) -> PageState {
        let Some(cut) = window.cut(&self.rows, &self.extent) else {
            return PageState::Miss { known: self.rows.len() as u64 };
        };
        let mut unshown = Vec::new();
        for (name, stamp) in suspects.iter().filter(|(_, stamp)| stamp.t > self.time) {
            match name {
                Some(name) => unshown.extend(self.earlier_row(name, *stamp)),
                None => return PageState::Doubtful,
            }
        }
        let Range { start, end } = cut.rows;
        let neighbour =
            |wanted: bool, at: Option<usize>| at.filter(|_| wanted).and_then(|at| self.rows.get(at));
        unshown.extend(neighbour(window.previous, start.checked_sub(1)).cloned());
        unshown.extend(neighbour(window.next, Some(end)).cloned());
        unshown.sort_unstable();
        unshown.dedup();
        let (has_previous, has_next) = (cut.has_previous, cut.has_next);
        let rows = self.rows[start..end].to_vec();
        PageState::Hit(PageRows {
            rows,
            has_previous,
            has_next,
            total: cut.total,
            until: self.until,
            unshown,
        })
    }

    /// The row shown of a document, if it is as of an earlier stamp than this one.
    fn earlier_row(&self, name: &[u8], stamp: Stamp) -> Option<SortKey> {
        let (known, row) = self.states.get(name)?;
        row.clone().filter(|row| *known < stamp && self.extent.covers(row))
    }
}

/// The earlier of two moments, of which there may be none.
fn earlier(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    a.into_iter().chain(b).min()
}
