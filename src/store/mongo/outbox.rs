//! The outbox in the database: one collection of events.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use bson::raw::RawDocumentBuf;
use bson::{Bson, Document, doc};
use uuid::Uuid;

use super::command::{MAX_DOCUMENT, encoded, number, write_concern};
use super::{MongoStore, error};
use crate::store::StoreError;
use crate::store::outbox::{Backlog, Next, Outbox, Outgoing, Turn, Which};
use crate::value::{Id, Time};

/// The collection of events.
const EVENTS: &str = "_oponn_events";
/// The collection with the one document that says who relays, and that document's id.
const RELAY: &str = "_oponn_relay";
const ONE: &str = "relay";
/// Events in one command at the most.
const AT_ONCE: usize = 1000;

#[async_trait]
impl Outbox for MongoStore {
    async fn written(&self) {
        self.emitting.written.notified().await;
    }

    async fn pending(
        &self,
        sink: &str,
        tried: bool,
        now: i64,
        limit: u64,
    ) -> Result<Vec<Outgoing>, StoreError> {
        let due = if tried {
            doc! { "$gt": 0_i64, "$lte": now }
        } else {
            doc! { "$eq": 0_i64 }
        };
        self.outgoing(doc! {
            "find": EVENTS,
            "filter": { "sink": sink, "dead": false, "due": due },
            "sort": { "due": 1, "time": 1, "part": 1 },
            "limit": limit.cast_signed(),
        })
        .await
    }

    async fn waiting(&self, lanes: &BTreeSet<String>) -> Result<BTreeMap<String, i64>, StoreError> {
        let lanes: Vec<&String> = lanes.iter().collect();
        let rows = self
            .rows_of(doc! {
                "find": EVENTS,
                "filter": { "lane": { "$in": lanes }, "dead": false, "due": { "$gt": 0_i64 } },
                "projection": { "lane": 1, "due": 1 },
            })
            .await?;
        let mut waiting = BTreeMap::new();
        for row in rows {
            let due = waiting.entry(row.get_str("lane").unwrap_or_default().to_owned()).or_insert(0);
            *due = (*due).max(row.get_i64("due").unwrap_or_default());
        }
        Ok(waiting)
    }

    async fn hold(&self, lane: &str, due: i64) -> Result<(), StoreError> {
        let lane = doc! { "lane": lane, "dead": false };
        self.set(lane, doc! { "$set": { "due": due } }).await.map(drop)
    }

    async fn failed(&self, event: &Outgoing, next: Next) -> Result<(), StoreError> {
        let (due, dead) = match next {
            Next::Again(due) => (due, false),
            Next::Dead => (0, true),
        };
        self.hold(&event.lane(), due).await?;
        let noted = doc! { "$set": { "error": event.error.clone(), "dead": dead }, "$inc": { "tries": 1 } };
        self.set(doc! { "_id": bson_of(&event.id) }, noted).await.map(drop)
    }

    async fn delivered(&self, ids: &[Uuid]) -> Result<(), StoreError> {
        let ids: Vec<Bson> = ids.iter().map(bson_of).collect();
        let these = doc! { "q": { "_id": { "$in": ids } }, "limit": 0 };
        self.noted(doc! { "delete": EVENTS, "deletes": [these], "writeConcern": write_concern() })
            .await
            .map(drop)
    }

    async fn backlog(&self) -> Result<BTreeMap<String, Backlog>, StoreError> {
        let alive = doc! { "$not": ["$dead"] };
        let count = |of: Bson| doc! { "$sum": { "$cond": [of, 1_i64, 0_i64] } };
        let rows = self
            .rows_of(doc! {
                "aggregate": EVENTS,
                "pipeline": [{ "$group": {
                    "_id": "$sink",
                    "pending": count(alive.clone().into()),
                    "dead": count("$dead".into()),
                    "oldest": { "$min": { "$cond": [alive, "$at", Bson::Null] } },
                } }],
                "cursor": {},
            })
            .await?;
        let backlog = |row: Document| {
            let sink = row.get_str("_id").unwrap_or_default().to_owned();
            let (pending, dead) = (number(row.get("pending")), number(row.get("dead")));
            (sink, Backlog { pending, oldest: row.get_i64("oldest").ok(), dead })
        };
        Ok(rows.into_iter().map(backlog).collect())
    }

    async fn list(&self, which: Which, after: Option<Uuid>, limit: u64) -> Result<Vec<Outgoing>, StoreError> {
        let mut filter = Document::new();
        if let Some(after) = after {
            filter.insert("_id", doc! { "$gt": bson_of(&after) });
        }
        if which == Which::Dead {
            filter.insert("dead", true);
        }
        let limit = limit.cast_signed();
        self.outgoing(doc! { "find": EVENTS, "filter": filter, "sort": { "_id": 1 }, "limit": limit }).await
    }

    async fn retry(&self, ids: Option<&[Uuid]>) -> Result<u64, StoreError> {
        let these = match ids {
            Some(ids) => doc! { "_id": { "$in": ids.iter().map(bson_of).collect::<Vec<_>>() } },
            None => doc! { "$or": [{ "dead": true }, { "due": { "$gt": 0_i64 } }] },
        };
        let find = doc! { "find": EVENTS, "filter": these, "projection": { "lane": 1 } };
        let rows = self.rows_of(find).await?;
        // What is next in a lane comes first, so that nothing gets out of order in between.
        for rows in rows.chunks(AT_ONCE) {
            let ids: Vec<Bson> = rows.iter().filter_map(|row| row.get("_id").cloned()).collect();
            let lanes: BTreeSet<&str> = rows.iter().filter_map(|row| row.get_str("lane").ok()).collect();
            let again = doc! { "$set": { "dead": false, "tries": 0, "due": 0_i64 } };
            self.set(doc! { "_id": { "$in": ids }, "dead": true }, again).await?;
            let lanes: Vec<&str> = lanes.into_iter().collect();
            let held = doc! { "lane": { "$in": lanes }, "dead": false, "due": { "$gt": 0_i64 } };
            self.set(held, doc! { "$set": { "due": 0_i64 } }).await?;
        }
        Ok(rows.len() as u64)
    }

    async fn turn(&self) -> Result<Option<Turn>, StoreError> {
        let rows = self.rows_of(doc! { "find": RELAY, "filter": { "_id": ONE }, "limit": 1 }).await?;
        let turn = |row: &Document| Turn {
            holder: row.get_str("holder").unwrap_or_default().to_owned(),
            beat: number(row.get("beat")),
        };
        Ok(rows.first().map(turn))
    }

    async fn take_turn(&self, seen: Option<&Turn>, next: &Turn) -> Result<bool, StoreError> {
        let query = match seen {
            Some(seen) => doc! { "_id": ONE, "holder": &seen.holder, "beat": seen.beat.cast_signed() },
            None => doc! { "_id": ONE, "beat": { "$exists": false } },
        };
        let command = doc! {
            "findAndModify": RELAY,
            "query": query,
            "update": { "$set": { "holder": &next.holder, "beat": next.beat.cast_signed() } },
            "upsert": seen.is_none(),
            "new": true,
            "writeConcern": write_concern(),
        };
        match self.run_long(command).await {
            // Another server has made the document at the same time.
            Err(error) if error::has_code(&error, &[error::DUPLICATE]) => Ok(false),
            other => {
                let body = other.map_err(|error| error::of_read(&error))?;
                Ok(body.get_document("value").is_ok() && !body.contains_key("writeConcernError"))
            }
        }
    }
}

impl MongoStore {
    /// Makes the collection of events and its indexes, if there are events in the model.
    pub(super) async fn make_outbox(&self) -> Result<(), StoreError> {
        if self.emitting.emits.is_empty() {
            return Ok(());
        }
        let due = doc! { "key": { "sink": 1, "dead": 1, "due": 1, "time": 1, "part": 1 }, "name": "due" };
        let lane = doc! { "key": { "lane": 1, "dead": 1, "due": 1 }, "name": "lane" };
        let made = self.run_long(doc! { "createIndexes": EVENTS, "indexes": [due, lane] }).await;
        made.map(drop).map_err(|error| error::of_read(&error))
    }

    async fn rows_of(&self, command: Document) -> Result<Vec<Document>, StoreError> {
        let malformed = |error: bson::error::Error| StoreError::Internal(error.to_string());
        let rows = self.read(command, Time(0)).await?;
        rows.iter().map(|row| row.decode().map_err(malformed)).collect()
    }

    async fn outgoing(&self, find: Document) -> Result<Vec<Outgoing>, StoreError> {
        let malformed = || StoreError::Internal(format!("{EVENTS} has a document that is no event"));
        let rows = self.rows_of(find).await?;
        rows.iter().map(|row| outgoing(row).ok_or_else(malformed)).collect()
    }

    async fn set(&self, these: Document, update: Document) -> Result<u64, StoreError> {
        let updates = doc! { "q": these, "u": update, "multi": true };
        self.noted(doc! { "update": EVENTS, "updates": [updates], "writeConcern": write_concern() }).await
    }

    /// Carries out a write that can be repeated; the number of events that it was about.
    async fn noted(&self, command: Document) -> Result<u64, StoreError> {
        let body = self.run_long(command).await.map_err(|error| error::of_read(&error))?;
        match body.get("writeErrors").or_else(|| body.get("writeConcernError")) {
            Some(error) => Err(StoreError::Internal(format!("the outbox cannot be written: {error}"))),
            None => Ok(number(body.get("n"))),
        }
    }
}

/// The commands that insert these events.
pub(super) fn insertions(events: &[Outgoing]) -> Result<Vec<RawDocumentBuf>, StoreError> {
    let (mut commands, mut documents, mut bytes) = (Vec::new(), Vec::new(), 0);
    let command = |documents: Vec<Document>| encoded(&doc! { "insert": EVENTS, "documents": documents });
    for event in events {
        let size = event.payload.len() + 1024;
        if !documents.is_empty() && (documents.len() == AT_ONCE || bytes + size > MAX_DOCUMENT) {
            commands.push(command(std::mem::take(&mut documents))?);
            bytes = 0;
        }
        bytes += size;
        documents.push(stored(event));
    }
    if !documents.is_empty() {
        commands.push(command(documents)?);
    }
    Ok(commands)
}

fn bson_of(id: &Uuid) -> Bson {
    Id::Uuid(*id).to_bson()
}

fn stored(event: &Outgoing) -> Document {
    let (time, part) = event.place;
    doc! {
        "_id": bson_of(&event.id),
        "sink": &event.sink,
        "lane": event.lane(),
        "name": &event.name,
        "type": &event.ty,
        "document": &event.document,
        "payload": &event.payload,
        "at": event.at,
        "time": time.cast_signed(),
        "part": i64::from(part),
        "tries": i64::from(event.tries),
        "due": event.due,
        "dead": event.dead,
    }
}

fn outgoing(row: &Document) -> Option<Outgoing> {
    let text = |name: &str| row.get_str(name).ok().map(str::to_owned);
    let Some(Id::Uuid(id)) = row.get("_id").and_then(Id::from_bson) else { return None };
    Some(Outgoing {
        id,
        sink: text("sink")?,
        name: text("name")?,
        ty: text("type")?,
        document: text("document")?,
        payload: text("payload")?,
        at: row.get_i64("at").ok()?,
        place: (row.get_i64("time").ok()?.cast_unsigned(), u32::try_from(number(row.get("part"))).ok()?),
        tries: u32::try_from(number(row.get("tries"))).ok()?,
        due: row.get_i64("due").ok()?,
        error: text("error"),
        dead: row.get_bool("dead").ok()?,
    })
}
