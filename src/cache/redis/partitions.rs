//! Partitions in Redis: one hash each, read as a whole.

use bytes::Bytes;
use redis::Value;

use super::link::{Link, millis};
use super::phase::Need;
use super::scripts::fresh;
use super::{batches, keys, reply, scripts};
use crate::cache::partition::split;
use crate::cache::{CacheError, Lease, Partition, PartitionRead, PartitionState};
use crate::query::{BatchDef, SortKey, row_key};
use crate::value::{Doc, Stamp, Time};

/// Length of a stamp.
const STAMP: usize = 32;

impl Link {
    pub async fn read_partitions(&self, reads: &[PartitionRead]) -> Result<Vec<PartitionState>, CacheError> {
        let calls = reads.iter().map(|read| {
            let key = self.tag.ready(read.batch.key, true);
            let mut call = scripts::READ_PARTITION.call(&self.tag, &[key], 0, 0);
            batches::types(&mut call, &read.batch);
            call.arg(read.known.map_or(String::new(), keys::hex));
            call
        });
        let answers = self.read(calls.collect()).await?;
        answers.into_iter().zip(reads).map(|(answer, read)| state(answer, &read.batch.def)).collect()
    }

    pub async fn commit_partition(&self, lease: &Lease, docs: Option<&[Doc]>) -> Result<bool, CacheError> {
        let number = fresh()?;
        let (mut call, _) = self.batch_call(&scripts::COMMIT_PARTITION, &lease.batch, number, &[]);
        let all: Vec<u8> = docs.unwrap_or_default().iter().flat_map(|doc| doc.bytes()).copied().collect();
        let ttl = if docs.is_some() { self.ttl(number) } else { millis(self.limits.too_large()).max(1) };
        call.arg(keys::hex(lease.token)).arg(u8::from(docs.is_none())).arg(all).arg(ttl);
        call.arg(self.limits.departed);
        match self.send(Need::Trust, vec![call]).await?.pop() {
            Some(Err(error)) if error.code() == "OOM" => {
                self.release(std::slice::from_ref(lease)).await?;
                Ok(false)
            }
            Some(answer) => Ok(reply::count(reply::value(answer)?)? == 1),
            None => Ok(false),
        }
    }
}

fn state(answer: Value, def: &BatchDef) -> Result<PartitionState, CacheError> {
    let mut items = reply::items(answer)?.into_iter();
    let mut next = || items.next().unwrap_or(Value::Nil);
    let kind = reply::count(next())?;
    match kind {
        0 => return Ok(PartitionState::Miss),
        1 => return Ok(PartitionState::TooLarge),
        2 => return Ok(PartitionState::Doubtful),
        _ => {}
    }
    let suspects = suspects(next())?;
    if kind == 3 {
        return Ok(PartitionState::Same(suspects));
    }
    let partition = partition(next(), def)?;
    let malformed = || CacheError::Internal("a partition cannot be read".into());
    Ok(PartitionState::Held(partition.ok_or_else(malformed)?, suspects))
}

fn suspects(answer: Value) -> Result<Vec<(SortKey, Stamp)>, CacheError> {
    let mut items = reply::items(answer)?.into_iter();
    let mut suspects = Vec::with_capacity(items.len() / 2);
    while let (Some(name), Some(stamp)) = (items.next(), items.next()) {
        let stamp = reply::bytes(stamp)?.and_then(|stamp| keys::read_stamp(&stamp));
        suspects.extend(reply::bytes(name)?.map(SortKey).zip(stamp));
    }
    suspects.sort_unstable();
    Ok(suspects)
}

fn partition(answer: Value, def: &BatchDef) -> Result<Option<Partition>, CacheError> {
    let mut items = reply::items(answer)?.into_iter();
    let (mut head, mut filled, mut changes) = (None, Vec::new(), Vec::new());
    while let (Some(field), Some(value)) = (items.next(), items.next()) {
        let (Some(mut field), Some(value)) = (reply::bytes(field)?, reply::bytes(value)?) else { continue };
        match field.first() {
            Some(b'h') => head = Some(value),
            Some(b'd') => filled = value,
            _ => {
                field.remove(0);
                changes.push((SortKey(field), value));
            }
        }
    }
    Ok(merged(def, head, filled, changes))
}

fn merged(
    def: &BatchDef,
    head: Option<Vec<u8>>,
    filled: Vec<u8>,
    changes: Vec<(SortKey, Vec<u8>)>,
) -> Option<Partition> {
    let head = head?;
    let (time, version) = (Time(keys::number(head.get(..16)?)?), keys::number(head.get(16..32)?)?);
    let filled = split(Bytes::from(filled))?;
    let named = filled.into_iter().map(|doc| Some((row_key(&def.order, &def.on, doc.raw())?, doc)));
    let change = |(name, value): (SortKey, Vec<u8>)| {
        let stamp = keys::read_stamp(value.get(..STAMP)?)?;
        let content = Bytes::from(value).slice(STAMP..);
        let doc = if content.is_empty() { None } else { Some(Doc::from_bytes(content).ok()?) };
        Some((name, (stamp, doc)))
    };
    let changes = changes.into_iter().map(change).collect::<Option<Vec<_>>>()?;
    Some(Partition::merged(version, (time, named.collect::<Option<Vec<_>>>()?), changes))
}
