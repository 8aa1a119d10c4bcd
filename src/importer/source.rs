//! Sources of records, one file per kind.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use serde_json::Value as Json;

use super::Env;
use super::definition::{Definition, choose};

mod csv;
mod http;
mod json;
mod ndjson;

/// Records that are handed on at a time: several commands of the store, which are sent together.
pub(super) const CHUNK_RECORDS: usize = 2_000;

/// A source that is read once, from beginning to end.
#[async_trait]
pub(super) trait Source: Send {
    /// The next records, about [`CHUNK_RECORDS`] of them; none when there are no more. The error is for the
    /// operator and ends the loader.
    async fn next(&mut self) -> Result<Option<Vec<Found>>, String>;

    /// The amount read, and the total if known, in the source's own unit.
    fn progress(&self) -> (u64, Option<u64>);
}

/// A record, or the text in its place and why that is not a record.
pub(super) type Found = Result<Json, (String, String)>;

/// Reads the definition of one kind.
type Define = fn(&mut Definition<'_>, Env<'_>) -> Option<Box<dyn Source>>;

const KINDS: [(&str, Define); 4] =
    [("csv", csv::define), ("http", http::define), ("json", json::define), ("ndjson", ndjson::define)];

/// Reads `[source]`.
pub(super) fn define(definition: &mut Definition<'_>, env: Env<'_>) -> Option<Box<dyn Source>> {
    let kind = definition.required("kind", "write `json`, `ndjson`, `csv` or `http`")?;
    match choose(&kind, &KINDS) {
        Ok(define) => define(definition, env),
        Err(message) => {
            definition.fault("kind", message);
            // The keys of an unknown kind are not known either.
            definition.rest();
            None
        }
    }
}

/// The required file of a source, relative to the loader.
fn file(definition: &mut Definition<'_>) -> Option<PathBuf> {
    let path = definition.required("path", "name the file, relative to the loader")?;
    let path = definition.file().parent().unwrap_or(Path::new("")).join(path);
    if !path.is_file() {
        definition.fault("path", format!("there is no file {}", path.display()));
        return None;
    }
    Some(path)
}

/// Maximum bytes of one record, for sources that read records one by one.
fn max_record(definition: &mut Definition<'_>) -> usize {
    definition.size("max_record").unwrap_or(16_000_000)
}

/// The start of a file.
struct Start {
    /// Bytes before its text: a byte order mark.
    skipped: u64,
}

impl Start {
    /// Reads the byte order mark, if there is one. The error says that the file is in another encoding.
    fn of(file: &mut impl std::io::BufRead) -> Result<Start, String> {
        let start = Start::within(file.fill_buf().map_err(|error| error.to_string())?)?;
        file.consume(start.skipped as usize);
        Ok(start)
    }

    fn within(bytes: &[u8]) -> Result<Start, String> {
        match bytes {
            [0xef, 0xbb, 0xbf, ..] => Ok(Start { skipped: 3 }),
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, _, ..] | [_, 0, ..] => {
                Err("it is in UTF-16 or UTF-32; save it as UTF-8".to_owned())
            }
            _ => Ok(Start { skipped: 0 }),
        }
    }
}

/// A JSON Pointer to the list of records, if there is one.
fn items(definition: &mut Definition<'_>) -> Option<String> {
    definition.read("items", |value| {
        let pointer = value.as_str().filter(|pointer| pointer.is_empty() || pointer.starts_with('/'));
        pointer.map(str::to_owned).ok_or_else(|| "a JSON Pointer such as `/data/items`".to_owned())
    })
}

/// The list of records in a JSON document.
fn take_items(mut document: Json, pointer: Option<&str>) -> Result<Vec<Json>, String> {
    let pointer = pointer.unwrap_or("");
    match document.pointer_mut(pointer).map(Json::take) {
        Some(Json::Array(items)) => Ok(items),
        Some(_) if pointer.is_empty() => {
            Err("it is not a list; say with `items` where the list of records is".to_owned())
        }
        Some(_) => Err(format!("what stands at `{pointer}` is not a list")),
        None => Err(format!("nothing stands at `{pointer}`; `items` has to point to the list of records")),
    }
}

/// For messages about a file.
fn unreadable(path: &Path, error: impl std::fmt::Display) -> String {
    format!("{} cannot be read: {error}", path.display())
}
