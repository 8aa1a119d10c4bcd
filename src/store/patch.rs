//! A change of fields, with the same effect in every store and on the image for the cache.

use bson::raw::RawDocument;
use bson::{Bson, Document};

use crate::value::is_bookkeeping;

/// Fields to set and to remove. Paths are dotted; missing parents are created.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Patch {
    /// Paths and their new values.
    pub set: Vec<(String, Bson)>,
    /// Paths to remove.
    pub unset: Vec<String>,
}

impl Patch {
    /// Whether the document would be the same after it, apart from paths that follow from other changes. A document that
    /// cannot be read is never the same.
    pub fn changes_nothing(&self, document: &RawDocument, follows: impl Fn(&str) -> bool) -> bool {
        let Ok(before) = Document::try_from(document) else { return false };
        let set = self.set.iter().filter(|(path, _)| !follows(path)).cloned().collect();
        let unset = self.unset.iter().filter(|path| !follows(path)).cloned().collect();
        let mut after = before.clone();
        Patch { set, unset }.apply(&mut after);
        before == after
    }

    /// Whether it changes oponn's bookkeeping, and nothing else.
    pub fn is_of_bookkeeping(&self) -> bool {
        let mut paths = self.set.iter().map(|(path, _)| path).chain(&self.unset).peekable();
        paths.peek().is_some() && paths.all(|path| is_bookkeeping(path))
    }

    /// Applies the patch in memory, like MongoDB's `$set` and `$unset`. Leaves the version number alone.
    /// Replaces a parent that is not a document with one.
    pub fn apply(&self, document: &mut Document) {
        for (path, value) in &self.set {
            set(document, path, value);
        }
        for path in &self.unset {
            unset(document, path);
        }
    }
}

fn set(document: &mut Document, path: &str, value: &Bson) {
    match path.split_once('.') {
        None => {
            document.insert(path, value.clone());
        }
        Some((head, rest)) => {
            if !matches!(document.get(head), Some(Bson::Document(_))) {
                document.insert(head, Document::new());
            }
            if let Some(Bson::Document(inner)) = document.get_mut(head) {
                set(inner, rest, value);
            }
        }
    }
}

fn unset(document: &mut Document, path: &str) {
    match path.split_once('.') {
        None => {
            document.remove(path);
        }
        Some((head, rest)) => {
            if let Some(Bson::Document(inner)) = document.get_mut(head) {
                unset(inner, rest);
            }
        }
    }
}
