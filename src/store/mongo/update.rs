//! A patch as a MongoDB update, and its effect in memory on the image for the cache.
//!
//! Updates are pipelines, because only a pipeline implements [`Patch`] in one step: a parent that is not a
//! document becomes one, and another program's version number of the wrong type counts as none.

use std::collections::BTreeSet;

use bson::{Bson, Document, doc};

use crate::store::Patch;
use crate::value::{BOOKKEEPING, VERSION_PATH};

/// The stages that apply the patch without touching the version number.
pub(super) fn applying(patch: &Patch) -> Vec<Document> {
    // Parents come before their children: a path sorts before those that it begins.
    let parents: BTreeSet<&str> = patch.set.iter().flat_map(|(path, _)| prefixes(path)).collect();
    let mut stages: Vec<Document> =
        parents.into_iter().map(|path| doc! { "$set": { path: document_or_empty(path) } }).collect();
    if !patch.set.is_empty() {
        let literal = |(path, value): &(String, Bson)| (path.clone(), doc! { "$literal": value.clone() });
        let set: Document = patch.set.iter().map(literal).map(|(path, value)| (path, value.into())).collect();
        stages.push(doc! { "$set": set });
    }
    if !patch.unset.is_empty() {
        stages.push(doc! { "$unset": patch.unset.as_slice() });
    }
    stages
}

/// The stages that apply the patch and raise the version number.
pub(super) fn raising(patch: &Patch) -> Vec<Document> {
    let version = format!("${VERSION_PATH}");
    let known = doc! { "$in": [{ "$type": &version }, ["int", "long"]] };
    let next = doc! { "$add": [{ "$cond": [known, version, 0_i64] }, 1_i64] };
    let mut stages = vec![doc! { "$set": { BOOKKEEPING: document_or_empty(BOOKKEEPING) } }];
    stages.extend(applying(patch));
    stages.push(doc! { "$set": { VERSION_PATH: next } });
    stages
}

/// What [`raising`] makes of a document of version `version - 1`.
pub(super) fn raised(mut document: Document, patch: &Patch, version: i64) -> Document {
    if !matches!(document.get(BOOKKEEPING), Some(Bson::Document(_))) {
        document.insert(BOOKKEEPING, Document::new());
    }
    patch.apply(&mut document);
    let version = Patch { set: vec![(VERSION_PATH.to_owned(), version.into())], unset: Vec::new() };
    version.apply(&mut document);
    document
}

/// Every proper prefix of a dotted path.
fn prefixes(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('.').map(|(dot, _)| &path[..dot])
}

fn document_or_empty(path: &str) -> Document {
    let value = format!("${path}");
    doc! { "$cond": [{ "$eq": [{ "$type": &value }, "object"] }, value, { "$literal": {} }] }
}
