//! Writes of the document that the values of a unique key name.
//!
//! The key is a condition of the write, so no other write comes between the look-up and it.

use serde_json::{Map, Value as Json};

use super::permit::no_such_by;
use super::upsert::TRIES;
use super::{EngineError, Step, View, input};
use crate::schema::{Collection, UniqueKey};
use crate::value::{Doc, EntityRef};

/// A write of a document that a key names.
enum ByKey<'a> {
    Update { set: &'a Map<String, Json>, at: &'a [Step] },
    Delete,
}

impl View {
    /// Updates fields of the document with these values in a unique key.
    pub async fn update_by(
        &self,
        collection: &Collection,
        named: (&UniqueKey, &[Json]),
        set: &Map<String, Json>,
        if_version: Option<i64>,
        at: &[Step],
    ) -> Result<(EntityRef, Doc), EngineError> {
        let written = self.write_by(collection, named, ByKey::Update { set, at }, if_version).await?;
        written.ok_or_else(|| no_such_by(collection, named.0))
    }

    /// Deletes the document with these values in a unique key, and returns it as it was; `None` if there is none.
    pub async fn delete_by(
        &self,
        collection: &Collection,
        named: (&UniqueKey, &[Json]),
        if_version: Option<i64>,
    ) -> Result<Option<(EntityRef, Doc)>, EngineError> {
        self.write_by(collection, named, ByKey::Delete, if_version).await
    }

    /// Writes the document that a key names, anew if another one has come to be named so meanwhile; `None` if there is none
    /// that the viewer may see.
    async fn write_by(
        &self,
        collection: &Collection,
        (key, values): (&UniqueKey, &[Json]),
        write: ByKey<'_>,
        if_version: Option<i64>,
    ) -> Result<Option<(EntityRef, Doc)>, EngineError> {
        let filter =
            input::unique(&self.lane.core.model, collection, key, values).map_err(EngineError::BadInput)?;
        let mut refused = None;
        for _ in 0..TRIES {
            let found =
                self.lookup(collection, &key.name, &[values.to_vec()]).await.pop().unwrap_or(Ok(None))?;
            let id = found.filter(|doc| self.sees(&collection.name, doc)).and_then(|doc| doc.id());
            let Some(id) = id else { return Ok(None) };
            // Refused twice, it is refused for what it is, and not because the key has moved on.
            if let Some((_, error)) = refused.take_if(|(refused, _)| *refused == id) {
                return Err(error);
            }
            let written = match write {
                ByKey::Update { set, at } => {
                    self.update_where(collection, &id, &filter, set, if_version, at).await
                }
                ByKey::Delete => self.delete_where(collection, &id, &filter, if_version).await,
            };
            match written {
                Err(error @ EngineError::Forbidden(_)) => refused = Some((id, error)),
                Err(EngineError::NotFound { path, .. }) if path.is_empty() => {}
                other => return other.map(Some),
            }
        }
        Err(EngineError::Unavailable {
            message: "Too many others are writing the same document; try again.".into(),
            cause: format!("a write of a {} by its {} lost {TRIES} races", collection.name, key.name),
        })
    }
}
