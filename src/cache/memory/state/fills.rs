//! Fills of batches in memory: leases, and what becomes of them.

use std::sync::Arc;
use std::time::Instant;

use super::{State, entries};
use crate::cache::memory::batch::{Pending, Ready};
use crate::cache::memory::items::{Item, Key};
use crate::cache::memory::partition::Whole;
use crate::cache::registry::{self, Kept};
use crate::cache::{Batch, Lease, LeaseState, Proved, Topic};
use crate::query::row_key;
use crate::value::Doc;

impl State {
    pub fn lease(&mut self, batch: &Batch) -> LeaseState {
        if self.filling(batch) {
            return LeaseState::Busy;
        }
        let generations = self.generations(&batch.def.types);
        let (shape, entries) = entries(batch);
        let limits = self.limits.clone();
        let has_room = |ty: &Arc<str>| self.table(ty).has_room(&shape, &entries, &limits);
        if batch.text.len() > limits.definition {
            return LeaseState::Refused;
        }
        if !batch.def.types.iter().all(has_room) {
            return LeaseState::Full;
        }
        for ty in &batch.def.types {
            self.table(ty).register(&shape, &entries, batch);
        }
        let token = self.fresh();
        let pending = Pending::new(batch.clone(), generations, token, self.latest);
        let expires = Instant::now() + limits.lease;
        self.items.insert(Key::Pending(batch.key), Item::Pending(Box::new(pending)), expires);
        LeaseState::Granted(Lease { batch: batch.clone(), token, floor: self.floor(batch.def.types.iter()) })
    }

    pub fn commit(&mut self, lease: &Lease, proved: &Proved) -> bool {
        let Some(pending) = self.take_pending(lease) else { return false };
        let kept = registry::keep(&lease.batch, proved, &self.limits);
        let valid = pending.generations == self.generations(&lease.batch.def.types);
        let make = |kept: Kept| Ready::new(pending, kept, proved.expires(), &self.limits);
        let Some(ready) = kept.filter(|_| valid).and_then(make) else {
            self.forget_if_gone(&lease.batch);
            return false;
        };
        self.journal.tell(Topic::batch(lease.batch.key));
        let expires = self.expiry();
        self.items.insert(Key::Ready(lease.batch.key), Item::Ready(Box::new(ready)), expires);
        true
    }

    pub fn commit_partition(&mut self, lease: &Lease, docs: Option<&[Doc]>) -> bool {
        let Some(pending) = self.take_pending(lease) else { return false };
        let def = &lease.batch.def;
        let named = |doc: &Doc| Some((row_key(&def.order, &def.on, doc.raw())?, doc.clone()));
        let filled = docs.map(|docs| docs.iter().map(named).collect::<Option<Vec<_>>>());
        let valid = pending.generations == self.generations(&lease.batch.def.types);
        let version = self.fresh();
        let whole = match filled {
            Some(None) => None,
            filled => Whole::new(pending, filled.flatten(), version, &self.limits),
        };
        let Some(whole) = whole.filter(|_| valid) else {
            self.forget_if_gone(&lease.batch);
            return false;
        };
        self.journal.tell(Topic::batch(lease.batch.key));
        let expires = match docs {
            Some(_) => self.expiry(),
            None => Instant::now() + self.limits.too_large(),
        };
        self.items.insert(Key::Ready(lease.batch.key), Item::Whole(Box::new(whole)), expires);
        true
    }

    /// Takes out the fill that a lease began, if it is still there.
    fn take_pending(&mut self, lease: &Lease) -> Option<Pending> {
        let key = lease.batch.key;
        self.items.pending(key).filter(|pending| pending.token == lease.token)?;
        match self.items.remove(&Key::Pending(key))? {
            Item::Pending(pending) => Some(*pending),
            _ => None,
        }
    }

    pub fn release(&mut self, lease: &Lease) {
        if self.take_pending(lease).is_some() {
            self.forget_if_gone(&lease.batch);
        }
    }
}
