//! Entities through the cache: hits take one trip; misses are coalesced across all requests under way.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_graphql::dataloader::Loader;

use super::{Core, EngineError, View};
use crate::cache::{CachedEntity, Topic};
use crate::metrics::{CacheKind, CacheResult, Joined};
use crate::probe::Point;
use crate::store::deadline;
use crate::telemetry::TRACES;
use crate::value::{Doc, EntityRef, Id, Stamp};

impl View {
    /// The documents that the references name, in order; `None` where there is none that the viewer may see.
    pub async fn entities(&self, refs: &[EntityRef]) -> Result<Vec<Option<Doc>>, EngineError> {
        let found = self.stamped_entities(refs).await?;
        let visible =
            |(entity, found): (&EntityRef, CachedEntity)| found.doc.filter(|doc| self.sees(&entity.ty, doc));
        Ok(refs.iter().zip(found).map(visible).collect())
    }

    /// As [`View::entities`], with the cache's stamps, and whether the viewer may see them or not. An entity that had to be read from the store has a
    /// stamp of zero, which orders nothing.
    #[tracing::instrument(target = TRACES, level = "trace", name = "engine entities", skip_all, fields(entities = refs.len()))]
    pub(super) async fn stamped_entities(
        &self,
        refs: &[EntityRef],
    ) -> Result<Vec<CachedEntity>, EngineError> {
        if refs.is_empty() {
            return Ok(Vec::new());
        }
        let metrics = &self.lane.core.metrics;
        let mut found = match self.lane.core.cache.read_entities(refs).await {
            Ok(read) => {
                self.lane.core.saw(read.floor.time);
                read.entities
            }
            Err(_) => vec![None; refs.len()],
        };
        let missing: Vec<EntityRef> =
            refs.iter().zip(&found).filter(|(_, hit)| hit.is_none()).map(|(r, _)| r.clone()).collect();
        metrics.cache_read(CacheKind::Entity, CacheResult::Hit, (refs.len() - missing.len()) as u64);
        if missing.is_empty() {
            self.footprint.add(|read| {
                read.entities += refs.len() as u64;
                for entity in refs {
                    read.topics.extend([Topic::entity(entity), Topic::ty(&entity.ty)]);
                }
            });
        } else {
            self.footprint.spoil();
            // The load runs in a task of its own, for many requests.
            let loaded =
                deadline::limited(self.lane.core.options.read, self.lane.loader.load_many(missing)).await?;
            for (slot, entity) in found.iter_mut().zip(refs).filter(|(slot, _)| slot.is_none()) {
                if let Some(loaded) = loaded.get(entity) {
                    self.lane.core.count_load(loaded);
                    *slot = Some(loaded.entity.clone());
                }
            }
        }
        let absent = CachedEntity { stamp: Stamp::default(), doc: None };
        let mut found: Vec<_> =
            found.into_iter().map(|entity| entity.unwrap_or_else(|| absent.clone())).collect();
        if !self.lane.core.expiries.is_empty() {
            self.judge_expiry(refs, &mut found);
        }
        Ok(found)
    }

    /// Takes away the documents that have expired, and notes when the first of the others does.
    fn judge_expiry(&self, refs: &[EntityRef], found: &mut [CachedEntity]) {
        let expiries = &self.lane.core.expiries;
        let (now, mut until) = (expiries.now(), None);
        for (entity, found) in refs.iter().zip(found) {
            let end = found.doc.as_ref().and_then(|doc| expiries.of(&entity.ty)?.end(doc));
            match end {
                Some(end) if end <= now => found.doc = None,
                Some(end) => until = until.into_iter().chain([end]).min(),
                None => {}
            }
        }
        self.footprint.holds_until(until);
    }
}

/// An entity that was not cached when a request asked for it.
#[derive(Clone)]
pub(super) struct Loaded {
    entity: CachedEntity,
    from: CacheResult,
    /// Whether a read answered by this load has been counted as the miss; all other reads joined it.
    counted: Arc<AtomicBool>,
}

impl Loaded {
    fn new(entity: CachedEntity, from: CacheResult) -> Loaded {
        Loaded { entity, from, counted: Arc::default() }
    }
}

impl Core {
    fn count_load(&self, loaded: &Loaded) {
        let joined = loaded.counted.swap(true, Ordering::Relaxed);
        if joined {
            self.metrics.cache_joined(Joined::Load, 1);
        }
        let result = if joined { CacheResult::Joined } else { loaded.from };
        self.metrics.cache_read(CacheKind::Entity, result, 1);
    }
}

/// Reads entities that were not cached from the store, and fills the cache with them.
///
/// The data loader calls it once for everything requested while it waits. A request joins only a load that
/// has not begun, so it never receives an answer older than itself.
pub(super) struct EntityLoader(pub(super) Arc<Core>);

impl Loader<EntityRef> for EntityLoader {
    type Value = Loaded;
    type Error = EngineError;

    async fn load(&self, keys: &[EntityRef]) -> Result<HashMap<EntityRef, Loaded>, EngineError> {
        let core = &self.0;
        // The floor must be taken before the store is read; and what another load has filled meanwhile need
        // not be read at all.
        let read = core.cache.read_entities(keys).await.ok();
        let mut found = HashMap::with_capacity(keys.len());
        let mut missing: BTreeMap<Arc<str>, Vec<Id>> = BTreeMap::new();
        for (index, key) in keys.iter().enumerate() {
            match read.as_ref().and_then(|read| read.entities[index].clone()) {
                Some(entity) => {
                    found.insert(key.clone(), Loaded::new(entity, CacheResult::Joined));
                }
                None => missing.entry(key.ty.clone()).or_default().push(key.id.clone()),
            }
        }
        let floor = read.map(|read| read.floor);
        let (result, at) = match &floor {
            Some(floor) => (CacheResult::Miss, core.at(floor.time)),
            None => (CacheResult::Bypass, core.at_latest().await),
        };
        core.passes(Point::EntityFloor).await;
        for (ty, ids) in missing {
            let mut docs = core.store.get(&ty, &ids, at).await?;
            core.passes(Point::EntityRead).await;
            let entities: Vec<(EntityRef, Option<Doc>)> = ids
                .into_iter()
                .map(|id| (EntityRef { ty: ty.clone(), id: id.clone() }, docs.remove(&id)))
                .collect();
            if let Some(floor) = &floor {
                // If the cache is out of reach, the answer is still right.
                let _ = core.cache.fill_entities(floor, &entities).await;
            }
            found.extend(entities.into_iter().map(|(entity, doc)| {
                (entity, Loaded::new(CachedEntity { stamp: Stamp::default(), doc }, result))
            }));
        }
        Ok(found)
    }
}
