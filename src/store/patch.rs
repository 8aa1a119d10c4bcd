//! A change of fields, the same for every store and for the image that the cache is given.

use bson::{Bson, Document};

/// Fields to set and to remove. Paths are dotted; parents that are missing are made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Patch {
    /// Paths with their new values.
    pub set: Vec<(String, Bson)>,
    /// Paths to remove.
    pub unset: Vec<String>,
}

impl Patch {
    /// Applies the patch in the process as MongoDB's `$set` and `$unset` do. The version number is not
    /// touched. A parent that is not a document is replaced by one.
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
