//! Which documents a viewer may read and write: the schema file's rules, for one viewer.
//!
//! A viewer's rights are filters, one per type and action. They become part of the definitions of lists and of the
//! conditions of writes, so everything that caches and stores know of filters holds for them. Viewers for whom the
//! rules say the same have equal rights, and share whatever is made by them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use serde_json::Value as Json;

use super::input::{self, FilterLimits};
use crate::probe::without::{Mechanism, without};
use crate::query::Filter;
use crate::schema::{
    AccessCondition, Allowed, Collection, Grant, MemberRule, Model, RelationKind, Surface, is_for,
};
use crate::viewer::Viewer;

mod check;
mod claims;
mod rights;

pub use rights::{Rights, Sight};

pub(super) use check::{Fault, check};

use claims::{bound, claims_of};
use rights::{MemberRights, OwnerField, TypeRights, digest};

/// Bytes of the rights that are kept for viewers to come, and the number of viewers that this is expected to be.
const KEPT: u64 = 64 << 20;
const VIEWERS: usize = 10_000;

/// The rules of a model.
pub(super) struct Access {
    model: Arc<Model>,
    /// The roles and the claims that rules name; nothing else about a viewer matters.
    roles: BTreeSet<Arc<str>>,
    claims: BTreeSet<String>,
    known: Cache<Matters, Arc<Rights>, Weight>,
}

#[derive(Clone)]
struct Weight;

impl Weighter<Matters, Arc<Rights>> for Weight {
    fn weight(&self, (_, claims): &Matters, rights: &Arc<Rights>) -> u64 {
        (rights.weight + claims.iter().flatten().map(String::len).sum::<usize>() + 512) as u64
    }
}

/// All about a viewer that matters to the rules: the roles, and the claims as JSON.
type Matters = (Vec<Arc<str>>, Vec<Option<String>>);

impl Access {
    pub(super) fn new(model: Arc<Model>) -> Access {
        let (mut roles, mut claims) = (BTreeSet::new(), BTreeSet::new());
        for collection in &model.collections {
            roles.extend(collection.roles().cloned());
            collection.conditions().for_each(|condition| claims_of(&condition.filter, &mut claims));
            let owners = collection.members.values().filter_map(|access| access.owner.as_deref());
            claims.extend(owners.map(str::to_owned));
        }
        Access { model, roles, claims, known: Cache::with_weighter(VIEWERS, KEPT, Weight) }
    }

    /// The rights of a viewer.
    pub(super) fn rights(&self, viewer: &Viewer) -> Arc<Rights> {
        let roles = viewer.roles().iter().filter(|role| self.roles.contains(*role)).cloned().collect();
        let claims = self.claims.iter().map(|name| viewer.claim(name).map(Json::to_string)).collect();
        let matters = (roles, claims);
        if let Some(known) = self.known.get(&matters) {
            return known;
        }
        let surface = Arc::new(Surface::of(&self.model, &matters.0));
        let of_type = |collection: &Arc<Collection>| {
            (collection.name.clone(), self.type_rights(collection, &surface, viewer))
        };
        let types: BTreeMap<_, _> = self.model.collections.iter().map(of_type).collect();
        let weight = types.values().map(TypeRights::weight).sum();
        let rights = Arc::new(Rights { types, surface: surface.clone(), weight });
        self.known.insert(matters, rights.clone());
        rights
    }

    fn type_rights(&self, collection: &Collection, surface: &Surface, viewer: &Viewer) -> TypeRights {
        let grants: Vec<&Grant> =
            collection.access.iter().filter(|grant| is_for(&grant.roles, viewer.roles())).collect();
        let any = |action: fn(&Grant) -> &Allowed| {
            let filters = grants.iter().map(|grant| self.filter(&collection.name, action(grant), viewer));
            Filter::Or(filters.collect()).canonical()
        };
        let read = any(|grant| &grant.read);
        // What cannot be read cannot be written, and a write shows its document.
        let write = |action| any(action).and(read.clone()).canonical();
        let (create, update) = (write(|grant| &grant.create), write(|grant| &grant.update));
        let delete = write(|grant| &grant.delete);
        let members = self.members(collection, viewer);
        let owner = |(field, claim): (&Arc<str>, &Arc<str>)| OwnerField {
            field: field.clone(),
            claim: claim.clone(),
            value: viewer.claim(claim).cloned(),
        };
        let owners =
            collection.members.iter().filter_map(|(field, access)| Some((field, access.owner.as_ref()?)));
        let owners = owners.map(owner).collect();
        let shown: Vec<Json> = members.values().map(|member: &MemberRights| member.read.to_json()).collect();
        let reading = surface.reading(&collection.name);
        let digest = digest(&[
            collection.name.as_bytes(),
            reading.as_bytes(),
            Json::from(vec![read.to_json(), Json::Array(shown)]).to_string().as_bytes(),
        ]);
        TypeRights { read, create, update, delete, members, owners, digest }
    }

    /// The rights to the fields and relations that have rules of their own, and to what is reached through those.
    fn members(&self, collection: &Collection, viewer: &Viewer) -> BTreeMap<Arc<str>, MemberRights> {
        let all = |rules: &Option<Vec<MemberRule>>| {
            let Some(rules) = rules else { return Filter::all() };
            let own = rules.iter().filter(|rule| is_for(&rule.roles, viewer.roles()));
            let filters = own.map(|rule| self.filter(&collection.name, &rule.allowed, viewer));
            Filter::Or(filters.collect()).canonical()
        };
        let mut members: BTreeMap<Arc<str>, MemberRights> = collection
            .members
            .iter()
            .map(|(name, access)| {
                let (read, create, update) = (all(&access.read), all(&access.create), all(&access.update));
                (name.clone(), MemberRights { read, create, update })
            })
            .collect();
        for relation in &collection.relations {
            // Whoever sees the parent sees the key.
            let RelationKind::BelongsTo { field, .. } = &relation.kind else { continue };
            if without(Mechanism::KeyOfParent) {
                continue;
            }
            let Some(key) = members.get(field).map(|key| key.read.clone()) else { continue };
            let own = members.remove(&relation.name).map_or_else(Filter::all, |own| own.read);
            let (create, update) = (Filter::all(), Filter::all());
            members.insert(
                relation.name.clone(),
                MemberRights { read: own.and(key).canonical(), create, update },
            );
        }
        members
    }

    fn filter(&self, ty: &str, allowed: &Allowed, viewer: &Viewer) -> Filter {
        match allowed {
            Allowed::Never => Filter::none(),
            Allowed::Always => Filter::all(),
            Allowed::If(conditions) => {
                // A condition on a claim that the viewer does not have, or that does not fit, allows nothing.
                let one = |condition: &AccessCondition| {
                    let given = bound(&condition.filter, &|name| viewer.claim(name).cloned())?;
                    input::filter(&self.model, ty, &given, &FilterLimits::default()).ok()
                };
                Filter::Or(conditions.iter().filter_map(one).collect())
            }
        }
    }
}
