//! Manifests as the tools of clients write them: the documents of a client, each with its id.
//!
//! Two shapes cover them all: an object of ids and texts (graphql-codegen's client preset, Relay's compiler), and
//! Apollo's list of operations, which says its format.

use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::load::Told;
use crate::value::json::{self, Field};

/// What Apollo's manifests say that they are.
const APOLLO: &str = "apollo-persisted-query-manifest";

/// A document in a manifest.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: String,
    /// Where the id stands.
    pub(super) id_at: usize,
    pub(super) text: String,
    /// Where the string with the text begins.
    pub(super) at: usize,
}

/// The documents in a manifest, and everything that is wrong with it.
pub(super) fn entries(text: &str) -> (Vec<Entry>, Vec<Told>) {
    let mut told = Vec::new();
    let found = read(text, &mut told).unwrap_or_else(|fault| {
        told.push(fault);
        Vec::new()
    });
    let is_right = |entry: &Entry| match entry.id.strip_prefix("sha256:") {
        Some(hash) => hash == hex::encode(Sha256::digest(entry.text.as_bytes())),
        None => true,
    };
    let (right, wrong): (Vec<Entry>, Vec<Entry>) = found.into_iter().partition(is_right);
    told.extend(wrong.into_iter().map(|entry| Told {
        at: entry.id_at,
        code: "manifest-id",
        message: "this id is not the SHA-256 of its text".to_owned(),
        help: "have the client's tool write the manifest again, and do not change it by hand".to_owned(),
    }));
    (right, told)
}

fn read(text: &str, told: &mut Vec<Told>) -> Result<Vec<Entry>, Told> {
    let no_json = |fault: json::JsonFault| Told {
        at: fault.at,
        code: "json",
        message: format!("this is not JSON: {}", fault.what),
        help: "have the client's tool write the manifest again".to_owned(),
    };
    let whole = json::parse(text.as_bytes()).map_err(no_json)?;
    if !whole.is_object() {
        return Err(unknown(0, "a manifest has to be a JSON object"));
    }
    let fields = json::fields(text, 0).map_err(no_json)?;
    let is_list = |field: &Field| field.key == "operations" && field.value.is_array();
    // An id may be `format`; its value is a document then.
    let Some(format) = fields.iter().find(|field| field.key == "format" && fields.iter().any(is_list)) else {
        return Ok(fields.into_iter().filter_map(|field| of_field(field, told)).collect());
    };
    if format.value != APOLLO {
        return Err(unknown(format.at, "this format is not known"));
    }
    let version = fields.iter().find(|field| field.key == "version");
    if version.is_none_or(|version| version.value.as_u64() != Some(1)) {
        let at = version.map_or(format.key_at, |version| version.at);
        return Err(unknown(at, "of Apollo's manifests only version 1 is known"));
    }
    let mut found = Vec::new();
    for list in fields.iter().filter(|field| is_list(field)) {
        for (at, _) in json::items(text, list.at).map_err(no_json)? {
            let fields = json::fields(text, at).unwrap_or_default();
            match (string(&fields, "id"), string(&fields, "body")) {
                (Some((id, id_at)), Some((text, at))) => found.push(Entry { id, id_at, text, at }),
                _ => told.push(unknown(at, "an operation has to have `id` and `body`, and both are strings")),
            }
        }
    }
    Ok(found)
}

/// An id and its document.
fn of_field(field: Field, told: &mut Vec<Told>) -> Option<Entry> {
    let Field { key: id, key_at: id_at, value, at } = field;
    match value {
        Json::String(text) => Some(Entry { id, id_at, text, at }),
        _ => {
            told.push(unknown(at, "an id has to stand for a string, the text of a document"));
            None
        }
    }
}

fn string(fields: &[Field], key: &str) -> Option<(String, usize)> {
    let field = fields.iter().find(|field| field.key == key)?;
    Some((field.value.as_str()?.to_owned(), field.at))
}

fn unknown(at: usize, message: &str) -> Told {
    let help = format!(
        "give `persisted-documents.json` of graphql-codegen, the file of Relay's `persistConfig` (both `{{\"id\": \
         \"text\"}}`), or Apollo's manifest (`\"format\": \"{APOLLO}\", \"version\": 1`)"
    );
    Told { at, code: "manifest", message: message.to_owned(), help }
}
