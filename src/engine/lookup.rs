//! Finds documents by the values of a unique key, many at once.

use std::collections::{HashMap, HashSet};

use bson::{Bson, Document};
use serde_json::{Map, Value as Json};

use super::{EngineError, InputFault, List, View, input};
use crate::cache::Window;
use crate::query::{Filter, Order, encode_value};
use crate::schema::{Collection, UniqueKey};
use crate::store::Find;
use crate::value::{Doc, EntityRef, Id};

/// Documents that one operation names by their ids or keys, or reads, at a time.
pub(super) const DOCUMENTS_AT_A_TIME: usize = 500;

impl View {
    /// The document with these values in a unique key, read through the cache.
    pub async fn by_unique(
        &self,
        collection: &Collection,
        key: &UniqueKey,
        values: &[Json],
    ) -> Result<Option<(EntityRef, Doc)>, EngineError> {
        let filter =
            input::unique(&self.lane.core.model, collection, key, values).map_err(EngineError::BadInput)?;
        let name = collection.name.clone();
        let list = List { on: name.clone(), types: vec![name], filter, order: Order::default() };
        let page = self.list(&list, &Window { limit: 1, ..Window::default() }).await?;
        Ok(page.rows.into_iter().next().map(|row| (row.entity, row.doc)))
    }

    /// The ids of the documents with these values in a unique key, in the order given. Each item of `values`
    /// has one value per key field.
    pub async fn resolve_many(
        &self,
        ty: &str,
        key: &str,
        values: &[Vec<Json>],
    ) -> Vec<Result<Option<Id>, EngineError>> {
        let Some(collection) = self.lane.core.model.collection(ty).cloned() else {
            let error = EngineError::Internal(format!("there is no collection type {ty}"));
            return values.iter().map(|_| Err(error.clone())).collect();
        };
        let found = self.lookup(&collection, key, values).await;
        found.into_iter().map(|doc| Ok(doc?.and_then(|doc| doc.id()))).collect()
    }

    /// Documents by many values of a unique key, read from the store in few operations.
    pub(super) async fn lookup(
        &self,
        collection: &Collection,
        on: &str,
        values: &[Vec<Json>],
    ) -> Vec<Result<Option<Doc>, EngineError>> {
        let key = collection.uniques.iter().find(|key| key.name == on);
        if key.is_none() && on != "id" {
            let error = EngineError::Internal(format!("{} has no unique key {on}", collection.name));
            return values.iter().map(|_| Err(error.clone())).collect();
        }
        let filters: Vec<Result<Filter, EngineError>> =
            values.iter().map(|values| self.key_filter(collection, key, values)).collect();
        let wanted: Vec<Filter> = filters.iter().filter_map(|filter| filter.clone().ok()).collect();
        let mut found = Vec::with_capacity(wanted.len());
        for piece in wanted.chunks(DOCUMENTS_AT_A_TIME) {
            let at = self.lane.core.at_latest().await;
            let limit = piece.len() as u64;
            let find = Find::first(collection.name.clone(), any_of(piece.to_vec()), Order::default(), limit);
            match self.lane.core.store.find(&find, at).await {
                Ok(docs) => found.extend(docs),
                Err(error) => {
                    let error = EngineError::from(error);
                    return filters.into_iter().map(|filter| filter.and(Err(error.clone()))).collect();
                }
            }
        }
        let paths = paths(key);
        let by_key: HashMap<Vec<u8>, &Doc> =
            found.iter().filter_map(|doc| Some((values_at(&doc.decode().ok()?, &paths)?, doc))).collect();
        let pick = |filter: Filter| by_key.get(&filter_key(&filter, &paths)).map(|doc| (*doc).clone());
        filters.into_iter().map(|filter| filter.map(pick)).collect()
    }

    /// Bytes that identify the values in a key, however the values are written.
    pub(super) fn key_name(&self, collection: &Collection, on: &str, values: &[Json]) -> Vec<u8> {
        let key = collection.uniques.iter().find(|key| key.name == on);
        match self.key_filter(collection, key, values) {
            Ok(filter) => filter_key(&filter, &paths(key)),
            // No document has these values.
            Err(_) => Json::from(values.to_vec()).to_string().into_bytes(),
        }
    }

    fn key_filter(
        &self,
        collection: &Collection,
        key: Option<&UniqueKey>,
        values: &[Json],
    ) -> Result<Filter, EngineError> {
        match (key, values) {
            (Some(key), values) => {
                input::unique(&self.lane.core.model, collection, key, values).map_err(EngineError::BadInput)
            }
            (None, [id]) => match input::id(collection, id) {
                Ok(id) => Ok(Filter::eq("_id", id.to_bson())),
                Err(message) => Err(EngineError::BadInput(vec![InputFault::at("id", message)])),
            },
            (None, _) => Err(EngineError::Internal("an id is one value".into())),
        }
    }
}

/// One filter for many keys: a single `In` if every key is one equality on the same path.
fn any_of(filters: Vec<Filter>) -> Filter {
    let mut path_of_all: Option<String> = None;
    let mut all = Vec::new();
    for filter in &filters {
        match filter {
            Filter::In(path, values) if path_of_all.as_ref().is_none_or(|first| first == path) => {
                path_of_all = Some(path.clone());
                all.extend(values.iter().cloned());
            }
            _ => return Filter::Or(filters).canonical(),
        }
    }
    Filter::In(path_of_all.unwrap_or_default(), all).canonical()
}

/// A record's values in the fields of a key; null where the record has no value.
pub(super) fn key_values(collection: &Collection, on: &str, record: &Map<String, Json>) -> Vec<Json> {
    let value = |field: &str| record.get(field).cloned().unwrap_or(Json::Null);
    match collection.uniques.iter().find(|key| key.name == on) {
        Some(key) => key.fields.iter().map(|field| value(field)).collect(),
        None => vec![value("id")],
    }
}

/// Splits new documents, with their places, in two: those that can be inserted at the same time, because no two share
/// an id or a unique value; and those that share one with an earlier document and so must come after it.
pub(super) fn apart(collection: &Collection, documents: Vec<(usize, Document)>) -> (Numbered, Numbered) {
    let mut taken = HashSet::new();
    documents.into_iter().partition(|(_, document)| {
        let keys = unique_keys(collection, document);
        let free = keys.iter().all(|key| !taken.contains(key));
        taken.extend(keys);
        free
    })
}

/// Documents, each with its place among others.
pub(super) type Numbered = Vec<(usize, Document)>;

/// The parts of a document that must be unique within its type: its id, and its values in each unique key.
fn unique_keys(collection: &Collection, document: &Document) -> Vec<(String, Vec<u8>)> {
    let keys = collection.uniques.iter().map(|key| (key.name.clone(), key.paths()));
    let all = keys.chain([("id".to_owned(), vec!["_id".to_owned()])]);
    all.filter_map(|(name, paths)| Some((name, values_at(document, &paths)?))).collect()
}

/// The values at the paths; `None` when one of them is null or missing.
fn values_at(document: &Document, paths: &[String]) -> Option<Vec<u8>> {
    let mut key = Vec::new();
    for path in paths {
        key.extend(encode_value(value_at(document, path)?));
    }
    Some(key)
}

/// The value at a path; `None` when it is null or missing.
pub(super) fn value_at<'d>(document: &'d Document, path: &str) -> Option<&'d Bson> {
    let mut parts = path.split('.');
    let mut value = document.get(parts.next()?)?;
    for part in parts {
        value = value.as_document()?.get(part)?;
    }
    Some(value).filter(|value| **value != Bson::Null)
}

/// The paths of a key's values in a document; without a key, the path of the id.
fn paths(key: Option<&UniqueKey>) -> Vec<String> {
    key.map_or_else(|| vec!["_id".to_owned()], UniqueKey::paths)
}

/// The values that a filter of equalities requires, in the order of the paths.
fn filter_key(filter: &Filter, paths: &[String]) -> Vec<u8> {
    let parts = match filter {
        Filter::And(parts) => parts.as_slice(),
        single => std::slice::from_ref(single),
    };
    let value = |path: &String| {
        parts.iter().find_map(|part| match part {
            Filter::In(at, values) if at == path => values.first(),
            _ => None,
        })
    };
    paths.iter().flat_map(|path| encode_value(value(path).unwrap_or(&Bson::Null))).collect()
}
