//! The memory cache's suspects: documents of which a list may still have a row that an earlier write, not yet
//! brought here, has taken out.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::value::{Stamp, Time};

/// A document's name and its latest write. Without a name they are all documents of a type, up to that stamp.
pub(super) type Suspect = (Option<Vec<u8>>, Stamp);

/// Bytes that a suspect takes beside its name.
const SUSPECT: usize = 34;

/// The suspects of all types.
#[derive(Default)]
pub(super) struct Suspects {
    /// All changes up to this time have been brought here.
    reached: Time,
    of: HashMap<Arc<str>, Field>,
}

/// The suspects of a type. A document may come up several times, or have been reached.
#[derive(Default)]
struct Field {
    all: Vec<Suspect>,
    /// The latest of their stamps.
    last: Stamp,
    bytes: usize,
}

impl Field {
    fn push(&mut self, suspect: Suspect) {
        self.bytes += SUSPECT + suspect.0.as_ref().map_or(0, Vec::len);
        self.last = self.last.max(suspect.1);
        self.all.push(suspect);
    }

    /// The latest stamps by name.
    fn latest(&self, reached: Time) -> BTreeMap<Option<Vec<u8>>, Stamp> {
        let mut latest = BTreeMap::new();
        for (name, stamp) in self.all.iter().filter(|(_, stamp)| stamp.t > reached) {
            let known = latest.entry(name.clone()).or_insert(*stamp);
            *known = (*known).max(*stamp);
        }
        latest
    }
}

impl Suspects {
    /// Adds the document of a write, within so many bytes. Returns whether it is a suspect now.
    pub fn add(&mut self, ty: &Arc<str>, name: Vec<u8>, stamp: Stamp, most: usize) -> bool {
        if stamp.t <= self.reached {
            return false;
        }
        let field = self.of.entry(ty.clone()).or_default();
        if field.last.t <= self.reached {
            *field = Field::default();
        }
        field.push((Some(name), stamp));
        if field.bytes > most {
            let (latest, last) = (field.latest(self.reached), field.last);
            *field = Field::default();
            latest.into_iter().for_each(|suspect| field.push(suspect));
            if field.bytes > most / 2 {
                *field = Field::default();
                field.push((None, last));
            }
        }
        true
    }

    /// The suspects among the documents of these types.
    pub fn among(&self, types: &[Arc<str>]) -> Vec<Suspect> {
        types.iter().filter_map(|ty| self.of.get(ty)).flat_map(|field| field.latest(self.reached)).collect()
    }

    /// All changes up to this time have been brought here.
    pub fn reach(&mut self, at: Time) {
        self.reached = self.reached.max(at);
    }
}
