//! `kind = "json"`: a file that is, or contains, a list of records.

use std::path::PathBuf;

use async_trait::async_trait;
use serde_json::Value as Json;

use super::{CHUNK_RECORDS, Found, Source, Start, file, items, take_items, unreadable};
use crate::importer::Env;
use crate::importer::definition::Definition;
use crate::value::json;

struct JsonFile {
    path: PathBuf,
    items: Option<String>,
    /// Once the file has been read.
    records: Option<std::vec::IntoIter<Json>>,
    total: u64,
}

pub(super) fn define(definition: &mut Definition<'_>, _: Env<'_>) -> Option<Box<dyn Source>> {
    let (path, items) = (file(definition), items(definition));
    Some(Box::new(JsonFile { path: path?, items, records: None, total: 0 }))
}

#[async_trait]
impl Source for JsonFile {
    async fn next(&mut self) -> Result<Option<Vec<Found>>, String> {
        if self.records.is_none() {
            let bytes = tokio::fs::read(&self.path).await.map_err(|error| unreadable(&self.path, error))?;
            let start = Start::within(&bytes).map(|_| bytes);
            let document = start.and_then(|bytes| json::parse(&bytes).map_err(|error| error.to_string()));
            let document = document.map_err(|error| unreadable(&self.path, error))?;
            let records =
                take_items(document, self.items.as_deref()).map_err(|error| unreadable(&self.path, error))?;
            self.total = records.len() as u64;
            self.records = Some(records.into_iter());
        }
        let chunk: Vec<Found> = self.records.iter_mut().flatten().take(CHUNK_RECORDS).map(Ok).collect();
        Ok((!chunk.is_empty()).then_some(chunk))
    }

    fn progress(&self) -> (u64, Option<u64>) {
        let left = self.records.as_ref().map_or(0, |records| records.len() as u64);
        (self.total - left, self.records.is_some().then_some(self.total))
    }
}
