//! Makes room in a table index: batches that nobody has read for long go.

use std::sync::Arc;

use super::State;
use crate::cache::memory::items::Key;
use crate::cache::room::{self, ENTRIES, OF_SHAPE, SAMPLE, STEPS, Scarce};
use crate::query::BatchKey;

/// An entry of the index, and its batch.
type Entry = (String, BatchKey);

impl State {
    pub fn make_room(&mut self, ty: &Arc<str>) -> u64 {
        let mut removed = 0;
        for _ in 0..STEPS {
            let (entries, shapes) = self.table(ty).sizes();
            let victims = match room::scarce(entries, shapes, &self.limits) {
                None => break,
                Some(Scarce::Batches) => self.idle_entries(ty),
                Some(Scarce::Shapes) => self.idle_shape(ty),
            };
            if victims.is_empty() {
                break;
            }
            removed += self.evict(ty, victims);
        }
        removed
    }

    /// Of some entries, those whose batches have been idle for longest.
    fn idle_entries(&mut self, ty: &Arc<str>) -> Vec<Entry> {
        let some = self.table(ty).next(SAMPLE);
        let idle = some.iter().map(|(_, key)| self.idle(*key)).collect();
        room::idlest(some, idle)
    }

    /// Entries of a shape that has been idle for longer than others.
    fn idle_shape(&self, ty: &Arc<str>) -> Vec<Entry> {
        let Some(table) = self.types.get(ty) else { return Vec::new() };
        let idlest = table.shapes.iter().max_by_key(|shape| {
            let some = table.of_shape(shape, OF_SHAPE);
            some.iter().map(|(_, key)| self.idle(*key)).min().unwrap_or(u64::MAX)
        });
        idlest.map_or_else(Vec::new, |shape| table.of_shape(shape, ENTRIES))
    }

    /// How many uses of others ago a batch was used; the most for one that is gone.
    fn idle(&self, key: BatchKey) -> u64 {
        self.items.idle(&Key::Ready(key)).unwrap_or(u64::MAX)
    }

    /// Removes the batches of entries that are not being filled.
    fn evict(&mut self, ty: &Arc<str>, entries: Vec<Entry>) -> u64 {
        for (_, key) in &entries {
            if !self.items.has(&Key::Pending(*key)) {
                self.items.remove(&Key::Ready(*key));
            }
        }
        self.sweep(ty, entries)
    }
}
