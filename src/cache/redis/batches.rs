//! Batches in Redis: page reads, leases and fills.

use std::collections::BTreeMap;

use redis::{Cmd, Value};

use super::link::{Link, millis};
use super::phase::Need;
use super::reply::Answer;
use super::scripts::{Script, fresh};
use super::{journal, keys, members, reply, scripts};
use crate::cache::proved::Extent;
use crate::cache::registry::{self, Kept};
use crate::cache::{
    Batch, CacheError, Floor, Lease, LeaseState, PageRead, PageRows, PageState, Proved, Topic, Window,
};
use crate::query::{Shape, SortKey};
use crate::value::Time;

/// How many members one command stages.
const MEMBERS_PER_COMMAND: usize = 500;

impl Link {
    /// Begins the call of a script on a batch, with the batch's keys and first arguments.
    pub fn batch_call(
        &self,
        script: &Script,
        batch: &Batch,
        number: u64,
        more_keys: &[String],
    ) -> (Cmd, Shape) {
        let mut keys: Vec<_> = self.batch_keys(batch).collect();
        keys.extend_from_slice(more_keys);
        let mut call = script.call(&self.tag, &keys, number, self.life());
        let shape = batch_args(&mut call, batch);
        (call, shape)
    }

    /// The batch's keys, in the form that the scripts take.
    pub fn batch_keys(&self, batch: &Batch) -> impl Iterator<Item = String> {
        let indexes = batch.def.types.iter().map(|ty| self.tag.index(ty));
        [self.tag.ready(batch.key, batch.def.partition), self.tag.pending(batch.key)]
            .into_iter()
            .chain(indexes)
    }

    pub async fn read_pages(&self, reads: &[PageRead]) -> Result<Vec<PageState>, CacheError> {
        let calls = reads.iter().map(|read| {
            let mut call = scripts::PAGE.call(&self.tag, &[self.tag.ready(read.batch.key, false)], 0, 0);
            types(&mut call, &read.batch);
            window(&mut call, &read.window);
            call.arg(u8::from(read.window.counts() && self.limits.suspects > 0));
            call
        });
        self.read(calls.collect()).await?.into_iter().map(page).collect()
    }

    pub async fn lease(&self, batches: &[Batch]) -> Result<Vec<LeaseState>, CacheError> {
        let short = |batch: &Batch| batch.text.len() <= self.limits.definition;
        let mut calls = Vec::new();
        let mut tokens = Vec::new();
        for batch in batches.iter().filter(|batch| short(batch)) {
            let token = fresh()?;
            let (mut call, shape) = self.batch_call(&scripts::LEASE, batch, fresh()?, &[]);
            call.arg(keys::hex(token)).arg(millis(self.limits.lease)).arg(self.life());
            call.arg(self.limits.batches).arg(self.limits.shapes).arg(&*shape.0);
            calls.push(call);
            tokens.push(token);
        }
        let mut answers = self.send(Need::Trust, calls).await?.into_iter().zip(tokens);
        let state = |batch| match short(batch).then(|| answers.next()).flatten() {
            Some((answer, token)) => self.lease_state(batch, answer, token),
            None => Ok(LeaseState::Refused),
        };
        batches.iter().map(state).collect()
    }

    fn lease_state(&self, batch: &Batch, answer: Answer, token: u64) -> Result<LeaseState, CacheError> {
        let answer = match answer {
            // Redis has no room.
            Err(error) if error.code() == "OOM" => return Ok(LeaseState::Refused),
            answer => reply::value(answer)?,
        };
        let mut items = reply::items(answer)?.into_iter();
        let mut next = || items.next().unwrap_or(Value::Nil);
        self.epoch.heard(reply::number(next())?);
        self.lost_index(reply::count(next())?);
        match reply::text(next())?.as_str() {
            "busy" => return Ok(LeaseState::Busy),
            "full" => return Ok(LeaseState::Full),
            _ => {}
        }
        let time = Time(reply::number(next())?);
        let generation = |ty: &std::sync::Arc<str>| Ok((ty.clone(), reply::number(next())?));
        let generations: BTreeMap<_, _> =
            batch.def.types.iter().map(generation).collect::<Result<_, CacheError>>()?;
        Ok(LeaseState::Granted(Lease { batch: batch.clone(), token, floor: Floor { time, generations } }))
    }

    pub async fn commit(&self, lease: &Lease, proved: &Proved) -> Result<bool, CacheError> {
        let kept = registry::keep(&lease.batch, proved, &self.limits);
        let members = kept.as_ref().and_then(|kept| members::of_fill(&kept.rows));
        let (Some(Kept { rows, extent }), Some(members)) = (kept, members) else {
            self.release(std::slice::from_ref(lease)).await?;
            return Ok(false);
        };
        let staged = self.tag.staged(lease.batch.key, lease.token);
        let mut commands = Vec::new();
        for chunk in members.chunks(MEMBERS_PER_COMMAND) {
            let mut add = redis::cmd("ZADD");
            add.arg(&staged);
            for member in chunk {
                add.arg(0).arg(member);
            }
            let mut expire = redis::cmd("PEXPIRE");
            expire.arg(&staged).arg(millis(self.limits.lease));
            commands.extend([add, expire]);
        }
        let number = fresh()?;
        let (mut call, _) =
            self.batch_call(&scripts::COMMIT, &lease.batch, number, std::slice::from_ref(&staged));
        let reach = match extent {
            Extent::Complete => Vec::new(),
            Extent::UpTo(end) => end.0,
        };
        call.arg(keys::hex(lease.token)).arg(rows.len()).arg(members.len()).arg(reach).arg(self.ttl(number));
        call.arg(self.limits.departed).arg(self.limits.most_rows()).arg(expires(proved.expires()));
        commands.push(call);
        let answers = self.send(Need::Trust, commands).await?;
        // The script counts the staged rows, so its own answer is enough to look at.
        match answers.into_iter().last() {
            Some(Err(error)) if error.code() == "OOM" => {
                let mut unstage = redis::cmd("UNLINK");
                unstage.arg(&staged);
                self.ask(vec![unstage]).await?;
                self.release(std::slice::from_ref(lease)).await?;
                Ok(false)
            }
            Some(answer) => Ok(reply::count(reply::value(answer)?)? == 1),
            None => Ok(false),
        }
    }

    pub async fn release(&self, leases: &[Lease]) -> Result<(), CacheError> {
        let mut calls = Vec::new();
        for lease in leases {
            let (mut call, _) = self.batch_call(&scripts::RELEASE, &lease.batch, fresh()?, &[]);
            call.arg(keys::hex(lease.token));
            calls.push(call);
        }
        self.ask(calls).await.map(drop)
    }

    pub async fn filling(&self, batches: &[Batch]) -> Result<Vec<bool>, CacheError> {
        let commands = batches.iter().flat_map(|batch| {
            let mut held = redis::cmd("HGET");
            held.arg(self.tag.pending(batch.key)).arg("g");
            let mut valid = redis::cmd("HMGET");
            valid.arg(self.tag.meta());
            for ty in &batch.def.types {
                valid.arg(format!("g:{ty}"));
            }
            [held, valid]
        });
        let mut answers = self.ask(commands.collect()).await?.into_iter();
        let mut next = || answers.next().unwrap_or(Value::Nil);
        let mut filling = Vec::with_capacity(batches.len());
        for _ in batches {
            let (held, valid) = (reply::bytes(next())?, reply::items(next())?);
            let valid: Option<Vec<_>> = valid.into_iter().map(reply::bytes).collect::<Result<_, _>>()?;
            filling.push(held.is_some() && held == valid.map(|generations| generations.concat()));
        }
        Ok(filling)
    }
}

/// The arguments that describe a batch to the scripts.
pub(super) fn batch_args(call: &mut Cmd, batch: &Batch) -> Shape {
    let (shape, prefixes) = registry::entries(batch);
    types(call, batch);
    call.arg(prefixes.len()).arg(prefixes).arg(&*batch.text).arg(journal::topic(Topic::batch(batch.key)));
    shape
}

pub(super) fn types(call: &mut Cmd, batch: &Batch) {
    call.arg(batch.def.types.len());
    for ty in &batch.def.types {
        call.arg(&**ty);
    }
}

/// A moment as the scripts take it.
pub(super) fn expires(until: Option<i64>) -> String {
    until.map_or_else(String::new, |until| until.to_string())
}

fn window(call: &mut Cmd, window: &Window) {
    for bound in [&window.after, &window.before] {
        call.arg(usize::from(bound.is_some()));
        if let Some(row) = bound {
            call.arg(&row.0);
        }
    }
    call.arg(window.offset).arg(window.limit);
    call.arg(u8::from(window.from_end)).arg(u8::from(window.total));
    call.arg(u8::from(window.previous)).arg(u8::from(window.next));
}

fn page(answer: Value) -> Result<PageState, CacheError> {
    let mut items = reply::items(answer)?.into_iter();
    let mut next = || reply::count(items.next().unwrap_or(Value::Nil));
    match next()? {
        0 => return Ok(PageState::Miss { known: next()? }),
        1 => {}
        _ => return Ok(PageState::Doubtful),
    }
    let (from, known, complete) = (next()?, next()?, next()? == 1);
    let until = i64::try_from(next()?).ok().filter(|until| *until > 0);
    let unshown = reply::items(items.next().unwrap_or(Value::Nil))?;
    let mut unshown: Vec<SortKey> = unshown.into_iter().map(row).collect::<Result<_, _>>()?;
    unshown.sort_unstable();
    unshown.dedup();
    let rows: Vec<SortKey> = items.map(row).collect::<Result<_, _>>()?;
    Ok(PageState::Hit(PageRows {
        has_previous: from > 0,
        has_next: from + (rows.len() as u64) < known || !complete,
        total: complete.then_some(known),
        until,
        rows,
        unshown,
    }))
}

fn row(member: Value) -> Result<SortKey, CacheError> {
    match reply::bytes(member)? {
        Some(mut member) if member.first() == Some(&b'0') => {
            member.remove(0);
            Ok(SortKey(member))
        }
        _ => Err(CacheError::Internal("a batch has a row that is none".into())),
    }
}
