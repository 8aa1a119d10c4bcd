//! The contents of the memory cache: entities, batches and fills under one bound of bytes. Items expire, and
//! the least recently used one is evicted first.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use super::batch::{Pending, Ready};
use super::partition::Whole;
use crate::query::BatchKey;
use crate::value::{Doc, EntityRef, Stamp};

/// Bytes that every item takes beside its content: its key, twice, and the maps' overhead.
const OVERHEAD: usize = 200;

/// The name of an item.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Entity(EntityRef),
    Ready(BatchKey),
    Pending(BatchKey),
}

/// A cached entity; valid while its type has this generation.
pub(super) struct Entity {
    pub generation: u64,
    pub stamp: Stamp,
    pub doc: Option<Doc>,
}

/// An item.
pub(super) enum Item {
    Entity(Entity),
    Ready(Box<Ready>),
    Whole(Box<Whole>),
    Pending(Box<Pending>),
}

impl Item {
    fn bytes(&self) -> usize {
        OVERHEAD
            + match self {
                Item::Entity(entity) => entity.doc.as_ref().map_or(0, |doc| doc.bytes().len()),
                Item::Ready(ready) => ready.bytes(),
                Item::Whole(whole) => whole.bytes(),
                Item::Pending(pending) => pending.bytes(),
            }
    }
}

struct Slot {
    item: Item,
    bytes: usize,
    used: u64,
    expires: Instant,
}

/// All items.
#[derive(Default)]
pub(super) struct Items {
    slots: HashMap<Key, Slot>,
    /// Keys in the order of their last use.
    order: BTreeMap<u64, Key>,
    uses: u64,
    bytes: usize,
}

impl Items {
    /// The item; marks it as just used.
    pub fn get(&mut self, key: &Key) -> Option<&mut Item> {
        if self.slots.get(key)?.expires <= Instant::now() {
            self.remove(key);
            return None;
        }
        self.uses += 1;
        let slot = self.slots.get_mut(key)?;
        if let Some(key) = self.order.remove(&slot.used) {
            self.order.insert(self.uses, key);
        }
        slot.used = self.uses;
        Some(&mut slot.item)
    }

    /// The entity, if it is of this generation.
    pub fn entity(&mut self, entity: &EntityRef, generation: u64) -> Option<&mut Entity> {
        match self.get(&Key::Entity(entity.clone()))? {
            Item::Entity(entity) if entity.generation == generation => Some(entity),
            _ => None,
        }
    }

    /// The ready batch.
    pub fn ready(&mut self, key: BatchKey) -> Option<&mut Ready> {
        match self.get(&Key::Ready(key))? {
            Item::Ready(ready) => Some(ready),
            _ => None,
        }
    }

    /// The ready partition.
    pub fn whole(&mut self, key: BatchKey) -> Option<&mut Whole> {
        match self.get(&Key::Ready(key))? {
            Item::Whole(whole) => Some(whole),
            _ => None,
        }
    }

    /// The batch being filled.
    pub fn pending(&mut self, key: BatchKey) -> Option<&mut Pending> {
        match self.get(&Key::Pending(key))? {
            Item::Pending(pending) => Some(pending),
            _ => None,
        }
    }

    /// Whether the item exists; does not count as a use.
    pub fn has(&self, key: &Key) -> bool {
        self.slots.get(key).is_some_and(|slot| slot.expires > Instant::now())
    }

    /// How many uses of items ago this one was used; `None` if it does not exist. Does not count as a use.
    pub fn idle(&self, key: &Key) -> Option<u64> {
        self.slots.get(key).filter(|slot| slot.expires > Instant::now()).map(|slot| self.uses - slot.used)
    }

    /// Keeps an item until it expires.
    pub fn insert(&mut self, key: Key, item: Item, expires: Instant) {
        self.remove(&key);
        self.uses += 1;
        let bytes = item.bytes();
        self.bytes += bytes;
        self.order.insert(self.uses, key.clone());
        self.slots.insert(key, Slot { item, bytes, used: self.uses, expires });
    }

    /// Updates an item's size in bytes after a change.
    pub fn weigh(&mut self, key: &Key) {
        if let Some(slot) = self.slots.get_mut(key) {
            let bytes = slot.item.bytes();
            self.bytes = self.bytes - slot.bytes + bytes;
            slot.bytes = bytes;
        }
    }

    /// Removes an item.
    pub fn remove(&mut self, key: &Key) -> Option<Item> {
        let slot = self.slots.remove(key)?;
        self.order.remove(&slot.used);
        self.bytes -= slot.bytes;
        Some(slot.item)
    }

    /// Evicts the least recently used item if the total exceeds `most` bytes.
    pub fn evict(&mut self, most: u64) -> Option<Item> {
        if self.bytes as u64 <= most {
            return None;
        }
        let key = self.order.values().next()?.clone();
        self.remove(&key)
    }

    /// All entities that have not expired.
    pub fn entities(&self) -> impl Iterator<Item = (&EntityRef, &Entity)> {
        let now = Instant::now();
        self.slots.iter().filter_map(move |(key, slot)| match (key, &slot.item) {
            (Key::Entity(name), Item::Entity(entity)) if slot.expires > now => Some((name, entity)),
            _ => None,
        })
    }
}
