//! What a delete entails: documents deleted with it, foreign keys cleared, and documents that forbid it.
//!
//! Everything is found and checked before the first write, and then written from the children up to the
//! parents, so a refused delete changes nothing. As with foreign keys, the check takes no lock: a child added
//! at the same moment can be left without its parent.

use std::collections::HashSet;
use std::sync::Arc;

use bson::Bson;

use super::lookup::DOCUMENTS_AT_A_TIME;
use super::{EngineError, View};
use crate::query::Filter;
use crate::schema::OnDelete;
use crate::store::Patch;
use crate::store::deadline::unhurried;
use crate::value::{EntityRef, Id};

/// Documents that are to be deleted together.
#[derive(Default)]
pub(super) struct Doomed {
    /// The first level is the requested documents; every other level comes after the one that entails it.
    levels: Vec<(Arc<str>, Vec<Id>)>,
    all: HashSet<EntityRef>,
}

impl Doomed {
    fn add(&mut self, ty: &Arc<str>, mut ids: Vec<Id>) {
        ids.retain(|id| self.all.insert(EntityRef { ty: ty.clone(), id: id.clone() }));
        if !ids.is_empty() {
            self.levels.push((ty.clone(), ids));
        }
    }

    fn spared(&self, ty: &Arc<str>, mut ids: Vec<Id>) -> Vec<Id> {
        ids.retain(|id| !self.all.contains(&EntityRef { ty: ty.clone(), id: id.clone() }));
        ids
    }
}

impl View {
    /// Finds the documents to delete along with these. Refuses if a document that stays refers to one of them
    /// and forbids its deletion.
    pub(super) async fn doomed(&self, ty: &Arc<str>, ids: Vec<Id>) -> Result<Doomed, EngineError> {
        let mut doomed = Doomed::default();
        doomed.add(ty, ids);
        let mut level = 0;
        while let Some((ty, ids)) = doomed.levels.get(level).cloned() {
            for (child, field, _) in self.dependents(&ty, OnDelete::Cascade) {
                for parents in ids.chunks(DOCUMENTS_AT_A_TIME) {
                    doomed.add(&child, self.all_ids(&child, &pointing(&field, parents)).await?);
                }
            }
            level += 1;
        }
        for (level, (ty, ids)) in doomed.levels.iter().enumerate() {
            let told = level == 0 || self.sees_all(ty, ids).await?;
            self.check_blockers((ty, ids), told, &doomed).await?;
        }
        Ok(doomed)
    }

    /// Clears the foreign keys that refer to the doomed documents, and deletes all of these except the requested ones.
    pub(super) async fn clear_way(&self, doomed: &Doomed) -> Result<(), EngineError> {
        // From here on it writes, and must not stop half-way at a time-out.
        unhurried(self.clear_each(doomed)).await
    }

    async fn clear_each(&self, doomed: &Doomed) -> Result<(), EngineError> {
        for (ty, ids) in &doomed.levels {
            for (child, field, _) in self.dependents(ty, OnDelete::SetNull) {
                let mut patch = Patch { set: vec![(field.to_string(), Bson::Null)], unset: Vec::new() };
                if let Some(collection) = self.lane.core.model.collection(&child) {
                    self.complete_patch(collection, &mut patch);
                }
                for parents in ids.chunks(DOCUMENTS_AT_A_TIME) {
                    // Only while the child still refers to these parents: it may have been moved meanwhile.
                    let filter = pointing(&field, parents);
                    let children = doomed.spared(&child, self.all_ids(&child, &filter).await?);
                    self.write_each(&child, children, Some(&patch), &filter).await?;
                }
            }
        }
        for (ty, ids) in doomed.levels.iter().skip(1).rev() {
            self.write_each(ty, ids.clone(), None, &Filter::all()).await?;
        }
        Ok(())
    }

    /// Whether the viewer may see all these documents.
    async fn sees_all(&self, ty: &Arc<str>, ids: &[Id]) -> Result<bool, EngineError> {
        if self.rights.is_none() {
            return Ok(true);
        }
        for ids in ids.chunks(DOCUMENTS_AT_A_TIME) {
            let refs: Vec<EntityRef> =
                ids.iter().map(|id| EntityRef { ty: ty.clone(), id: id.clone() }).collect();
            if self.entities(&refs).await?.iter().any(Option::is_none) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Refuses if documents that stay refer to these and forbid their deletion. Those are told as far as the viewer may see
    /// them and their keys, if the viewer is to be `told` of what they refer to.
    async fn check_blockers(
        &self,
        (ty, ids): (&Arc<str>, &[Id]),
        told: bool,
        doomed: &Doomed,
    ) -> Result<(), EngineError> {
        let mut hidden = false;
        for (child, field, _) in self.dependents(ty, OnDelete::Restrict) {
            let told = told && self.shows_all(&child, &field);
            let mut blockers = 0;
            for parents in ids.chunks(DOCUMENTS_AT_A_TIME) {
                let all = pointing(&field, parents);
                let more = self.blocking(&child, &all, doomed).await?;
                blockers += match &self.rights {
                    _ if more == 0 => 0,
                    None => more,
                    Some(_) if !told => 0,
                    Some(_) => self.blocking(&child, &self.seen(&child, all), doomed).await?,
                };
                hidden |= more > 0;
            }
            if blockers == 0 {
                continue;
            }
            let (of, told) = (if ids.len() == 1 { "this" } else { "these" }, blockers);
            return Err(EngineError::Conflict {
                message: format!(
                    "{told} {child} still {} to {of} {ty} by {field}; delete or move them first.",
                    if told == 1 { "points" } else { "point" },
                ),
                details: vec![("field", (&*field).into()), ("blockers", told.into())],
            });
        }
        match hidden {
            // The viewer is not told of what the viewer may not see.
            true => Err(EngineError::Conflict {
                message: "Something that you may not see forbids this delete.".to_owned(),
                details: Vec::new(),
            }),
            false => Ok(()),
        }
    }

    /// The number of documents that satisfy the filter and stay.
    async fn blocking(&self, child: &Arc<str>, filter: &Filter, doomed: &Doomed) -> Result<u64, EngineError> {
        if doomed.levels.iter().any(|(ty, _)| ty == child) {
            return Ok(doomed.spared(child, self.all_ids(child, filter).await?).len() as u64);
        }
        Ok(self.lane.core.store.count(child, filter, self.lane.core.at_latest().await).await?)
    }

    fn dependents(
        &self,
        ty: &str,
        what: OnDelete,
    ) -> impl Iterator<Item = (Arc<str>, Arc<str>, OnDelete)> + use<> {
        self.lane.core.model.dependents(ty).into_iter().filter(move |(_, _, on_delete)| *on_delete == what)
    }
}

/// Matches children whose key is one of these ids.
fn pointing(field: &str, parents: &[Id]) -> Filter {
    Filter::In(field.to_owned(), parents.iter().map(Id::to_bson).collect())
}
