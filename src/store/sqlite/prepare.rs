//! Creates what the model needs: tables, missing keys, indexes. All or nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use bson::{Bson, Document};
use rusqlite::{Connection, ErrorCode, OptionalExtension};

use crate::query::{Filter, encode_value, normalised};
use crate::schema::{Collection, Model, UniqueKey};

use super::super::{Patch, StoreError};
use super::bulk;
use super::columns::{self, Columns, MOST_COLUMNS, marked};
use super::error::{UNIQUE, on_read};
use super::format;
use super::sql::name;
use super::write;
use super::writer::Session;

/// Prepares the file for the model.
pub(super) fn prepare(session: &mut Session<'_>, model: &Model) -> Result<Vec<Arc<str>>, StoreError> {
    session.whole(|session| {
        let mut changed = Vec::new();
        format::identify(session.connection)?;
        check_names(session.connection, model)?;
        for of in &model.collections {
            make_table(session, of)?;
            session
                .connection
                .execute("INSERT OR IGNORE INTO _oponn_collections VALUES (?, ?)", [&of.collection, &of.name])
                .map_err(|cause| on_read(&cause))?;
            for index in &of.indexes {
                let paths: Vec<String> = index.fields.iter().map(ToString::to_string).collect();
                make_index(session.connection, of, &paths)?;
            }
            for key in &of.uniques {
                if fill(session, of, key)? && !changed.contains(&of.name) {
                    changed.push(of.name.clone());
                }
                make_unique(session.connection, of, key)?;
            }
        }
        Ok(changed)
    })
}

/// Makes the table of a collection, and the columns that it lacks.
fn make_table(session: &mut Session<'_>, of: &Collection) -> Result<(), StoreError> {
    let columns = Columns::load(session.connection, &of.collection).map_err(|cause| on_read(&cause))?;
    let lacking = columns.lacking(of);
    if columns.len() + lacking.len() > MOST_COLUMNS {
        return refuse(format!(
            "The indexes and unique keys of {} are over more than {MOST_COLUMNS} paths, with those that its \
             collection {} has from before. That is more than SQLite can hold: use fewer, or name another file and \
             import the data again.",
            of.name, of.collection
        ));
    }
    session.forget_columns();
    columns.add(session.connection, &of.collection, &lacking).map_err(|cause| on_read(&cause))
}

fn run(connection: &Connection, statements: &str) -> Result<(), StoreError> {
    connection.execute_batch(statements).map_err(|cause| on_read(&cause))
}

fn refuse<T>(message: String) -> Result<T, StoreError> {
    Err(StoreError::Refused(message))
}

/// Checks that the collections can be tables and that the file is not another application's.
fn check_names(connection: &Connection, model: &Model) -> Result<(), StoreError> {
    let mut seen = BTreeSet::new();
    for of in &model.collections {
        let lower = of.collection.to_lowercase();
        if lower.starts_with("sqlite_") || lower.starts_with("_oponn") {
            return refuse(format!(
                "SQLite cannot hold a collection named {}: such names are reserved. Give the type {} another \
                 one with @collection(name: \"...\").",
                of.collection, of.name
            ));
        }
        if !seen.insert(lower) {
            return refuse(format!(
                "SQLite does not tell the collection {} from another one that differs in capitals only. Give \
                 the type {} another name with @collection(name: \"...\").",
                of.collection, of.name
            ));
        }
    }
    let stored: Vec<String> = connection
        .prepare("SELECT collection FROM _oponn_collections ORDER BY collection")
        .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
        .map_err(|cause| on_read(&cause))?;
    let ours = |stored: &String| model.collections.iter().any(|of| *of.collection == **stored);
    if stored.is_empty() || model.collections.is_empty() || stored.iter().any(ours) {
        return Ok(());
    }
    refuse(format!(
        "{} holds another application: its collections are {}, and none of them is in the schema. Name \
         another file, or the schema that belongs to it.",
        connection.path().unwrap_or("The SQLite file"),
        stored.join(", ")
    ))
}

fn make_index(connection: &Connection, of: &Collection, paths: &[String]) -> Result<(), StoreError> {
    let keys: Vec<String> = paths.iter().map(|path| columns::key(of, path)).collect();
    run(
        connection,
        &format!(
            "CREATE INDEX IF NOT EXISTS {} ON {} ({}, id)",
            name(&format!("index/{}/{}", of.collection, marked(&paths.join(",")))),
            name(&of.collection),
            keys.join(", ")
        ),
    )
}

/// Rows in which a part is null do not conflict: their id is a part of the index too. So the index has
/// every row and serves orders as well as look-ups.
fn make_unique(connection: &Connection, of: &Collection, key: &UniqueKey) -> Result<(), StoreError> {
    let paths = key.paths();
    let keys: Vec<String> = paths.iter().map(|path| columns::key(of, path)).collect();
    let present = present(&keys);
    let statement = format!(
        "CREATE UNIQUE INDEX IF NOT EXISTS {} ON {} ({}, CASE WHEN {present} THEN x'' ELSE id END)",
        name(&format!("{UNIQUE}{}/{}/{}", key.name, of.collection, marked(&paths.join(",")))),
        name(&of.collection),
        keys.join(", ")
    );
    match connection.execute_batch(&statement) {
        Err(cause) if cause.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            let message = duplicates(connection, of, key, &keys).map_err(|cause| on_read(&cause))?;
            refuse(message)
        }
        other => other.map_err(|cause| on_read(&cause)),
    }
}

fn present(keys: &[String]) -> String {
    let null = hex::encode(encode_value(&Bson::Null));
    let parts: Vec<String> = keys.iter().map(|key| format!("{key} > x'{null}'")).collect();
    parts.join(" AND ")
}

/// Says which values forbid a unique key.
fn duplicates(
    connection: &Connection,
    of: &Collection,
    key: &UniqueKey,
    keys: &[String],
) -> rusqlite::Result<String> {
    let groups = format!(
        "SELECT count(*) AS times, min(id) AS first FROM {} WHERE {} GROUP BY {} HAVING times > 1",
        name(&of.collection),
        present(keys),
        keys.join(", ")
    );
    let (values, times, first): (i64, i64, Vec<u8>) = connection.query_row(
        &format!("SELECT count(*) OVER (), times, first FROM ({groups}) ORDER BY first LIMIT 1"),
        [],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let example = connection.query_row(
        &format!("SELECT document FROM {} WHERE id = ?", name(&of.collection)),
        [first],
        |row| super::list::doc(row, 0),
    )?;
    let example = example.decode().unwrap_or_default();
    let shown: Vec<String> = key
        .fields
        .iter()
        .map(|field| format!("{field}: {}", example.get(&**field).unwrap_or(&Bson::Null)))
        .collect();
    Ok(format!(
        "The unique key {} of {} cannot be made: {values} of its values are each in several documents of the \
         collection {}, for example {} in {times} of them. Change or remove these documents, or take @unique \
         off.",
        key.name,
        of.name,
        of.collection,
        shown.join(", ")
    ))
}

/// Gives documents the normalised values of a key, once for each way to make them. Whether any changed.
fn fill(session: &mut Session<'_>, of: &Collection, key: &UniqueKey) -> Result<bool, StoreError> {
    if key.normalize.is_empty() {
        return Ok(false);
    }
    let made = format!("{:?} {:?}", key.fields, key.normalize);
    let known: Option<String> = session
        .connection
        .query_row(
            "SELECT made FROM _oponn_keys WHERE collection = ? AND key = ?",
            [&*of.collection, &key.name],
            |row| row.get(0),
        )
        .optional()
        .map_err(|cause| on_read(&cause))?;
    if known.as_ref() == Some(&made) {
        return Ok(false);
    }
    let mut changed = false;
    bulk::each(session, of, &Filter::all(), |session, doc| {
        let (Some(id), Ok(mut document)) = (doc.id(), doc.decode()) else { return Ok(()) };
        keeping(key, &document).apply(&mut document);
        let after = write::encode(&document)?;
        if after == doc {
            return Ok(());
        }
        changed = true;
        write::replace(session, of, &id, &doc, &after)
    })?;
    session
        .connection
        .execute("INSERT OR REPLACE INTO _oponn_keys VALUES (?, ?, ?)", [&*of.collection, &key.name, &made])
        .map_err(|cause| on_read(&cause))
        .map(|_| changed)
}

/// Has a document keep its values in the key.
fn keeping(key: &UniqueKey, document: &Document) -> Patch {
    let mut patch = Patch::default();
    for field in &key.fields {
        match document.get(&**field) {
            None | Some(Bson::Null) => patch.unset.push(key.path(field)),
            Some(value) => patch.set.push((key.path(field), normalised(key, value))),
        }
    }
    patch
}
