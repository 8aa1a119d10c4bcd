//! Adds the normalised values of unique keys to documents that lack them, and finds those that keep wrong ones: documents
//! older than the key, and documents of other programs.

use bson::raw::RawDocumentBuf;
use bson::{Bson, Document, doc};
use futures_util::{Stream, TryStreamExt};

use super::command::encoded;
use super::write::{of_write_error, write_errors};
use super::{MongoStore, error, update};
use crate::query::{misfits, normalised};
use crate::schema::{Collection, UniqueKey};
use crate::store::{Patch, StoreError};
use crate::value::{Id, UNIQUE_PATH};

/// Documents of one command at the most.
const BATCH: usize = 500;

impl MongoStore {
    /// Whether there were any to fill.
    pub(super) async fn fill_keys(&self, collection: &Collection) -> Result<bool, StoreError> {
        let mut changed = false;
        for unique in collection.uniques.iter().filter(|unique| !unique.normalize.is_empty()) {
            let filled = self.fill_key(collection, unique).await?;
            if filled > 0 {
                changed = true;
                tracing::info!(
                    collection = &*collection.collection,
                    key = unique.name,
                    documents = filled,
                    "normalised values of a unique key were filled in"
                );
            }
        }
        Ok(changed)
    }

    async fn fill_key(&self, collection: &Collection, unique: &UniqueKey) -> Result<usize, StoreError> {
        let lacks = |field: &_| {
            let (field, path): (&str, String) = (field, unique.path(field));
            doc! { field: { "$ne": Bson::Null }, path: { "$exists": false } }
        };
        let lacking: Vec<Document> = unique.fields.iter().map(|field| lacks(field)).collect();
        let shown: Document = unique.fields.iter().map(|field| (field.to_string(), Bson::Int32(1))).collect();
        let command = doc! {
            "find": &*collection.collection,
            "filter": { "$or": lacking },
            "projection": shown,
            "readConcern": { "level": "majority" },
        };
        let of_read = |error| error::of_read(&error);
        let mut rows = self.database.run_cursor_command(command).await.map_err(of_read)?;
        let mut filled = 0;
        let mut updates: Vec<Document> = Vec::new();
        loop {
            let row = rows.try_next().await.map_err(of_read)?;
            if updates.len() == BATCH || (row.is_none() && !updates.is_empty()) {
                filled += updates.len();
                self.fill(collection, unique, std::mem::take(&mut updates)).await?;
            }
            match row {
                Some(row) => updates.push(filling(unique, &row)),
                None => return Ok(filled),
            }
        }
    }

    /// The documents of a type whose kept values are not what their fields say.
    pub(super) async fn all_unkeyed(
        &self,
        ty: &str,
    ) -> Result<impl Stream<Item = Result<Id, StoreError>> + use<>, StoreError> {
        let collection = self.collection(ty)?.clone();
        let mut shown = doc! { UNIQUE_PATH: 1 };
        for unique in collection.uniques.iter().filter(|unique| !unique.normalize.is_empty()) {
            shown.extend(unique.fields.iter().map(|field| (field.to_string(), Bson::Int32(1))));
        }
        let command = encoded(&doc! {
            "find": &*collection.collection,
            "projection": shown,
            "readConcern": { "level": "majority" },
        })?;
        let of_read = |error| error::of_read(&error);
        let rows = self.database.run_raw_cursor_command(command).await.map_err(of_read)?;
        let rows = rows.with_type::<RawDocumentBuf>();
        Ok(rows.map_err(of_read).try_filter_map(move |row| {
            let id = row.get("_id").ok().flatten().and_then(Id::from_raw);
            std::future::ready(Ok(id.filter(|_| !misfits(&collection, &row).is_empty())))
        }))
    }

    async fn fill(
        &self,
        collection: &Collection,
        unique: &UniqueKey,
        updates: Vec<Document>,
    ) -> Result<(), StoreError> {
        let command = doc! {
            "update": &*collection.collection,
            "updates": updates,
            "ordered": false,
        };
        let reply = self.change(collection, encoded(&command)?).await?;
        let Some(refused) = write_errors(&reply.body).next() else { return Ok(()) };
        match of_write_error(refused, collection) {
            // The unique index is there already, and another program did not know of it.
            StoreError::Duplicate { .. } => Err(StoreError::Refused(format!(
                "{}: the unique key {} cannot be kept, because {} documents in the collection {} repeat \
                 values of others, for example: {}. Change or remove them, and start again.",
                collection.name,
                unique.name,
                write_errors(&reply.body).count(),
                collection.collection,
                refused.get_str("errmsg").unwrap_or_default(),
            ))),
            other => Err(other),
        }
    }
}

/// The update that gives one document the normalised values of its fields, if the fields are still what
/// they were.
fn filling(unique: &UniqueKey, row: &Document) -> Document {
    let mut query = doc! { "_id": { "$eq": row.get("_id").cloned().unwrap_or(Bson::Null) } };
    let mut patch = Patch::default();
    for field in &unique.fields {
        let Some(value) = row.get(field).filter(|value| **value != Bson::Null) else { continue };
        query.insert(&**field, doc! { "$eq": value.clone() });
        patch.set.push((unique.path(field), normalised(unique, value)));
    }
    doc! { "q": query, "u": update::applying(&patch) }
}
