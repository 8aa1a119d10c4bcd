//! Entities in Redis: one string each, with stamp and generation before the document.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use redis::Value;

use super::link::Link;
use super::phase::Need;
use super::scripts::fresh;
use super::{journal, keys, reply, scripts};
use crate::cache::{CacheError, CachedEntity, EntitiesRead, Floor, Topic, registry};
use crate::value::{Doc, EntityRef, Stamp, Time};

/// Length of a stamp and a generation.
const HEAD: usize = 48;
/// How many entities one script keeps.
const ENTITIES_PER_SCRIPT: usize = 32;

impl Link {
    pub async fn latest(&self) -> Result<Time, CacheError> {
        let mut get = redis::cmd("HGET");
        get.arg(self.tag.meta()).arg("F");
        match self.ask(vec![get]).await?.pop().unwrap_or(Value::Nil) {
            Value::Nil => Ok(Time::default()),
            latest => Ok(Time(reply::number(latest)?)),
        }
    }

    /// Uses plain commands, because in this order they are as good as one step: the meta hash is read first,
    /// so an entity with its generations is no older than the floor, and a fill that has missed something in
    /// between is refused.
    pub async fn read_entities(&self, entities: &[EntityRef]) -> Result<EntitiesRead, CacheError> {
        let types: BTreeSet<Arc<str>> = entities.iter().map(|entity| entity.ty.clone()).collect();
        let mut meta = redis::cmd("HMGET");
        meta.arg(self.tag.meta()).arg("i").arg("F");
        for ty in &types {
            meta.arg(format!("g:{ty}"));
        }
        let mut commands = vec![meta];
        if !entities.is_empty() {
            let mut get = redis::cmd("MGET");
            for entity in entities {
                get.arg(self.tag.entity(entity));
            }
            commands.push(get);
        }
        let mut answers = self.read(commands).await?.into_iter();
        let mut meta = reply::items(answers.next().unwrap_or(Value::Nil))?;
        let found = reply::items(answers.next().unwrap_or(Value::Nil))?;
        if meta.iter().enumerate().any(|(i, value)| i != 1 && *value == Value::Nil) {
            meta = self.start(&types).await?;
        }
        let mut meta = meta.into_iter();
        self.epoch.heard(reply::number(meta.next().unwrap_or(Value::Nil))?);
        let time = match meta.next().unwrap_or(Value::Nil) {
            Value::Nil => Time::default(),
            latest => Time(reply::number(latest)?),
        };
        let generations: BTreeMap<Arc<str>, u64> = types
            .into_iter()
            .zip(meta)
            .map(|(ty, generation)| Ok((ty, reply::number(generation)?)))
            .collect::<Result<_, CacheError>>()?;
        let entities = entities
            .iter()
            .zip(found)
            .map(|(entity, found)| {
                Ok(reply::bytes(found)?.and_then(|found| read(found, generations[&entity.ty])))
            })
            .collect::<Result<_, CacheError>>()?;
        Ok(EntitiesRead { entities, floor: Floor { time, generations } })
    }

    /// Gives generations to the types.
    async fn start(&self, types: &BTreeSet<Arc<str>>) -> Result<Vec<Value>, CacheError> {
        let mut start = scripts::START.call(&self.tag, scripts::META_ONLY, fresh()?, self.life());
        start.arg(types.len());
        for ty in types {
            start.arg(&**ty);
        }
        reply::items(self.ask(vec![start]).await?.pop().unwrap_or(Value::Nil))
    }

    pub async fn fill_entities(
        &self,
        floor: &Floor,
        entities: &[(EntityRef, Option<Doc>)],
    ) -> Result<(), CacheError> {
        let mut commands = Vec::new();
        let keeps = |(_, doc): &&(EntityRef, Option<Doc>)| {
            doc.as_ref().is_none_or(|doc| doc.bytes().len() <= self.limits.entity)
        };
        let kept: Vec<_> = entities.iter().filter(keeps).collect();
        for chunk in kept.chunks(ENTITIES_PER_SCRIPT) {
            let keys: Vec<_> = chunk.iter().map(|(entity, _)| self.tag.entity(entity)).collect();
            let number = fresh()?;
            let mut fill = scripts::FILL.call(&self.tag, &keys, number, self.life());
            fill.arg(keys::hex(floor.time.0)).arg(self.ttl(number));
            for (entity, doc) in chunk {
                let generation = floor.generations.get(&entity.ty).map_or(String::new(), |g| keys::hex(*g));
                // Without a document, only its absence as of the floor's time is known.
                let version = doc.as_ref().map_or(i64::MAX, Doc::version);
                fill.arg(&*entity.ty).arg(generation).arg(journal::topic(Topic::entity(entity)));
                fill.arg(keys::floor(registry::slot(entity)));
                fill.arg(keys::version(version)).arg(content(doc.as_ref()));
            }
            commands.push(fill);
        }
        for answer in self.send(Need::Trust, commands).await? {
            match answer {
                // Redis has no room: the entity is not kept.
                Err(error) if error.code() == "OOM" => {}
                answer => drop(reply::value(answer)?),
            }
        }
        Ok(())
    }
}

/// The part of an entity after its head.
pub(super) fn content(doc: Option<&Doc>) -> Vec<u8> {
    match doc {
        Some(doc) => [b"1".as_slice(), doc.bytes()].concat(),
        None => b"0".to_vec(),
    }
}

/// Reads a cached entity; `None` when it is void or malformed.
fn read(found: Vec<u8>, generation: u64) -> Option<CachedEntity> {
    let found = Bytes::from(found);
    if keys::number(found.get(32..HEAD)?) != Some(generation) {
        return None;
    }
    let stamp: Stamp = keys::read_stamp(&found[..32])?;
    match found.get(HEAD)? {
        b'0' => Some(CachedEntity { stamp, doc: None }),
        _ => Some(CachedEntity { stamp, doc: Some(Doc::from_bytes(found.slice(HEAD + 1..)).ok()?) }),
    }
}
