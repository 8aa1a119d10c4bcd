//! The epoch of what lives under one tag: the mark by which writes are put in order with voidings of
//! everything there. Redis keeps it in the meta hash; here is what this process has heard of it.

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
    /// An epoch of which nothing has been heard yet.
    pub fn new(tag: Tag, sender: Arc<Sender>, life: u64) -> Epoch {
        Epoch { tag, sender, life, latest: AtomicU64::new(0) }
    }

    /// The latest mark that Redis has told.
    pub fn mark(&self) -> u64 {
        self.latest.load(Ordering::Acquire)
    }

    /// Takes note of the mark in an answer. Answers may overtake each other: an older mark only makes a
    /// write void its type without need.
    pub fn heard(&self, mark: u64) {
        self.latest.store(mark, Ordering::Release);
    }

    /// The run id of the server that was cleared last.
    pub async fn run_id(&self) -> Result<Option<String>, CacheError> {
        let mut get = redis::cmd("HGET");
        get.arg(self.tag.meta()).arg("r");
        let id = reply::bytes(self.sender.change(get).await?)?;
        Ok(id.and_then(|id| String::from_utf8(id).ok()))
    }

    /// Begins a new epoch, which voids everything under the tag; [`super::upkeep`] removes what it takes up.
    pub async fn void(&self, run_id: &str) -> Result<(), CacheError> {
        let mut clear = scripts::CLEAR.call(&self.tag, scripts::META_ONLY, fresh()?, self.life);
        clear.arg(run_id);
        self.epoch_of(clear).await
    }

    /// Asks for the mark, so that the first writes need not void anything.
    pub async fn learn_mark(&self) -> Result<(), CacheError> {
        let mut start = scripts::START.call(&self.tag, scripts::META_ONLY, fresh()?, self.life);
        start.arg(0);
        self.epoch_of(start).await
    }

    /// Sends a script and takes note of the mark that it answers first.
    async fn epoch_of(&self, call: Cmd) -> Result<(), CacheError> {
        let answer = reply::items(self.sender.change(call).await?)?;
        self.heard(reply::number(answer.into_iter().next().unwrap_or(Value::Nil))?);
        Ok(())
    }
}
