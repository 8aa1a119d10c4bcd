//! Carries loaders out: records in chunks, from the source through the mapping into the engine.

use std::io::Write;

use serde_json::{Map, Value as Json};

use super::loader::Loader;
use super::references::is_fatal;
use super::source::Found;
use super::summary::{Reject, Summary};
use crate::engine::{Engine, EngineError, InputFault, Step, input};

/// How to carry loaders out.
#[derive(Default)]
pub struct Options<'a> {
    /// Do everything but write.
    pub dry_run: bool,
    /// Where every rejected record goes, one JSON object per line.
    pub rejects: Option<&'a mut (dyn Write + Send)>,
}

/// Is told how the work goes on.
pub trait Progress: Send {
    /// A loader begins.
    fn begin(&mut self, loader: &Loader);

    /// So much has been read, of so much if that is known, in a unit of the source's own; and so many
    /// records.
    fn advance(&mut self, done: u64, total: Option<u64>, records: u64);

    /// A loader has ended.
    fn end(&mut self, summary: &Summary);
}

/// Carries the loaders out in their order; one that fails ends the import. The error is one of writing
/// the rejected records.
pub async fn run(
    engine: &Engine,
    loaders: Vec<Loader>,
    mut options: Options<'_>,
    progress: &mut dyn Progress,
) -> std::io::Result<Vec<Summary>> {
    let mut summaries: Vec<Summary> = Vec::new();
    let mut written: Vec<String> = Vec::new();
    for mut loader in loaders {
        progress.begin(&loader);
        let mut work = Work {
            engine,
            dry_run: options.dry_run,
            // In a dry run, what earlier loaders would have written cannot be found.
            assumed: if options.dry_run { written.clone() } else { Vec::new() },
            summary: Summary { loader: loader.name.clone(), ..Summary::default() },
            records: 0,
        };
        let failure = loop {
            let chunk = match loader.source.next().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break None,
                Err(message) => break Some(message),
            };
            let mut rejects = Vec::new();
            let failed = work.take(&loader, chunk, &mut rejects).await.err();
            rejects.sort_by_key(|reject: &Reject| reject.record);
            for reject in rejects {
                if let Some(out) = &mut options.rejects {
                    writeln!(out, "{}", serde_json::to_string(&reject)?)?;
                }
                work.summary.reject(reject);
            }
            let (done, total) = loader.source.progress();
            progress.advance(done, total, work.records);
            if let Some(error) = failed {
                break Some(describe(&error));
            }
        };
        work.summary.failure = failure;
        progress.end(&work.summary);
        let failed = work.summary.failure.is_some();
        summaries.push(work.summary);
        if failed {
            break;
        }
        written.push(loader.target.name.to_string());
    }
    if let Some(out) = options.rejects {
        out.flush()?;
    }
    Ok(summaries)
}

/// The work of one loader.
struct Work<'a> {
    engine: &'a Engine,
    dry_run: bool,
    assumed: Vec<String>,
    summary: Summary,
    /// Records seen so far.
    records: u64,
}

/// A record on its way: its number, what the source has, what it becomes.
struct Draft {
    number: u64,
    source: Json,
    record: Map<String, Json>,
}

impl Work<'_> {
    /// Maps and writes a chunk. The error says nothing about a record; it ends the loader.
    async fn take(
        &mut self,
        loader: &Loader,
        chunk: Vec<Found>,
        rejects: &mut Vec<Reject>,
    ) -> Result<(), EngineError> {
        let reject =
            |number, reason, source| Reject { loader: loader.name.clone(), record: number, reason, source };
        let mut found: Vec<(u64, Json)> = Vec::new();
        for record in chunk {
            self.records += 1;
            match record {
                Ok(record @ Json::Object(_)) => found.push((self.records, record)),
                Ok(other) => rejects.push(reject(self.records, "the record is not an object".into(), other)),
                Err((text, reason)) => rejects.push(reject(self.records, reason, Json::String(text))),
            }
        }

        let resolved = self.references(loader, &found).await?;
        let mut drafts = Vec::new();
        for (place, (number, source)) in found.into_iter().enumerate() {
            match map(loader, &source, resolved.iter().map(|column| column.as_ref().map(|c| &c[place]))) {
                Ok(record) => drafts.push(Draft { number, source, record }),
                Err(reason) => rejects.push(reject(number, reason, source)),
            }
        }

        if self.dry_run {
            for draft in drafts {
                match input::create(self.engine.model(), &loader.target, &draft.record) {
                    Ok(_) => self.summary.fit += 1,
                    Err(faults) => {
                        rejects.push(reject(
                            draft.number,
                            describe(&EngineError::BadInput(faults)),
                            draft.source,
                        ));
                    }
                }
            }
            return Ok(());
        }
        let records: Vec<Map<String, Json>> =
            drafts.iter_mut().map(|draft| std::mem::take(&mut draft.record)).collect();
        let results = self.engine.upsert_many(&loader.target.name, &loader.on, records).await;
        let mut fatal = None;
        for (draft, result) in drafts.into_iter().zip(results) {
            match result {
                Ok((_, upserted)) => self.summary.count(upserted),
                Err(error) if is_fatal(&error) => fatal = fatal.or(Some(error)),
                Err(error) => rejects.push(reject(draft.number, describe(&error), draft.source)),
            }
        }
        fatal.map_or(Ok(()), Err)
    }

    /// For each mapped field that is a reference, what it becomes in each record.
    async fn references(
        &self,
        loader: &Loader,
        found: &[(u64, Json)],
    ) -> Result<Vec<Option<Vec<Resolved>>>, EngineError> {
        let sources: Vec<&Json> = found.iter().map(|(_, source)| source).collect();
        let mut columns = Vec::new();
        for mapping in &loader.fields {
            columns.push(match mapping.reference() {
                None => None,
                Some(reference) if self.assumed.iter().any(|ty| **ty == *reference.ty) => {
                    let assume = |key: Option<_>| key.and_then(|_| reference.any_id(self.engine.model()));
                    Some(sources.iter().map(|source| mapping.key(reference, source).map(assume)).collect())
                }
                Some(reference) => Some(reference.resolve(mapping, self.engine, &sources).await?),
            });
        }
        Ok(columns)
    }
}

/// An id, nothing to refer to, or why the record cannot be taken.
type Resolved = Result<Option<Json>, String>;

/// The record as the engine takes it, or everything that is wrong with it.
fn map<'a>(
    loader: &Loader,
    source: &Json,
    resolved: impl Iterator<Item = Option<&'a Resolved>>,
) -> Result<Map<String, Json>, String> {
    let mut record = Map::new();
    let mut faults = Vec::new();
    for (mapping, resolved) in loader.fields.iter().zip(resolved) {
        let value = match resolved {
            Some(Ok(Some(id))) => Ok(Some(id.clone())),
            Some(Err(reason)) => Err(reason.clone()),
            Some(Ok(None)) | None => mapping.value(source),
        };
        match value {
            Ok(Some(value)) => mapping.put(value, &mut record),
            Ok(None) => {}
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() { Ok(record) } else { Err(faults.join("; ")) }
}

/// What an operator reads: of an input's faults also the places.
fn describe(error: &EngineError) -> String {
    match error {
        EngineError::BadInput(faults) => faults.iter().map(describe_fault).collect::<Vec<_>>().join("; "),
        EngineError::Unavailable { message, cause } => format!("{message} ({cause})"),
        error => error.to_string(),
    }
}

fn describe_fault(fault: &InputFault) -> String {
    let steps: Vec<String> = fault
        .path
        .iter()
        .map(|step| match step {
            Step::Key(key) => key.clone(),
            Step::Index(index) => index.to_string(),
        })
        .collect();
    if steps.is_empty() { fault.message.clone() } else { format!("{}: {}", steps.join("."), fault.message) }
}
