//! What a view's viewer may do to a document, and how a write says that the viewer may not do it.
//!
//! A write is permitted by conditions that the store checks in the same step as it writes, on the document as it is then.
//! A document that the viewer may not see is none: the write finds nothing, as if the document were not there.

use std::borrow::Cow;
use std::sync::Arc;

use bson::Document;
use serde_json::{Map, Value as Json};

use super::bulk::unencodable;
use super::{EngineError, View, input};
use crate::probe::without::{Mechanism, without};
use crate::query::{Filter, before, matches};
use crate::schema::{Collection, UniqueKey};
use crate::store::Patch;
use crate::value::{Doc, EntityRef, Id};

impl View {
    /// Whether the viewer may see a document.
    pub(super) fn sees(&self, ty: &str, doc: &Doc) -> bool {
        let open = without(Mechanism::EntityRule);
        open || self.rights.as_ref().is_none_or(|rights| matches(&rights.of(ty).read, doc.raw()))
    }

    /// Whether the viewer may see a field or relation of a document that the viewer may see.
    pub fn shows(&self, ty: &str, member: &str, doc: &Doc) -> bool {
        let rights = self.rights.as_ref().and_then(|rights| rights.of(ty).members.get(member));
        without(Mechanism::FieldRead) || rights.is_none_or(|rights| matches(&rights.read, doc.raw()))
    }

    /// Whether the viewer may see a field or relation of all documents that the viewer may see.
    pub(super) fn shows_all(&self, ty: &str, member: &str) -> bool {
        let rights = self.rights.as_ref().and_then(|rights| rights.of(ty).members.get(member));
        rights.is_none_or(|rights| rights.read.is_all())
    }

    /// The part of these documents that the viewer may see.
    pub(super) fn seen(&self, ty: &str, filter: Filter) -> Filter {
        match &self.rights {
            Some(rights) => filter.and(rights.of(ty).read.clone()).canonical(),
            None => filter,
        }
    }

    /// The input of a new document, with the claims that fill its fields.
    pub(super) fn owned<'i>(
        &self,
        collection: &Collection,
        given: &'i Map<String, Json>,
    ) -> Result<Cow<'i, Map<String, Json>>, EngineError> {
        let rights = self.rights.as_ref().filter(|_| !without(Mechanism::Owner));
        let owners = rights.map_or(&[][..], |rights| &rights.of(&collection.name).owners);
        let mut input = Cow::Borrowed(given);
        for owner in owners.iter().filter(|owner| !given.contains_key(&*owner.field)) {
            let model = &self.lane.core.model;
            let field = collection.field(&owner.field);
            let fits = |claim: &&Json| {
                !claim.is_null() && field.is_some_and(|field| input::value(model, field, claim).is_ok())
            };
            let Some(claim) = owner.value.as_ref().filter(fits) else {
                return Err(EngineError::Forbidden(format!(
                    "You may not create a {}: its {} is your claim `{}`, which you do not have, or which does not fit.",
                    collection.name, owner.field, owner.claim
                )));
            };
            input.to_mut().insert(owner.field.to_string(), claim.clone());
        }
        Ok(input)
    }

    /// Whether a claim of the viewer fills one of these fields.
    pub(super) fn fills(&self, collection: &Collection, fields: &[Arc<str>]) -> bool {
        let owners = self.rights.as_ref().map_or(&[][..], |rights| &rights.of(&collection.name).owners);
        owners.iter().any(|owner| fields.contains(&owner.field))
    }

    /// The fields of an input that the viewer may not give in every document.
    pub(super) fn restricted(&self, collection: &Collection, given: &Map<String, Json>) -> Vec<Arc<str>> {
        let rights = self.rights.as_ref().filter(|_| !without(Mechanism::FieldWrite));
        let Some(rights) = rights else { return Vec::new() };
        let members = rights.of(&collection.name).members.iter();
        let named = members.filter(|(name, rights)| !rights.create.is_all() && given.contains_key(&***name));
        named.map(|(name, _)| name.clone()).collect()
    }

    /// Refuses a new document that the viewer may not create. `restricted`: the fields that were given, of those that may
    /// not be given in every document.
    pub(super) fn check_create(
        &self,
        collection: &Collection,
        document: &Document,
        restricted: &[Arc<str>],
    ) -> Result<(), EngineError> {
        let Some(rights) = &self.rights else { return Ok(()) };
        let (rights, doc) = (rights.of(&collection.name), Doc::encode(document));
        let doc = doc.map_err(|error| unencodable(&error))?;
        if !matches(&rights.create, doc.raw()) && !without(Mechanism::CreateRule) {
            return Err(EngineError::Forbidden(format!("You may not create such a {}.", collection.name)));
        }
        for name in restricted {
            if rights.members.get(name).is_some_and(|member| !matches(&member.create, doc.raw())) {
                return Err(EngineError::Forbidden(format!(
                    "You may not give {name} to such a {}; leave it out.",
                    collection.name
                )));
            }
        }
        Ok(())
    }

    /// The changes that an upsert makes to a document that it has found by a key. A value of the key that is as it was
    /// is none, so that it needs no right.
    pub(super) fn changes(
        &self,
        collection: &Collection,
        key: Option<&UniqueKey>,
        input: &Map<String, Json>,
    ) -> Map<String, Json> {
        let mut set = input.clone();
        set.remove("id");
        let members = self.rights.as_ref().map(|rights| &rights.of(&collection.name).members);
        if let (Some(members), Some(key)) = (members, key.filter(|key| key.normalize.is_empty())) {
            set.retain(|name, _| {
                !(key.fields.iter().any(|field| **field == **name) && members.contains_key(&**name))
            });
        }
        set
    }

    /// The condition under which the viewer may apply a patch: on the document before it.
    pub(super) fn updatable(&self, collection: &Collection, patch: &Patch) -> Result<Filter, EngineError> {
        let Some(rights) = &self.rights else { return Ok(Filter::all()) };
        let rights = rights.of(&collection.name);
        let mut allowed = rights.update.clone();
        for (name, _) in &patch.set {
            let member = rights.members.get(&**name).filter(|_| !without(Mechanism::FieldWrite));
            let Some(member) = member else { continue };
            allowed = allowed.and(member.update.clone()).canonical();
            if member.update.is_none() {
                return Err(EngineError::Forbidden(format!(
                    "You may not change {name} of a {}.",
                    collection.name
                )));
            }
        }
        // Its other paths lie in the bookkeeping, which no rule may name.
        let whole = patch.set.iter().filter(|(path, _)| !path.contains('.'));
        let changed: Document = whole.map(|(path, value)| (path.clone(), value.clone())).collect();
        let changed = Doc::encode(&changed).map_err(|error| unencodable(&error))?;
        let after = match without(Mechanism::AfterChange) {
            true => Filter::all(),
            false => before(&allowed, changed.raw()).canonical(),
        };
        if after.is_none() {
            return Err(EngineError::Forbidden(format!("You may not change a {} so.", collection.name)));
        }
        Ok(if without(Mechanism::BeforeChange) { after } else { allowed.and(after).canonical() })
    }

    /// The documents that the viewer may delete.
    pub(super) fn deletable(&self, collection: &Collection) -> Filter {
        let rights = self.rights.as_ref().filter(|_| !without(Mechanism::DeleteRule));
        rights.map_or_else(Filter::all, |rights| rights.of(&collection.name).delete.clone())
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

/// There is no document with such values in a key, as far as the viewer may know.
pub(super) fn no_such_by(collection: &Collection, key: &UniqueKey) -> EngineError {
    let fields: Vec<&str> = key.fields.iter().map(|field| &**field).collect();
    let message = format!("There is no {} with this {}.", collection.name, fields.join(" and "));
    EngineError::NotFound { message, path: Vec::new() }
}

/// There is no such document, as far as the viewer may know.
pub(super) fn no_such(collection: &Collection, id: &Id) -> EngineError {
    let message = format!("There is no {} with the id {id}.", collection.name);
    EngineError::NotFound { message, path: Vec::new() }
}
