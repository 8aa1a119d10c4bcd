//! `kind = "ndjson"`: a file with one JSON object per line, read line by line.

use std::path::PathBuf;

use async_trait::async_trait;
use tokio::fs::File;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

use super::{CHUNK_RECORDS, Found, Source, Start, file, max_record, unreadable};
use crate::importer::Env;
use crate::importer::definition::Definition;
use crate::value::json;

/// Bytes of a line that is too long that are told.
const SHOWN: usize = 200;

struct Lines {
    path: PathBuf,
    max_record: usize,
    /// Once the file has been opened, with its size.
    open: Option<(BufReader<File>, u64)>,
    read: u64,
}

pub(super) fn define(definition: &mut Definition<'_>, _: Env<'_>) -> Option<Box<dyn Source>> {
    let (path, max_record) = (file(definition), max_record(definition));
    Some(Box::new(Lines { path: path?, max_record, open: None, read: 0 }))
}

#[async_trait]
impl Source for Lines {
    async fn next(&mut self) -> Result<Option<Vec<Found>>, String> {
        let unreadable = |error: std::io::Error| unreadable(&self.path, error);
        let (reader, _) = match &mut self.open {
            Some(open) => open,
            None => {
                let file = File::open(&self.path).await.map_err(unreadable)?;
                let size = file.metadata().await.map_err(unreadable)?.len();
                let mut reader = BufReader::new(file);
                let start = Start::within(reader.fill_buf().await.map_err(unreadable)?);
                start.map_err(|error| super::unreadable(&self.path, error))?;
                self.open.insert((reader, size))
            }
        };
        let mut records = Vec::new();
        let mut line = Vec::new();
        while records.len() < CHUNK_RECORDS {
            line.clear();
            // Room for the end of the line.
            let most = self.max_record as u64 + 1;
            let mut read = reader.take(most).read_until(b'\n', &mut line).await.map_err(unreadable)? as u64;
            if read == 0 {
                break;
            }
            let is_whole = line.ends_with(b"\n") || read < most;
            if is_whole && !line.trim_ascii().is_empty() {
                records.push(record(&line));
            }
            if !is_whole {
                read += skip_line(reader).await.map_err(unreadable)?;
                let shown = String::from_utf8_lossy(&line[..line.len().min(SHOWN)]).into_owned();
                let max = self.max_record;
                let reason =
                    format!("the line has more than {max} bytes; raise `max_record` if that is right");
                records.push(Err((shown, reason)));
            }
            self.read += read;
        }
        Ok((!records.is_empty()).then_some(records))
    }

    fn progress(&self) -> (u64, Option<u64>) {
        (self.read, self.open.as_ref().map(|(_, size)| *size))
    }
}

/// Reads to the end of the line; how many bytes that were.
async fn skip_line(reader: &mut BufReader<File>) -> std::io::Result<u64> {
    let mut skipped = 0;
    loop {
        let rest = reader.fill_buf().await?;
        let end = rest.iter().position(|byte| *byte == b'\n');
        let count = end.map_or(rest.len(), |end| end + 1);
        reader.consume(count);
        skipped += count as u64;
        if end.is_some() || count == 0 {
            return Ok(skipped);
        }
    }
}

fn record(line: &[u8]) -> Found {
    json::parse(line).map_err(|error| {
        (String::from_utf8_lossy(line).trim().to_owned(), format!("the line is not valid JSON: {error}"))
    })
}
