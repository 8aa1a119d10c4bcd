//! `kind = "csv"`: a file of lines whose values stand in columns. Every value is a text.

use std::fs::File;
use std::path::PathBuf;

use async_trait::async_trait;
use csv::{Reader, ReaderBuilder, StringRecord};
use serde_json::{Map, Value as Json};

use super::{CHUNK, Found, Source, file, unreadable};
use crate::importer::Env;
use crate::importer::definition::{Definition, texts};

struct Table {
    path: PathBuf,
    delimiter: u8,
    /// Names of the columns, when the file does not have them.
    columns: Option<Vec<String>>,
    /// Once the file has been opened: names of the columns, and the file's size.
    open: Option<(Reader<File>, Vec<String>, u64)>,
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
    Some(Box::new(Table { path: path?, delimiter, columns, open: None }))
}

impl Table {
    fn open(&self) -> Result<(Reader<File>, Vec<String>, u64), String> {
        let file = File::open(&self.path).map_err(|error| unreadable(&self.path, error))?;
        let size = file.metadata().map_err(|error| unreadable(&self.path, error))?.len();
        let mut reader = ReaderBuilder::new()
            .delimiter(self.delimiter)
            .has_headers(self.columns.is_none())
            .flexible(true)
            .from_reader(file);
        let columns = match &self.columns {
            Some(columns) => columns.clone(),
            None => {
                let header = reader.headers().map_err(|error| unreadable(&self.path, error))?;
                header.iter().map(|name| name.trim().trim_start_matches('\u{feff}').to_owned()).collect()
            }
        };
        Ok((reader, columns, size))
    }
}

#[async_trait]
impl Source for Table {
    async fn next(&mut self) -> Result<Option<Vec<Found>>, String> {
        if self.open.is_none() {
            self.open = Some(self.open()?);
        }
        let Some((reader, columns, _)) = &mut self.open else { return Ok(None) };
        let mut records = Vec::new();
        for row in reader.records().take(CHUNK) {
            records.push(match row {
                Ok(row) => record(columns, &row),
                Err(error) if error.is_io_error() => return Err(unreadable(&self.path, error)),
                Err(error) => Err((String::new(), error.to_string())),
            });
        }
        Ok((!records.is_empty()).then_some(records))
    }

    fn progress(&self) -> (u64, Option<u64>) {
        let read = self.open.as_ref().map_or(0, |(reader, ..)| reader.position().byte());
        (read, self.open.as_ref().map(|(_, _, size)| *size))
    }
}

fn record(columns: &[String], row: &StringRecord) -> Found {
    if row.len() != columns.len() {
        let text = row.iter().collect::<Vec<_>>().join(",");
        return Err((text, format!("the line has {} values for {} columns", row.len(), columns.len())));
    }
    let value = |cell: &str| if cell.is_empty() { Json::Null } else { Json::from(cell) };
    let cells = columns.iter().cloned().zip(row.iter().map(value));
    Ok(Json::Object(cells.collect::<Map<_, _>>()))
}
