//! Rules between documents: foreign keys that are written must lead somewhere, and a delete looks after
//! those that point to what it deletes.
//!
//! Both are checked, not locked: of two writes at the same moment, one that deletes a parent and one
//! that adds a child, both can pass.

use std::sync::Arc;

use bson::Bson;

use super::{Engine, EngineError, InputFault, Step};
use crate::query::{Filter, Order};
use crate::schema::{Collection, OnDelete};
use crate::store::{Condition, Find, Patch, Write};
use crate::value::{EntityRef, Id, Time};

/// Children looked after at a time.
const CHUNK: u64 = 500;

/// A foreign key about to be written.
pub(super) struct Key {
    /// The document that it leads to.
    pub(super) entity: EntityRef,
    /// Where the input has it.
    pub(super) path: Vec<Step>,
}

/// The foreign keys among field values of a collection, with their places under `at`.
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

impl Engine {
    /// For each group of foreign keys, whether all of them lead to documents.
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

    /// Refuses when documents of restricting types point to one of these.
    pub(super) async fn check_blockers(&self, ty: &str, ids: &[Id]) -> Result<(), EngineError> {
        let ids: Vec<Bson> = ids.iter().map(Id::to_bson).collect();
        for (child, field, on_delete) in self.core.model.dependents(ty) {
            if on_delete != OnDelete::Restrict {
                continue;
            }
            let filter = Filter::In(field.to_string(), ids.clone());
            let blockers = self.core.store.count(&child, &filter, self.core.at(Time(0))).await?;
            if blockers > 0 {
                let of = if ids.len() == 1 { "this" } else { "these" };
                return Err(EngineError::Conflict {
                    message: format!(
                        "{blockers} {child} still {} to {of} {ty} by {field}; delete or move them first.",
                        if blockers == 1 { "points" } else { "point" },
                    ),
                    details: vec![("field", (&*field).into()), ("blockers", blockers.into())],
                });
            }
        }
        Ok(())
    }

    /// Deletes or releases the documents that point to this one.
    pub(super) async fn look_after_children(&self, ty: &str, id: &Id) -> Result<(), EngineError> {
        for (child, field, on_delete) in self.core.model.dependents(ty) {
            if on_delete == OnDelete::Restrict {
                continue;
            }
            loop {
                let children = self.children(&child, &field, id).await?;
                if children.is_empty() {
                    break;
                }
                match on_delete {
                    OnDelete::Cascade => {
                        for child_id in children {
                            Box::pin(self.delete_with_children(&child, &child_id)).await?;
                        }
                    }
                    OnDelete::SetNull | OnDelete::Restrict => {
                        self.release(&child, &field, id, children).await?;
                    }
                }
            }
        }
        Ok(())
    }

    async fn delete_with_children(&self, ty: &Arc<str>, id: &Id) -> Result<(), EngineError> {
        self.check_blockers(ty, std::slice::from_ref(id)).await?;
        self.look_after_children(ty, id).await?;
        let write = Write::Delete { ty: ty.clone(), id: id.clone(), when: Condition::default() };
        self.write_all(vec![write]).await.pop().transpose().map(|_| ())
    }

    async fn release(
        &self,
        child: &Arc<str>,
        field: &Arc<str>,
        parent: &Id,
        children: Vec<Id>,
    ) -> Result<(), EngineError> {
        let mut patch = Patch { set: vec![(field.to_string(), Bson::Null)], unset: Vec::new() };
        if let Some(collection) = self.core.model.collection(child) {
            self.complete_patch(collection, &mut patch);
        }
        // Only while it still points here: it may have been moved meanwhile.
        let filter = Filter::eq(field.to_string(), parent.to_bson());
        let writes = children.into_iter().map(|id| Write::Update {
            ty: child.clone(),
            id,
            patch: patch.clone(),
            when: Condition { version: None, filter: Some(filter.clone()) },
        });
        self.write_all(writes.collect()).await.into_iter().try_for_each(|written| written.map(|_| ()))
    }

    async fn children(&self, ty: &Arc<str>, field: &str, parent: &Id) -> Result<Vec<Id>, EngineError> {
        let find = Find {
            ty: ty.clone(),
            filter: Filter::eq(field, parent.to_bson()),
            order: Order::default(),
            after: None,
            before: None,
            from_end: false,
            offset: 0,
            limit: CHUNK,
        };
        let found = self.core.store.find(&find, self.core.at(Time(0))).await?;
        Ok(found.iter().filter_map(|doc| doc.id()).collect())
    }
}

/// Faults with their paths put under a place of the input.
pub(super) fn under(at: &[Step], faults: Vec<InputFault>) -> EngineError {
    let place = |fault: InputFault| InputFault {
        path: at.iter().cloned().chain(fault.path).collect(),
        message: fault.message,
    };
    EngineError::BadInput(faults.into_iter().map(place).collect())
}
