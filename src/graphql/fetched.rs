//! What was fetched for a plan: documents and lists, in the plan's slots.

use std::sync::Arc;

use super::cursor::Cursors;
use super::error::ApiError;
use crate::query::SortKey;
use crate::value::Doc;

/// The result of a part of an operation, or all its errors.
pub(super) type Result<T, E = Vec<ApiError>> = std::result::Result<T, E>;

/// The result of a root field.
pub(super) enum Done {
    /// A constant.
    Text(&'static str),
    /// Introspection: of the type with this name, or of the whole schema.
    Introspection(Option<String>),
    /// A document, or none.
    One(Option<(Item, Expanded)>),
    /// The figures of a rollup.
    Figures(Doc),
    /// A list.
    List(PageMeta, List),
    /// For each input, the index of the document that was created, or why there is none.
    Created { created: Vec<Result<usize, Vec<ApiError>>>, items: Vec<Item>, expanded: Expanded },
    /// A count.
    Count(u64),
}

/// A document of the answer.
pub(super) struct Item {
    /// The name of the document's collection type.
    pub(super) ty: Arc<str>,
    /// The document.
    pub(super) doc: Doc,
    /// The document's sort key, when it is a row of a list.
    pub(super) key: Option<SortKey>,
}

/// The results of a selection's relations, by slot.
pub(super) type Expanded = Vec<Child>;

/// The result of one relation, for all parents of a level.
pub(super) enum Child {
    /// Nothing was fetched for the relation.
    Empty,
    /// The read failed.
    Failed(Vec<ApiError>),
    /// For each parent, the index of the document that its foreign key refers to.
    One { targets: Vec<Option<usize>>, items: Vec<Item>, expanded: Expanded },
    /// For each parent, its page.
    Many { pages: Vec<Option<PageMeta>>, list: List },
}

/// The rows of one or more pages.
pub(super) struct List {
    /// All rows, page after page.
    pub(super) items: Vec<Item>,
    /// For each selection of the connection, the results of its relations.
    pub(super) expanded: Vec<Expanded>,
    /// Makes the rows' cursors.
    pub(super) cursors: Cursors,
}

/// A page among the rows of a [`List`].
pub(super) struct PageMeta {
    /// The index of the page's first row.
    pub(super) from: usize,
    /// The index after the page's last row.
    pub(super) to: usize,
    pub(super) has_previous: bool,
    pub(super) has_next: bool,
    pub(super) total: Option<u64>,
}
