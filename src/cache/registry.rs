//! How batches are entered in the table index, how writers look them up, and what a batch keeps of a fill:
//! the same in every backend.
//!
//! An index entry is the text `<shape>|<values part>|<definition>`. Paths contain no `|` and values parts are
//! hexadecimal, so one prefix finds all batches of a shape and values part.

use std::collections::{BTreeSet, HashSet};

use super::journal::fnv;
use super::proved::Extent;
use super::{Batch, CacheLimits, Proved, VoidReason};
use crate::query::{Probe, Shape, SortKey, row_ref};
use crate::value::{Change, EntityRef, Image, Time};

/// Slots of the floor table. More would refuse fewer fills for a neighbour's write, but take more room.
pub(super) const SLOTS: usize = 1024;

/// The shape under which a batch is registered, and the prefixes of its entries; each entry is a prefix
/// followed by the definition's text.
pub(super) fn entries(batch: &Batch) -> (Shape, Vec<String>) {
    let (shape, parts) = batch.def.entries();
    let prefixes = parts.iter().map(|values| prefix(&shape, values)).collect::<BTreeSet<_>>();
    (shape, prefixes.into_iter().collect())
}

/// The prefixes of all entries that concern a change; or the reason why a look-up would miss batches that the
/// change can touch, so that its type has to be voided.
pub(super) fn lookups<'a>(
    shapes: impl IntoIterator<Item = &'a Shape>,
    change: &Change,
) -> Result<BTreeSet<String>, VoidReason> {
    let before = match &change.before {
        Image::Absent => None,
        Image::Unknown => return Err(VoidReason::NoImage),
        Image::Doc(doc) => Some(doc),
    };
    let mut prefixes = BTreeSet::new();
    for shape in shapes {
        for image in before.into_iter().chain(&change.after) {
            match shape.probe(image) {
                Probe::Values(parts) => prefixes.extend(parts.iter().map(|values| prefix(shape, values))),
                Probe::TooMany => return Err(VoidReason::Matches),
            }
        }
    }
    Ok(prefixes)
}

fn prefix(shape: &Shape, values: &str) -> String {
    format!("{}|{values}|", shape.0)
}

/// The entity's slot of the floor table, which must be the same on every server.
pub(super) fn slot(entity: &EntityRef) -> usize {
    (fnv(&row_ref(entity)) % SLOTS as u64) as usize
}

/// Slots for remarks on settled changes. A remark that has replaced another one before the tailer came by costs the
/// work of a change once more.
pub(super) const REMARKS: usize = 4096;

/// The slot for the remark that the change of a document at this time is settled. Successive changes of one document have
/// different ones, as the tailer may read several of them together.
pub(super) fn remark_slot(entity: &EntityRef, at: Time) -> usize {
    let mut change = row_ref(entity);
    change.extend(at.0.to_be_bytes());
    (fnv(&change) % REMARKS as u64) as usize
}

/// What a batch keeps of a fill.
pub(super) struct Kept {
    /// The documents' names and their rows, in order.
    pub rows: Vec<(Vec<u8>, SortKey)>,
    /// How far the rows reach.
    pub extent: Extent,
}

/// The rows of a fill that a batch keeps, cut to the limits. `None` when the rows cannot be kept: one does
/// not fit the batch's order, one is too long, or two belong to the same document.
pub(super) fn keep(batch: &Batch, proved: &Proved, limits: &CacheLimits) -> Option<Kept> {
    let mut kept = Vec::with_capacity(proved.rows().len());
    for row in proved.rows() {
        if row.0.len() > limits.row_key {
            return None;
        }
        kept.push((row.row_ref(&batch.def.order)?.to_vec(), row.clone()));
    }
    let names: HashSet<&[u8]> = kept.iter().map(|(name, _)| name.as_slice()).collect();
    if names.len() != kept.len() {
        return None;
    }
    let most = usize::try_from(limits.rows).unwrap_or(usize::MAX);
    if kept.len() <= most {
        return Some(Kept { rows: kept, extent: proved.extent().clone() });
    }
    kept.truncate(most);
    let end = kept.last()?.1.clone();
    Some(Kept { rows: kept, extent: Extent::UpTo(end) })
}
