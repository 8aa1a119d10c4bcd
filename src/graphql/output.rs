//! Writes the data of an answer in one pass over the plan and what was fetched for it, with the null propagation
//! of the specification.

use super::answer::Answer;
use super::budget::Budget;
use super::error::ApiError;
use super::fetched::{Child, Done, Expanded, Item, List, PageMeta, Result};
use super::introspection::Introspection;
use super::plan::{
    BulkField, Connection, ConnectionField, EdgeField, Field, FieldKind, PageInfoField, Plan, Selection,
    TypeSelection,
};
use super::position::Pos;
use crate::engine::{Step, View};
use crate::metrics::{ErrorCode, Metrics};

mod introspection;
mod root;
mod value;

/// Bytes that are written between two requests to the budget.
const STEP: usize = 64 << 10;
/// Room is reserved ahead: the bytes written so far, divided by this.
const SPARE: usize = 4;
/// Maximum number of errors in a response.
const ERRORS: usize = 1_000;

/// A value is null that must not be: the value around it becomes null.
struct Null;

/// Whether a value has been written, or is null.
type Written = Result<(), Null>;

#[derive(Clone, Copy)]
enum Part<'a> {
    Key(&'a str),
    Index(usize),
}

/// Writes the answer, its data after an opening; the answer does not say what was read.
pub(super) fn write(
    opening: &[u8],
    plan: &Plan,
    done: &[Result<Done>],
    introspection: &Introspection,
    (metrics, view, budget): (&Metrics, &View, &Budget),
) -> Answer {
    let mut writer = Writer::new(opening, metrics, view, budget);
    let fields = plan.roots.iter().zip(done).map(|(root, done)| (&*root.key, (root, done)));
    let _ = writer.nullable(|writer| {
        writer.object(fields, |writer, (root, done)| writer.root(root, done, introspection))
    });
    writer.finish()
}

/// Writes data, and collects errors on the way.
struct Writer<'a> {
    json: Vec<u8>,
    /// Where the data begins.
    from: usize,
    path: Vec<Part<'a>>,
    pos: Pos,
    metrics: &'a Metrics,
    view: &'a View,
    budget: &'a Budget,
    /// Bytes of `json` that have been taken from the budget.
    taken: usize,
    /// The error that stopped the writing.
    over: Option<ApiError>,
    errors: Vec<ApiError>,
}

impl<'a> Writer<'a> {
    fn new(opening: &[u8], metrics: &'a Metrics, view: &'a View, budget: &'a Budget) -> Writer<'a> {
        let (mut json, path, errors) = (Vec::with_capacity(4_096), Vec::new(), Vec::new());
        json.extend_from_slice(opening);
        let from = json.len();
        Writer { json, from, path, pos: Pos::START, metrics, view, budget, taken: STEP, over: None, errors }
    }

    fn finish(mut self) -> Answer {
        if let Some(over) = self.over {
            self.json.truncate(self.from);
            self.json.extend_from_slice(b"null");
            self.json.shrink_to_fit();
            self.errors = vec![over];
        } else if self.errors.len() > ERRORS {
            // With the code of the first that is left out, so that it tells clients nothing else.
            self.errors.truncate(ERRORS + 1);
            let code = self.errors[ERRORS].code;
            self.errors[ERRORS] = ApiError::new(code, "There are more errors than these.");
        }
        Answer { json: self.json, from: self.from, errors: self.errors, read: None, place: None }
    }

    /// Takes the bytes written so far from the budget; null when no more may be written.
    fn account(&mut self) -> Written {
        if self.json.len() > self.taken && self.over.is_none() {
            let more = self.json.len() - self.taken + STEP;
            self.taken += more;
            self.over = self.budget.take(more as u64).err();
            // A vector that doubles takes up to twice the bytes taken from the budget.
            if self.json.capacity() - self.json.len() < 2 * STEP {
                self.json.reserve_exact((self.json.len() / SPARE).max(2 * STEP));
            }
        }
        if self.over.is_some() { Err(Null) } else { Ok(()) }
    }

    /// Writes an object; `field` writes each of its fields.
    fn object<T: 'a>(
        &mut self,
        fields: impl IntoIterator<Item = (&'a str, T)>,
        mut field: impl FnMut(&mut Self, T) -> Written,
    ) -> Written {
        self.json.push(b'{');
        for (index, (key, of)) in fields.into_iter().enumerate() {
            self.account()?;
            if index > 0 {
                self.json.push(b',');
            }
            self.string(key);
            self.json.push(b':');
            self.path.push(Part::Key(key));
            let written = field(self, of);
            self.path.pop();
            written?;
        }
        self.json.push(b'}');
        Ok(())
    }

    /// Writes an array; `item` writes each of its items.
    fn array<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut item: impl FnMut(&mut Self, T) -> Written,
    ) -> Written {
        self.json.push(b'[');
        for (index, of) in items.into_iter().enumerate() {
            self.account()?;
            if index > 0 {
                self.json.push(b',');
            }
            self.path.push(Part::Index(index));
            let written = item(self, of);
            self.path.pop();
            written?;
        }
        self.json.push(b']');
        Ok(())
    }

    /// Writes a nullable value: null when the value inside must not be null and would be.
    fn nullable(&mut self, value: impl FnOnce(&mut Self) -> Written) -> Written {
        let mark = self.json.len();
        if value(self).is_err() {
            self.json.truncate(mark);
            self.null();
        }
        Ok(())
    }

    fn null(&mut self) {
        self.json.extend_from_slice(b"null");
    }

    fn raw(&mut self, text: &str) -> Written {
        self.json.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn boolean(&mut self, value: bool) -> Written {
        self.raw(if value { "true" } else { "false" })
    }

    fn string(&mut self, text: &str) {
        serde_json::to_writer(&mut self.json, text).expect("text is written to memory");
    }

    fn text(&mut self, text: &str) -> Written {
        self.string(text);
        Ok(())
    }

    /// Writes any JSON as it is.
    fn json(&mut self, value: &serde_json::Value) -> Written {
        serde_json::to_writer(&mut self.json, value).expect("JSON values are written to memory");
        Ok(())
    }

    /// Notes the position in the text of the field being written.
    fn stand(&mut self, pos: Pos) {
        self.pos = pos;
    }

    /// Adds errors at the path of the value being written, which becomes null.
    fn fail(&mut self, errors: &[ApiError]) -> Null {
        if self.errors.len() > ERRORS {
            return Null;
        }
        let path: Vec<Step> = self
            .path
            .iter()
            .map(|part| match part {
                Part::Key(key) => Step::Key((*key).to_owned()),
                Part::Index(index) => Step::Index(*index),
            })
            .collect();
        let placed = |error: &ApiError| ApiError { path: path.clone(), ..error.clone().at(self.pos) };
        self.errors.extend(errors.iter().map(placed));
        Null
    }

    /// Writes one document.
    fn document(
        &mut self,
        selection: &'a Selection,
        item: &Item,
        row: usize,
        expanded: &Expanded,
    ) -> Written {
        match selection.of(&item.ty) {
            Some(of_type) => {
                self.object(of_type.fields.iter().map(|field| (&*field.key, field)), |writer, field| {
                    match &field.guard {
                        None => writer.field(of_type, field, item, row, expanded),
                        Some(name) => writer.nullable(|writer| {
                            writer.stand(field.pos);
                            writer.guard(of_type, name, item)?;
                            writer.field(of_type, field, item, row, expanded)
                        }),
                    }
                })
            }
            None => {
                Err(self.fail(&[ApiError::internal("a document has a type that the plan does not know")]))
            }
        }
    }

    /// Null, with an error, where the document does not show a field to the viewer.
    fn guard(&mut self, of_type: &TypeSelection, name: &str, item: &Item) -> Written {
        let ty = &of_type.collection.name;
        if self.view.shows(ty, name, &item.doc) {
            return Ok(());
        }
        Err(self
            .fail(&[ApiError::new(ErrorCode::Forbidden, format!("You may not see {name} of this {ty}."))]))
    }

    fn field(
        &mut self,
        of_type: &'a TypeSelection,
        field: &'a Field,
        item: &Item,
        row: usize,
        expanded: &Expanded,
    ) -> Written {
        self.stand(field.pos);
        let collection = &of_type.collection;
        match &field.kind {
            FieldKind::Typename => self.text(&collection.name),
            FieldKind::Id => {
                let stored = item.doc.raw().get("_id").ok().flatten();
                self.id(collection.id, stored, (&collection.name, "id"))
            }
            FieldKind::Version => self.raw(&item.doc.version().to_string()),
            FieldKind::Value(value) => self.stored(value, item.doc.raw(), &collection.name),
            FieldKind::One { field: key, target, required, slot, selection } => {
                let relation = (&**key, &**target, *required);
                let write = |writer: &mut Self| writer.one(relation, item, row, &expanded[*slot], selection);
                if *required { write(self) } else { self.nullable(write) }
            }
            FieldKind::Many { slot, connection, .. } => match &expanded[*slot] {
                Child::Many { pages, list } => match pages.get(row).and_then(Option::as_ref) {
                    Some(meta) => self.connection(connection, meta, list),
                    None => Err(self.fail(&[ApiError::internal("a parent has no page")])),
                },
                Child::Failed(errors) => Err(self.fail(errors)),
                Child::Empty | Child::One { .. } => {
                    Err(self.fail(&[ApiError::internal("a relation was not fetched")]))
                }
            },
        }
    }

    fn one(
        &mut self,
        (key, target, required): (&str, &str, bool),
        item: &Item,
        row: usize,
        child: &Child,
        selection: &'a Selection,
    ) -> Written {
        match child {
            Child::One { targets, items, expanded } => match targets.get(row).copied().flatten() {
                Some(index) => self.document(selection, &items[index], index, expanded),
                None if required => {
                    let message = format!(
                        "{key} leads to no {target}: the stored key is missing or the document is gone."
                    );
                    self.metrics.value_misfit(&item.ty, key);
                    Err(self.fail(&[ApiError::new(ErrorCode::NotFound, message)]))
                }
                None => Err(Null),
            },
            Child::Failed(errors) => Err(self.fail(errors)),
            Child::Empty | Child::Many { .. } => {
                Err(self.fail(&[ApiError::internal("a relation was not fetched")]))
            }
        }
    }

    /// Writes one page of a list.
    fn connection(&mut self, connection: &'a Connection, page: &PageMeta, list: &List) -> Written {
        let fields = connection.fields.iter().map(|(key, pos, field)| (&**key, (*pos, field)));
        self.object(fields, |writer, (pos, field)| {
            writer.stand(pos);
            match field {
                ConnectionField::Typename => writer.text(&connection.name),
                ConnectionField::TotalCount => match page.total {
                    Some(total) => writer.raw(&total.to_string()),
                    None => Err(writer.fail(&[ApiError::internal("a list has no length")])),
                },
                ConnectionField::Nodes(index) => {
                    writer.array(page.from..page.to, |writer, row| writer.node(connection, *index, list, row))
                }
                ConnectionField::Edges { name, fields } => writer.array(page.from..page.to, |writer, row| {
                    writer.nullable(|writer| writer.edge(connection, (name, fields), list, row))
                }),
                ConnectionField::PageInfo(fields) => writer.page_info(fields, page, list),
            }
        })
    }

    fn node(&mut self, connection: &'a Connection, index: usize, list: &List, row: usize) -> Written {
        let selection = &connection.selections[index];
        self.nullable(|writer| writer.document(selection, &list.items[row], row, &list.expanded[index]))
    }

    fn edge(
        &mut self,
        connection: &'a Connection,
        (name, fields): (&'a str, &'a [(std::sync::Arc<str>, EdgeField)]),
        list: &List,
        row: usize,
    ) -> Written {
        self.object(fields.iter().map(|(key, field)| (&**key, field)), |writer, field| match field {
            EdgeField::Typename => writer.text(name),
            EdgeField::Cursor => {
                let cursor = list.items[row].key.as_ref().map(|key| list.cursors.cursor(key));
                writer.text(&cursor.unwrap_or_default())
            }
            EdgeField::Node(index) => writer.node(connection, *index, list, row),
        })
    }

    fn page_info(
        &mut self,
        fields: &'a [(std::sync::Arc<str>, PageInfoField)],
        page: &PageMeta,
        list: &List,
    ) -> Written {
        let rows = &list.items[page.from..page.to];
        let cursor =
            |item: Option<&Item>| item.and_then(|item| item.key.as_ref()).map(|key| list.cursors.cursor(key));
        self.object(fields.iter().map(|(key, field)| (&**key, field)), |writer, field| {
            let text = match field {
                PageInfoField::Typename => return writer.text("PageInfo"),
                PageInfoField::HasNext => return writer.boolean(page.has_next),
                PageInfoField::HasPrevious => return writer.boolean(page.has_previous),
                PageInfoField::Start => cursor(rows.first()),
                PageInfoField::End => cursor(rows.last()),
            };
            match text {
                Some(text) => writer.text(&text),
                None => writer.raw("null"),
            }
        })
    }

    /// Writes the answer of a bulk mutation.
    fn bulk(&mut self, fields: &'a [(std::sync::Arc<str>, BulkField)], count: u64) -> Written {
        self.object(fields.iter().map(|(key, field)| (&**key, field)), |writer, field| match field {
            BulkField::Typename => writer.text("BulkResult"),
            BulkField::Count => writer.raw(&count.to_string()),
        })
    }
}
