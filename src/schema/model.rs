//! The model: the meaning of a valid schema file, with all references resolved and all names generated.
//!
//! A `Model` is immutable and shared; the rest of the program uses it and never looks at SDL again.

use std::collections::BTreeMap;
use std::sync::Arc;

use bson::Bson;

mod access;
mod emit;
mod partition;
mod relation;
mod rollup;
mod scalar;

pub use access::{AccessCondition, Allowed, Grant, MemberAccess, MemberRule, is_for};
pub use emit::{Emit, EmitOn, Template};
pub use partition::Partition;
pub use relation::{OnDelete, Relation, RelationKind};
pub use rollup::{Measure, Rollup, RollupField, RollupWindow, TimeUnit};
pub use scalar::Scalar;

/// A whole application as described by its schema file.
#[derive(Debug, Default)]
pub struct Model {
    /// Types with `@collection`, in the order of the file.
    pub collections: Vec<Arc<Collection>>,
    /// Interfaces whose implementing types are all collections, in the order of the file.
    pub interfaces: Vec<Arc<Interface>>,
    /// Object types without `@collection`: they live inside documents.
    pub embedded: BTreeMap<Arc<str>, Arc<Embedded>>,
    /// Types with `@rollup`, in the order of the file.
    pub rollups: Vec<Arc<Rollup>>,
    /// Enum types.
    pub enums: BTreeMap<Arc<str>, Arc<Enum>>,
    /// Changes whenever the meaning of the file changes: 16 hexadecimal digits.
    pub fingerprint: String,
}

/// A type with `@collection`: its documents live in one MongoDB collection or SQLite table.
#[derive(Debug)]
pub struct Collection {
    /// The type's name: `Book`.
    pub name: Arc<str>,
    /// The type's description in the schema file.
    pub description: Option<String>,
    /// Names of its generated API.
    pub names: ApiNames,
    /// Name of the MongoDB collection or SQLite table: `books`, or the name in `@collection(name)`.
    pub collection: Arc<str>,
    /// How ids are made and stored.
    pub id: IdKind,
    /// Whether clients may give the id on create (`@id(client: true)`).
    pub client_id: bool,
    /// Stored fields in the order of the file, without `id` and without relations.
    pub fields: Vec<Field>,
    /// Fields that lead to other collections.
    pub relations: Vec<Relation>,
    /// Unique keys, each with its own look-up.
    pub uniques: Vec<UniqueKey>,
    /// Non-unique indexes, foreign keys included, without duplicates.
    pub indexes: Vec<Index>,
    /// When its documents expire, from `@ttl`.
    pub ttl: Option<Ttl>,
    /// Which of its documents are cached together, from `@partition`.
    pub partition: Option<Partition>,
    /// Who may read and write its documents, from `@access`, in the order of the file.
    pub access: Vec<Grant>,
    /// Rules of access of its fields and relations that have some, by name.
    pub members: BTreeMap<Arc<str>, MemberAccess>,
    /// The events that changes of its documents are, from `@emit`, in the order of the file.
    pub emits: Vec<Emit>,
    /// Names of the model's interfaces that the type implements.
    pub interfaces: Vec<Arc<str>>,
    /// Every field of the SDL type in the order of the file, so that the API shows that order.
    pub order: Vec<Member>,
}

impl Collection {
    /// Whether its documents keep the normalised values of unique keys.
    pub fn keeps_values(&self) -> bool {
        self.uniques.iter().any(|key| !key.normalize.is_empty())
    }
}

/// When the documents of a type expire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ttl {
    /// The field with the moment from which on the time runs, a `DateTime`; a document where it is null never expires.
    pub field: Arc<str>,
    /// How many seconds after that moment a document expires.
    pub seconds: u64,
}

/// The place of an SDL type's field in a [`Collection`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member {
    /// The `id` field.
    Id,
    /// Index into `fields`.
    Field(usize),
    /// Index into `relations`.
    Relation(usize),
}

/// Names of the generated API of one collection or interface.
#[derive(Debug, Clone)]
pub struct ApiNames {
    /// Look-up by id: `book`. Empty for interfaces.
    pub single: String,
    /// The list: `books`.
    pub list: String,
    /// The type's name in the plural, for mutation names: `Books`.
    pub plural: String,
}

/// How ids are made and stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdKind {
    /// MongoDB's ObjectId, shown as 24 hexadecimal digits.
    ObjectId,
    /// UUID version 7.
    Uuid,
    /// A string; generated ones are a UUID version 7 in text.
    String,
}

/// A stored field of a collection or an embedded type.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name, in SDL and in the stored document.
    pub name: Arc<str>,
    /// Its description in the schema file.
    pub description: Option<String>,
    /// The type of its values.
    pub ty: FieldType,
    /// Bounds from `@range`, inclusive, in the field's own stored type.
    pub range: (Option<Bson>, Option<Bson>),
    /// Bounds from `@range` that fields of parents give, inclusive.
    pub parent_bounds: Vec<ParentBound>,
    /// Bounds from `@length`, inclusive: characters of a string, items of a list.
    pub length: (Option<u64>, Option<u64>),
    /// From `@pattern`: the text as written and the compiled expression, which must match somewhere.
    pub pattern: Option<(String, regex::Regex)>,
    /// From `@default`: the stored value on create if the input omits the field.
    pub default: Option<Bson>,
    /// Who fills the field.
    pub filled: Filled,
    /// For a foreign key: the collection type it points to, whose ids it holds.
    pub references: Option<Arc<str>>,
}

/// A bound of a field that a field of the document's parent gives.
#[derive(Clone, Debug, PartialEq)]
pub struct ParentBound {
    /// Which of the two bounds it is.
    pub side: BoundSide,
    /// The `@belongsTo` relation that leads to the parent.
    pub relation: Arc<str>,
    /// The relation's key, a field of the same type.
    pub key: Arc<str>,
    /// The parent's collection type.
    pub parent: Arc<str>,
    /// The parent's field. Where it is null there is no bound.
    pub field: Arc<str>,
}

/// A side of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoundSide {
    /// The least value.
    Min,
    /// The greatest value.
    Max,
}

/// Who fills a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filled {
    /// The client, on create and update.
    ByClient,
    /// Importers and other programs, not the API (`@readOnly`).
    ReadOnly,
    /// The time of creation (`@createdAt`).
    CreatedAt,
    /// The time of the last change (`@updatedAt`).
    UpdatedAt,
    /// The document's version number (`@version`); not stored under its own name but in `_oponn.v`.
    Version,
}

/// The type of a stored field.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldType {
    /// The kind of one value.
    pub kind: Kind,
    /// Whether the field itself must not be null.
    pub required: bool,
    /// `Some` for a list; the flag says whether its items must not be null.
    pub list: Option<ItemsRequired>,
}

/// Whether the items of a list must not be null.
pub type ItemsRequired = bool;

/// The kind of one value of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A built-in or oponn scalar.
    Scalar(Scalar),
    /// Name of an enum in the model, stored as its value's name.
    Enum(Arc<str>),
    /// Name of an embedded type in the model, stored as a sub-document.
    Embedded(Arc<str>),
}

/// A unique key: one field, or several together.
#[derive(Debug)]
pub struct UniqueKey {
    /// Its name in the API: `isbn` gives `bookByIsbn` and the enum value `ISBN`; several fields are
    /// joined: `ownerAlias` gives `fileByOwnerAlias` and `OWNER_ALIAS`.
    pub name: String,
    /// Names of its fields, in order.
    pub fields: Vec<Arc<str>>,
    /// How string values are normalised for comparison. Empty: compared unchanged.
    pub normalize: Vec<Normalizer>,
}

impl UniqueKey {
    /// Whether single documents are written by it: the names of its fields are arguments beside `set` and `ifVersion`.
    pub fn names_writes(&self) -> bool {
        !self.fields.iter().any(|field| [super::names::SET, super::names::IF_VERSION].contains(&&**field))
    }

    /// Paths that the unique index covers, in order: the fields themselves, or their normalised values
    /// under `_oponn.u.<key>.<field>`.
    pub fn paths(&self) -> Vec<String> {
        self.fields.iter().map(|field| self.path(field)).collect()
    }

    /// The path that the unique index covers for one of the key's fields.
    pub fn path(&self, field: &str) -> String {
        if self.normalize.is_empty() {
            field.to_owned()
        } else {
            format!("{}.{}.{field}", crate::value::UNIQUE_PATH, self.name)
        }
    }
}

/// One step of normalising strings for comparison; steps apply in the order given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normalizer {
    /// Removes white space at both ends.
    Trim,
    /// Turns every run of white space into one space.
    CollapseSpaces,
    /// Unicode case folding after NFKC, so that `STRASSE` equals `straße`.
    Casefold,
}

/// A non-unique index.
#[derive(Debug, Clone, PartialEq)]
pub struct Index {
    /// Field paths in order, all ascending.
    pub fields: Vec<Arc<str>>,
}

/// An interface over collections.
#[derive(Debug)]
pub struct Interface {
    /// Its name: `Fruit`.
    pub name: Arc<str>,
    /// Its description in the schema file.
    pub description: Option<String>,
    /// Names of its API; only `list` and `plural` are used.
    pub names: ApiNames,
    /// Its stored fields, without `id`.
    pub fields: Vec<Field>,
    /// Its fields that are `@belongsTo` or `@hasMany` in the implementing types.
    pub relations: Vec<Relation>,
    /// Every field in the order of the file.
    pub order: Vec<Member>,
    /// Names of the collection types that implement it, in the order of the file.
    pub types: Vec<Arc<str>>,
}

/// An object type that lives inside documents.
#[derive(Debug)]
pub struct Embedded {
    /// Its name.
    pub name: Arc<str>,
    /// Its description in the schema file.
    pub description: Option<String>,
    /// Its fields in the order of the file.
    pub fields: Vec<Field>,
}

/// An enum type.
#[derive(Debug)]
pub struct Enum {
    /// Its name.
    pub name: Arc<str>,
    /// Its description in the schema file.
    pub description: Option<String>,
    /// Its values in the order of the file, each with its description.
    pub values: Vec<(Arc<str>, Option<String>)>,
}

impl Model {
    /// The collection type with this name.
    pub fn collection(&self, name: &str) -> Option<&Arc<Collection>> {
        self.collections.iter().find(|collection| &*collection.name == name)
    }

    /// The interface with this name.
    pub fn interface(&self, name: &str) -> Option<&Arc<Interface>> {
        self.interfaces.iter().find(|interface| &*interface.name == name)
    }

    /// Names of the collection types behind a collection or interface name, in the order of the file.
    pub fn members(&self, name: &str) -> Vec<Arc<str>> {
        match self.interface(name) {
            Some(interface) => interface.types.clone(),
            None => self.collection(name).map(|collection| collection.name.clone()).into_iter().collect(),
        }
    }

    /// The foreign keys that point to `target`, for deletes. Each is (type with the key, its field, what to
    /// do). A key without a `@hasMany` in the target restricts.
    pub fn dependents(&self, target: &str) -> Vec<(Arc<str>, Arc<str>, OnDelete)> {
        let mut found = Vec::new();
        for child in &self.collections {
            for field in child.fields.iter().filter(|field| field.references.as_deref() == Some(target)) {
                let on_delete = self.collection(target).and_then(|parent| {
                    parent.relations.iter().find_map(|relation| match &relation.kind {
                        RelationKind::HasMany { field: key, on_delete }
                            if *key == field.name && relation.target == child.name =>
                        {
                            Some(*on_delete)
                        }
                        _ => None,
                    })
                });
                found.push((child.name.clone(), field.name.clone(), on_delete.unwrap_or(OnDelete::Restrict)));
            }
        }
        found
    }
}

impl Collection {
    /// The stored field with this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| &*field.name == name)
    }

    /// The relation with this name.
    pub fn relation(&self, name: &str) -> Option<&Relation> {
        self.relations.iter().find(|relation| &*relation.name == name)
    }
}

impl Embedded {
    /// The field with this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| &*field.name == name)
    }
}
