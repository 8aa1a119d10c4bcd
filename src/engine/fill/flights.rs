//! Fills under way: in this process, and the leases that it holds for them.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::cache::Lease;
use crate::engine::Core;
use crate::query::BatchKey;

/// The fills under way in this process.
#[derive(Default)]
pub(in crate::engine) struct Flights(Mutex<HashMap<BatchKey, watch::Receiver<()>>>);

/// A fill that this process has begun. Dropping it wakes the readers that wait for it.
pub(super) struct Flight<'a> {
    flights: &'a Flights,
    key: BatchKey,
    _landing: watch::Sender<()>,
}

impl Flights {
    /// Begins a flight; if one is already under way for the batch, returns a receiver to wait for its end.
    pub(super) fn begin(&self, key: BatchKey) -> Result<Flight<'_>, watch::Receiver<()>> {
        let mut flights = self.0.lock();
        if let Some(landing) = flights.get(&key) {
            return Err(landing.clone());
        }
        let (landing, receiver) = watch::channel(());
        flights.insert(key, receiver);
        Ok(Flight { flights: self, key, _landing: landing })
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.flights.0.lock().remove(&self.key);
    }
}

/// Leases of fills under way. Gives them back if the fills are abandoned, since other readers wait for them.
pub(super) struct Held {
    core: Arc<Core>,
    leases: Vec<Lease>,
}

impl Held {
    pub(super) fn new(core: &Arc<Core>, leases: Vec<Lease>) -> Held {
        Held { core: core.clone(), leases }
    }

    /// Marks the fills as ended, whatever their result.
    pub(super) fn settled(mut self) {
        self.leases.clear();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let (core, leases) = (self.core.clone(), std::mem::take(&mut self.leases));
        if let (false, Ok(runtime)) = (leases.is_empty(), Handle::try_current()) {
            // If the cache is out of reach, the leases expire by themselves.
            runtime.spawn(async move { core.cache.release(&leases).await });
        }
    }
}
