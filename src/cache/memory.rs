//! The cache in the process's memory: the embedded default, and the reference that the Redis scripts are
//! tested against, operation by operation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;

use super::{
    Adoption, Batch, CacheError, CacheLimits, Changes, EntitiesRead, Fills, Floor, Following, Journal, Lease,
    LeaseState, Mark, News, Notes, PageRead, PageState, PartitionRead, PartitionState, Place, Proved, Reads,
    Reconcile, Reconciled, Standing, TypeStats, Upkeep, Voucher,
};
use crate::value::{Change, Doc, EntityRef, Time};

mod batch;
mod following;
mod items;
mod journal;
mod partition;
mod state;
mod suspects;
mod table;

use state::State;

/// How many index entries one call of [`Upkeep::sweep`] looks at.
const SWEEP: usize = 1_000;

/// An in-memory cache for one process. Every operation is one step: one lock, never held across an await.
pub struct MemoryCache {
    state: Mutex<State>,
    /// Where the next sweep continues.
    place: Mutex<(Arc<str>, String)>,
}

impl MemoryCache {
    /// An empty cache.
    pub fn new(limits: CacheLimits) -> MemoryCache {
        MemoryCache {
            state: Mutex::new(State::new(limits)),
            place: Mutex::new((Arc::from(""), String::new())),
        }
    }

    /// Runs an operation as one step, then evicts what exceeds the bound.
    fn step<T>(&self, work: impl FnOnce(&mut State) -> T) -> Result<T, CacheError> {
        let mut state = self.state.lock();
        let result = work(&mut state);
        state.shrink();
        Ok(result)
    }
}

#[async_trait]
impl Reads for MemoryCache {
    async fn read_entities(&self, entities: &[EntityRef]) -> Result<EntitiesRead, CacheError> {
        self.step(|state| state.readable().map(|()| state.read_entities(entities)))?
    }

    async fn read_pages(&self, reads: &[PageRead]) -> Result<Vec<PageState>, CacheError> {
        self.step(|state| {
            state.readable().map(|()| reads.iter().map(|read| state.read_page(read)).collect())
        })?
    }

    async fn read_partitions(&self, reads: &[PartitionRead]) -> Result<Vec<PartitionState>, CacheError> {
        self.step(|state| {
            state.readable().map(|()| reads.iter().map(|read| state.read_partition(read)).collect())
        })?
    }

    async fn latest(&self) -> Result<Time, CacheError> {
        self.step(|state| state.latest)
    }
}

#[async_trait]
impl Fills for MemoryCache {
    async fn fill_entities(
        &self,
        floor: &Floor,
        entities: &[(EntityRef, Option<Doc>)],
    ) -> Result<(), CacheError> {
        self.step(|state| {
            for (entity, doc) in entities {
                state.fill_entity(floor, entity, doc.as_ref());
            }
        })
    }

    async fn lease(&self, batches: &[Batch]) -> Result<Vec<LeaseState>, CacheError> {
        self.step(|state| batches.iter().map(|batch| state.lease(batch)).collect())
    }

    async fn commit(&self, lease: &Lease, proved: &Proved) -> Result<bool, CacheError> {
        self.step(|state| state.commit(lease, proved))
    }

    async fn commit_partition(&self, lease: &Lease, docs: Option<&[Doc]>) -> Result<bool, CacheError> {
        self.step(|state| state.commit_partition(lease, docs))
    }

    async fn release(&self, leases: &[Lease]) -> Result<(), CacheError> {
        self.step(|state| leases.iter().for_each(|lease| state.release(lease)))
    }

    async fn filling(&self, batches: &[Batch]) -> Result<Vec<bool>, CacheError> {
        self.step(|state| batches.iter().map(|batch| state.filling(batch)).collect())
    }
}

#[async_trait]
impl Changes for MemoryCache {
    fn mark(&self) -> Mark {
        self.state.lock().mark
    }

    fn partitioned(&self, types: &[Arc<str>]) {
        self.state.lock().partitioned.extend(types.iter().cloned());
    }

    async fn note(&self, mark: Mark, changes: &[Change]) -> Result<Notes, CacheError> {
        self.step(|state| {
            let of_changes = changes.iter().map(|change| state.note(mark, change)).collect();
            Notes { of_changes, vouched: state.readable().is_ok() }
        })
    }

    async fn reconcile(&self, mark: Mark, rows: &[Reconcile]) -> Result<Vec<Reconciled>, CacheError> {
        self.step(|state| rows.iter().map(|row| state.reconcile(mark, row)).collect())
    }

    async fn drop_types(&self, types: &[Arc<str>], at: Time) -> Result<(), CacheError> {
        self.step(|state| state.drop_types(types, at))
    }
}

#[async_trait]
impl Journal for MemoryCache {
    async fn news(&self, since: Option<Place>) -> Result<Option<News>, CacheError> {
        self.step(|state| state.readable().map(|()| Some(state.news(since))))?
    }
}

#[async_trait]
impl Following for MemoryCache {
    async fn clock(&self) -> Result<u64, CacheError> {
        Ok(following::clock())
    }

    async fn standing(&self) -> Result<Standing, CacheError> {
        self.step(|state| state.following.standing())
    }

    async fn adopt(&self, adoption: &Adoption) -> Result<Mark, CacheError> {
        self.step(|state| state.adopt(adoption))
    }

    async fn vouch(&self, voucher: &Voucher) -> Result<bool, CacheError> {
        self.step(|state| state.vouch(voucher))
    }

    async fn vouched(&self) -> Result<bool, CacheError> {
        self.step(|state| state.readable().is_ok())
    }

    fn settled(&self, _: u64, mark: Mark, changes: &[(EntityRef, Time)]) {
        self.state.lock().following.remember(mark, changes);
    }

    async fn reached(&self, mark: Mark, at: Time) -> Result<(), CacheError> {
        self.step(|state| {
            if state.mark == mark {
                state.suspects.reach(at);
            }
        })
    }

    async fn unsettled(&self, mark: Mark, changes: Vec<Change>) -> Result<Vec<Change>, CacheError> {
        self.step(|state| state.following.unsettled(mark, changes))
    }
}

#[async_trait]
impl Upkeep for MemoryCache {
    fn name(&self) -> &'static str {
        "memory"
    }

    async fn clear(&self) -> Result<(), CacheError> {
        self.step(State::clear)
    }

    async fn reset(&self) -> Result<(), CacheError> {
        self.step(State::reset)
    }

    async fn stats(&self) -> Result<BTreeMap<Arc<str>, TypeStats>, CacheError> {
        self.step(|state| {
            let mut stats: BTreeMap<Arc<str>, TypeStats> = BTreeMap::new();
            for (ty, table) in state.types.iter().filter(|(_, table)| table.batches() > 0) {
                stats.entry(ty.clone()).or_default().batches = table.batches();
            }
            for (name, entity) in state.items.entities() {
                if state.types.get(&name.ty).is_some_and(|table| table.generation == entity.generation) {
                    stats.entry(name.ty.clone()).or_default().entities += 1;
                }
            }
            stats
        })
    }

    async fn make_room(&self, ty: &Arc<str>) -> Result<u64, CacheError> {
        self.step(|state| state.make_room(ty))
    }

    async fn sweep(&self) -> Result<u64, CacheError> {
        let mut place = self.place.lock();
        self.step(|state| {
            let types: BTreeSet<Arc<str>> = state.types.keys().cloned().collect();
            let (mut left, mut removed) = (SWEEP, 0);
            for ty in types.range(place.0.clone()..) {
                let from = if *ty == place.0 { std::mem::take(&mut place.1) } else { String::new() };
                let slice = state.types.get(ty).map_or_else(Vec::new, |table| table.after(&from, left));
                left -= slice.len();
                if let Some((last, _)) = slice.last() {
                    *place = (ty.clone(), last.clone());
                }
                removed += state.sweep(ty, slice);
                if left == 0 {
                    return removed;
                }
            }
            // The next sweep starts over.
            *place = (Arc::from(""), String::new());
            removed
        })
    }
}
