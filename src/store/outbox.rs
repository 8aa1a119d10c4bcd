//! The outbox: events, stored in the same step as the changes that they tell of, until they are delivered.
//!
//! The events of one document for one sink are a *lane*. A lane is delivered in order: while one of its events waits to
//! be tried again, those after it wait too, until the same time.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use tokio::sync::Notify;
use uuid::Uuid;

use super::StoreError;
use crate::query::emit::{Emits, Emitted};
use crate::value::EntityRef;

/// An event in the outbox.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    /// Its id, the same at every delivery.
    pub id: Uuid,
    /// The sink that it is for.
    pub sink: String,
    /// Its name.
    pub name: String,
    /// The type of its document.
    pub ty: String,
    /// The id of its document.
    pub document: String,
    /// What it tells, as JSON.
    pub payload: String,
    /// When it was stored, in milliseconds of the writer's clock.
    pub at: i64,
    /// Its place among the events of its document: events of later changes have greater ones.
    pub place: (u64, u32),
    /// How often its delivery has failed.
    pub tries: u32,
    /// When to try again, in milliseconds; 0 for an event that has not been tried, or is to be tried at once.
    pub due: i64,
    /// Why it was not delivered the last time.
    pub error: Option<String>,
    /// Whether nobody tries any more.
    pub dead: bool,
}

/// What came of the delivery of an event that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Its lane is tried again at this time.
    Again(i64),
    /// It is not tried any more, and its lane goes on.
    Dead,
}

/// How many events of a sink there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Those that are to be delivered.
    pub pending: u64,
    /// When the oldest of them was stored.
    pub oldest: Option<i64>,
    /// Those that nobody tries any more.
    pub dead: u64,
}

/// Who relays. It is renewed by the one who does; another one may take it over when it has not changed for a while.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// The server; empty when the last one has left.
    pub holder: String,
    /// Raised by each renewal.
    pub beat: u64,
}

/// Which events are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All.
    All,
    /// Those that nobody tries any more.
    Dead,
}

/// The events of a store. All steps are atomic, unless said otherwise.
#[async_trait]
pub trait Outbox: Send + Sync + 'static {
    /// Resolves when this process may have stored events since the last call.
    async fn written(&self);

    /// Events of the sink that are not dead, in the order of `(due, place)`: those that have not been tried
    /// (`tried` is false), or those that are due at `now`.
    async fn pending(
        &self,
        sink: &str,
        tried: bool,
        now: i64,
        limit: u64,
    ) -> Result<Vec<Outgoing>, StoreError>;

    /// The lanes among these that have an event to be tried again, and when that is.
    async fn waiting(&self, lanes: &BTreeSet<String>) -> Result<BTreeMap<String, i64>, StoreError>;

    /// Has all events of a lane that are not dead wait until `due`.
    async fn hold(&self, lane: &str, due: i64) -> Result<(), StoreError>;

    /// Notes that an event was not delivered: first what is next for its lane, then the number of tries and the reason.
    /// If only the first step is done, nothing gets out of order.
    async fn failed(&self, event: &Outgoing, next: Next) -> Result<(), StoreError>;

    /// Removes delivered events.
    async fn delivered(&self, ids: &[Uuid]) -> Result<(), StoreError>;

    /// How many events there are, by sink.
    async fn backlog(&self) -> Result<BTreeMap<String, Backlog>, StoreError>;

    /// Events in the order in which they were stored, after one of them.
    async fn list(&self, which: Which, after: Option<Uuid>, limit: u64) -> Result<Vec<Outgoing>, StoreError>;

    /// Has events be tried at once, with all others of their lanes that wait: these, dead or not, or all that are dead or
    /// wait. Returns how many of these there are.
    async fn retry(&self, ids: Option<&[Uuid]>) -> Result<u64, StoreError>;

    /// Who relays; `None` if nobody ever has.
    async fn turn(&self) -> Result<Option<Turn>, StoreError>;

    /// Takes the turn, renews it, or gives it up, if it is still as it was seen. Whether it was.
    async fn take_turn(&self, seen: Option<&Turn>, next: &Turn) -> Result<bool, StoreError>;
}

/// What a store needs to store events: which changes are events, and whom to tell of them.
#[derive(Debug, Default)]
pub(super) struct Emitting {
    pub(super) emits: Emits,
    pub(super) written: Notify,
}

impl Outgoing {
    /// The events of a change, in their order. `time` is the place of the change among those of its document.
    pub(super) fn of(entity: &EntityRef, emitted: Vec<Emitted>, time: u64) -> Vec<Outgoing> {
        let at = bson::DateTime::now().timestamp_millis();
        let outgoing = |(part, event): (u32, Emitted)| Outgoing {
            id: Uuid::now_v7(),
            sink: event.sink.to_string(),
            name: event.name.to_string(),
            ty: entity.ty.to_string(),
            document: entity.id.to_string(),
            payload: event.payload,
            at,
            place: (time, part),
            tries: 0,
            due: 0,
            error: None,
            dead: false,
        };
        (0..).zip(emitted).map(outgoing).collect()
    }

    /// What is delivered in order.
    pub fn lane(&self) -> String {
        format!("{}/{}/{}", self.sink, self.ty, self.document)
    }
}
