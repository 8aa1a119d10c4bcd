//! Checks that foreign keys refer to existing documents when they are written, and that values are within the bounds
//! that these parents give.
//!
//! The check takes no lock: of two simultaneous writes, one that deletes or changes a parent and one that adds a child,
//! both can pass. A later change of the parent leaves its children as they are.

use std::sync::Arc;

use bson::{Bson, Document};
use serde_json::Value as Json;

use super::input::plain;
use super::{EngineError, Step, View};
use crate::query::encode_value;
use crate::schema::{BoundSide, Collection, ParentBound};
use crate::store::Patch;
use crate::value::{Doc, EntityRef, Id};

/// A foreign key of a document about to be written.
pub(super) struct Key {
    /// The document that the key refers to.
    entity: EntityRef,
    /// The key's place in the input; `None` where it stays as it is.
    path: Option<Vec<Step>>,
    /// Values that have to be within bounds that the parent gives.
    bounded: Vec<Bounded>,
}

/// A value and its bound.
struct Bounded {
    field: Arc<str>,
    value: Bson,
    bound: ParentBound,
    /// The place in the input of the value, or of the key if only that is written.
    path: Vec<Step>,
}

/// The values that a write sets.
pub(super) trait Sets {
    /// The value of a field, if the write sets it.
    fn value(&self, field: &str) -> Option<&Bson>;
}

impl Sets for Document {
    fn value(&self, field: &str) -> Option<&Bson> {
        self.get(field)
    }
}

impl Sets for Patch {
    fn value(&self, field: &str) -> Option<&Bson> {
        self.set.iter().find(|(name, _)| name == field).map(|(_, value)| value)
    }
}

/// The foreign keys to be checked before a write. `current` is the document before it, as far as
/// [`needs_current`]; `at` is the place of the values in the input.
pub(super) fn keys(
    collection: &Collection,
    set: &impl Sets,
    current: Option<&Document>,
    at: &[Step],
) -> Vec<Key> {
    let place = |name: &str| at.iter().cloned().chain([Step::Key(name.to_owned())]).collect::<Vec<_>>();
    let value = |name: &str| set.value(name).or_else(|| current?.get(name));
    let mut keys = Vec::new();
    for field in &collection.fields {
        let Some(ty) = &field.references else { continue };
        let Some(id) = value(&field.name).and_then(Id::from_bson) else { continue };
        let written = set.value(&field.name).is_some();
        let mut bounded = Vec::new();
        for child in &collection.fields {
            let given = set.value(&child.name).is_some();
            for bound in child.parent_bounds.iter().filter(|bound| bound.key == field.name) {
                if let Some(value) =
                    value(&child.name).filter(|value| (given || written) && **value != Bson::Null)
                {
                    let path = place(if given { &child.name } else { &field.name });
                    bounded.push(Bounded {
                        field: child.name.clone(),
                        value: value.clone(),
                        bound: bound.clone(),
                        path,
                    });
                }
            }
        }
        if written || !bounded.is_empty() {
            let entity = EntityRef { ty: ty.clone(), id };
            keys.push(Key { entity, path: written.then(|| place(&field.name)), bounded });
        }
    }
    keys
}

/// Whether a bound cannot be checked by what a patch sets alone: it sets only one of a value and the key to the parent
/// that bounds the value.
pub(super) fn needs_current(collection: &Collection, patch: &Patch) -> bool {
    let set = |name: &str| patch.value(name).map(|value| *value != Bson::Null);
    let alone = |field: &str, bound: &ParentBound| {
        matches!((set(field), set(&bound.key)), (Some(true), None) | (None, Some(true)))
    };
    collection.fields.iter().any(|field| field.parent_bounds.iter().any(|bound| alone(&field.name, bound)))
}

impl View {
    /// For each group of foreign keys, whether all of them refer to existing documents that allow the values.
    pub(super) async fn check_keys(
        &self,
        groups: &[Vec<Key>],
    ) -> Result<Vec<Result<(), EngineError>>, EngineError> {
        let mut refs: Vec<EntityRef> = groups.iter().flatten().map(|key| key.entity.clone()).collect();
        refs.sort();
        refs.dedup();
        let found = self.stamped_entities(&refs).await?;
        let check_one = |key: &Key| {
            let parent = refs.binary_search(&key.entity).ok().and_then(|index| found[index].doc.as_ref());
            match (&key.path, parent.filter(|doc| self.sees(&key.entity.ty, doc))) {
                (Some(path), None) => Err(EngineError::NotFound {
                    message: format!("There is no {} with the id {}.", key.entity.ty, key.entity.id),
                    path: path.clone(),
                }),
                _ => parent.map_or(Ok(()), |doc| self.check_bounds(&key.bounded, doc)),
            }
        };
        Ok(groups.iter().map(|group| group.iter().try_for_each(check_one)).collect())
    }

    /// Checks values against the bounds that the parent gives.
    fn check_bounds(&self, bounded: &[Bounded], parent: &Doc) -> Result<(), EngineError> {
        if bounded.is_empty() {
            return Ok(());
        }
        let document = parent.decode().map_err(|error| super::bulk::unencodable(&error))?;
        for Bounded { field, value, bound, path } in bounded {
            let Some(limit) = document.get(&*bound.field).filter(|limit| **limit != Bson::Null) else {
                continue;
            };
            let (is, most) = (encode_value(value), encode_value(limit));
            let (name, word, beyond) = match bound.side {
                BoundSide::Min => ("min", "at least", is < most),
                BoundSide::Max => ("max", "at most", is > most),
            };
            if !beyond {
                continue;
            }
            let of = format!("{}.{}", bound.relation, bound.field);
            let mut details = vec![("bound", Json::from(name)), ("of", Json::from(&*of))];
            // What the parent has there is told only to those who may see it.
            let told = self.sees(&bound.parent, parent) && self.shows(&bound.parent, &bound.field, parent);
            let limit = told.then(|| plain(limit));
            details.extend(limit.as_ref().map(|limit| ("limit", Json::from(&**limit))));
            details.push(("value", Json::from(plain(value))));
            let limit = limit.map(|limit| format!(", which is {limit}")).unwrap_or_default();
            return Err(EngineError::OutOfRange {
                message: format!("{field} must be {word} {of}{limit}; is {}.", plain(value)),
                path: path.clone(),
                details,
            });
        }
        Ok(())
    }
}
