//! Columns of keys: the sort keys of documents at index paths, stored beside the documents.
//!
//! Indexes cover these columns, and so need only SQLite: any program can check, dump and reload the file.
//! The writer sets the columns together with the document.
//!
//! Readers use the model's columns, which are created before the first read. The writer uses the file's
//! columns, which may include those of an older model and those that another process with a newer model
//! adds meanwhile. Any of these may have readers, so all must stay in step with their documents.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, Result, ToSql, params_from_iter};

use crate::schema::Collection;
use crate::value::Doc;

use super::functions::key_of;
use super::sql::{name, text};

/// How the names of the columns begin; the path follows.
const KEY: &str = "key/";

/// Columns that SQLite has room for beside the id and the document.
pub(super) const MOST_COLUMNS: usize = 1_998;

/// The SQL of the key of a stored document at a path: a column if there is one.
pub(super) fn key(of: &Collection, path: &str) -> String {
    if path == "_id" {
        "id".to_owned()
    } else if needed(of).any(|column| column == path) {
        column(path)
    } else {
        made("document", path)
    }
}

/// The SQL that makes the key of a document.
pub(super) fn made(document: &str, path: &str) -> String {
    format!("oponn_key({document}, {})", text(path))
}

/// The paths that need columns for the model's indexes.
fn needed(of: &Collection) -> impl Iterator<Item = Cow<'_, str>> {
    let indexed = of.indexes.iter().flat_map(|index| &index.fields).map(|path| Cow::Borrowed(&**path));
    let unique = of.uniques.iter().flat_map(|key| key.fields.iter().map(|field| key.path(field).into()));
    indexed.chain(unique).filter(|path| path != "_id")
}

/// The name of a path's column, quoted.
fn column(path: &str) -> String {
    name(&format!("{KEY}{}", marked(path)))
}

/// A text of which SQLite, to which capitals are as small letters, still tells every other text: they are marked.
pub(super) fn marked(text: &str) -> String {
    let mut marked = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        if letter.is_ascii_uppercase() || letter == '^' {
            marked.push('^');
        }
        marked.push(letter);
    }
    marked
}

/// The text that was marked.
fn unmarked(marked: &str) -> String {
    let mut text = String::with_capacity(marked.len());
    let mut letters = marked.chars();
    while let Some(letter) = letters.next() {
        text.extend(if letter == '^' { letters.next() } else { Some(letter) });
    }
    text
}

/// The columns of keys that a table has.
pub(super) struct Columns {
    /// Whether there is a table.
    made: bool,
    paths: Vec<String>,
    insert: String,
}

impl Columns {
    /// Reads what the table of a collection has.
    pub fn load(connection: &Connection, collection: &str) -> Result<Columns> {
        let mut statement = connection.prepare_cached("SELECT name FROM pragma_table_info(?)")?;
        let names = statement.query_map([collection], |row| row.get::<_, String>(0))?;
        let names = names.collect::<Result<Vec<String>>>()?;
        let paths: Vec<String> =
            names.iter().filter_map(|name| name.strip_prefix(KEY)).map(unmarked).collect();
        let columns: String = paths.iter().map(|path| format!("{}, ", column(path))).collect();
        let insert = format!(
            "INSERT INTO {} (id, {columns}document) VALUES (?{})",
            name(collection),
            ", ?".repeat(paths.len() + 1)
        );
        Ok(Columns { made: !names.is_empty(), paths, insert })
    }

    /// The paths that the model needs and the table lacks.
    pub fn lacking(&self, of: &Collection) -> BTreeSet<String> {
        needed(of).map(Cow::into_owned).filter(|path| !self.paths.contains(path)).collect()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.paths.len()
    }

    /// Makes the table with columns for these paths, or adds them to it, with the keys of all documents.
    pub fn add(&self, connection: &Connection, collection: &str, paths: &BTreeSet<String>) -> Result<()> {
        let table = name(collection);
        if !self.made {
            // Before the document, which may be long and would have to be passed over on the way to them.
            let keys: String = paths.iter().map(|path| format!("{} BLOB, ", column(path))).collect();
            return connection.execute_batch(&format!(
                "CREATE TABLE {table} (id BLOB PRIMARY KEY, {keys}document BLOB NOT NULL)"
            ));
        }
        if paths.is_empty() {
            return Ok(());
        }
        tracing::info!(
            collection,
            columns = paths.len(),
            "adding keys of indexes to all documents of the SQLite file"
        );
        for path in paths {
            connection.execute_batch(&format!("ALTER TABLE {table} ADD COLUMN {} BLOB", column(path)))?;
        }
        let set: Vec<String> =
            paths.iter().map(|path| format!("{} = {}", column(path), made("document", path))).collect();
        connection.execute_batch(&format!("UPDATE {table} SET {}", set.join(", ")))
    }

    /// Inserts a document under the key of its id.
    pub fn insert(&self, connection: &Connection, id: &[u8], document: &Doc) -> Result<()> {
        let keys: Vec<Vec<u8>> = self.paths.iter().map(|path| key_of(document.raw(), path)).collect();
        let bytes: &[u8] = document.bytes();
        let keys = keys.iter().map(|key| key as &dyn ToSql);
        let values = [&id as &dyn ToSql].into_iter().chain(keys).chain([&bytes as &dyn ToSql]);
        connection.prepare_cached(&self.insert)?.execute(params_from_iter(values)).map(drop)
    }

    /// Puts another form of a document in the place of the one that is there. What stays the same is not set, so
    /// that its indexes are left alone.
    pub fn update(
        &self,
        connection: &Connection,
        collection: &str,
        id: &[u8],
        before: &Doc,
        after: &Doc,
    ) -> Result<()> {
        let mut text = format!("UPDATE {} SET document = ?2", name(collection));
        let mut keys = Vec::new();
        for path in &self.paths {
            let key = key_of(after.raw(), path);
            if key != key_of(before.raw(), path) {
                keys.push(key);
                text.push_str(&format!(", {} = ?{}", column(path), keys.len() + 2));
            }
        }
        text.push_str(" WHERE id = ?1");
        let bytes: &[u8] = after.bytes();
        let keys = keys.iter().map(|key| key as &dyn ToSql);
        let values = [&id as &dyn ToSql, &bytes].into_iter().chain(keys);
        connection.prepare_cached(&text)?.execute(params_from_iter(values)).map(drop)
    }
}

/// The columns of all tables, as the writer knows them.
#[derive(Default)]
pub(super) struct ColumnBook {
    /// Changes with the file's tables.
    schema: i64,
    tables: HashMap<String, Columns>,
}

impl ColumnBook {
    /// Forgets them if another process has changed the tables. To be called at the start of a transaction.
    pub fn renew(&mut self, connection: &Connection) -> Result<()> {
        let mut statement = connection.prepare_cached("PRAGMA schema_version")?;
        let schema = statement.query_row([], |row| row.get(0))?;
        if schema != self.schema {
            self.tables.clear();
            self.schema = schema;
        }
        Ok(())
    }

    /// Those of a collection's table.
    pub fn of(&mut self, connection: &Connection, collection: &str) -> Result<&Columns> {
        if !self.tables.contains_key(collection) {
            self.tables.insert(collection.to_owned(), Columns::load(connection, collection)?);
        }
        Ok(&self.tables[collection])
    }

    /// Forgets them, because there may be others.
    pub fn clear(&mut self) {
        self.tables.clear();
    }
}
