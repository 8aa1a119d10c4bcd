//! The paths at which a collection has ever held arrays.
//!
//! At other paths a document has one value, and a filter or an order is a plain comparison of keys that an
//! index can answer. The set only grows, and a path is in the file before the first document that needs it,
//! so a reader's snapshot of the set always covers the documents of the same snapshot.

use std::collections::{HashMap, HashSet};

use bson::raw::{RawBsonRef, RawDocument};
use rusqlite::{Connection, Result};

/// Paths remembered below one field of the document; past it, everything below the field counts.
const MAX_BELOW: usize = 64;
/// Stands for everything below a field: `field.*`.
const ANY: &str = "*";

/// The paths of one collection.
#[derive(Clone, Debug, Default)]
pub(super) struct Arrays(HashSet<String>);

impl Arrays {
    /// Reads the paths of a collection.
    pub fn load(connection: &Connection, collection: &str) -> Result<Arrays> {
        let mut statement =
            connection.prepare_cached("SELECT path FROM _oponn_arrays WHERE collection = ?")?;
        let paths = statement.query_map([collection], |row| row.get(0))?;
        paths.collect::<Result<HashSet<String>>>().map(Arrays)
    }

    /// Whether no document can have an array at the path or on the way to it. The way starts after
    /// `base`: empty, or the path with a dot at its end that leads to the document in question.
    pub fn single(&self, base: &str, path: &str) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let whole = format!("{base}{path}");
        let field = whole.split('.').next().unwrap_or(&whole);
        let known = |step: &str| self.0.contains(step);
        let ends = whole.match_indices('.').map(|(at, _)| at).chain([whole.len()]);
        let mut steps = ends.filter(|end| *end > base.len()).map(|end| &whole[..end]);
        !known(&format!("{field}.{ANY}")) && !steps.any(known)
    }

    /// Notes a path; what has to be stored for it, if anything is new.
    fn note(&mut self, path: &str) -> Option<String> {
        let (field, below) = path.split_once('.').unwrap_or((path, ""));
        let all = format!("{field}.{ANY}");
        if self.0.contains(path) || (!below.is_empty() && self.0.contains(&all)) {
            return None;
        }
        let siblings =
            self.0.iter().filter(|known| known.strip_prefix(field).is_some_and(|rest| rest.starts_with('.')));
        let stored = if below.is_empty() || siblings.count() < MAX_BELOW { path.to_owned() } else { all };
        self.0.insert(stored.clone());
        Some(stored)
    }
}

/// The paths of all collections, as the writer keeps them.
#[derive(Default)]
pub(super) struct ArrayBook(HashMap<String, Arrays>);

impl ArrayBook {
    /// The paths of a collection.
    pub fn of(&mut self, connection: &Connection, collection: &str) -> Result<&mut Arrays> {
        if !self.0.contains_key(collection) {
            self.0.insert(collection.to_owned(), Arrays::load(connection, collection)?);
        }
        Ok(self.0.entry(collection.to_owned()).or_default())
    }

    /// Notes the arrays of a document that is about to be written.
    pub fn note(&mut self, connection: &Connection, collection: &str, doc: &RawDocument) -> Result<()> {
        let arrays = self.of(connection, collection)?;
        let mut new = Vec::new();
        walk(doc, &mut String::new(), &mut |path| new.extend(arrays.note(path)));
        for path in new {
            connection
                .prepare_cached("INSERT OR IGNORE INTO _oponn_arrays (collection, path) VALUES (?, ?)")?
                .execute([collection, &path])?;
        }
        Ok(())
    }

    /// Forgets what was noted, because a transaction was rolled back.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// Calls `see` with the path of every array, arrays in documents in arrays included.
fn walk(doc: &RawDocument, path: &mut String, see: &mut dyn FnMut(&str)) {
    for element in doc.iter_elements().map_while(std::result::Result::ok) {
        let length = path.len();
        if length > 0 {
            path.push('.');
        }
        path.push_str(element.key().as_str());
        match element.value() {
            Ok(RawBsonRef::Document(inner)) => walk(inner, path, see),
            Ok(RawBsonRef::Array(array)) => {
                see(path);
                for inner in array.into_iter().map_while(std::result::Result::ok) {
                    if let RawBsonRef::Document(inner) = inner {
                        walk(inner, path, see);
                    }
                }
            }
            _ => {}
        }
        path.truncate(length);
    }
}
