//! Who may read and write the documents of a collection, and single fields of them.

use std::sync::Arc;

use super::Collection;

/// One `@access` of a type: what it allows, and whom.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The roles that it is for, sorted, each once; `None`: everybody.
    pub roles: Option<Vec<Arc<str>>>,
    /// Which documents may be read.
    pub read: Allowed,
    /// Which documents may be created.
    pub create: Allowed,
    /// Which documents may be changed.
    pub update: Allowed,
    /// Which documents may be deleted.
    pub delete: Allowed,
}

/// What the `@access` and the `@owner` of one field or relation say. It narrows what the rules of the type allow.
#[derive(Clone, Debug, Default)]
pub struct MemberAccess {
    /// In which documents it may be read; `None`: in all that may be read.
    pub read: Option<Vec<MemberRule>>,
    /// In which new documents a value may be given; `None`: in all that may be created.
    pub create: Option<Vec<MemberRule>>,
    /// In which documents it may be changed; `None`: in all that may be changed.
    pub update: Option<Vec<MemberRule>>,
    /// The claim of the viewer with which new documents are filled.
    pub owner: Option<Arc<str>>,
}

/// What one `@access` of a field or relation allows, and whom.
#[derive(Clone, Debug)]
pub struct MemberRule {
    /// The roles that it is for, sorted, each once; `None`: everybody.
    pub roles: Option<Vec<Arc<str>>>,
    /// In which documents.
    pub allowed: Allowed,
}

/// Whether a rule for these roles, or for everybody, is for a viewer who has those.
pub fn is_for(roles: &Option<Vec<Arc<str>>>, had: &[Arc<str>]) -> bool {
    roles.as_ref().is_none_or(|roles| roles.iter().any(|role| had.contains(role)))
}

impl Grant {
    /// What it allows to do.
    pub fn all(&self) -> [&Allowed; 4] {
        [&self.read, &self.create, &self.update, &self.delete]
    }
}

impl MemberAccess {
    /// All its rules.
    pub fn rules(&self) -> impl Iterator<Item = &MemberRule> {
        [&self.read, &self.create, &self.update].into_iter().flatten().flatten()
    }
}

impl Collection {
    /// The roles that its rules of access name.
    pub fn roles(&self) -> impl Iterator<Item = &Arc<str>> {
        let of_members = self.members.values().flat_map(MemberAccess::rules).map(|rule| &rule.roles);
        self.access.iter().map(|grant| &grant.roles).chain(of_members).flatten().flatten()
    }

    /// The conditions of its rules of access. Those that several actions share come several times.
    pub fn conditions(&self) -> impl Iterator<Item = &AccessCondition> {
        let of_members = self.members.values().flat_map(MemberAccess::rules).map(|rule| &rule.allowed);
        let all = self.access.iter().flat_map(Grant::all).chain(of_members);
        all.flat_map(|allowed| match allowed {
            Allowed::If(conditions) => conditions.as_slice(),
            Allowed::Never | Allowed::Always => &[],
        })
    }
}

/// Which documents a rule of access allows to do something to.
#[derive(Clone, Debug, PartialEq)]
pub enum Allowed {
    /// None.
    Never,
    /// All.
    Always,
    /// Those that satisfy one of these conditions.
    If(Vec<AccessCondition>),
}

/// A condition of a rule of access.
#[derive(Clone, Debug, PartialEq)]
pub struct AccessCondition {
    /// Its place in the schema file: the offset of a byte.
    pub at: usize,
    /// A filter in the form of `BookWhere`, with enum values as strings. A string that begins with `$viewer.` stands
    /// for the claim of the viewer that it names.
    pub filter: serde_json::Value,
}
