//! Fields that lead to other collections.

use std::sync::Arc;

/// A field that leads to another collection.
#[derive(Clone, Debug)]
pub struct Relation {
    /// Its name in SDL.
    pub name: Arc<str>,
    /// Its description in the schema file.
    pub description: Option<String>,
    /// The collection type it leads to.
    pub target: Arc<str>,
    /// Its direction and foreign key.
    pub kind: RelationKind,
}

/// The direction of a relation.
#[derive(Debug, Clone, PartialEq)]
pub enum RelationKind {
    /// `@belongsTo(field)`: the foreign key is `field` of this type.
    BelongsTo {
        /// Name of the foreign key field of this type.
        field: Arc<str>,
        /// Whether the SDL type is non-null.
        required: bool,
    },
    /// `@hasMany(field, onDelete)`: the foreign key is `field` of the target type.
    HasMany {
        /// Name of the foreign key field of the target type.
        field: Arc<str>,
        /// What deleting a document of this type does to the documents that point to it.
        on_delete: OnDelete,
    },
}

/// What deleting a parent does to its children.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDelete {
    /// The delete is refused while there are children.
    Restrict,
    /// The children are deleted too.
    Cascade,
    /// The children's foreign key becomes null.
    SetNull,
}
