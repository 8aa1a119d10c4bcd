//! `kind = "csv"`: a file of lines with values in columns. Every value is a text.

use std::collections::HashSet;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use async_trait::async_trait;
use serde_json::{Map, Value as Json};

use super::{CHUNK_RECORDS, Found, Source, Start, file, max_record, unreadable};
use crate::importer::Env;
use crate::importer::definition::{Definition, texts};
use rows::{RowFault, Rows};

mod rows;

struct Table {
    path: PathBuf,
    delimiter: u8,
    /// Names of the columns, if the file does not have them.
    columns: Option<Vec<String>>,
    max_record: usize,
    open: Option<Open>,
    /// Why reading failed.
    failed: Option<String>,
}

/// Once the file has been opened.
struct Open {
    rows: Rows<BufReader<File>>,
    columns: Vec<String>,
    size: u64,
}

pub(super) fn define(definition: &mut Definition<'_>, _: Env<'_>) -> Option<Box<dyn Source>> {
    let path = file(definition);
    let delimiter = definition.read("delimiter", |value| match value.as_str().map(str::as_bytes) {
        Some([byte]) if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n') => Ok(*byte),
        _ => Err("one ASCII character such as `,`, `;` or `\\t`".to_owned()),
    });
    let columns = definition.read("header", |value| match value {
        toml::Value::Boolean(true) => Ok(None),
        value => texts(value)
            .ok()
            .filter(|names| !names.is_empty())
            .map(Some)
            .ok_or_else(|| "`true`, or a list with the columns' names when the file has none".to_owned()),
    });
    let (delimiter, columns) = (delimiter.unwrap_or(b','), columns.flatten());
    if let Some(Err(message)) = columns.as_deref().map(differ) {
        definition.fault("header", message);
    }
    let max_record = max_record(definition);
    Some(Box::new(Table { path: path?, delimiter, columns, max_record, open: None, failed: None }))
}

impl Table {
    fn open(&self) -> Result<Open, String> {
        let file = File::open(&self.path).map_err(|error| unreadable(&self.path, error))?;
        let size = file.metadata().map_err(|error| unreadable(&self.path, error))?.len();
        let mut file = BufReader::new(file);
        let start = Start::of(&mut file).map_err(|error| unreadable(&self.path, error))?;
        let mut rows = Rows::new(file, start.skipped, self.delimiter, self.max_record);
        let columns = match &self.columns {
            Some(columns) => columns.clone(),
            None => match rows.next() {
                None => Vec::new(),
                Some(Ok(header)) => header.iter().map(|name| name.trim().to_owned()).collect(),
                Some(Err(RowFault::Row { reason, .. } | RowFault::End(reason))) => {
                    return Err(unreadable(&self.path, reason));
                }
            },
        };
        differ(&columns).map_err(|error| unreadable(&self.path, error))?;
        Ok(Open { rows, columns, size })
    }
}

/// Checks that column names are unique, so that a name is unambiguous. Unnamed columns are ignored.
fn differ(columns: &[String]) -> Result<(), String> {
    let mut taken = HashSet::new();
    match columns.iter().find(|name| !name.is_empty() && !taken.insert(*name)) {
        Some(name) => Err(format!("two columns are called `{name}`; rename one of them")),
        None => Ok(()),
    }
}

#[async_trait]
impl Source for Table {
    async fn next(&mut self) -> Result<Option<Vec<Found>>, String> {
        if let Some(reason) = self.failed.take() {
            return Err(reason);
        }
        let Open { rows, columns, .. } = match &mut self.open {
            Some(open) => open,
            None => self.open.insert(self.open()?),
        };
        let mut records = Vec::new();
        for row in rows.take(CHUNK_RECORDS) {
            records.push(match row {
                Ok(row) => record(columns, row),
                Err(RowFault::Row { text, reason }) => Err((text, reason)),
                Err(RowFault::End(reason)) => {
                    self.failed = Some(unreadable(&self.path, reason));
                    break;
                }
            });
        }
        match self.failed.take_if(|_| records.is_empty()) {
            // What was read before a failure is handed on first.
            Some(reason) => Err(reason),
            None => Ok((!records.is_empty()).then_some(records)),
        }
    }

    fn progress(&self) -> (u64, Option<u64>) {
        let read = self.open.as_ref().map_or(0, |open| open.rows.read());
        (read, self.open.as_ref().map(|open| open.size))
    }
}

fn record(columns: &[String], row: Vec<String>) -> Found {
    if row.len() != columns.len() {
        let reason = format!("the line has {} values for {} columns", row.len(), columns.len());
        return Err((row.join(","), reason));
    }
    let value = |cell: String| if cell.is_empty() { Json::Null } else { Json::from(cell) };
    let cells = columns.iter().cloned().zip(row.into_iter().map(value));
    Ok(Json::Object(cells.filter(|(name, _)| !name.is_empty()).collect::<Map<_, _>>()))
}
