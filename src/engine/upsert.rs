//! Upserts: one at a time for the API, many at a time for the importer.
//!
//! Both look the document up in the store, not in the cache: the cache is only certain to show acknowledged
//! writes, but an upsert that has lost a race must see the write that beat it, which may still be under way.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::lookup::key_values;
use super::{EngineError, InputFault, Step, View, input};
use crate::schema::{Collection, UniqueKey};
use crate::value::{Doc, EntityRef, Id};

mod many;

pub use many::{Expect, Upserted, Upserts};

/// How often a write by a key retries because another write came between its look-up and its own write.
pub(super) const TRIES: usize = 5;

impl View {
    /// Updates the document with the input's values in a unique key (in its id, if no key is given), or
    /// creates it. With `keeps`, one that is there stays as it is.
    pub async fn upsert(
        &self,
        collection: &Collection,
        (key, keeps): (Option<&UniqueKey>, bool),
        input: &Map<String, Json>,
        at: &[Step],
    ) -> Result<(EntityRef, Doc), EngineError> {
        let on = key.map_or("id", |key| &key.name);
        let fields = key.map_or(&[][..], |key| &key.fields);
        let values = match self.fills(collection, fields) {
            true => key_values(collection, on, &*self.owned(collection, input)?),
            false => key_values(collection, on, input),
        };
        if let Some(faults) = without_key(collection, on, &values) {
            return Err(EngineError::bad_input(at, faults));
        }
        for _ in 0..TRIES {
            let found = self.lookup(collection, on, std::slice::from_ref(&values)).await.pop();
            let found = match found.unwrap_or(Ok(None)) {
                Err(EngineError::BadInput(faults)) => return Err(EngineError::bad_input(at, faults)),
                found => found?,
            };
            let hidden = found.as_ref().is_some_and(|doc| !self.sees(&collection.name, doc));
            let result = match found.filter(|_| !hidden) {
                // Nothing is written. Whoever has written it is answered when everybody sees it.
                Some(doc) if keeps => {
                    self.checked(collection, input, at)?;
                    Ok((EntityRef { ty: collection.name.clone(), id: id_of(&doc)? }, doc))
                }
                Some(doc) => {
                    let set = self.changes(collection, key, input);
                    self.update(collection, &id_of(&doc)?, &set, None, at).await
                }
                None => self.create(collection, input, at).await,
            };
            match result {
                // The value is taken, by a document that is none of the viewer's.
                Err(error @ EngineError::Conflict { .. }) if hidden => return Err(error),
                // Another write created or deleted the document meanwhile: look again.
                Err(EngineError::Conflict { details, .. })
                    if details.contains(&("field", Json::from(on))) => {}
                Err(EngineError::NotFound { path, .. }) if path.is_empty() => {}
                other => return other,
            }
        }
        Err(EngineError::Unavailable {
            message: "Too many others are writing the same document; try again.".into(),
            cause: format!("an upsert of {} lost {TRIES} races", collection.name),
        })
    }

    /// Checks an input that is not going to be stored as if it were.
    fn checked(
        &self,
        collection: &Collection,
        input: &Map<String, Json>,
        at: &[Step],
    ) -> Result<(), EngineError> {
        let input = self.owned(collection, input)?;
        match input::create(self.model(), collection, &input) {
            Ok(_) => Ok(()),
            Err(faults) => Err(EngineError::bad_input(at, faults)),
        }
    }
}

/// The faults of key values by which no document can be found; `None` when one can be.
fn without_key(collection: &Collection, on: &str, values: &[Json]) -> Option<Vec<InputFault>> {
    let key = collection.uniques.iter().find(|key| key.name == on);
    let fields = key.map_or_else(|| vec![Arc::from("id")], |key| key.fields.clone());
    let missing = fields.iter().zip(values).filter(|(_, value)| value.is_null());
    let faults: Vec<_> = missing
        .map(|(field, _)| InputFault {
            path: vec![Step::Key(field.to_string())],
            message: format!("The upsert goes by {field}: it must be given and not null."),
        })
        .collect();
    if faults.is_empty() { None } else { Some(faults) }
}

fn id_of(doc: &Doc) -> Result<Id, EngineError> {
    doc.id().ok_or_else(|| EngineError::Internal("a found document has no id".into()))
}
