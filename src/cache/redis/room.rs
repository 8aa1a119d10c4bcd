//! Makes room in a table index: batches that nobody has read for long go, so that a flood of lists that are asked for once
//! does not keep others from being cached.
//!
//! Like Redis itself, it looks at some at random and takes those that have been idle for longest.

use redis::Value;

use super::keys::Tag;
use super::link::Link;
use super::phase::Need;
use super::reply::{self, Answer};
use super::upkeep::definition;
use crate::cache::CacheError;
use crate::cache::room::{self, ENTRIES, OF_SHAPE, SAMPLE, STEPS, Scarce};
use crate::query::BatchDef;

/// A name in the index.
type Member = Vec<u8>;

impl Link {
    pub async fn make_room(&self, ty: &str) -> Result<u64, CacheError> {
        let mut removed = 0;
        for _ in 0..STEPS {
            let (entries, shapes) = self.sizes(ty).await?;
            let victims = match room::scarce(entries, shapes, &self.limits) {
                None => break,
                Some(Scarce::Batches) => self.idle_entries(ty).await?,
                Some(Scarce::Shapes) => self.idle_shape(ty).await?,
            };
            if victims.is_empty() {
                break;
            }
            removed += self.sweep_entries(ty, &victims, true).await?;
        }
        Ok(removed)
    }

    /// How many entries and shapes a type's index has.
    async fn sizes(&self, ty: &str) -> Result<(u64, u64), CacheError> {
        let (mut all, mut shapes) = (redis::cmd("ZCARD"), redis::cmd("ZLEXCOUNT"));
        all.arg(self.tag.index(ty));
        shapes.arg(self.tag.index(ty)).arg("[!").arg("(\"");
        let mut counts = self.ask(vec![all, shapes]).await?.into_iter().map(reply::count);
        let mut next = || counts.next().unwrap_or(Ok(0));
        let (all, shapes) = (next()?, next()?);
        Ok((all.saturating_sub(shapes), shapes))
    }

    /// Of some entries, those whose batches have been idle for longest.
    async fn idle_entries(&self, ty: &str) -> Result<Vec<Member>, CacheError> {
        let mut some = redis::cmd("ZRANDMEMBER");
        some.arg(self.tag.index(ty)).arg(SAMPLE);
        let some = reply::strings(self.ask(vec![some]).await?.pop().unwrap_or(Value::Nil))?;
        let entries: Vec<Member> = some.into_iter().filter(|member| !member.starts_with(b"!")).collect();
        let idle = self.idle(&entries).await?;
        Ok(room::idlest(entries, idle))
    }

    /// Entries of a shape that has been idle for longer than others.
    async fn idle_shape(&self, ty: &str) -> Result<Vec<Member>, CacheError> {
        let mut all = redis::cmd("ZRANGEBYLEX");
        all.arg(self.tag.index(ty)).arg("[!").arg("(\"");
        let shapes = reply::strings(self.ask(vec![all]).await?.pop().unwrap_or(Value::Nil))?;
        let some: Vec<_> = shapes.iter().map(|shape| self.of_shape(ty, shape, OF_SHAPE)).collect();
        let some: Vec<Vec<Member>> =
            self.ask(some).await?.into_iter().map(reply::strings).collect::<Result<_, _>>()?;
        let mut idle = self.idle(&some.concat()).await?.into_iter();
        let of_shape = |entries: &Vec<Member>| idle.by_ref().take(entries.len()).min().unwrap_or(u64::MAX);
        let idle: Vec<u64> = some.iter().map(of_shape).collect();
        let idlest = idle.iter().zip(&shapes).max_by_key(|(idle, _)| **idle);
        let Some((_, shape)) = idlest else { return Ok(Vec::new()) };
        reply::strings(self.ask(vec![self.of_shape(ty, shape, ENTRIES)]).await?.pop().unwrap_or(Value::Nil))
    }

    /// Asks for some entries of a shape, which stands in the index as `!<shape>`.
    fn of_shape(&self, ty: &str, shape: &[u8], count: usize) -> redis::Cmd {
        let prefix = [shape.get(1..).unwrap_or_default(), b"|"].concat();
        let mut some = redis::cmd("ZRANGEBYLEX");
        some.arg(self.tag.index(ty)).arg([b"[", &*prefix].concat()).arg([b"(", &*prefix, b"\xff"].concat());
        some.arg("LIMIT").arg(0).arg(count);
        some
    }

    /// How long the batches of entries have been idle; the longest time for one that is gone.
    async fn idle(&self, entries: &[Member]) -> Result<Vec<u64>, CacheError> {
        let object = |word: &str, entry: &Member| {
            let mut object = redis::cmd("OBJECT");
            object.arg(word).arg(ready(&self.tag, entry));
            object
        };
        // Which of the two a Redis knows depends on how it evicts.
        let asked = entries.iter().flat_map(|entry| [object("IDLETIME", entry), object("FREQ", entry)]);
        let answers = self.send(Need::Trust, asked.collect()).await?;
        let known = |answer: &Answer| match answer {
            Ok(Value::Int(number)) => u64::try_from(*number).ok(),
            _ => None,
        };
        let idle = |both: &[Answer]| {
            let seldom = || both.get(1).and_then(known).map(|often| u64::from(u8::MAX).saturating_sub(often));
            both.first().and_then(known).or_else(seldom).unwrap_or(u64::MAX)
        };
        Ok(answers.chunks(2).map(idle).collect())
    }
}

/// The key of the batch that an entry is of.
fn ready(tag: &Tag, entry: &[u8]) -> String {
    let text = String::from_utf8_lossy(definition(entry));
    tag.ready(BatchDef::key(&text), BatchDef::is_partition(&text))
}
