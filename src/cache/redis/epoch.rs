//! The epoch under one tag: its mark orders writes against voidings of everything there. Redis keeps the mark
//! in the meta hash; this file holds the latest one that this process has heard of.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use redis::{Cmd, Value};

use super::keys::Tag;
use super::reply;
use super::scripts::{self, fresh};
use super::send::Sender;
use crate::cache::CacheError;

/// The epoch under one tag.
pub(super) struct Epoch {
    tag: Tag,
    sender: Arc<Sender>,
    /// Milliseconds that the meta hash lives after its last use.
    life: u64,
    latest: AtomicU64,
}

impl Epoch {
    /// An epoch whose mark is not known yet.
    pub fn new(tag: Tag, sender: Arc<Sender>, life: u64) -> Epoch {
        Epoch { tag, sender, life, latest: AtomicU64::new(0) }
    }

    /// The latest mark that Redis has sent.
    pub fn mark(&self) -> u64 {
        self.latest.load(Ordering::Acquire)
    }

    /// Takes note of the mark in an answer. Answers may overtake each other, but an older mark only makes a
    /// write void its type needlessly.
    pub fn heard(&self, mark: u64) {
        self.latest.store(mark, Ordering::Release);
    }

    /// The run id of the server that was last cleared.
    pub async fn run_id(&self) -> Result<Option<String>, CacheError> {
        let mut get = redis::cmd("HGET");
        get.arg(self.tag.meta()).arg("r");
        let id = reply::bytes(self.sender.change(get).await?)?;
        Ok(id.and_then(|id| String::from_utf8(id).ok()))
    }

    /// Starts a new epoch, which voids everything under the tag; [`super::upkeep`] frees the memory.
    pub async fn void(&self, run_id: &str) -> Result<(), CacheError> {
        let mut clear = scripts::CLEAR.call(&self.tag, scripts::META_ONLY, fresh()?, self.life);
        clear.arg(run_id);
        self.begun(clear).await.map(drop)
    }

    /// Asks for the mark, so that the first writes need not void anything.
    pub async fn learn_mark(&self) -> Result<(), CacheError> {
        let mut start = scripts::START.call(&self.tag, scripts::META_ONLY, fresh()?, self.life);
        start.arg(0);
        self.begun(start).await.map(drop)
    }

    /// Sends a script, and takes note of the mark at the start of its answer. Returns the mark.
    pub async fn begun(&self, call: Cmd) -> Result<u64, CacheError> {
        let answer = reply::items(self.sender.change(call).await?)?;
        let mark = reply::number(answer.into_iter().next().unwrap_or(Value::Nil))?;
        self.heard(mark);
        Ok(mark)
    }
}
