//! A partition in memory: the state of each document that it has or that has left it since the fill.

use std::collections::BTreeMap;

use super::batch::{Delta, Pending};
use super::suspects::Suspect;
use crate::cache::{Batch, CacheLimits, DropReason, Partition, PartitionRead, PartitionState, Reconciled};
use crate::query::SortKey;
use crate::value::{Doc, Stamp, Time};

/// Bytes that a document takes beside its name and content.
const MEMBER: usize = 80;

/// A readable partition.
pub(super) struct Whole {
    /// The batch.
    pub batch: Batch,
    /// The generations of its types; it is void when a type's current generation differs.
    pub generations: Vec<u64>,
    version: u64,
    time: Time,
    /// `None` when there are too many documents.
    docs: Option<Docs>,
}

/// The documents by name, and those that have gone.
#[derive(Default)]
struct Docs {
    states: BTreeMap<SortKey, (Stamp, Option<Doc>)>,
    /// How many have changed since the fill.
    changed: u64,
    bytes: usize,
}

impl Docs {
    fn put(&mut self, name: SortKey, state: (Stamp, Option<Doc>)) {
        let size = |name: &SortKey, doc: &Option<Doc>| {
            MEMBER + name.0.len() + doc.as_ref().map_or(0, |doc| doc.bytes().len())
        };
        self.bytes += size(&name, &state.1);
        let old = self.states.get(&name).map(|(_, doc)| size(&name, doc));
        self.bytes -= old.unwrap_or(0);
        self.states.insert(name, state);
    }
}

impl Whole {
    /// Makes a partition of a fill and its deltas; `None` when too many documents have changed meanwhile.
    pub fn new(
        pending: Pending,
        filled: Option<Vec<(SortKey, Doc)>>,
        version: u64,
        limits: &CacheLimits,
    ) -> Option<Whole> {
        let Pending { batch, generations, time, deltas, .. } = pending;
        let as_filled = Stamp { t: time, v: i64::MAX };
        let docs = filled.map(|filled| {
            let mut docs = Docs::default();
            filled.into_iter().for_each(|(name, doc)| docs.put(name, (as_filled, Some(doc))));
            docs
        });
        let mut whole = Whole { batch, generations, version, time, docs };
        for (name, (stamp, delta)) in deltas {
            let doc = delta.and_then(|delta| match delta {
                Delta::Doc(doc) => Some(doc),
                Delta::Row(_) => None,
            });
            whole.merge(SortKey(name), stamp, doc, version);
        }
        whole.beyond(limits).is_none().then_some(whole)
    }

    /// Its size in bytes.
    pub fn bytes(&self) -> usize {
        self.docs.as_ref().map_or(0, |docs| docs.bytes) + 2 * self.batch.text.len()
    }

    /// The bound that it exceeds, if any.
    pub fn beyond(&self, limits: &CacheLimits) -> Option<DropReason> {
        let docs = self.docs.as_ref()?;
        (docs.changed > limits.departed).then_some(DropReason::Departed)
    }

    /// Merges a change: the later stamp wins.
    pub fn merge(&mut self, name: SortKey, stamp: Stamp, doc: Option<Doc>, version: u64) -> Reconciled {
        let Some(docs) = &mut self.docs else { return Reconciled::Unchanged };
        let known = docs.states.get(&name).map(|(known, _)| *known);
        if stamp.t <= self.time || known.is_some_and(|known| known >= stamp) {
            return Reconciled::Unchanged;
        }
        // What came with the fill is as of its time.
        docs.changed += u64::from(known.is_none_or(|known| known.t <= self.time));
        self.version = version;
        let done = if doc.is_some() { Reconciled::Inserted } else { Reconciled::Removed };
        docs.put(name, (stamp, doc));
        done
    }

    /// Reads it; the suspects are those of its type.
    pub fn read(&self, read: &PartitionRead, suspects: Vec<Suspect>) -> PartitionState {
        let Some(docs) = &self.docs else { return PartitionState::TooLarge };
        let mut doubts = Vec::new();
        for (name, stamp) in suspects.into_iter().filter(|(_, stamp)| stamp.t > self.time) {
            match name {
                Some(name) => doubts.push((SortKey(name), stamp)),
                None => return PartitionState::Doubtful,
            }
        }
        doubts.sort_unstable();
        if read.known == Some(self.version) {
            return PartitionState::Same(doubts);
        }
        let states = docs.states.iter().map(|(name, state)| (name.clone(), state.clone()));
        PartitionState::Held(Partition::merged(self.version, (self.time, []), states), doubts)
    }
}
