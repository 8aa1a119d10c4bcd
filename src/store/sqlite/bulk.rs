//! Bulk writes within a round of the writer. An update or delete of many documents is atomic; inserts are
//! atomic one by one. Documents are read in portions, to bound memory.

use bson::Document;

use crate::query::Filter;
use crate::query::emit::TypeEmits;
use crate::schema::Collection;
use crate::value::{Doc, Time};

use super::super::{Patch, StoreError};
use super::arrays::Arrays;
use super::emit::with_events;
use super::error::{on_read, on_write};
use super::filter::{Scope, condition};
use super::list;
use super::sql::{Params, name};
use super::write;
use super::writer::Session;

/// Documents read at once.
const PORTION: i64 = 500;

/// Inserts documents; one failing does not keep the others out.
pub(super) fn insert_many(
    session: &mut Session<'_>,
    of: &Collection,
    emits: Option<&TypeEmits>,
    documents: Vec<Document>,
) -> Result<(Vec<Result<(), StoreError>>, Time), StoreError> {
    let insert =
        |document| with_events(session, emits, |session| write::insert(session, of, document)).map(drop);
    let results = documents.into_iter().map(insert).collect();
    Ok((results, session.time()))
}

/// Patches every document that satisfies the filter.
pub(super) fn update_many(
    session: &mut Session<'_>,
    of: &Collection,
    emits: Option<&TypeEmits>,
    filter: &Filter,
    patch: &Patch,
) -> Result<(u64, Time), StoreError> {
    session.whole(|session| {
        let mut count = 0;
        each(session, of, filter, |session, doc| {
            let Some(id) = doc.id() else { return Ok(()) };
            count += 1;
            match emits {
                None => write::update(session, of, id, doc, patch).map(drop),
                Some(emits) if patch.changes_nothing(doc.raw(), |path| emits.follows(path)) => Ok(()),
                Some(_) => with_events(session, emits, |session| write::update(session, of, id, doc, patch))
                    .map(drop),
            }
        })?;
        Ok((count, session.time()))
    })
}

/// Deletes every document that satisfies the filter, with an eye to each.
pub(super) fn delete_each(
    session: &mut Session<'_>,
    of: &Collection,
    emits: &TypeEmits,
    filter: &Filter,
) -> Result<(u64, Time), StoreError> {
    session.whole(|session| {
        let mut count = 0;
        each(session, of, filter, |session, doc| {
            let Some(id) = doc.id() else { return Ok(()) };
            count += 1;
            with_events(session, Some(emits), |session| write::delete(session, of, id, doc)).map(drop)
        })?;
        Ok((count, session.time()))
    })
}

/// Deletes every document that satisfies the filter.
pub(super) fn delete_many(
    session: &mut Session<'_>,
    of: &Collection,
    filter: &Filter,
) -> Result<(u64, Time), StoreError> {
    let arrays = Arrays::load(session.connection, &of.collection).map_err(|cause| on_read(&cause))?;
    let mut params = Params::default();
    let wanted = condition(filter, &Scope::row(of, &arrays), &mut params);
    let text = format!("DELETE FROM {} WHERE {wanted} RETURNING 1", name(&of.collection));
    let gone = params
        .query(session.connection, &text, |_| Ok(()))
        .map_err(|cause| on_write(&of.name, &cause))?
        .len();
    for _ in 0..gone {
        session.tick();
    }
    Ok((gone as u64, session.time()))
}

/// Calls `work` with every document that satisfied the filter when its portion was read, by id. What
/// `work` does to a document does not bring it up again.
pub(super) fn each<'a>(
    session: &mut Session<'a>,
    of: &Collection,
    filter: &Filter,
    mut work: impl FnMut(&mut Session<'a>, Doc) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut last = Vec::new();
    loop {
        // Read anew, because what was written may have brought arrays.
        let arrays = Arrays::load(session.connection, &of.collection).map_err(|cause| on_read(&cause))?;
        let mut params = Params::default();
        let after = params.bind(last.clone());
        let text = format!(
            "SELECT id, document FROM {} WHERE id > {after} AND {} ORDER BY id LIMIT {PORTION}",
            name(&of.collection),
            condition(filter, &Scope::row(of, &arrays), &mut params),
        );
        let portion: Vec<(Vec<u8>, Doc)> = params
            .query(session.connection, &text, |row| Ok((row.get(0)?, list::doc(row, 1)?)))
            .map_err(|cause| on_read(&cause))?;
        let Some((end, _)) = portion.last() else { return Ok(()) };
        last.clone_from(end);
        for (_, doc) in portion {
            work(session, doc)?;
        }
    }
}
