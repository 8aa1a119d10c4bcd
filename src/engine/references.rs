//! Checks that foreign keys refer to existing documents when they are written.
//!
//! The check takes no lock: of two simultaneous writes, one that deletes a parent and one that adds a child,
//! both can pass.

use bson::Bson;

use super::{EngineError, Step, View};
use crate::schema::Collection;
use crate::value::{EntityRef, Id};

/// A foreign key about to be written.
pub(super) struct Key {
    /// The document that the key refers to.
    pub(super) entity: EntityRef,
    /// The key's place in the input.
    pub(super) path: Vec<Step>,
}

/// The foreign keys among a collection's field values; `at` is the place of the values in the input.
pub(super) fn keys<'a>(
    collection: &Collection,
    values: impl IntoIterator<Item = (&'a str, &'a Bson)>,
    at: &[Step],
) -> Vec<Key> {
    let key = |(name, value): (&str, &Bson)| {
        let ty = collection.field(name)?.references.clone()?;
        let id = Id::from_bson(value)?;
        let path = at.iter().cloned().chain([Step::Key(name.to_owned())]).collect();
        Some(Key { entity: EntityRef { ty, id }, path })
    };
    values.into_iter().filter_map(key).collect()
}

impl View {
    /// For each group of foreign keys, whether all of them refer to existing documents.
    pub(super) async fn check_keys(
        &self,
        groups: &[Vec<Key>],
    ) -> Result<Vec<Result<(), EngineError>>, EngineError> {
        let mut refs: Vec<EntityRef> = groups.iter().flatten().map(|key| key.entity.clone()).collect();
        refs.sort();
        refs.dedup();
        let found = self.entities(&refs).await?;
        let exists = |key: &Key| refs.binary_search(&key.entity).is_ok_and(|index| found[index].is_some());
        let check = |group: &Vec<Key>| match group.iter().find(|key| !exists(key)) {
            None => Ok(()),
            Some(key) => Err(EngineError::NotFound {
                message: format!("There is no {} with the id {}.", key.entity.ty, key.entity.id),
                path: key.path.clone(),
            }),
        };
        Ok(groups.iter().map(check).collect())
    }
}
