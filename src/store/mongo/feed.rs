//! The changes of a database: a change stream on all collections of the model, read as changes of documents.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bson::raw::{RawArray, RawBsonRef, RawDocument};
use bson::{Document, doc};
use bytes::Bytes;
use futures_util::TryStreamExt;
use mongodb::error::{Error, ErrorKind};
use mongodb::raw_batch_cursor::RawBatchCursor;

use super::command::{encoded, of_timestamp, timestamp};
use super::{MongoStore, error};
use crate::query::misfits;
use crate::schema::Collection;
use crate::store::follow::{Event, Feed, FeedError, From};
use crate::store::{Store, StoreError};
use crate::value::{Change, Doc, EntityRef, Id, Image, Stamp, Time};

/// The collection of control records, whose changes the feed reports too.
pub(super) const CONTROL: &str = "_oponn";
/// The field of a control record that requests for a beat change.
pub(super) const POKE: &str = "poke";

/// How long the server waits for the first event of a batch.
const AWAIT: Duration = Duration::from_millis(500);
/// Events of one batch at the most.
const BATCH: u32 = 1_000;
/// Parts of a transaction that are told one by one at the most.
const FEW: usize = 32;

/// An open stream.
struct MongoFeed {
    reader: Reader,
    batches: RawBatchCursor,
    place: Option<Vec<u8>>,
}

/// Reads events as changes of documents.
struct Reader {
    store: MongoStore,
    /// The collection types by the names of their collections.
    types: BTreeMap<Arc<str>, Arc<Collection>>,
}

/// The events of one batch while they are read.
#[derive(Default)]
struct Reading {
    events: Vec<Event>,
    /// Changes whose documents the stream does not tell, by type: indexes of `events`.
    untold: BTreeMap<Arc<str>, Vec<usize>>,
    /// Types of which unknown documents have changed.
    void: BTreeSet<Arc<str>>,
}

/// Opens a stream.
pub(super) async fn open(
    store: &MongoStore,
    deployment: &str,
    from: &From,
) -> Result<Box<dyn Feed>, FeedError> {
    let types: BTreeMap<_, _> =
        store.model.collections.iter().map(|ty| (ty.collection.clone(), ty.clone())).collect();
    let names: Vec<&str> = types.keys().map(|name| &**name).collect();
    let mut stream = doc! { "fullDocument": "whenAvailable", "fullDocumentBeforeChange": "whenAvailable" };
    match from {
        From::Time(at) => drop(stream.insert("startAtOperationTime", timestamp(*at))),
        From::Place(place) => {
            let token = RawDocument::from_bytes(place).and_then(Document::try_from);
            stream.insert("resumeAfter", token.map_err(|error| FeedError::Lost(error.to_string()))?);
        }
    }
    let command = doc! {
        "aggregate": 1,
        "pipeline": [{ "$changeStream": stream }, { "$match": { "$or": [
            { "ns.coll": { "$in": &names } },
            { "to.coll": { "$in": &names } },
            { "ns.coll": CONTROL, "documentKey._id": deployment },
            { "operationType": { "$in": ["dropDatabase", "invalidate"] } },
        ] } }],
        "cursor": { "batchSize": BATCH },
        "readConcern": { "level": "majority" },
    };
    let opening = store.database.run_raw_cursor_command(encoded(&command)?);
    let opening =
        opening.cursor_type(mongodb::options::CursorType::TailableAwait).max_time(AWAIT).batch_size(BATCH);
    let batches = opening.batch().await.map_err(|error| of_stream(&error))?;
    let place = match from {
        From::Place(place) => Some(place.clone()),
        From::Time(_) => None,
    };
    Ok(Box::new(MongoFeed { reader: Reader { store: store.clone(), types }, batches, place }))
}

#[async_trait]
impl Feed for MongoFeed {
    async fn next(&mut self) -> Result<Vec<Event>, FeedError> {
        let MongoFeed { reader, batches, place: here } = self;
        let batch = batches.try_next().await.map_err(|error| of_stream(&error))?;
        let batch = batch.ok_or_else(|| FeedError::Lost("the server has closed the change stream".into()))?;
        let reply = batch.as_raw_document();
        let rows = batch.doc_slices().map_err(|error| of_stream(&error))?;
        let mut reading = reader.read(rows).map_err(|error| malformed(&error))?;
        let untold = std::mem::take(&mut reading.untold);
        for (name, places) in untold {
            reader.look_up(&name, &places, &mut reading.events).await?;
        }
        if !reading.void.is_empty() {
            // The server had committed all that it reports. The parts of a transaction may carry times from
            // before its commit.
            let at = reply.get_timestamp("operationTime").map_err(|error| malformed(&error))?;
            reading
                .events
                .push(Event::Voided { types: reading.void.into_iter().collect(), at: of_timestamp(at) });
        }
        if let Some(place) = place(reply).map_err(|error| malformed(&error))? {
            *here = Some(place);
        }
        Ok(reading.events)
    }

    fn place(&self) -> Option<Vec<u8>> {
        self.place.clone()
    }
}

impl Reader {
    fn read(&self, rows: &RawArray) -> Result<Reading, bson::error::Error> {
        let mut reading = Reading::default();
        let mut documents = Vec::new();
        for row in rows {
            if let RawBsonRef::Document(row) = row? {
                documents.push(row);
            }
        }
        for together in
            documents.chunk_by(|a, b| transaction(a).is_some() && transaction(a) == transaction(b))
        {
            // All parts of a transaction have the time of its commit; of those that have not, the last one has.
            let times = together.iter().map(|row| row.get_timestamp("clusterTime"));
            let times = times.collect::<Result<Vec<_>, _>>()?;
            let at = times.into_iter().map(of_timestamp).max().unwrap_or_default();
            let mut seen = BTreeSet::new();
            let once = together.iter().all(|row| seen.insert(subject(row)));
            let told = once && together.len() <= FEW;
            together.iter().try_for_each(|row| self.read_event(row, at, told, &mut reading))?;
        }
        Ok(reading)
    }

    /// Reads an event of this time, if it can be told on its own.
    fn read_event(
        &self,
        row: &RawDocument,
        at: Time,
        told: bool,
        reading: &mut Reading,
    ) -> Result<(), bson::error::Error> {
        let kind = row.get_str("operationType")?;
        let collection = |field| match row.get(field) {
            Ok(Some(RawBsonRef::Document(namespace))) => namespace.get_str("coll").ok(),
            _ => None,
        };
        if collection("ns") == Some(CONTROL) {
            let poked = row
                .get_document("updateDescription")
                .and_then(|update| update.get_document("updatedFields"))
                .is_ok_and(|fields| matches!(fields.get(POKE), Ok(Some(_))));
            reading.events.push(Event::Beat { at, poked });
            return Ok(());
        }
        let of_collection = |field| collection(field).and_then(|name| self.types.get(name));
        let (ty, to) = (of_collection("ns"), of_collection("to"));
        match (kind, ty) {
            ("insert" | "update" | "replace" | "delete", Some(ty)) if told => {
                read_change(row, at, kind, ty, reading)?;
            }
            ("insert" | "update" | "replace" | "delete", Some(ty)) => {
                reading.void.insert(ty.name.clone());
                let id = row.get_document("documentKey")?.get("_id")?.and_then(Id::from_raw);
                if let Some(id) = id.filter(|_| kind != "delete" && may_be_unkeyed(ty, row)) {
                    reading.events.push(Event::Unkeyed { ty: ty.name.clone(), id: Some(id) });
                }
            }
            ("drop" | "rename", ty) => {
                reading.void.extend(ty.into_iter().chain(to).map(|ty| ty.name.clone()));
                let unkeyed = to.filter(|to| to.keeps_values());
                let unkeyed = unkeyed.map(|to| Event::Unkeyed { ty: to.name.clone(), id: None });
                reading.events.extend(unkeyed);
            }
            ("dropDatabase" | "invalidate", _) => {
                reading.void.extend(self.types.values().map(|ty| ty.name.clone()));
            }
            // Indexes, options and the like change no document.
            _ => {}
        }
        Ok(())
    }

    /// Reads documents that have changed but that the stream does not tell, as they are now. A document that
    /// has gone meanwhile has an event of its own for that.
    async fn look_up(&self, name: &str, places: &[usize], events: &mut Vec<Event>) -> Result<(), StoreError> {
        let of = self.store.collection(name)?;
        let mut ids = Vec::with_capacity(places.len());
        let mut at = Time::default();
        for &place in places {
            if let Event::Changed(change) = &events[place] {
                ids.push(change.entity.id.clone());
                at = at.max(change.stamp.t);
            }
        }
        ids.sort();
        ids.dedup();
        let found = self.store.get(name, &ids, at).await?;
        let wrong: Vec<Event> =
            found.iter().filter_map(|(id, document)| unkeyed(of, id, Some(document))).collect();
        for &place in places {
            if let Event::Changed(change) = &mut events[place] {
                change.after = found.get(&change.entity.id).cloned();
                change.stamp.v = change.after.as_ref().map_or(change.stamp.v, Doc::version);
            }
        }
        events.extend(wrong);
        Ok(())
    }
}

/// Reads the change of one document.
fn read_change(
    row: &RawDocument,
    t: Time,
    kind: &str,
    of: &Collection,
    reading: &mut Reading,
) -> Result<(), bson::error::Error> {
    let ty = of.name.clone();
    let key = row.get_document("documentKey")?.get("_id")?;
    // No document with such an id is ever shown.
    let Some(id) = key.and_then(Id::from_raw) else { return Ok(()) };
    let document = |field| match row.get(field) {
        Ok(Some(RawBsonRef::Document(raw))) => {
            Doc::from_store(Bytes::copy_from_slice(raw.as_bytes())).map(Some)
        }
        _ => Ok(None),
    };
    let before = match (kind, document("fullDocumentBeforeChange")?) {
        (_, Some(before)) => Image::Doc(before),
        ("insert", None) => Image::Absent,
        _ => Image::Unknown,
    };
    let after = if kind == "delete" { None } else { document("fullDocument")? };
    if after.is_none() && kind != "delete" {
        reading.untold.entry(ty.clone()).or_default().push(reading.events.len());
    }
    let v = match (&after, before.doc()) {
        (Some(after), _) => after.version(),
        // As a delete through oponn.
        (None, Some(before)) => before.version() + 1,
        (None, None) => 0,
    };
    let unkeyed = unkeyed(of, &id, after.as_ref());
    let stamp = Stamp { t, v };
    reading.events.push(Event::Changed(Change { entity: EntityRef { ty, id }, before, after, stamp }));
    reading.events.extend(unkeyed);
    Ok(())
}

/// The event that a document is that keeps wrong values of unique keys.
fn unkeyed(of: &Collection, id: &Id, document: Option<&Doc>) -> Option<Event> {
    let wrong = document.is_some_and(|document| !misfits(of, document.raw()).is_empty());
    wrong.then(|| Event::Unkeyed { ty: of.name.clone(), id: Some(id.clone()) })
}

/// Whether the document that an event tells may keep wrong values of unique keys.
fn may_be_unkeyed(of: &Collection, row: &RawDocument) -> bool {
    let told = row.get_document("fullDocument");
    of.keeps_values() && told.map_or(true, |document| !misfits(of, document).is_empty())
}

/// The transaction that an event is a part of.
fn transaction(row: &RawDocument) -> Option<(&[u8], i64)> {
    let session = row.get_document("lsid").ok()?;
    Some((session.as_bytes(), row.get_i64("txnNumber").ok()?))
}

/// The document that an event is about, or the collection.
fn subject(row: &RawDocument) -> [Option<&[u8]>; 2] {
    ["ns", "documentKey"].map(|field| row.get_document(field).ok().map(RawDocument::as_bytes))
}

/// The place after a batch, as bytes of BSON.
fn place(reply: &RawDocument) -> Result<Option<Vec<u8>>, bson::error::Error> {
    Ok(match reply.get_document("cursor")?.get("postBatchResumeToken")? {
        Some(RawBsonRef::Document(token)) => Some(token.as_bytes().to_vec()),
        _ => None,
    })
}

fn malformed(error: &bson::error::Error) -> FeedError {
    FeedError::Lost(format!("the server sent an event that cannot be read: {error}"))
}

/// The server refuses to read on: any error of the command itself, unless waiting or an operator may mend it.
fn of_stream(error: &Error) -> FeedError {
    match (error::of_read(error), &*error.kind) {
        (StoreError::Internal(reason), ErrorKind::Command(_)) => FeedError::Lost(reason),
        (other, _) => FeedError::Store(other),
    }
}
