//! Entities through the cache: hits in one trip, misses coalesced over all requests under way.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use async_graphql::dataloader::Loader;

use super::{Core, Engine, EngineError, Footprint};
use crate::cache::{CachedEntity, Topic};
use crate::metrics::{CacheKind, CacheResult};
use crate::value::{Doc, EntityRef, Id, Stamp, Time};

impl Engine {
    /// The documents of the references, in their order; `None` where there is none.
    pub async fn entities(
        &self,
        refs: &[EntityRef],
        footprint: &Footprint,
    ) -> Result<Vec<Option<Doc>>, EngineError> {
        let found = self.stamped_entities(refs, footprint).await?;
        Ok(found.into_iter().map(|entity| entity.doc).collect())
    }

    /// As [`Engine::entities`], with the stamps that the cache has. What had to be read from the store
    /// has a stamp of zero: it orders nothing.
    pub(super) async fn stamped_entities(
        &self,
        refs: &[EntityRef],
        footprint: &Footprint,
    ) -> Result<Vec<CachedEntity>, EngineError> {
        if refs.is_empty() {
            return Ok(Vec::new());
        }
        let metrics = &self.core.metrics;
        let mut found = match self.core.cache.read_entities(refs).await {
            Ok(read) => {
                self.core.saw(read.floor.time);
                read.entities
            }
            Err(_) => vec![None; refs.len()],
        };
        let missing: Vec<EntityRef> =
            refs.iter().zip(&found).filter(|(_, hit)| hit.is_none()).map(|(r, _)| r.clone()).collect();
        metrics.cache_read(CacheKind::Entity, CacheResult::Hit, (refs.len() - missing.len()) as u64);
        if missing.is_empty() {
            footprint.add(|read| {
                read.entities += refs.len() as u64;
                for entity in refs {
                    read.topics.extend([Topic::entity(entity), Topic::ty(&entity.ty)]);
                }
            });
        } else {
            footprint.spoil();
            let loaded = self.loader.load_many(missing).await?;
            for (slot, entity) in found.iter_mut().zip(refs).filter(|(slot, _)| slot.is_none()) {
                *slot = loaded.get(entity).cloned();
            }
        }
        let absent = CachedEntity { stamp: Stamp::default(), doc: None };
        Ok(found.into_iter().map(|entity| entity.unwrap_or_else(|| absent.clone())).collect())
    }
}

/// Reads entities that were not cached from the store and fills the cache with them.
///
/// The data loader calls it once for all that is asked for while it waits; a request joins only a load
/// that has not begun, so that it never receives an answer older than itself.
pub(super) struct EntityLoader(pub(super) Arc<Core>);

impl Loader<EntityRef> for EntityLoader {
    type Value = CachedEntity;
    type Error = EngineError;

    async fn load(&self, keys: &[EntityRef]) -> Result<HashMap<EntityRef, CachedEntity>, EngineError> {
        let core = &self.0;
        // The floor has to be taken before the store is read; and what another load has filled
        // meanwhile need not be read at all.
        let read = core.cache.read_entities(keys).await.ok();
        let mut found = HashMap::with_capacity(keys.len());
        let mut missing: BTreeMap<Arc<str>, Vec<Id>> = BTreeMap::new();
        for (index, key) in keys.iter().enumerate() {
            match read.as_ref().and_then(|read| read.entities[index].clone()) {
                Some(entity) => {
                    core.metrics.cache_read(CacheKind::Entity, CacheResult::Joined, 1);
                    found.insert(key.clone(), entity);
                }
                None => missing.entry(key.ty.clone()).or_default().push(key.id.clone()),
            }
        }
        let floor = read.map(|read| read.floor);
        let result = if floor.is_some() { CacheResult::Miss } else { CacheResult::Bypass };
        let at = core.at(floor.as_ref().map_or(Time(0), |floor| floor.time));
        for (ty, ids) in missing {
            core.metrics.cache_read(CacheKind::Entity, result, ids.len() as u64);
            let mut docs = core.store.get(&ty, &ids, at).await?;
            let entities: Vec<(EntityRef, Option<Doc>)> = ids
                .into_iter()
                .map(|id| (EntityRef { ty: ty.clone(), id: id.clone() }, docs.remove(&id)))
                .collect();
            if let Some(floor) = &floor {
                // Out of reach: the answer is right all the same.
                let _ = core.cache.fill_entities(floor, &entities).await;
            }
            found.extend(
                entities
                    .into_iter()
                    .map(|(entity, doc)| (entity, CachedEntity { stamp: Stamp::default(), doc })),
            );
        }
        Ok(found)
    }
}
