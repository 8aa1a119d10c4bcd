//! Housekeeping in Redis: clears, sweeps the table indexes, counts. It works in small portions and without
//! hurry.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parking_lot::Mutex;
use redis::Value;

use super::link::Link;
use super::phase::Need;
use super::scripts::fresh;
use super::{journal, reply, scripts};
use crate::cache::{CacheError, Topic, TypeStats};
use crate::query::BatchDef;

/// How many keys one step of a scan looks at.
const KEYS_PER_STEP: usize = 500;
/// How many index entries one sweep looks at, and how many one step of it does.
const ENTRIES_PER_SWEEP: usize = 1_000;
const ENTRIES_PER_STEP: usize = 100;

impl Link {
    pub async fn clear(&self) -> Result<(), CacheError> {
        let mut get = redis::cmd("HGET");
        get.arg(self.tag.meta()).arg("r");
        let answer = self.send(Need::Change, vec![get]).await?.pop();
        let run_id = match answer {
            Some(Ok(Value::BulkString(id))) => String::from_utf8(id).unwrap_or_default(),
            // The next connection clears again.
            _ => String::new(),
        };
        self.epoch.void(&run_id).await?;
        self.remove_void().await
    }

    pub async fn reset(&self) -> Result<(), CacheError> {
        let mut forget = redis::cmd("DEL");
        forget.arg(self.tag.meta());
        self.send(Need::Change, vec![forget]).await?;
        self.clear().await
    }

    /// Removes voided data, even while other servers cache it anew. Fills under way are left to expire.
    pub async fn remove_void(&self) -> Result<(), CacheError> {
        let kinds = ["e", "b", "h"].map(|kind| (kind, format!("{}{kind}:", self.tag.prefix())));
        let index = self.tag.index("");
        let mut cursor = None;
        while let Some(found) = self.scan(&mut cursor, self.tag.prefix()).await? {
            let mut keys: Vec<Vec<u8>> = Vec::new();
            let mut kinds_found = Vec::new();
            let mut commands = Vec::new();
            for key in found {
                if let Some(ty) = key.strip_prefix(index.as_bytes()) {
                    // Voids the type if its entries are unaccounted for, as after a clear.
                    commands.push(self.sweep_call(&String::from_utf8_lossy(ty), &[], false)?);
                } else if let Some((kind, _)) =
                    kinds.iter().find(|(_, head)| key.starts_with(head.as_bytes()))
                {
                    keys.push(key);
                    kinds_found.push(*kind);
                }
            }
            let mut remove = scripts::REMOVE.call(&self.tag, &keys, fresh()?, self.life());
            for kind in kinds_found {
                remove.arg(kind);
            }
            commands.push(remove);
            self.ask(commands).await?;
        }
        Ok(())
    }

    /// The next keys with the prefix; `None` at the end.
    async fn scan(
        &self,
        cursor: &mut Option<Vec<u8>>,
        prefix: &str,
    ) -> Result<Option<Vec<Vec<u8>>>, CacheError> {
        if cursor.as_deref() == Some(b"0") {
            return Ok(None);
        }
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor.as_deref().unwrap_or(b"0"))
            .arg("MATCH")
            .arg(format!("{prefix}*"))
            .arg("COUNT")
            .arg(KEYS_PER_STEP);
        let mut answer = reply::items(self.ask(vec![scan]).await?.pop().unwrap_or(Value::Nil))?.into_iter();
        *cursor = Some(reply::bytes(answer.next().unwrap_or(Value::Nil))?.unwrap_or_else(|| b"0".to_vec()));
        let keys = reply::items(answer.next().unwrap_or(Value::Nil))?.into_iter();
        Ok(Some(keys.filter_map(|key| reply::bytes(key).transpose()).collect::<Result<_, _>>()?))
    }

    /// The types that have a generation, each with it.
    async fn types(&self) -> Result<BTreeMap<String, Vec<u8>>, CacheError> {
        let mut all = redis::cmd("HGETALL");
        all.arg(self.tag.meta());
        let answer = reply::items(self.ask(vec![all]).await?.pop().unwrap_or(Value::Nil))?;
        let mut types = BTreeMap::new();
        let mut answer = answer.into_iter();
        while let (Some(field), Some(value)) = (answer.next(), answer.next()) {
            if let Some(ty) = reply::text(field)?.strip_prefix("g:") {
                types.insert(ty.to_owned(), reply::bytes(value)?.unwrap_or_default());
            }
        }
        Ok(types)
    }

    /// The index entries after a given one.
    async fn entries(&self, ty: &str, after: &[u8], count: usize) -> Result<Vec<Vec<u8>>, CacheError> {
        // Shapes begin with `!`, which sorts before all entries.
        let from = if after.is_empty() { b"[\"".to_vec() } else { [b"(", after].concat() };
        let mut range = redis::cmd("ZRANGEBYLEX");
        range.arg(self.tag.index(ty)).arg(from).arg("+").arg("LIMIT").arg(0).arg(count);
        reply::strings(self.ask(vec![range]).await?.pop().unwrap_or(Value::Nil))
    }

    /// Removes entries from a type's index whose batches are gone; if `drops`, also those of batches that are ready and
    /// not being filled. Returns how many there were.
    pub async fn sweep_entries(&self, ty: &str, entries: &[Vec<u8>], drops: bool) -> Result<u64, CacheError> {
        let call = self.sweep_call(ty, entries, drops)?;
        let answer = reply::items(self.ask(vec![call]).await?.pop().unwrap_or(Value::Nil))?;
        let mut counts = answer.into_iter().map(reply::count);
        let removed = counts.next().unwrap_or(Ok(0))?;
        self.lost_index(counts.next().unwrap_or(Ok(0))?);
        Ok(removed)
    }

    fn sweep_call(&self, ty: &str, entries: &[Vec<u8>], drops: bool) -> Result<redis::Cmd, CacheError> {
        let mut keys = vec![self.tag.index(ty)];
        let mut topics = Vec::with_capacity(entries.len());
        for entry in entries {
            let text = String::from_utf8_lossy(definition(entry));
            let key = BatchDef::key(&text);
            keys.extend([self.tag.ready(key, BatchDef::is_partition(&text)), self.tag.pending(key)]);
            topics.push(journal::topic(Topic::batch(key)));
        }
        let mut call = scripts::SWEEP.call(&self.tag, &keys, fresh()?, self.life());
        call.arg(ty).arg(u8::from(drops)).arg(entries.len());
        for entry in entries {
            call.arg(entry);
        }
        call.arg(topics.len()).arg(topics);
        Ok(call)
    }

    pub async fn stats(&self) -> Result<BTreeMap<Arc<str>, TypeStats>, CacheError> {
        let types = self.types().await?;
        let mut stats = BTreeMap::new();
        for (ty, generation) in &types {
            let mut of_type = TypeStats::default();
            let mut cursor = None;
            while let Some(found) = self.scan(&mut cursor, &self.tag.entities(ty)).await? {
                let generation_of = |key: &Vec<u8>| {
                    let mut get = redis::cmd("GETRANGE");
                    get.arg(key).arg(32).arg(47);
                    get
                };
                for found in self.ask(found.iter().map(generation_of).collect()).await? {
                    of_type.entities += u64::from(reply::bytes(found)?.as_ref() == Some(generation));
                }
            }
            let mut batches = BTreeSet::new();
            let mut after = Vec::new();
            loop {
                let entries = self.entries(ty, &after, ENTRIES_PER_SWEEP).await?;
                let Some(last) = entries.last() else { break };
                after.clone_from(last);
                batches.extend(
                    entries.iter().map(|entry| BatchDef::key(&String::from_utf8_lossy(definition(entry)))),
                );
            }
            of_type.batches = batches.len() as u64;
            if of_type != TypeStats::default() {
                stats.insert(Arc::from(ty.as_str()), of_type);
            }
        }
        Ok(stats)
    }
}

/// Sweeps the table indexes under one tag, in portions.
pub(super) struct Sweeper {
    link: Arc<Link>,
    position: Mutex<Position>,
}

/// Where the next sweep continues: a type, and an entry of its index.
type Position = (String, Vec<u8>);

impl Sweeper {
    pub fn new(link: Arc<Link>) -> Sweeper {
        Sweeper { link, position: Mutex::default() }
    }

    pub async fn sweep(&self) -> Result<u64, CacheError> {
        let (mut ty, mut after) = self.position.lock().clone();
        let types = self.link.types().await?;
        let mut removed = 0;
        let mut left = ENTRIES_PER_SWEEP;
        for next in types.range(ty.clone()..).map(|(next, _)| next) {
            if *next != ty {
                (ty, after) = (next.clone(), Vec::new());
            }
            loop {
                let step = left.min(ENTRIES_PER_STEP);
                let entries = self.link.entries(&ty, &after, step).await?;
                removed += self.link.sweep_entries(&ty, &entries, false).await?;
                left -= entries.len();
                if let Some(last) = entries.last() {
                    after.clone_from(last);
                }
                if left == 0 {
                    *self.position.lock() = (ty, after);
                    return Ok(removed);
                }
                if entries.len() < step {
                    break;
                }
            }
        }
        // The next sweep starts over.
        *self.position.lock() = Position::default();
        Ok(removed)
    }
}

/// The definition in an index entry.
pub(super) fn definition(entry: &[u8]) -> &[u8] {
    entry.splitn(3, |&byte| byte == b'|').nth(2).unwrap_or_default()
}
