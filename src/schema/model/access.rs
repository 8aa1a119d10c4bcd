//! Who may read and write the documents of a collection.

use std::sync::Arc;

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
