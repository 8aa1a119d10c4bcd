//! Brings changes to Redis: notes them, reconciles batches, voids types. An error here leaves stale data, so
//! it ends the trust in the cache.

use std::collections::BTreeMap;
use std::iter;
use std::sync::Arc;

use redis::{Cmd, Value};

use super::batches::{self, batch_args};
use super::known::{Known, Shapes};
use super::link::Link;
use super::phase::Need;
use super::reply::Answer;
use super::scripts::fresh;
use super::{entities, journal, keys, reply, scripts};
use crate::cache::{
    Batch, CacheError, DropReason, Mark, Noted, Notes, Reconcile, Reconciled, Topic, VoidReason, registry,
};
use crate::metrics::Label;
use crate::probe::without::{Mechanism, without};
use crate::query::{BatchKey, Shape, SortKey, row_ref};
use crate::value::{Change, Time};

/// How often a change is looked up again because the type's shapes have changed meanwhile; after that, the
/// type is voided.
const LOOKS: usize = 8;
/// How many batches one script brings in line, and how many changes one takes note of: Redis can do nothing else
/// meanwhile. In a script of its own, a change costs it more than twice as much.
const BATCHES_PER_SCRIPT: usize = 16;
const CHANGES_PER_SCRIPT: usize = 16;

/// Brings writers' changes to the data under one tag.
pub(super) struct Reconciler {
    link: Arc<Link>,
    known: Known,
}

/// The answer to a note of some changes.
enum Answered {
    /// What came of each. A batch whose definition this version of oponn cannot read, and so cannot judge, makes the type
    /// unreadable: it is still to be voided.
    Noted(Vec<Noted>),
    /// The look-up used an outdated set of shapes; this is the current one.
    Shapes(Shapes),
    /// The cache is of other servers' types; these changes are for their tailer.
    Scope,
}

impl Reconciler {
    pub fn new(link: Arc<Link>) -> Reconciler {
        Reconciler { link, known: Known::default() }
    }

    pub async fn note(&self, mark: Mark, changes: &[Change]) -> Result<Notes, CacheError> {
        let mark = self.counting(mark).await?;
        let mut vouched = false;
        let mut found = vec![Noted::Found(Vec::new()); changes.len()];
        let mut open = by_type(changes);
        for look in 0..=LOOKS {
            let call = |some: &Vec<usize>| self.note_call(mark, changes, some, look == LOOKS, true);
            let calls = open.iter().map(call).collect::<Result<Vec<_>, _>>()?;
            let mut answers;
            (answers, vouched) = self.link.change_vouched(calls).await?;
            self.note_without_room(mark, changes, &open, look == LOOKS, &mut answers).await?;
            let mut again = Vec::new();
            for (some, answer) in open.into_iter().zip(answers) {
                let ty = &changes[some[0]].entity.ty;
                let answered = reply::value(answer)
                    .and_then(|answer| self.answered(answer, some.len()))
                    .map_err(|error| self.link.trust().failed(Need::Change, error))?;
                match answered {
                    Answered::Noted(all) => some.into_iter().zip(all).for_each(|(i, noted)| found[i] = noted),
                    Answered::Scope => return Err(CacheError::Bypassed),
                    Answered::Shapes(shapes) => {
                        self.known.learn(ty, shapes);
                        again.push(some);
                    }
                }
            }
            open = again;
            if open.is_empty() {
                break;
            }
        }
        let is_unreadable = |noted: &Noted| matches!(noted, Noted::Voided(VoidReason::Unreadable));
        let unreadable: Vec<_> = changes
            .iter()
            .zip(&found)
            .filter(|(_, noted)| is_unreadable(noted))
            .map(|(change, _)| change.entity.ty.clone())
            .collect();
        if !unreadable.is_empty() {
            self.drop_types(&unreadable, Time(0)).await?;
        }
        Ok(Notes { of_changes: found, vouched })
    }

    /// The mark that is compared with the cache's.
    async fn counting(&self, mark: Mark) -> Result<Mark, CacheError> {
        if without(Mechanism::Mark) {
            self.link.epoch.learn_mark().await?;
            return Ok(Mark(self.link.epoch.mark()));
        }
        Ok(mark)
    }

    /// Repeats the notes that Redis refused for want of memory: cached data is kept right, but nothing is added.
    async fn note_without_room(
        &self,
        mark: Mark,
        changes: &[Change],
        open: &[Vec<usize>],
        give_up: bool,
        answers: &mut [Answer],
    ) -> Result<(), CacheError> {
        let full = |answer: &Answer| matches!(answer, Err(error) if error.code() == "OOM");
        let refused: Vec<usize> = (0..answers.len()).filter(|&at| full(&answers[at])).collect();
        if refused.is_empty() {
            return Ok(());
        }
        let calls = refused
            .iter()
            .map(|&at| self.note_call(mark, changes, &open[at], give_up, false))
            .collect::<Result<_, _>>()?;
        for (at, answer) in refused.into_iter().zip(self.link.send(Need::Change, calls).await?) {
            answers[at] = answer;
        }
        Ok(())
    }

    /// The note of some of the changes, all to documents of one type.
    fn note_call(
        &self,
        mark: Mark,
        changes: &[Change],
        some: &[usize],
        give_up: bool,
        room: bool,
    ) -> Result<Cmd, CacheError> {
        let limits = &self.link.limits;
        let ty = &changes[some[0]].entity.ty;
        let known = self.known.shapes(ty);
        let script = if room { &scripts::NOTE } else { &scripts::NOTE_ALWAYS };
        let entities = some.iter().map(|&i| self.link.tag.entity(&changes[i].entity));
        let keys: Vec<_> = iter::once(self.link.tag.index(ty)).chain(entities).collect();
        let mut call = script.call(&self.link.tag, &keys, fresh()?, self.link.life());
        call.arg(keys::hex(mark.0)).arg(&**ty).arg(journal::topic(Topic::counts(ty)));
        call.arg(limits.suspects).arg(limits.matches);
        call.arg(if give_up { b"*".as_slice() } else { &known.version });
        call.arg(self.link.scope()).arg(some.len());
        for &i in some {
            let change = &changes[i];
            let lookups = registry::lookups(known.shapes.iter(), change);
            let fits = change.after.as_ref().is_none_or(|doc| doc.bytes().len() <= limits.entity);
            let content = if fits && room { entities::content(change.after.as_ref()) } else { Vec::new() };
            let name = if limits.suspects > 0 { row_ref(&change.entity) } else { Vec::new() };
            // No list has a row of a document with such a name.
            let name = if name.len() > limits.row_key { Vec::new() } else { name };
            call.arg(keys::floor(registry::slot(&change.entity)));
            call.arg(journal::topic(Topic::entity(&change.entity))).arg(name);
            call.arg(keys::stamp(change.stamp)).arg(content);
            call.arg(u8::from(self.link.is_partitioned(ty))).arg(self.link.ttl(fresh()?));
            let void = if give_up { Some(VoidReason::Matches) } else { lookups.as_ref().err().copied() };
            let prefixes = lookups.unwrap_or_default();
            call.arg(void.map_or("", Label::as_str)).arg(prefixes.len()).arg(prefixes);
        }
        Ok(call)
    }

    /// The answer to a note of so many changes.
    fn answered(&self, answer: Value, count: usize) -> Result<Answered, CacheError> {
        let mut items = reply::items(answer)?.into_iter();
        let mut next = || items.next().unwrap_or(Value::Nil);
        self.link.epoch.heard(reply::number(next())?);
        self.link.lost_index(reply::count(next())?);
        match reply::text(next())?.as_str() {
            "scope" => Ok(Answered::Scope),
            "shapes" => {
                let version = reply::bytes(next())?.unwrap_or_default();
                let shape = |shape| Ok(Shape(reply::text(shape)?.into()));
                let shapes: Vec<Shape> = items.map(shape).collect::<Result<_, CacheError>>()?;
                Ok(Answered::Shapes(Shapes { version, shapes: shapes.into() }))
            }
            _ if items.len() != count => Err(too_few("note")),
            _ => Ok(Answered::Noted(items.map(|noted| self.noted(noted)).collect::<Result<_, _>>()?)),
        }
    }

    fn noted(&self, noted: Value) -> Result<Noted, CacheError> {
        let definitions = match noted {
            Value::Array(definitions) => definitions,
            reason => {
                let reason = VoidReason::parse(&reply::text(reason)?);
                let unknown = || CacheError::Internal("a type was voided for no known reason".into());
                return Ok(Noted::Voided(reason.ok_or_else(unknown)?));
            }
        };
        let mut batches: BTreeMap<BatchKey, Batch> = BTreeMap::new();
        for text in definitions {
            match self.known.batch(reply::text(text)?) {
                Some(batch) => drop(batches.insert(batch.key, batch)),
                None => return Ok(Noted::Voided(VoidReason::Unreadable)),
            }
        }
        Ok(Noted::Found(batches.into_values().collect()))
    }

    pub async fn reconcile(&self, mark: Mark, rows: &[Reconcile]) -> Result<Vec<Reconciled>, CacheError> {
        let mark = self.counting(mark).await?;
        let calls = rows
            .chunks(BATCHES_PER_SCRIPT)
            .map(|rows| self.reconcile_call(mark, rows))
            .collect::<Result<_, _>>()?;
        let (mut done, mut gone) = (Vec::with_capacity(rows.len()), Vec::new());
        for answer in self.link.send(Need::Change, calls).await? {
            let understood = reply::value(answer).and_then(|answer| {
                let mut items = reply::items(answer)?.into_iter();
                self.link.epoch.heard(reply::number(items.next().unwrap_or(Value::Nil))?);
                let of_nothing = reply::items(items.next_back().unwrap_or(Value::Nil))?;
                let before = done.len();
                done.extend(items.map(reconciled).collect::<Result<Vec<_>, _>>()?);
                // Lua counts from 1.
                for place in of_nothing {
                    let place = usize::try_from(reply::count(place)?).unwrap_or(usize::MAX);
                    gone.extend(place.checked_sub(1).and_then(|place| rows.get(before + place)));
                }
                Ok(())
            });
            understood.map_err(|error| self.link.trust().failed(Need::Change, error))?;
        }
        self.forget(&gone).await?;
        if done.len() != rows.len() {
            return Err(self.link.trust().failed(Need::Change, too_few("reconcile")));
        }
        Ok(done)
    }

    /// Takes batches of which nothing is left out of the table index; writers need no longer find them.
    async fn forget(&self, gone: &[&Reconcile]) -> Result<(), CacheError> {
        let call = |gone: &[&Reconcile]| {
            let keys: Vec<_> = gone.iter().flat_map(|row| self.link.batch_keys(&row.batch)).collect();
            let mut call = scripts::FORGET.call(&self.link.tag, &keys, fresh()?, self.link.life());
            call.arg(gone.len());
            gone.iter().for_each(|row| drop(batch_args(&mut call, &row.batch)));
            Ok(call)
        };
        let calls = gone.chunks(BATCHES_PER_SCRIPT).map(call).collect::<Result<Vec<_>, CacheError>>()?;
        if calls.is_empty() {
            return Ok(());
        }
        self.link.send(Need::Change, calls).await.map(drop)
    }

    fn reconcile_call(&self, mark: Mark, rows: &[Reconcile]) -> Result<Cmd, CacheError> {
        let mut keys = Vec::with_capacity(2 * rows.len());
        for Reconcile { batch, .. } in rows {
            keys.extend([
                self.link.tag.ready(batch.key, batch.def.partition),
                self.link.tag.pending(batch.key),
            ]);
        }
        let mut call = scripts::RECONCILE.call(&self.link.tag, &keys, fresh()?, self.link.life());
        call.arg(keys::hex(mark.0)).arg(self.link.limits.departed).arg(self.link.limits.most_rows());
        call.arg(self.link.limits.deltas).arg(rows.len());
        let mut before = None;
        for Reconcile { batch, entity, stamp, row, doc, until } in rows {
            let name = row_ref(entity);
            // The stored form of a row relies on its key ending with the name.
            let kept = |row: &&SortKey| row.0.len() <= self.link.limits.row_key && row.0.ends_with(&name);
            let too_large = doc.as_ref().is_some_and(|doc| doc.bytes().len() > self.link.limits.member());
            let refused = too_large || row.as_ref().is_some_and(|row| !kept(&row));
            let row = match batch.def.partition {
                true => doc.as_ref().filter(|_| !refused).map_or(&[][..], |doc| doc.bytes()),
                false => row.as_ref().filter(kept).map_or(&[][..], |row| &row.0),
            };
            let topic = if without(Mechanism::Journal) { Topic(0) } else { Topic::batch(batch.key) };
            let kind = match (batch.def.partition, refused) {
                (false, false) => "l",
                (false, true) => "L",
                (true, false) => "p",
                (true, true) => "P",
            };
            call.arg(batch.def.types.join(",")).arg(journal::topic(topic)).arg(kind);
            call.arg(batches::expires(*until)).arg(row);
            // Mostly one change concerns many batches; each argument costs Redis about as much as reading it.
            if before == Some((entity, stamp)) {
                call.arg("");
            } else {
                call.arg(&name).arg(keys::stamp(*stamp));
            }
            before = Some((entity, stamp));
        }
        Ok(call)
    }

    pub async fn drop_types(&self, types: &[Arc<str>], at: Time) -> Result<(), CacheError> {
        let keys: Vec<_> = types.iter().map(|ty| self.link.tag.index(ty)).collect();
        let mut call = scripts::DROP.call(&self.link.tag, &keys, fresh()?, self.link.life());
        call.arg(keys::hex(at.0)).arg(types.len());
        for ty in types {
            call.arg(&**ty);
        }
        self.link.send(Need::Change, vec![call]).await.map(drop)
    }
}

/// Which changes are noted together: those to documents of one type, in their order.
fn by_type(changes: &[Change]) -> Vec<Vec<usize>> {
    let mut of_types: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, change) in changes.iter().enumerate() {
        of_types.entry(&change.entity.ty).or_default().push(i);
    }
    of_types.values().flat_map(|all| all.chunks(CHANGES_PER_SCRIPT)).map(<[_]>::to_vec).collect()
}

fn too_few(answered: &str) -> CacheError {
    CacheError::Internal(format!("a {answered} was answered with too few results"))
}

fn reconciled(answer: Value) -> Result<Reconciled, CacheError> {
    Ok(match reply::text(answer)?.as_str() {
        "inserted" => Reconciled::Inserted,
        "moved" => Reconciled::Moved,
        "removed" => Reconciled::Removed,
        "aged" => Reconciled::Aged,
        "unchanged" => Reconciled::Unchanged,
        "deferred" => Reconciled::Deferred,
        "absent" => Reconciled::Absent,
        other => match DropReason::parse(other) {
            Some(reason) => Reconciled::Dropped(reason),
            None => return Err(CacheError::Internal(format!("a reconcile was answered with {other:?}"))),
        },
    })
}
