//! The part of an application's API that viewers with some roles have.
//!
//! Rules of access decide by roles, claims and documents. A surface is what roles alone decide: what viewers with these
//! roles can never read or write is no part of their API, and what depends on the rest is there with a condition.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{
    Allowed, Collection, Grant, MemberAccess, MemberRule, Model, RelationKind, Rollup, RollupField, is_for,
};

/// The part of a model's API that viewers with some roles have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surface {
    /// `None`: everything.
    types: Option<BTreeMap<Arc<str>, TypeSurface>>,
    id: SurfaceId,
}

/// Tells a surface from those that differ from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SurfaceId([u8; 16]);

impl SurfaceId {
    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// How far viewers can read something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Never: it is no part of their API.
    Never,
    /// It depends on the document, or on claims.
    Sometimes,
    /// Always.
    Always,
}

/// What viewers do to documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// They create them.
    Create,
    /// They change them.
    Update,
    /// They delete them.
    Delete,
}

/// The part of one collection type.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TypeSurface {
    read: Reach,
    create: bool,
    update: bool,
    delete: bool,
    /// The fields and relations that rules of access narrow.
    members: BTreeMap<Arc<str>, MemberSurface>,
}

/// The part of one field or relation, as far as its type's rules allow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct MemberSurface {
    read: Reach,
    create: bool,
    update: bool,
}

impl Surface {
    /// Everything.
    pub fn whole() -> Surface {
        Surface { types: None, id: SurfaceId::default() }
    }

    /// The part that viewers with these roles have.
    pub fn of(model: &Model, roles: &[Arc<str>]) -> Surface {
        let own =
            |collection: &Arc<Collection>| (collection.name.clone(), TypeSurface::of(collection, roles));
        let mut types: BTreeMap<_, _> = model.collections.iter().map(own).collect();
        for collection in &model.collections {
            for relation in &collection.relations {
                let reach =
                    |ty: &str, member: &str| types.get(ty).map_or(Reach::Never, |of| of.member(member));
                let by_key = match &relation.kind {
                    RelationKind::BelongsTo { field, .. } => reach(&collection.name, field),
                    // Whoever can ask for the children of a document learns what their keys are.
                    RelationKind::HasMany { field, .. } if reach(&relation.target, field) < Reach::Always => {
                        Reach::Never
                    }
                    RelationKind::HasMany { .. } => Reach::Always,
                };
                let hidden = types.get(&relation.target).is_none_or(|target| target.read == Reach::Never);
                let all = if hidden { Reach::Never } else { by_key };
                if let Some(of) = types.get_mut(&collection.name).filter(|_| all < Reach::Always) {
                    let own = of.members.entry(relation.name.clone()).or_insert(MemberSurface::ALL);
                    own.read = own.read.min(all);
                }
            }
        }
        // Debug output says everything there is in it, in a fixed order.
        let mut id = [0; 16];
        id.copy_from_slice(&Sha256::digest(format!("{types:?}"))[..16]);
        Surface { types: Some(types), id: SurfaceId(id) }
    }

    /// Tells it from surfaces that differ from it.
    pub fn id(&self) -> SurfaceId {
        self.id
    }

    /// Whether it is everything, whoever asks.
    pub fn is_whole(&self) -> bool {
        self.types.is_none()
    }

    /// How far documents of a collection type can be read.
    pub fn read(&self, ty: &str) -> Reach {
        match &self.types {
            None => Reach::Always,
            Some(types) => types.get(ty).map_or(Reach::Never, |of| of.read),
        }
    }

    /// Whether documents of a collection type can be read at all.
    pub fn reads(&self, ty: &str) -> bool {
        self.read(ty) > Reach::Never
    }

    /// How far a field or relation of a collection type can be read, in documents that can be read.
    pub fn member(&self, ty: &str, member: &str) -> Reach {
        match &self.types {
            None => Reach::Always,
            Some(types) => types.get(ty).map_or(Reach::Never, |of| of.member(member)),
        }
    }

    /// The figures of a rollup that it has, in the order of the file: whoever is told one learns what the fields are that
    /// it is computed from. None, if it does not have the rollup.
    pub fn figures<'r>(&self, rollup: &'r Rollup) -> Vec<&'r RollupField> {
        let always = |field: &Arc<str>| self.member(&rollup.of, field) == Reach::Always;
        if !self.reads(&rollup.of) || !rollup.common().all(always) {
            return Vec::new();
        }
        rollup.fields.iter().filter(|of| of.measure.source().is_none_or(always)).collect()
    }

    /// Whether it has an action on the documents of a collection type.
    pub fn has(&self, ty: &str, action: Action) -> bool {
        let Some(types) = &self.types else { return true };
        types.get(ty).is_some_and(|of| match action {
            Action::Create => of.create,
            Action::Update => of.update,
            Action::Delete => of.delete,
        })
    }

    /// Whether an action on a document of a collection type can give a value to a field.
    pub fn sets(&self, ty: &str, field: &str, action: Action) -> bool {
        let Some(types) = &self.types else { return true };
        let of_type = types.get(ty).and_then(|of| of.members.get(field)).unwrap_or(&MemberSurface::ALL);
        match action {
            Action::Create => of_type.create,
            Action::Update => of_type.update,
            Action::Delete => false,
        }
    }

    /// All that decides whether a text that reads documents of a collection type is valid, and which of the type's
    /// values may be missing.
    pub fn reading(&self, ty: &str) -> String {
        let of_type = self.types.as_ref().and_then(|types| types.get(ty));
        of_type.map_or_else(String::new, |of| {
            let members: Vec<_> = of.members.iter().map(|(name, member)| (name, member.read)).collect();
            format!("{:?} {members:?}", of.read)
        })
    }
}

impl TypeSurface {
    fn of(collection: &Collection, roles: &[Arc<str>]) -> TypeSurface {
        let reach = |action: fn(&Grant) -> &Allowed| {
            let grants = collection.access.iter().filter(|grant| is_for(&grant.roles, roles));
            grants.map(|grant| reach(action(grant))).max().unwrap_or(Reach::Never)
        };
        let read = reach(|grant| &grant.read);
        let writes = |action| read > Reach::Never && reach(action) > Reach::Never;
        let members = collection.members.iter();
        TypeSurface {
            read,
            create: writes(|grant| &grant.create),
            update: writes(|grant| &grant.update),
            delete: writes(|grant| &grant.delete),
            members: members.map(|(name, access)| (name.clone(), MemberSurface::of(access, roles))).collect(),
        }
    }

    fn member(&self, name: &str) -> Reach {
        self.members.get(name).map_or(Reach::Always, |member| member.read)
    }
}

impl MemberSurface {
    const ALL: MemberSurface = MemberSurface { read: Reach::Always, create: true, update: true };

    fn of(access: &MemberAccess, roles: &[Arc<str>]) -> MemberSurface {
        let all = |rules: &Option<Vec<MemberRule>>| {
            let Some(rules) = rules else { return Reach::Always };
            let own = rules.iter().filter(|rule| is_for(&rule.roles, roles));
            own.map(|rule| reach(&rule.allowed)).max().unwrap_or(Reach::Never)
        };
        MemberSurface {
            read: all(&access.read),
            create: all(&access.create) > Reach::Never,
            update: all(&access.update) > Reach::Never,
        }
    }
}

fn reach(allowed: &Allowed) -> Reach {
    match allowed {
        Allowed::Never => Reach::Never,
        Allowed::If(_) => Reach::Sometimes,
        Allowed::Always => Reach::Always,
    }
}
