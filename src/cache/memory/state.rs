//! The memory cache's state: each method does in one step what a Redis script does.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Instant;

use super::batch::Delta;
use super::following::Followed;
use super::items::{Entity, Item, Items, Key};
use super::journal::Journal;
use super::suspects::Suspects;
use super::table::Table;
use crate::cache::registry::{self, SLOTS};
use crate::cache::{
    Adoption, Batch, CacheError, CacheLimits, CachedEntity, DropReason, EntitiesRead, Floor, Mark, News,
    Noted, PageRead, PageState, PartitionRead, PartitionState, Place, Reconcile, Reconciled, Topic,
    VoidReason, Voucher,
};
use crate::query::{BatchKey, Shape, SortKey, row_ref};
use crate::value::{Change, Doc, EntityRef, Stamp, Time};

mod fills;
mod room;

/// The whole state of the memory cache.
pub(super) struct State {
    pub mark: Mark,
    pub limits: CacheLimits,
    /// The latest change seen.
    pub latest: Time,
    /// The latest change seen in each slot of the floor table.
    floors: Vec<Time>,
    pub types: HashMap<Arc<str>, Table>,
    pub items: Items,
    journal: Journal,
    numbers: u64,
    pub following: Followed,
    pub suspects: Suspects,
    /// The types whose documents are in partitions.
    pub partitioned: BTreeSet<Arc<str>>,
}

impl State {
    pub fn new(limits: CacheLimits) -> State {
        State {
            mark: Mark(0),
            limits,
            latest: Time::default(),
            floors: vec![Time::default(); SLOTS],
            types: HashMap::new(),
            items: Items::default(),
            journal: Journal::default(),
            numbers: 0,
            following: Followed::default(),
            suspects: Suspects::default(),
            partitioned: BTreeSet::new(),
        }
    }

    /// A number that was never used before.
    fn fresh(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn expiry(&mut self) -> Instant {
        // The high bits of a product spread the counter well enough for jitter.
        let random = self.fresh().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        Instant::now() + self.limits.jittered(random)
    }

    fn table(&mut self, ty: &Arc<str>) -> &mut Table {
        if !self.types.contains_key(ty) {
            let generation = self.fresh();
            self.types.insert(ty.clone(), Table::new(generation, Time::default()));
        }
        self.types.get_mut(ty).expect("it was just put in if it was not there")
    }

    fn generations(&mut self, types: &[Arc<str>]) -> Vec<u64> {
        types.iter().map(|ty| self.table(ty).generation).collect()
    }

    fn floor<'a>(&mut self, types: impl Iterator<Item = &'a Arc<str>>) -> Floor {
        let generations = types.map(|ty| (ty.clone(), self.table(ty).generation)).collect();
        Floor { time: self.latest, generations }
    }

    /// Voids a type.
    fn drop_type(&mut self, ty: &Arc<str>) {
        self.journal.tell(Topic::ty(ty));
        let (generation, dropped) = (self.fresh(), self.table(ty).dropped);
        self.types.insert(ty.clone(), Table::new(generation, dropped));
    }

    /// Voids types whose documents in the store changed at `at`.
    pub fn drop_types(&mut self, types: &[Arc<str>], at: Time) {
        self.latest = self.latest.max(at);
        for ty in types {
            self.drop_type(ty);
            let table = self.table(ty);
            table.dropped = table.dropped.max(at);
        }
    }

    /// Voids everything and forgets the latest change seen.
    pub fn reset(&mut self) {
        self.latest = Time(0);
        self.clear();
    }

    /// Voids everything but keeps the latest change seen.
    pub fn clear(&mut self) {
        let numbers = self.fresh();
        let (latest, partitioned) = (self.latest, std::mem::take(&mut self.partitioned));
        let mark = Mark(numbers);
        *self = State { mark, numbers, latest, partitioned, ..State::new(self.limits.clone()) };
    }

    /// Evicts items beyond the bound of bytes.
    pub fn shrink(&mut self) {
        while let Some(item) = self.items.evict(self.limits.memory) {
            match item {
                Item::Entity(_) => {}
                Item::Ready(ready) => self.forget_if_gone(&ready.batch),
                Item::Whole(whole) => self.forget_if_gone(&whole.batch),
                Item::Pending(pending) => self.forget_if_gone(&pending.batch),
            }
        }
    }

    pub fn read_entities(&mut self, entities: &[EntityRef]) -> EntitiesRead {
        let floor = self.floor(entities.iter().map(|entity| &entity.ty));
        let mut read = |entity: &EntityRef| {
            let found = self.items.entity(entity, floor.generations[&entity.ty])?;
            Some(CachedEntity { stamp: found.stamp, doc: found.doc.clone() })
        };
        let entities = entities.iter().map(&mut read).collect();
        EntitiesRead { entities, floor }
    }

    pub fn fill_entity(&mut self, floor: &Floor, entity: &EntityRef, doc: Option<&Doc>) {
        let generation = self.table(&entity.ty).generation;
        if doc.is_some_and(|doc| doc.bytes().len() > self.limits.entity)
            || floor.generations.get(&entity.ty) != Some(&generation)
            || self.floors[registry::slot(entity)] > floor.time
        {
            return;
        }
        // Without a document, only its absence as of the floor's time is known.
        let stamp = Stamp { t: floor.time, v: doc.map_or(i64::MAX, Doc::version) };
        match self.items.entity(entity, generation) {
            Some(known) if known.stamp >= stamp => {}
            known => {
                // An entity that was not cached is not a change: it has not changed since anyone read it.
                if known.is_some() {
                    self.journal.tell(Topic::entity(entity));
                }
                self.keep_entity(entity, generation, stamp, doc);
            }
        }
    }

    fn keep_entity(&mut self, entity: &EntityRef, generation: u64, stamp: Stamp, doc: Option<&Doc>) {
        let key = Key::Entity(entity.clone());
        if doc.is_some_and(|doc| doc.bytes().len() > self.limits.entity) {
            self.items.remove(&key);
            return;
        }
        let expires = self.expiry();
        self.items.insert(key, Item::Entity(Entity { generation, stamp, doc: doc.cloned() }), expires);
    }

    pub fn read_page(&mut self, read: &PageRead) -> PageState {
        let generations = self.generations(&read.batch.def.types);
        let counted = if read.window.counts() { &read.batch.def.types[..] } else { &[] };
        let suspects = self.suspects.among(counted);
        match self.items.ready(read.batch.key) {
            Some(ready) if ready.generations == generations => ready.page(&read.window, &suspects),
            _ => PageState::Miss { known: 0 },
        }
    }

    pub fn news(&self, since: Option<Place>) -> News {
        let here = since.filter(|since| since.mark == self.mark);
        let changed = here.and_then(|since| self.journal.since(since.number));
        News { place: Place { mark: self.mark, number: self.journal.number }, changed }
    }

    pub fn filling(&mut self, batch: &Batch) -> bool {
        let generations = self.generations(&batch.def.types);
        self.items.pending(batch.key).is_some_and(|pending| pending.generations == generations)
    }

    pub fn read_partition(&mut self, read: &PartitionRead) -> PartitionState {
        let generations = self.generations(&read.batch.def.types);
        let suspects = self.suspects.among(&read.batch.def.types);
        match self.items.whole(read.batch.key) {
            Some(whole) if whole.generations == generations => whole.read(read, suspects),
            _ => PartitionState::Miss,
        }
    }

    pub fn note(&mut self, mark: Mark, change: &Change) -> Noted {
        let (entity, stamp) = (&change.entity, change.stamp);
        let slot = registry::slot(entity);
        let seen = stamp.t <= self.floors[slot].max(self.table(&entity.ty).dropped);
        self.floors[slot] = self.floors[slot].max(stamp.t);
        self.latest = self.latest.max(stamp.t);
        self.journal.tell(Topic::entity(entity));
        if mark != self.mark {
            self.drop_type(&entity.ty);
            return Noted::Voided(VoidReason::Mark);
        }
        let name = row_ref(entity);
        // No list has a row of a document with a longer name.
        let counts = self.limits.suspects > 0 && name.len() <= self.limits.row_key;
        if counts && self.suspects.add(&entity.ty, name, stamp, self.limits.suspects) {
            self.journal.tell(Topic::counts(&entity.ty));
        }
        let most = self.limits.matches;
        let table = self.table(&entity.ty);
        let find = |prefixes| table.find(&prefixes, most).ok_or(VoidReason::Matches);
        let found = registry::lookups(&table.shapes, change).and_then(find);
        if found.is_err() {
            self.drop_type(&entity.ty);
        }
        let generation = self.table(&entity.ty).generation;
        let known = self.items.entity(entity, generation).map(|known| known.stamp);
        // Without a known version, this one may be older than one seen before.
        if known.map_or(!seen && !self.partitioned.contains(&entity.ty), |known| stamp > known) {
            self.keep_entity(entity, generation, stamp, change.after.as_ref());
        }
        found.map_or_else(Noted::Voided, Noted::Found)
    }

    /// Whether the cache may be read.
    pub fn readable(&self) -> Result<(), CacheError> {
        self.following.readable(self.limits.freshness)
    }

    pub fn adopt(&mut self, adoption: &Adoption) -> Mark {
        if let Some(time) = adoption.void {
            self.clear();
            self.latest = self.latest.max(time);
        }
        self.following.adopt(adoption.term);
        self.mark
    }

    pub fn vouch(&mut self, voucher: &Voucher) -> bool {
        let Some(freshness) = self.limits.freshness else { return false };
        let vouched = self.following.vouch(voucher, freshness);
        if vouched {
            self.latest = self.latest.max(voucher.applied);
            self.suspects.reach(voucher.applied);
        }
        vouched
    }

    pub fn reconcile(&mut self, mark: Mark, change: &Reconcile) -> Reconciled {
        let Reconcile { batch, entity, stamp, row, doc, until } = change;
        let (name, row) = (row_ref(entity), row.as_ref());
        let generations = self.generations(&batch.def.types);
        let too_large = doc.as_ref().is_some_and(|doc| doc.bytes().len() > self.limits.member());
        let too_long = too_large || row.is_some_and(|row| row.0.len() > self.limits.row_key);
        let refused =
            if mark != self.mark { Some(DropReason::Mark) } else { too_long.then_some(DropReason::RowKey) };
        let limits = self.limits.clone();
        let version = self.fresh();
        let whole = self.items.whole(batch.key).filter(|whole| whole.generations == generations);
        let whole = whole.map(|whole| {
            let merge = || whole.merge(SortKey(name.clone()), *stamp, doc.clone(), version);
            let merged = refused.map_or_else(merge, Reconciled::Dropped);
            whole.beyond(&limits).map_or(merged, Reconciled::Dropped)
        });
        let ready = self.items.ready(batch.key).filter(|ready| ready.generations == generations);
        let ready = ready.map(|ready| {
            let merged =
                refused.map_or_else(|| ready.merge(&name, *stamp, (row, *until)), Reconciled::Dropped);
            ready.beyond(&limits).map_or(merged, Reconciled::Dropped)
        });
        let ready = whole.or(ready);
        let pending = self.items.pending(batch.key).filter(|pending| pending.generations == generations);
        let pending = pending.map(|pending| {
            let delta = match batch.def.partition {
                true => doc.clone().map(Delta::Doc),
                false => row.cloned().map(Delta::Row),
            };
            let merge = || pending.merge(&name, *stamp, (delta, *until), &limits);
            refused.map_or_else(merge, Reconciled::Dropped)
        });
        if ready != Some(Reconciled::Unchanged) {
            self.journal.tell(Topic::batch(batch.key));
        }
        self.settle(Key::Ready(batch.key), ready);
        self.settle(Key::Pending(batch.key), pending);
        self.forget_if_gone(batch);
        ready.or(pending).unwrap_or(Reconciled::Absent)
    }

    /// Updates the size of an item that absorbed a change; removes one that could not absorb it or was void.
    fn settle(&mut self, key: Key, done: Option<Reconciled>) {
        match done {
            None | Some(Reconciled::Dropped(_)) => drop(self.items.remove(&key)),
            Some(_) => self.items.weigh(&key),
        }
    }

    /// Removes entries from a type's index whose batches are gone. Returns how many there were.
    pub fn sweep(&mut self, ty: &Arc<str>, entries: Vec<(String, BatchKey)>) -> u64 {
        let mut gone = Vec::new();
        for (entry, key) in entries {
            if !self.holds(key) {
                self.journal.tell(Topic::batch(key));
                gone.push(entry);
            }
        }
        let table = self.table(ty);
        let removed = table.remove(&gone);
        table.tidy();
        removed
    }

    /// Whether a batch, valid or not, is ready or being filled.
    pub fn holds(&self, key: BatchKey) -> bool {
        self.items.has(&Key::Ready(key)) || self.items.has(&Key::Pending(key))
    }

    /// Takes a batch out of the table index once nothing is left of it; writers will no longer find it.
    fn forget_if_gone(&mut self, batch: &Batch) {
        if self.holds(batch.key) {
            return;
        }
        let (_, entries) = entries(batch);
        for ty in &batch.def.types {
            if self.table(ty).remove(&entries) > 0 {
                self.journal.tell(Topic::batch(batch.key));
            }
        }
    }
}

fn entries(batch: &Batch) -> (Shape, Vec<String>) {
    let (shape, prefixes) = registry::entries(batch);
    let entries = prefixes.into_iter().map(|prefix| prefix + &batch.text).collect();
    (shape, entries)
}
