//! The memory cache's record of one collection type: its generation and its table index.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use crate::cache::{Batch, CacheLimits};
use crate::query::{BatchKey, Shape};
use crate::value::Time;

/// One collection type.
pub(super) struct Table {
    /// Cached data of the type is valid while it carries this generation.
    pub generation: u64,
    /// Of changes up to this time, nothing is known but that the type was dropped.
    pub dropped: Time,
    /// The shapes of the index entries.
    pub shapes: BTreeSet<Shape>,
    entries: BTreeMap<String, Batch>,
    /// The entry that was looked at last to make room.
    hand: String,
}

impl Table {
    /// A type with nothing cached.
    pub fn new(generation: u64, dropped: Time) -> Table {
        let (shapes, entries, hand) = (BTreeSet::new(), BTreeMap::new(), String::new());
        Table { generation, dropped, shapes, entries, hand }
    }

    /// Whether there is room for the entries of a batch.
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

    /// Removes entries; returns how many there were.
    pub fn remove(&mut self, entries: &[String]) -> u64 {
        entries.iter().filter(|entry| self.entries.remove(*entry).is_some()).count() as u64
    }

    /// The batches with entries under these prefixes; `None` when there are more than `most` entries.
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

    /// Up to `count` entries after a place in the index.
    pub fn after(&self, place: &str, count: usize) -> Vec<(String, BatchKey)> {
        let from = (Bound::Excluded(place), Bound::Unbounded);
        self.entries
            .range::<str, _>(from)
            .take(count)
            .map(|(entry, batch)| (entry.clone(), batch.key))
            .collect()
    }

    /// The next entries, up to `count`, after those that the last call gave: all of them in turn.
    pub fn next(&mut self, count: usize) -> Vec<(String, BatchKey)> {
        let mut some = self.after(&self.hand, count);
        if some.is_empty() {
            some = self.after("", count);
        }
        self.hand = some.last().map(|(entry, _)| entry.clone()).unwrap_or_default();
        some
    }

    /// Up to `count` entries of a shape.
    pub fn of_shape(&self, shape: &Shape, count: usize) -> Vec<(String, BatchKey)> {
        let prefix = format!("{}|", shape.0);
        let from = (Bound::Included(prefix.as_str()), Bound::Unbounded);
        let under = self.entries.range::<str, _>(from).take_while(|(entry, _)| entry.starts_with(&prefix));
        under.take(count).map(|(entry, batch)| (entry.clone(), batch.key)).collect()
    }

    /// How many entries and shapes there are.
    pub fn sizes(&self) -> (u64, u64) {
        (self.entries.len() as u64, self.shapes.len() as u64)
    }

    /// Forgets shapes without entries.
    pub fn tidy(&mut self) {
        let Table { shapes, entries, .. } = self;
        shapes.retain(|shape| {
            let prefix = format!("{}|", shape.0);
            let from = (Bound::Included(prefix.as_str()), Bound::Unbounded);
            entries.range::<str, _>(from).next().is_some_and(|(entry, _)| entry.starts_with(&prefix))
        });
    }

    /// The number of registered batches.
    pub fn batches(&self) -> u64 {
        self.entries.values().map(|batch| batch.key).collect::<BTreeSet<_>>().len() as u64
    }
}
