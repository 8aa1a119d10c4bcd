//! Saved operations: documents in files beside the schema file, and in the manifests that the tools of clients write.
//! Read once, at the start; found by id, by name or by text.
//!
//! What is valid in an API is not known here: whoever prepares the documents tells the place of a fault in a text, and
//! [`Loaded`] finds the file, the line and the column.

use std::collections::HashMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

mod annotation;
mod files;
mod load;
mod manifest;
mod origin;
mod rest;
mod split;

pub use load::{Loaded, load};
pub use rest::{Method, Route, Said, Segment};

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
    written: Arc<str>,
    only: Option<Arc<str>>,
    origin: Origin,
    routes: Vec<Route>,
    claims: Vec<Claim>,
}

/// A variable that clients do not give: its value is a claim of the sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The variable.
    pub variable: String,
    /// The name of the claim.
    pub claim: String,
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
        let text: Arc<str> = text.into();
        let only = split::only_operation(&text).map(Into::into);
        let (routes, claims) = (Vec::new(), Vec::new());
        self.insert(Document { written: text.clone(), text, only, origin, routes, claims })
    }

    fn insert(&mut self, document: Document) -> usize {
        if let Some(place) = self.by_text.get(&document.written) {
            return *place;
        }
        let place = self.documents.len();
        self.by_hash.insert(Sha256::digest(document.written.as_bytes()).into(), place);
        self.by_text.insert(document.written.clone(), place);
        self.documents.push(document);
        place
    }
}

impl Document {
    /// Its text for the API, with blanks in place of what is for the server alone.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Its text as it is written, by which clients can ask for it.
    pub fn written(&self) -> &Arc<str> {
        &self.written
    }

    /// The routes of its operation.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The variables that the sender's claims fill.
    pub fn claims(&self) -> &[Claim] {
        &self.claims
    }

    /// The name of its operation, if it has one operation and that has a name.
    pub fn only(&self) -> Option<&Arc<str>> {
        self.only.as_ref()
    }
}
