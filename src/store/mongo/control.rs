//! The control record of a deployment: one document in a collection of oponn's own, changed only by compare
//! and set.

use async_trait::async_trait;
use bson::{Bson, Document, doc};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryFutureExt};

use super::command::{Reply, number, time, write_concern};
use super::feed::{self, CONTROL, POKE};
use super::{MongoStore, error};
use crate::store::StoreError;
use crate::store::follow::{Beat, Control, Feed, FeedError, Follow, From, Lack, Led};
use crate::value::{Id, Time};

#[async_trait]
impl Follow for MongoStore {
    async fn feed(&self, deployment: &str, from: &From) -> Result<Box<dyn Feed>, FeedError> {
        feed::open(self, deployment, from).await
    }

    async fn control(&self, deployment: &str, at: Time) -> Result<Option<Control>, StoreError> {
        let command = doc! { "find": CONTROL, "filter": { "_id": deployment }, "limit": 1 };
        let rows = self.read(command, at).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let record = row.decode().map_err(|error| StoreError::Internal(error.to_string()))?;
        Ok(Some(Control {
            term: number(record.get("term")),
            beat: number(record.get("beat")),
            applied: Time(number(record.get("applied"))),
            node: record.get_str("node").unwrap_or_default().to_owned(),
            free: record.get_bool("free").unwrap_or(false),
        }))
    }

    async fn lead(&self, deployment: &str, seen: Option<&Control>) -> Result<Option<Led>, StoreError> {
        let term = seen.map_or(0, |seen| seen.term) + 1;
        let query = match seen {
            Some(seen) => doc! { "_id": deployment, "term": stored(seen.term), "beat": stored(seen.beat) },
            None => doc! { "_id": deployment, "term": { "$exists": false } },
        };
        let update = doc! { "$set": { "term": stored(term), "free": false }, "$inc": { "beat": 1_i64 } };
        let taken = self.control_changed(query, update, seen.is_none()).await?;
        Ok(taken.map(|reply| Led { term, beat: beat_of(&reply) }))
    }

    async fn beat(&self, deployment: &str, beat: &Beat) -> Result<Option<(u64, Time)>, StoreError> {
        let mut query = doc! { "_id": deployment };
        if let Some(after) = beat.after {
            query.extend(doc! { "term": stored(after.term), "beat": stored(after.beat) });
        }
        let update = doc! {
            "$set": { "applied": stored(beat.applied.0), "node": &beat.node, "free": beat.free },
            "$inc": { "beat": 1_i64 },
        };
        let changed = self.control_changed(query, update, beat.after.is_none()).await?;
        Ok(changed.map(|reply| (beat_of(&reply), reply.time)))
    }

    async fn inspect(&self, fix: bool) -> Result<Vec<Lack>, StoreError> {
        self.lacks(fix).await
    }

    fn unkeyed<'a>(&'a self, ty: &'a str) -> BoxStream<'a, Result<Id, StoreError>> {
        self.all_unkeyed(ty).try_flatten_stream().boxed()
    }

    async fn poke(&self, deployment: &str) -> Result<(), StoreError> {
        let update = doc! { "$set": { POKE: bson::oid::ObjectId::new() } };
        self.control_changed(doc! { "_id": deployment }, update, false).await.map(drop)
    }
}

impl MongoStore {
    /// Changes the record; `None` if none was as the query says.
    async fn control_changed(
        &self,
        query: Document,
        update: Document,
        create: bool,
    ) -> Result<Option<Reply>, StoreError> {
        let command = doc! {
            "findAndModify": CONTROL,
            "query": query,
            "update": update,
            "upsert": create,
            "new": true,
            "writeConcern": write_concern(),
        };
        let body = match self.run_long(command).await {
            // Another server has created the record at the same time.
            Err(error) if error::has_code(&error, &[error::DUPLICATE]) => return Ok(None),
            other => other.map_err(|error| error::of_read(&error))?,
        };
        if body.get_document("value").is_err() || body.contains_key("writeConcernError") {
            return Ok(None);
        }
        let at = time(&body)
            .ok_or_else(|| StoreError::Internal("the server does not say when it wrote".into()))?;
        Ok(Some(Reply { body, time: at }))
    }
}

/// The number of the beat in the record as it is after a change.
fn beat_of(reply: &Reply) -> u64 {
    number(reply.body.get_document("value").ok().and_then(|record| record.get("beat")))
}

/// Times and counts in the form that is stored.
fn stored(number: u64) -> Bson {
    Bson::Int64(number.cast_signed())
}
