//! What the memory cache knows of one collection type: its generation and its table index.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use crate::cache::{Batch, CacheLimits};
use crate::query::{BatchKey, Shape};
use crate::value::Time;

/// One collection type.
pub(super) struct Table {
    /// What is cached of the type is valid while it carries this.
    pub generation: u64,
    /// Nothing is known of the changes up to here but that the type was dropped.
    pub dropped: Time,
    /// The shapes of the entries.
    pub shapes: BTreeSet<Shape>,
    entries: BTreeMap<String, Batch>,
}

impl Table {
    /// A type of which nothing is cached.
    pub fn new(generation: u64, dropped: Time) -> Table {
        Table { generation, dropped, shapes: BTreeSet::new(), entries: BTreeMap::new() }
    }

    /// Whether the entries of a batch have room.
    pub fn has_room(&self, shape: &Shape, entries: &[String], limits: &CacheLimits) -> bool {
        let added = entries.iter().filter(|entry| !self.entries.contains_key(*entry)).count();
        let shapes = self.shapes.len() as u64;
        let batches = (self.entries.len() + added) as u64;
        (added == 0 || batches <= limits.batches) && (self.shapes.contains(shape) || shapes < limits.shapes)
    }

    /// Registers a batch.
    pub fn register(&mut self, shape: &Shape, entries: &[String], batch: &Batch) {
        self.shapes.insert(shape.clone());
        self.entries.extend(entries.iter().map(|entry| (entry.clone(), batch.clone())));
    }

    /// Takes entries out; says how many there were.
    pub fn remove(&mut self, entries: &[String]) -> u64 {
        entries.iter().filter(|entry| self.entries.remove(*entry).is_some()).count() as u64
    }

    /// The batches of the entries under these prefixes; `None` when there are more than `most`.
    pub fn find(&self, prefixes: &BTreeSet<String>, most: u64) -> Option<Vec<Batch>> {
        let mut found = BTreeMap::new();
        let mut entries = 0;
        for prefix in prefixes {
            let from = (Bound::Included(prefix.as_str()), Bound::Unbounded);
            let under = self.entries.range::<str, _>(from).take_while(|(entry, _)| entry.starts_with(prefix));
            for (_, batch) in under {
                entries += 1;
                if entries > most {
                    return None;
                }
                found.entry(batch.key).or_insert_with(|| batch.clone());
            }
        }
        Some(found.into_values().collect())
    }

    /// Up to `count` entries after a place.
    pub fn after(&self, place: &str, count: usize) -> Vec<(String, BatchKey)> {
        let from = (Bound::Excluded(place), Bound::Unbounded);
        self.entries
            .range::<str, _>(from)
            .take(count)
            .map(|(entry, batch)| (entry.clone(), batch.key))
            .collect()
    }

    /// Forgets shapes that no entry has.
    pub fn tidy(&mut self) {
        let Table { shapes, entries, .. } = self;
        shapes.retain(|shape| {
            let prefix = format!("{}|", shape.0);
            let from = (Bound::Included(prefix.as_str()), Bound::Unbounded);
            entries.range::<str, _>(from).next().is_some_and(|(entry, _)| entry.starts_with(&prefix))
        });
    }

    /// How many batches are registered.
    pub fn batches(&self) -> u64 {
        self.entries.values().map(|batch| batch.key).collect::<BTreeSet<_>>().len() as u64
    }
}
