//! Identifies the file's application and format, and upgrades older formats.

use rusqlite::{Connection, OptionalExtension, Result};

use super::super::StoreError;
use super::error::on_read;
use super::sql::name;

/// `opon`: tells oponn's files from those of other programs.
const APPLICATION: i32 = 0x6f70_6f6e;
/// How values are encoded, and what the tables hold; a change makes what older versions have stored wrong.
const FORMAT: i64 = 2;

/// The format is told in a new file only.
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS _oponn_meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
    INSERT OR IGNORE INTO _oponn_meta VALUES ('format', 2), ('time', 0);
    CREATE TABLE IF NOT EXISTS _oponn_collections (collection TEXT PRIMARY KEY, type TEXT NOT NULL)
        WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS _oponn_arrays (collection TEXT, path TEXT, PRIMARY KEY (collection, path))
        WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS _oponn_keys
        (collection TEXT, key TEXT, made TEXT, PRIMARY KEY (collection, key)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS _oponn_events (
        id BLOB PRIMARY KEY, sink TEXT NOT NULL, lane TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,
        document TEXT NOT NULL, payload TEXT NOT NULL, at INTEGER NOT NULL, time INTEGER NOT NULL,
        part INTEGER NOT NULL, tries INTEGER NOT NULL, due INTEGER NOT NULL, error TEXT, dead INTEGER NOT NULL
    );
    CREATE INDEX IF NOT EXISTS _oponn_events_due ON _oponn_events (sink, dead, due, time, part);
    CREATE INDEX IF NOT EXISTS _oponn_events_lane ON _oponn_events (lane, dead, due);
    CREATE TABLE IF NOT EXISTS _oponn_relay (one INTEGER PRIMARY KEY CHECK (one = 1), holder TEXT, beat INTEGER);
";

/// Makes the file oponn's own and of this format, or says why it cannot be.
pub(super) fn identify(connection: &Connection) -> std::result::Result<(), StoreError> {
    let file = connection.path().unwrap_or("The SQLite file").to_owned();
    if !is_ours(connection).map_err(|cause| on_read(&cause))? {
        return Err(StoreError::Refused(format!(
            "{file} is the SQLite database of another program. Name another file."
        )));
    }
    match format(connection).map_err(|cause| on_read(&cause))? {
        Some(FORMAT) => Ok(()),
        Some(1) => {
            tracing::info!(
                file,
                format = FORMAT,
                "bringing the SQLite file of an older version up to this one"
            );
            from_1(connection).map_err(|cause| on_read(&cause))
        }
        other => Err(StoreError::Refused(format!(
            "{file} was made by another version of oponn (format {}, this one has {FORMAT}). Name another \
             file and import the data again, or use the version that made it.",
            other.unwrap_or(0)
        ))),
    }
}

/// Whether it is oponn's; a file without anything in it becomes so. The mark is not a part of dumps, so that a file
/// that was loaded from one is marked again.
fn is_ours(connection: &Connection) -> Result<bool> {
    let application: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let unmarked = || {
        connection.query_row(
            "SELECT count(*) = 0 OR max(name = '_oponn_meta') FROM sqlite_schema",
            [],
            |row| row.get(0),
        )
    };
    let ours = application == APPLICATION || (application == 0 && unmarked()?);
    if ours && application == 0 {
        connection.pragma_update(None, "application_id", APPLICATION)?;
    }
    Ok(ours)
}

fn format(connection: &Connection) -> Result<Option<i64>> {
    connection.execute_batch(TABLES)?;
    connection
        .query_row("SELECT value FROM _oponn_meta WHERE name = 'format'", [], |row| row.get(0))
        .optional()
}

/// Format 1 had its indexes over functions of documents and no columns of keys. Those come with what the model needs.
fn from_1(connection: &Connection) -> Result<()> {
    for index in names(connection, "type = 'index' AND sql LIKE '%oponn_key(%'")? {
        connection.execute_batch(&format!("DROP INDEX {}", name(&index)))?;
    }
    // Under another name, so that an older oponn that still has the file open fails, and writes no document
    // without its keys.
    let tables = "type = 'table' AND name COLLATE NOCASE IN (SELECT collection FROM _oponn_collections)";
    for table in names(connection, tables)? {
        connection.execute_batch(&format!("ALTER TABLE {} RENAME COLUMN doc TO document", name(&table)))?;
    }
    connection.execute("UPDATE _oponn_meta SET value = ? WHERE name = 'format'", [FORMAT]).map(drop)
}

/// The names of parts of the file.
fn names(connection: &Connection, which: &str) -> Result<Vec<String>> {
    let mut statement = connection.prepare(&format!("SELECT name FROM sqlite_schema WHERE {which}"))?;
    statement.query_map([], |row| row.get(0))?.collect()
}
