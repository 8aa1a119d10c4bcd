//! Single writes, within a round of the writer.

use bson::{Bson, Document, doc};

use crate::query::emit::Emits;
use crate::query::encode_value;
use crate::schema::{Collection, EmitOn, Model};
use crate::value::{BOOKKEEPING, Change, Doc, EntityRef, Id, Stamp};

use super::super::{Condition, Patch, StoreError, Write, Written};
use super::arrays::Arrays;
use super::emit;
use super::error::{on_read, on_write};
use super::filter::{Scope, condition};
use super::list;
use super::sql::{Params, name};
use super::writer::Session;

/// BSON's own limit, which MongoDB has too.
const MAX_BYTES: usize = 16 << 20;

/// Carries out a write; an error leaves the documents as they were.
pub(super) fn write(
    session: &mut Session<'_>,
    model: &Model,
    emits: &Emits,
    write: Write,
) -> Result<Written, StoreError> {
    let collection = |ty: &str| {
        let known = model.collection(ty);
        known.ok_or_else(|| StoreError::Internal(format!("the model has no collection type {ty}")))
    };
    match write {
        Write::Insert { ty, document } => {
            let (of, emits) = (collection(&ty)?, emits.of(&ty, EmitOn::Create).map(AsRef::as_ref));
            emit::with_events(session, emits, |session| insert(session, of, document)).map(Written::Changed)
        }
        Write::Update { ty, id, patch, when } => {
            let (of, emits) = (collection(&ty)?, emits.of(&ty, EmitOn::Update).map(AsRef::as_ref));
            let emits = emits.filter(|_| !patch.is_of_bookkeeping());
            let before = match check(session, of, &id, &when)? {
                Ok(before) => before,
                Err(refused) => return Ok(refused),
            };
            match emits {
                Some(emits) if patch.changes_nothing(before.raw(), |path| emits.follows(path)) => {
                    Ok(Written::Changed(same(session, of, id, before)))
                }
                _ => emit::with_events(session, emits, |session| update(session, of, id, before, &patch))
                    .map(Written::Changed),
            }
        }
        Write::Delete { ty, id, when } => {
            let (of, emits) = (collection(&ty)?, emits.of(&ty, EmitOn::Delete).map(AsRef::as_ref));
            match check(session, of, &id, &when)? {
                Ok(before) => emit::with_events(session, emits, |session| delete(session, of, id, before))
                    .map(Written::Changed),
                Err(refused) => Ok(refused),
            }
        }
    }
}

/// A document that an update leaves as it is.
fn same(session: &Session<'_>, of: &Collection, id: Id, doc: Doc) -> Change {
    let stamp = Stamp { t: session.time(), v: doc.version() };
    let entity = EntityRef { ty: of.name.clone(), id };
    Change { entity, before: Some(doc.clone()).into(), after: Some(doc), stamp }
}

/// Inserts a document with version 1.
pub(super) fn insert(
    session: &mut Session<'_>,
    of: &Collection,
    mut document: Document,
) -> Result<Change, StoreError> {
    let id = document.get("_id").and_then(Id::from_bson).ok_or_else(|| {
        StoreError::Unacceptable(
            "The id must be a string, a 64-bit integer, a UUID or an ObjectId.".to_owned(),
        )
    })?;
    set_version(&mut document, 1);
    let after = encode(&document)?;
    session.note_arrays(&of.collection, after.raw()).map_err(|cause| on_read(&cause))?;
    let key = encode_value(&id.to_bson());
    let connection = session.connection;
    session.columns(&of.collection).and_then(|columns| columns.insert(connection, &key, &after)).map_err(
        |cause| match on_write(&of.name, &cause) {
            // The same id conflicts in every unique index in which it stands.
            StoreError::Duplicate { ty, .. } if exists(session, of, &key) => {
                StoreError::Duplicate { ty, key: "id".to_owned() }
            }
            other => other,
        },
    )?;
    Ok(change(session, of, id, None, Some(after), 1))
}

fn exists(session: &Session<'_>, of: &Collection, key: &[u8]) -> bool {
    let text = format!("SELECT 1 FROM {} WHERE id = ?", name(&of.collection));
    session.connection.prepare_cached(&text).and_then(|mut find| find.exists([key])).unwrap_or(false)
}

/// Patches a document that was read in the same transaction.
pub(super) fn update(
    session: &mut Session<'_>,
    of: &Collection,
    id: Id,
    before: Doc,
    patch: &Patch,
) -> Result<Change, StoreError> {
    let version = before.version().saturating_add(1);
    let mut document = before
        .decode()
        .map_err(|malformed| StoreError::Internal(format!("{} {id} is malformed: {malformed}", of.name)))?;
    patch.apply(&mut document);
    set_version(&mut document, version);
    let after = encode(&document)?;
    replace(session, of, &id, &before, &after)?;
    Ok(change(session, of, id, Some(before), Some(after), version))
}

/// Stores another form of a document that was read in the same transaction.
pub(super) fn replace(
    session: &mut Session<'_>,
    of: &Collection,
    id: &Id,
    before: &Doc,
    after: &Doc,
) -> Result<(), StoreError> {
    session.note_arrays(&of.collection, after.raw()).map_err(|cause| on_read(&cause))?;
    let (connection, key) = (session.connection, encode_value(&id.to_bson()));
    session
        .columns(&of.collection)
        .and_then(|columns| columns.update(connection, &of.collection, &key, before, after))
        .map_err(|cause| on_write(&of.name, &cause))
}

/// Deletes a document that was read in the same transaction.
pub(super) fn delete(
    session: &mut Session<'_>,
    of: &Collection,
    id: Id,
    before: Doc,
) -> Result<Change, StoreError> {
    let text = format!("DELETE FROM {} WHERE id = ?", name(&of.collection));
    session
        .connection
        .prepare_cached(&text)
        .and_then(|mut statement| statement.execute([encode_value(&id.to_bson())]))
        .map_err(|cause| on_write(&of.name, &cause))?;
    let version = before.version().saturating_add(1);
    Ok(change(session, of, id, Some(before), None, version))
}

fn change(
    session: &mut Session<'_>,
    of: &Collection,
    id: Id,
    before: Option<Doc>,
    after: Option<Doc>,
    v: i64,
) -> Change {
    let entity = EntityRef { ty: of.name.clone(), id };
    Change { entity, before: before.into(), after, stamp: Stamp { t: session.tick(), v } }
}

/// The document when the write may happen; otherwise why not.
fn check(
    session: &Session<'_>,
    of: &Collection,
    id: &Id,
    when: &Condition,
) -> Result<Result<Doc, Written>, StoreError> {
    let find = || {
        let mut params = Params::default();
        let key = params.bind(encode_value(&id.to_bson()));
        let filter = match &when.filter {
            Some(filter) => {
                let arrays = Arrays::load(session.connection, &of.collection)?;
                condition(filter, &Scope::row(of, &arrays), &mut params)
            }
            None => "1".to_owned(),
        };
        let text = format!("SELECT document FROM {} WHERE id = {key} AND {filter}", name(&of.collection));
        params.query(session.connection, &text, |row| list::doc(row, 0))
    };
    let found = find().map_err(|cause| on_read(&cause))?.pop();
    Ok(match (found, when.version) {
        (None, _) => Err(Written::NotFound),
        (Some(doc), Some(version)) if doc.version() != version => {
            Err(Written::VersionMismatch(doc.version()))
        }
        (Some(doc), _) => Ok(doc),
    })
}

fn set_version(document: &mut Document, version: i64) {
    match document.get_mut(BOOKKEEPING) {
        Some(Bson::Document(own)) => {
            own.insert("v", version);
        }
        _ => {
            document.insert(BOOKKEEPING, doc! { "v": version });
        }
    }
}

/// The document's bytes, if a store can hold them.
pub(super) fn encode(document: &Document) -> Result<Doc, StoreError> {
    let doc = Doc::encode(document).map_err(|malformed| {
        StoreError::Unacceptable(format!("The document cannot be stored: {malformed}."))
    })?;
    match doc.bytes().len() {
        length if length > MAX_BYTES => Err(StoreError::Unacceptable(format!(
            "The document has {length} bytes; the most that can be stored is 16 MB ({MAX_BYTES} bytes)."
        ))),
        _ => Ok(doc),
    }
}
