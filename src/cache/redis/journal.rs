//! The journal in Redis: fields of the meta hash, so it is lost with the epoch or not at all.

use redis::Value;

use super::link::Link;
use super::{keys, reply, scripts};
use crate::cache::journal::{News, Place, Topic};
use crate::cache::{CacheError, Mark};

/// A place beyond every journal.
const NOWHERE: u64 = 1 << 53;

/// A topic in the form that the scripts write.
pub(super) fn topic(topic: Topic) -> String {
    keys::hex(topic.0)
}

impl Link {
    pub async fn news(&self, since: Option<Place>) -> Result<Option<News>, CacheError> {
        let mut call = scripts::NEWS.call(&self.tag, scripts::META_ONLY, 0, 0);
        call.arg(since.map_or(NOWHERE, |since| since.number));
        let answer = self.read(vec![call]).await?.pop().unwrap_or(Value::Nil);
        let mut items = reply::items(answer)?.into_iter();
        let Some(mark) = items.next() else { return Ok(None) };
        let mark = Mark(reply::number(mark)?);
        let mut next = || reply::count(items.next().unwrap_or(Value::Nil));
        let (number, told) = (next()?, next()? == 1);
        let changed = match told && since.is_some_and(|since| since.mark == mark) {
            true => Some(items.map(read).collect::<Result<_, _>>()?),
            false => None,
        };
        Ok(Some(News { place: Place { mark, number }, changed }))
    }
}

/// Reads a topic, or `t:` and a type's name, which the scripts write without being given the topic.
fn read(entry: Value) -> Result<Topic, CacheError> {
    let text = reply::text(entry)?;
    match text.strip_prefix("t:") {
        Some(ty) => Ok(Topic::ty(ty)),
        None => keys::number(text.as_bytes())
            .map(Topic)
            .ok_or_else(|| CacheError::Internal(format!("the journal has an entry {text:?}"))),
    }
}
