//! Saved operations: documents in files beside the schema file, and in the manifests that the tools of clients write.
//! Read once, at the start; found by id, by name or by text.
//!
//! What is valid in an API is not known here: whoever prepares the documents tells the place of a fault in a text, and
//! [`Loaded`] finds the file, the line and the column.

use std::collections::HashMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

mod files;
mod load;
mod manifest;
mod origin;
mod split;

pub use load::{Loaded, load};

use origin::Origin;

/// All saved documents.
#[derive(Debug, Default)]
pub struct Operations {
    documents: Vec<Document>,
    /// Ids that manifests give.
    by_id: HashMap<Arc<str>, usize>,
    /// Operations in files.
    by_name: HashMap<Arc<str>, usize>,
    by_text: HashMap<Arc<str>, usize>,
    by_hash: HashMap<[u8; 32], usize>,
}

/// A saved document.
#[derive(Debug)]
pub struct Document {
    text: Arc<str>,
    only: Option<Arc<str>>,
    origin: Origin,
}

impl Operations {
    /// The documents, in the order of the files.
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// The document with an id: one that a manifest gives it, or the SHA-256 of its text in hexadecimal digits, with or
    /// without `sha256:` before them.
    pub fn by_id(&self, id: &str) -> Option<&Document> {
        let by_hash = || {
            let mut hash = [0; 32];
            hex::decode_to_slice(id.strip_prefix("sha256:").unwrap_or(id), &mut hash).ok()?;
            self.by_hash.get(&hash)
        };
        self.by_id.get(id).or_else(by_hash).map(|place| &self.documents[*place])
    }

    /// The document of the operation with this name in a file.
    pub fn by_name(&self, name: &str) -> Option<&Document> {
        self.by_name.get(name).map(|place| &self.documents[*place])
    }

    /// The document with this text, byte for byte.
    pub fn by_text(&self, text: &str) -> Option<&Document> {
        self.by_text.get(text).map(|place| &self.documents[*place])
    }

    /// Whether there are operations with names, which files have.
    pub fn has_names(&self) -> bool {
        !self.by_name.is_empty()
    }

    /// Adds a document, unless there is one of the same text; its place among all.
    fn add(&mut self, text: String, origin: Origin) -> usize {
        if let Some(place) = self.by_text.get(&*text) {
            return *place;
        }
        let place = self.documents.len();
        let text: Arc<str> = text.into();
        self.by_hash.insert(Sha256::digest(text.as_bytes()).into(), place);
        self.by_text.insert(text.clone(), place);
        let only = split::only_operation(&text).map(Into::into);
        self.documents.push(Document { text, only, origin });
        place
    }
}

impl Document {
    /// Its text.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The name of its operation, if it has one operation and that has a name.
    pub fn only(&self) -> Option<&Arc<str>> {
        self.only.as_ref()
    }
}
