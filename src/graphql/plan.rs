//! An operation as a plan: what to fetch level by level, and the shape of the answer.
//!
//! A plan is made once per operation text (and per value of the variables in `@skip` and `@include`)
//! and shared by all requests. Fragments are dissolved, fields of one response key are merged, names
//! are resolved against the model; only argument values are left to the request.

use std::sync::Arc;

use apollo_compiler::parser::SourceSpan;
use apollo_compiler::{Name, Node};

use super::position::Pos;
use crate::schema::{Collection, Enum, IdKind, Rollup, Scalar};

mod build;
mod collect;

pub(super) use build::Planner;
pub(super) use collect::{Flags, flag_names};

/// A whole operation.
pub(super) struct Plan {
    /// Its root fields in the order of the response.
    pub(super) roots: Vec<Root>,
    /// Whether the root fields are carried out one after the other, as those of mutations are.
    pub(super) serial: bool,
    /// Bytes that the plan takes up, roughly, without the text that its arguments refer to.
    pub(super) weight: u64,
}

/// Why an operation has no plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Too many fields.
    TooLarge,
    /// A name that validation should have refused.
    Unknown,
    /// Fields of one response key with different arguments.
    Conflict { key: String, at: Option<SourceSpan> },
    /// A variable in `@skip` or `@include` that is null.
    NoCondition { variable: String, at: Option<SourceSpan> },
}

/// One root field.
pub(super) struct Root {
    /// The field's key in the response.
    pub(super) key: Arc<str>,
    /// Where the field stands in the text.
    pub(super) pos: Pos,
    /// What the field does.
    pub(super) kind: RootKind,
}

/// What a root field does.
pub(super) enum RootKind {
    /// `__typename`
    Typename(&'static str),
    /// `__schema`, or `__type` with its arguments.
    Introspection { ty: Option<Args>, fields: Vec<MetaField> },
    /// A look-up by id.
    ById { collection: Arc<Collection>, args: Args, selection: Selection },
    /// A look-up by the unique key with this index.
    ByUnique { collection: Arc<Collection>, key: usize, args: Args, selection: Selection },
    /// A list of a collection or an interface.
    List { source: Source, args: Args, connection: Connection },
    /// The figures of a rollup.
    Rollup { rollup: Arc<Rollup>, args: Args, fields: Vec<EmbeddedField> },
    /// A mutation whose answer is a document.
    WriteOne { collection: Arc<Collection>, op: WriteOne, args: Args, selection: Selection },
    /// `createBooks`
    CreateMany { collection: Arc<Collection>, args: Args, selection: Selection },
    /// A mutation whose answer is a count.
    Bulk { collection: Arc<Collection>, op: Bulk, args: Args, fields: Vec<(Arc<str>, BulkField)> },
}

/// One selected field of an introspection.
pub(super) struct MetaField {
    /// The field's key in the response.
    pub(super) key: Arc<str>,
    /// What the field is.
    pub(super) kind: MetaKind,
}

/// What a selected field is.
pub(super) enum MetaKind {
    /// `__typename`: the type's name.
    Typename(Name),
    /// A member, with the fields selected of it.
    Member(Name, Vec<MetaField>),
}

impl RootKind {
    /// Whether the field must not be null: a fault in it makes the whole response null.
    pub(super) fn required(&self) -> bool {
        match self {
            RootKind::Typename(_)
            | RootKind::List { .. }
            | RootKind::Rollup { .. }
            | RootKind::CreateMany { .. }
            | RootKind::Bulk { .. }
            | RootKind::Introspection { ty: None, .. } => true,
            RootKind::Introspection { ty: Some(_), .. }
            | RootKind::ById { .. }
            | RootKind::ByUnique { .. }
            | RootKind::WriteOne { .. } => false,
        }
    }
}

/// The mutations of one document.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum WriteOne {
    /// `createBook`
    Create,
    /// `updateBook`
    Update,
    /// `upsertBook`
    Upsert,
    /// `deleteBook`
    Delete,
    /// `updateBookByIsbn`, by the unique key with this index.
    UpdateBy(usize),
    /// `deleteBookByIsbn`, by the unique key with this index.
    DeleteBy(usize),
}

/// The mutations of many documents.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Bulk {
    /// `updateBooks`
    Update,
    /// `deleteBooks`
    Delete,
}

/// The fields of a bulk mutation's answer.
pub(super) enum BulkField {
    /// `__typename`
    Typename,
    /// `count`
    Count,
}

/// The arguments of a field as they stand in the text: the field itself.
pub(super) struct Args(pub(super) Node<apollo_compiler::executable::Field>);

/// What a list contains.
#[derive(Clone)]
pub(super) struct Source {
    /// Name of the collection type or interface.
    pub(super) on: Arc<str>,
    /// The names of the collection types that the list ranges over.
    pub(super) types: Vec<Arc<str>>,
}

/// What is selected of documents, by their type.
pub(super) struct Selection {
    /// One selection for each collection type that the documents can have.
    pub(super) types: Vec<TypeSelection>,
    /// How many relations are selected over all types.
    pub(super) slots: usize,
}

impl Selection {
    /// What is selected of documents of this type.
    pub(super) fn of(&self, ty: &str) -> Option<&TypeSelection> {
        self.types.iter().find(|selection| *selection.collection.name == *ty)
    }
}

/// What is selected of documents of one type.
pub(super) struct TypeSelection {
    /// The type.
    pub(super) collection: Arc<Collection>,
    /// The type's selected fields in the order of the response.
    pub(super) fields: Vec<Field>,
}

/// One selected field of a document.
pub(super) struct Field {
    /// The field's key in the response.
    pub(super) key: Arc<str>,
    /// Where the field stands in the text.
    pub(super) pos: Pos,
    /// What the field is.
    pub(super) kind: FieldKind,
    /// The field's name, if not every document shows it to everybody who may ask for it: then it is nullable.
    pub(super) guard: Option<Arc<str>>,
}

/// What a selected field of a document is.
pub(super) enum FieldKind {
    /// `__typename`
    Typename,
    /// `id`
    Id,
    /// The document's version number.
    Version,
    /// A stored value.
    Value(ValueField),
    /// The document that a foreign key leads to.
    One { field: Arc<str>, target: Arc<str>, required: bool, slot: usize, selection: Selection },
    /// The documents whose foreign key leads here.
    Many { field: Arc<str>, source: Source, slot: usize, args: Args, connection: Box<Connection> },
}

/// A stored value and how it is written.
pub(super) struct ValueField {
    /// The field's name in the document.
    pub(super) name: Arc<str>,
    /// What one value is.
    pub(super) leaf: Leaf,
    /// Whether the field must not be null.
    pub(super) required: bool,
    /// `Some` for a list; whether its items must not be null.
    pub(super) list: Option<bool>,
}

/// What one stored value is.
pub(super) enum Leaf {
    /// A scalar that is not an id.
    Scalar(Scalar),
    /// An id of this kind.
    Id(IdKind),
    /// A value of an enum.
    Enum(Arc<Enum>),
    /// A sub-document of a type, with its selected fields.
    Embedded(Arc<str>, Vec<EmbeddedField>),
}

/// One selected field of a sub-document.
pub(super) struct EmbeddedField {
    /// The field's key in the response.
    pub(super) key: Arc<str>,
    /// Where the field stands in the text.
    pub(super) pos: Pos,
    /// The value; `None` for `__typename`.
    pub(super) value: Option<ValueField>,
}

/// What is selected of a list.
pub(super) struct Connection {
    /// The name of the list's type: `BookConnection`.
    pub(super) name: String,
    /// The list's selected fields in the order of the response.
    pub(super) fields: Vec<(Arc<str>, Pos, ConnectionField)>,
    /// What is selected of the rows' documents: one selection for each `nodes` and `node`.
    pub(super) selections: Vec<Selection>,
}

/// A selected field of a list.
pub(super) enum ConnectionField {
    /// `__typename`
    Typename,
    /// `nodes`, with the index of its selection.
    Nodes(usize),
    /// `edges`
    Edges { name: String, fields: Vec<(Arc<str>, EdgeField)> },
    /// `pageInfo`
    PageInfo(Vec<(Arc<str>, PageInfoField)>),
    /// `totalCount`
    TotalCount,
}

/// A selected field of an edge.
pub(super) enum EdgeField {
    /// `__typename`
    Typename,
    /// `cursor`
    Cursor,
    /// `node`, with the index of its selection.
    Node(usize),
}

/// A selected field of a page info.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum PageInfoField {
    /// `__typename`
    Typename,
    /// `hasNextPage`
    HasNext,
    /// `hasPreviousPage`
    HasPrevious,
    /// `startCursor`
    Start,
    /// `endCursor`
    End,
}

impl Connection {
    /// Whether the list's length is selected.
    pub(super) fn wants_total(&self) -> bool {
        self.fields.iter().any(|(_, _, field)| matches!(field, ConnectionField::TotalCount))
    }

    /// Whether this field of the page's information is selected.
    pub(super) fn tells(&self, wanted: PageInfoField) -> bool {
        self.fields.iter().any(|(_, _, field)| match field {
            ConnectionField::PageInfo(fields) => fields.iter().any(|(_, field)| *field == wanted),
            _ => false,
        })
    }

    /// Whether anything but the list's length is selected.
    pub(super) fn wants_rows(&self) -> bool {
        self.fields
            .iter()
            .any(|(_, _, field)| !matches!(field, ConnectionField::TotalCount | ConnectionField::Typename))
    }
}
