//! What was fetched for a plan: documents and lists, as the plan's slots have them.

use std::sync::Arc;

use super::cursor::Cursors;
use super::error::ApiError;
use crate::query::SortKey;
use crate::value::Doc;

/// What became of a part of an operation, or all errors that it met.
pub(super) type Result<T, E = Vec<ApiError>> = std::result::Result<T, E>;

/// What a root field led to.
pub(super) enum Done {
    /// A constant.
    Text(&'static str),
    /// What the API tells of itself: of the type of a name, or of all.
    Introspection(Option<String>),
    /// A document, or none.
    One(Option<(Item, Expanded)>),
    /// A list.
    List(PageMeta, List),
    /// For each input, the index of the document that was created, or why there is none.
    Created { created: Vec<Result<usize, Vec<ApiError>>>, items: Vec<Item>, expanded: Expanded },
    /// A count.
    Count(u64),
}

/// A document of the answer.
pub(super) struct Item {
    /// Name of its collection type.
    pub(super) ty: Arc<str>,
    /// The document.
    pub(super) doc: Doc,
    /// What it is sorted by, when it is a row of a list.
    pub(super) key: Option<SortKey>,
}

/// What the relations of a selection led to, by slot.
pub(super) type Expanded = Vec<Child>;

/// What one relation led to, for all parents of a level.
pub(super) enum Child {
    /// Nothing was fetched for it.
    Empty,
    /// The read failed.
    Failed(Vec<ApiError>),
    /// For each parent, the index of the document that its key leads to.
    One { targets: Vec<Option<usize>>, items: Vec<Item>, expanded: Expanded },
    /// For each parent, its page.
    Many { pages: Vec<Option<PageMeta>>, list: List },
}

/// The rows of one or more pages.
pub(super) struct List {
    /// All rows, page after page.
    pub(super) items: Vec<Item>,
    /// For each selection of the connection, what its relations led to.
    pub(super) expanded: Vec<Expanded>,
    /// Makes the rows' cursors.
    pub(super) cursors: Cursors,
}

/// A page among the rows of a [`List`].
pub(super) struct PageMeta {
    /// Index of its first row.
    pub(super) from: usize,
    /// Index after its last row.
    pub(super) to: usize,
    pub(super) has_previous: bool,
    pub(super) has_next: bool,
    pub(super) total: Option<u64>,
}
