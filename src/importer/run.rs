//! Runs loaders: records in chunks, from the source through the mapping into the engine.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::chunk::{Chunk, Preparer, RecordDraft};
use super::engine_error::{describe, is_fatal};
use super::field::Mapping;
use super::loader::Loader;
use super::source::Source;
use super::summary::{Reject, Summary};
use crate::engine::{Caller, Engine, EngineError, Expect, Upserted, View};
use crate::schema::Collection;

/// Options of a run.
#[derive(Default)]
pub struct Options<'a> {
    /// Do everything except writing.
    pub dry_run: bool,
    /// Output for rejected records, one JSON object per line.
    pub rejects: Option<&'a mut (dyn Write + Send)>,
    /// Set to stop the import after the records being written.
    pub stop: Arc<AtomicBool>,
}

/// Receives the progress of a run.
pub trait Progress: Send {
    /// A loader begins.
    fn begin(&mut self, loader: &Loader);

    /// The amount read, the total if known (both in the source's own unit), and the number of records.
    fn advance(&mut self, done: u64, total: Option<u64>, records: u64);

    /// A loader has ended.
    fn end(&mut self, summary: &Summary);
}

/// Runs the loaders in order; a failed loader ends the import. The error comes from writing the rejected
/// records.
pub async fn run(
    engine: &Engine,
    loaders: Vec<Loader>,
    mut options: Options<'_>,
    progress: &mut dyn Progress,
) -> std::io::Result<Vec<Summary>> {
    let view = engine.view(&Caller::default());
    let mut summaries: Vec<Summary> = Vec::new();
    let mut written: Vec<Arc<str>> = Vec::new();
    for loader in loaders {
        progress.begin(&loader);
        let assumed = if options.dry_run { written.as_slice() } else { &[] };
        let (name, target) = (loader.name.clone(), loader.target.name.clone());
        let run = LoaderRun {
            view: &view,
            name: &name,
            collection: &loader.target,
            on: &loader.on,
            expect: Expect::New,
            stop: &options.stop,
            summary: Summary { loader: name.clone(), ..Summary::default() },
        };
        let written_to = (!options.dry_run).then_some((&loader.target, loader.on.as_str()));
        let preparer = Preparer::new(&view, &name, &loader.fields, assumed, written_to);
        // What refers to its own type has to find what the chunk before has made.
        let refers_to_itself =
            loader.fields.iter().filter_map(Mapping::reference).any(|reference| reference.ty == target);
        let rejects = &mut options.rejects;
        let summary = run.write_all(preparer, loader.source, refers_to_itself, rejects, progress).await?;
        progress.end(&summary);
        let failed = summary.failure.is_some();
        summaries.push(summary);
        if failed {
            break;
        }
        written.push(target);
    }
    if let Some(out) = options.rejects {
        out.flush()?;
    }
    Ok(summaries)
}

/// The work of one loader.
struct LoaderRun<'a> {
    view: &'a View,
    name: &'a str,
    collection: &'a Collection,
    on: &'a str,
    /// The composition of the last chunk, a hint for the next one.
    expect: Expect,
    stop: &'a AtomicBool,
    summary: Summary,
}

impl LoaderRun<'_> {
    /// Writes chunk after chunk; while one is written, the next is prepared. The error is one of writing
    /// the rejected records.
    async fn write_all(
        mut self,
        mut preparer: Preparer<'_>,
        mut source: Box<dyn Source>,
        one_by_one: bool,
        out: &mut Option<&mut (dyn Write + Send)>,
        progress: &mut dyn Progress,
    ) -> std::io::Result<Summary> {
        let mut prepared = preparer.next(&mut *source, self.expect).await;
        self.summary.failure = loop {
            let mut chunk = match prepared {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break None,
                Err(message) => break Some(message),
            };
            if one_by_one {
                self.write(&mut chunk).await;
                prepared = preparer.next(&mut *source, self.expect).await;
            } else {
                let next = preparer.next(&mut *source, self.expect);
                (prepared, ()) = tokio::join!(next, self.write(&mut chunk));
            }
            chunk.rejects.sort_by_key(|reject| reject.record);
            for reject in chunk.rejects {
                if let Some(out) = out {
                    writeln!(out, "{}", serde_json::to_string(&reject)?)?;
                }
                self.summary.reject(reject);
            }
            progress.advance(chunk.progress.0, chunk.progress.1, chunk.records);
            if let Some(error) = chunk.failed {
                break Some(describe(&error));
            }
            if self.stop.load(Ordering::Relaxed) {
                break Some("it was told to stop; run it again to go on".to_owned());
            }
        };
        Ok(self.summary)
    }

    /// Writes a chunk's valid records and notes the rejected ones.
    async fn write(&mut self, chunk: &mut Chunk) {
        let drafts = std::mem::take(&mut chunk.drafts);
        let mut reject = |draft: RecordDraft, error: &EngineError| {
            let (loader, reason) = (self.name.to_owned(), describe(error));
            chunk.rejects.push(Reject { loader, record: draft.number, reason, source: draft.source });
        };
        let Some(upserts) = chunk.upserts.take() else {
            for draft in drafts {
                match self.view.check_upsert(self.collection, self.on, &draft.record) {
                    Ok(()) => self.summary.fit += 1,
                    Err(error) => reject(draft, &error),
                }
            }
            return;
        };
        let (all, mut new) = (drafts.len(), 0);
        let results = self.view.upsert_many(upserts).await;
        for (draft, result) in drafts.into_iter().zip(results) {
            match result {
                Ok((_, upserted)) => {
                    new += usize::from(upserted == Upserted::Created);
                    self.summary.count(upserted);
                }
                Err(error) if is_fatal(&error) => chunk.failed = chunk.failed.take().or(Some(error)),
                Err(error) => reject(draft, &error),
            }
        }
        self.expect = if new * 2 >= all { Expect::New } else { Expect::Known };
    }
}
