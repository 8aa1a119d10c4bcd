//! Which documents a viewer may read and write: the schema file's rules, for one viewer.
//!
//! A viewer's rights are filters, one per type and action. They become part of the definitions of lists and of the
//! conditions of writes, so everything that caches and stores know of filters holds for them. Viewers for whom the
//! rules say the same have equal rights, and share whatever is made by them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use quick_cache::sync::Cache;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::input::{self, FilterLimits};
use crate::query::Filter;
use crate::schema::{AccessCondition, Allowed, Collection, Grant, Model};
use crate::viewer::Viewer;

mod check;
mod claims;

pub use check::load;

use claims::{bound, claims_of};

/// Rights that are kept for viewers to come.
const KEPT: usize = 10_000;

/// The rules of a model.
pub(super) struct Access {
    model: Arc<Model>,
    /// The roles and the claims that rules name; nothing else about a viewer matters.
    roles: BTreeSet<Arc<str>>,
    claims: BTreeSet<String>,
    known: Cache<Matters, Arc<Rights>>,
}

/// All about a viewer that matters to the rules: the roles, and the claims as JSON.
type Matters = (Vec<Arc<str>>, Vec<Option<String>>);

/// The rights of a viewer.
pub(super) struct Rights(BTreeMap<Arc<str>, TypeRights>);

/// A viewer's rights to the documents of one type: those that satisfy these filters, which are canonical.
pub(super) struct TypeRights {
    pub(super) read: Filter,
    pub(super) create: Filter,
    /// Before the change and after it.
    pub(super) update: Filter,
    pub(super) delete: Filter,
    /// Equal for equal rights to the same type.
    digest: [u8; 16],
}

/// What a viewer sees of some types. Equal sights are of viewers who see the same documents of these types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sight([u8; 16]);

/// The rights to a type without rules.
static CLOSED: TypeRights = TypeRights {
    read: Filter::Or(Vec::new()),
    create: Filter::Or(Vec::new()),
    update: Filter::Or(Vec::new()),
    delete: Filter::Or(Vec::new()),
    digest: [0; 16],
};

impl Access {
    pub(super) fn new(model: Arc<Model>) -> Access {
        let (mut roles, mut claims) = (BTreeSet::new(), BTreeSet::new());
        for grant in model.collections.iter().flat_map(|collection| &collection.access) {
            roles.extend(grant.roles.iter().flatten().cloned());
            for allowed in [&grant.read, &grant.create, &grant.update, &grant.delete] {
                let Allowed::If(conditions) = allowed else { continue };
                conditions.iter().for_each(|condition| claims_of(&condition.filter, &mut claims));
            }
        }
        Access { model, roles, claims, known: Cache::new(KEPT) }
    }

    /// The rights of a viewer.
    pub(super) fn rights(&self, viewer: &Viewer) -> Arc<Rights> {
        let roles = viewer.roles().iter().filter(|role| self.roles.contains(*role)).cloned().collect();
        let claims = self.claims.iter().map(|name| viewer.claim(name).map(Json::to_string)).collect();
        let matters = (roles, claims);
        if let Some(known) = self.known.get(&matters) {
            return known;
        }
        let of_type =
            |collection: &Arc<Collection>| (collection.name.clone(), self.type_rights(collection, viewer));
        let rights = Arc::new(Rights(self.model.collections.iter().map(of_type).collect()));
        self.known.insert(matters, rights.clone());
        rights
    }

    fn type_rights(&self, collection: &Collection, viewer: &Viewer) -> TypeRights {
        let holds = |grant: &&Grant| {
            grant.roles.as_ref().is_none_or(|roles| roles.iter().any(|role| viewer.roles().contains(role)))
        };
        let grants: Vec<&Grant> = collection.access.iter().filter(holds).collect();
        let any = |action: fn(&Grant) -> &Allowed| {
            let filters = grants.iter().map(|grant| self.filter(&collection.name, action(grant), viewer));
            Filter::Or(filters.collect()).canonical()
        };
        let read = any(|grant| &grant.read);
        // What cannot be read cannot be written, and a write shows its document.
        let write = |action| any(action).and(read.clone()).canonical();
        let (create, update) = (write(|grant| &grant.create), write(|grant| &grant.update));
        let delete = write(|grant| &grant.delete);
        let all = [&read, &create, &update, &delete].map(Filter::to_json);
        let digest = digest(&[collection.name.as_bytes(), Json::from(all.to_vec()).to_string().as_bytes()]);
        TypeRights { read, create, update, delete, digest }
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

impl Rights {
    /// The rights to the documents of a type.
    pub(super) fn of(&self, ty: &str) -> &TypeRights {
        self.0.get(ty).unwrap_or(&CLOSED)
    }

    /// What a viewer with these rights sees of some types, given in a fixed order.
    pub(super) fn sight<'a>(&self, types: impl IntoIterator<Item = &'a Arc<str>>) -> Sight {
        let mut all = Sha256::new();
        types.into_iter().for_each(|ty| all.update(self.of(ty).digest));
        Sight(shortened(all))
    }

    /// What a viewer with these rights sees of everything.
    pub(super) fn whole_sight(&self) -> Sight {
        self.sight(self.0.keys())
    }
}

fn digest(parts: &[&[u8]]) -> [u8; 16] {
    let mut all = Sha256::new();
    for part in parts {
        all.update((part.len() as u64).to_be_bytes());
        all.update(part);
    }
    shortened(all)
}

fn shortened(hash: Sha256) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&hash.finalize()[..16]);
    short
}
