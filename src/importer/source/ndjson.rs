//! `kind = "ndjson"`: a file with one JSON object per line, read line by line.

use std::path::PathBuf;

use async_trait::async_trait;
use tokio::fs::File;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::{CHUNK, Found, Source, file, unreadable};
use crate::importer::Env;
use crate::importer::definition::Definition;

struct Lines {
    path: PathBuf,
    /// Once the file has been opened, with its size.
    open: Option<(BufReader<File>, u64)>,
    read: u64,
}

pub(super) fn define(definition: &mut Definition<'_>, _: Env<'_>) -> Option<Box<dyn Source>> {
    Some(Box::new(Lines { path: file(definition)?, open: None, read: 0 }))
}

#[async_trait]
impl Source for Lines {
    async fn next(&mut self) -> Result<Option<Vec<Found>>, String> {
        let unreadable = |error| unreadable(&self.path, error);
        let (reader, _) = match &mut self.open {
            Some(open) => open,
            None => {
                let file = File::open(&self.path).await.map_err(unreadable)?;
                let size = file.metadata().await.map_err(unreadable)?.len();
                self.open.insert((BufReader::new(file), size))
            }
        };
        let mut records = Vec::new();
        let mut line = Vec::new();
        while records.len() < CHUNK {
            line.clear();
            let read = reader.read_until(b'\n', &mut line).await.map_err(unreadable)?;
            if read == 0 {
                break;
            }
            self.read += read as u64;
            if !line.trim_ascii().is_empty() {
                records.push(record(&line));
            }
        }
        Ok((!records.is_empty()).then_some(records))
    }

    fn progress(&self) -> (u64, Option<u64>) {
        (self.read, self.open.as_ref().map(|(_, size)| *size))
    }
}

fn record(line: &[u8]) -> Found {
    serde_json::from_slice(line).map_err(|error| {
        (String::from_utf8_lossy(line).trim().to_owned(), format!("the line is not valid JSON: {error}"))
    })
}
