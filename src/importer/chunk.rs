//! Turns a source's output into writable records: numbered, references resolved, mapped.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::field::Mapping;
use super::resolver::{Resolved, Resolver};
use super::source::{Found, Source};
use super::summary::Reject;
use crate::engine::{EngineError, Expect, Upserts, View};
use crate::schema::Collection;

/// Some records on their way into the store.
#[derive(Default)]
pub(super) struct Chunk {
    pub(super) drafts: Vec<RecordDraft>,
    /// Their records, checked to be written; none in a dry run, in which they stay in the drafts.
    pub(super) upserts: Option<Upserts>,
    /// Rejected records, in no order.
    pub(super) rejects: Vec<Reject>,
    /// A fault that does not concern a record; it ends the loader.
    pub(super) failed: Option<EngineError>,
    /// How much of the source has been read, and the total if known.
    pub(super) progress: (u64, Option<u64>),
    /// Records read so far, including these.
    pub(super) records: u64,
}

/// A record on its way: its number, what the source has, what it becomes.
pub(super) struct RecordDraft {
    pub(super) number: u64,
    pub(super) source: Json,
    pub(super) record: Map<String, Json>,
}

/// Prepares the chunks of one loader.
pub(super) struct Preparer<'a> {
    view: &'a View,
    loader: &'a str,
    fields: &'a [Mapping],
    resolvers: Vec<Option<Resolver<'a>>>,
    /// The collection and key to write by; `None` in a dry run.
    target: Option<(&'a Arc<Collection>, &'a str)>,
    records: u64,
}

impl<'a> Preparer<'a> {
    /// For a loader with this name and these fields. References to the `assumed` types are accepted
    /// unchecked: in a dry run, the documents of earlier loaders do not exist.
    pub(super) fn new(
        view: &'a View,
        loader: &'a str,
        fields: &'a [Mapping],
        assumed: &[Arc<str>],
        target: Option<(&'a Arc<Collection>, &'a str)>,
    ) -> Preparer<'a> {
        let resolver = |mapping: &'a Mapping| {
            let reference = mapping.reference()?;
            Some(Resolver::new(mapping, reference, assumed.contains(&reference.ty)))
        };
        let resolvers = fields.iter().map(resolver).collect();
        Preparer { view, loader, fields, resolvers, target, records: 0 }
    }

    /// The next chunk; `None` at the end of the source. The error comes from the source.
    pub(super) async fn next(
        &mut self,
        source: &mut dyn Source,
        expect: Expect,
    ) -> Result<Option<Chunk>, String> {
        let Some(found) = source.next().await? else { return Ok(None) };
        let mut chunk = Chunk::default();
        let numbered = self.number(found, &mut chunk);
        if let Err(error) = self.map(numbered, &mut chunk).await {
            chunk.failed = Some(error);
        }
        if let Some((collection, on)) = self.target {
            let record = |draft: &mut RecordDraft| std::mem::take(&mut draft.record);
            let records = chunk.drafts.iter_mut().map(record).collect();
            chunk.upserts = Some(self.view.prepare_upserts(collection, on, records, expect).await);
        }
        (chunk.progress, chunk.records) = (source.progress(), self.records);
        Ok(Some(chunk))
    }

    fn number(&mut self, found: Vec<Found>, chunk: &mut Chunk) -> Vec<(u64, Json)> {
        let mut numbered = Vec::with_capacity(found.len());
        for record in found {
            self.records += 1;
            let (reason, source) = match record {
                Ok(record @ Json::Object(_)) => {
                    numbered.push((self.records, record));
                    continue;
                }
                Ok(other) => ("the record is not an object".to_owned(), other),
                Err((text, reason)) => (reason, Json::String(text)),
            };
            chunk.rejects.push(Reject {
                loader: self.loader.to_owned(),
                record: self.records,
                reason,
                source,
            });
        }
        numbered
    }

    async fn map(&mut self, numbered: Vec<(u64, Json)>, chunk: &mut Chunk) -> Result<(), EngineError> {
        let sources: Vec<&Json> = numbered.iter().map(|(_, source)| source).collect();
        let mut columns = Vec::with_capacity(self.resolvers.len());
        for resolver in &mut self.resolvers {
            columns.push(match resolver {
                Some(resolver) => Some(resolver.resolve(self.view, &sources).await?),
                None => None,
            });
        }
        for (place, (number, source)) in numbered.into_iter().enumerate() {
            match mapped(
                self.fields,
                &source,
                columns.iter().map(|column| column.as_ref().map(|c| &c[place])),
            ) {
                Ok(record) => chunk.drafts.push(RecordDraft { number, source, record }),
                Err(reason) => {
                    let loader = self.loader.to_owned();
                    chunk.rejects.push(Reject { loader, record: number, reason, source });
                }
            }
        }
        Ok(())
    }
}

/// The record as the engine takes it, or everything that is wrong with it.
fn mapped<'a>(
    fields: &[Mapping],
    source: &Json,
    resolved: impl Iterator<Item = Option<&'a Resolved>>,
) -> Result<Map<String, Json>, String> {
    let mut record = Map::new();
    let mut faults = Vec::new();
    for (mapping, resolved) in fields.iter().zip(resolved) {
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
