//! What a view's viewer may do to a document, and how a write says that the viewer may not do it.
//!
//! A write is permitted by conditions that the store checks in the same step as it writes, on the document as it is then.
//! A document that the viewer may not see is none: the write finds nothing, as if the document were not there.

use bson::Document;

use super::bulk::unencodable;
use super::{EngineError, View};
use crate::query::{Filter, before, matches};
use crate::schema::Collection;
use crate::store::Patch;
use crate::value::{Doc, EntityRef, Id};

impl View {
    /// Whether the viewer may see a document.
    pub(super) fn sees(&self, ty: &str, doc: &Doc) -> bool {
        self.rights.as_ref().is_none_or(|rights| matches(&rights.of(ty).read, doc.raw()))
    }

    /// The part of these documents that the viewer may see.
    pub(super) fn seen(&self, ty: &str, filter: Filter) -> Filter {
        match &self.rights {
            Some(rights) => filter.and(rights.of(ty).read.clone()).canonical(),
            None => filter,
        }
    }

    /// Refuses a new document that the viewer may not create.
    pub(super) fn check_create(
        &self,
        collection: &Collection,
        document: &Document,
    ) -> Result<(), EngineError> {
        let Some(rights) = &self.rights else { return Ok(()) };
        let doc = Doc::encode(document).map_err(|error| unencodable(&error))?;
        match matches(&rights.of(&collection.name).create, doc.raw()) {
            true => Ok(()),
            false => Err(EngineError::Forbidden(format!("You may not create such a {}.", collection.name))),
        }
    }

    /// The condition under which the viewer may apply a patch: on the document before it.
    pub(super) fn updatable(&self, collection: &Collection, patch: &Patch) -> Result<Filter, EngineError> {
        let Some(rights) = &self.rights else { return Ok(Filter::all()) };
        let allowed = &rights.of(&collection.name).update;
        // Its other paths lie in the bookkeeping, which rules cannot name.
        let whole = patch.set.iter().filter(|(path, _)| !path.contains('.'));
        let changed: Document = whole.map(|(path, value)| (path.clone(), value.clone())).collect();
        let changed = Doc::encode(&changed).map_err(|error| unencodable(&error))?;
        let after = before(allowed, changed.raw()).canonical();
        if after.is_none() {
            return Err(EngineError::Forbidden(format!("You may not change a {} so.", collection.name)));
        }
        Ok(allowed.clone().and(after).canonical())
    }

    /// The documents that the viewer may delete.
    pub(super) fn deletable(&self, collection: &Collection) -> Filter {
        self.rights.as_ref().map_or_else(Filter::all, |rights| rights.of(&collection.name).delete.clone())
    }

    /// Why a write that was permitted under a condition found no document.
    pub(super) async fn nothing_written(&self, collection: &Collection, id: &Id) -> EngineError {
        let entity = EntityRef { ty: collection.name.clone(), id: id.clone() };
        let visible = match &self.rights {
            Some(_) => self.entities(std::slice::from_ref(&entity)).await,
            None => Ok(Vec::new()),
        };
        match visible {
            Ok(found) if found.iter().any(Option::is_some) => EngineError::Forbidden(format!(
                "You may not do this to the {} with the id {id}.",
                collection.name
            )),
            Ok(_) => no_such(collection, id),
            Err(error) => error,
        }
    }
}

/// There is no such document, as far as the viewer may know.
pub(super) fn no_such(collection: &Collection, id: &Id) -> EngineError {
    let message = format!("There is no {} with the id {id}.", collection.name);
    EngineError::NotFound { message, path: Vec::new() }
}
