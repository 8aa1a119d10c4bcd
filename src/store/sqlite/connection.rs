//! Connections: how they are set up, and the pool that readers share.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, Row};
use tokio::sync::Semaphore;

use crate::value::Time;

use super::super::StoreError;
use super::cancel::{self, UnderWay};
use super::{error, functions};

/// How long to wait for another process that writes to the file.
const BUSY: Duration = Duration::from_secs(10);
/// Prepared statements kept by each connection, about 100 kB each at the most.
const STATEMENTS: usize = 64;
/// Kibibytes of pages kept by each connection.
const PAGES: i64 = 16_000;

/// The commit counter.
const TIME: &str = "SELECT value FROM _oponn_meta WHERE name = 'time'";

/// Opens a connection to the file; a writing one makes the file if it is not there.
pub(super) fn open(path: &Path, writing: bool) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    // A name in quotes is never a text, so that a column that is not there is an error.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    connection.pragma_update(None, "cache_size", -PAGES)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    if !writing {
        connection.pragma_update(None, "query_only", true)?;
    }
    functions::register(&connection)?;
    Ok(connection)
}

/// The commit counter as the connection sees it; 0 in a file that was never prepared.
pub(super) fn time(connection: &Connection) -> rusqlite::Result<Time> {
    let mut statement = connection.prepare_cached(TIME)?;
    statement.query([])?.next()?.map_or(Ok(Time(0)), of_row)
}

fn of_row(row: &Row<'_>) -> rusqlite::Result<Time> {
    row.get(0).map(|time: i64| Time(time.unsigned_abs()))
}

/// Connections for reading, opened as they are needed, at most one for each reader at work.
pub(super) struct Pool {
    path: Arc<PathBuf>,
    idle: Arc<Mutex<Vec<Connection>>>,
    places: Arc<Semaphore>,
    /// How many there are.
    pub readers: usize,
}

impl Pool {
    /// For so many readers at the same time.
    pub fn new(path: &Path, readers: usize) -> Pool {
        Pool {
            path: Arc::new(path.to_owned()),
            idle: Arc::default(),
            places: Arc::new(Semaphore::new(readers)),
            readers,
        }
    }

    /// Runs reads on one snapshot of the file, on a thread that may block. When the future is dropped they are
    /// broken off, and their place and connection are free again.
    pub async fn read<T: Send + 'static>(
        &self,
        at: Time,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.map_err(|closed| StoreError::Internal(closed.to_string()))?;
        let (path, idle) = (Arc::clone(&self.path), Arc::clone(&self.idle));
        let (_waiting, under_way) = cancel::pair();
        let task = tokio::task::spawn_blocking(move || {
            let _place = place;
            let pooled = idle.lock().pop();
            let mut connection = match pooled {
                Some(connection) => connection,
                None => open(&path, false).map_err(|cause| error::on_read(&cause))?,
            };
            under_way.begins(&connection);
            let read = snapshot(&mut connection, at, &under_way, work);
            under_way.ends();
            idle.lock().push(connection);
            read
        });
        task.await.map_err(|failed| StoreError::Internal(failed.to_string()))?
    }
}

fn snapshot<T>(
    connection: &mut Connection,
    at: Time,
    under_way: &UnderWay,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> Result<T, StoreError> {
    let run = || {
        // Dropping the transaction ends it; there is nothing to commit.
        let transaction = connection.transaction()?;
        let mut statement = transaction.prepare_cached(TIME)?;
        // Stays open to the end: as long as a statement runs, SQLite remembers that it was interrupted, also
        // between the statements of `work`. What was told before that is asked for here.
        let mut rows = statement.query([])?;
        let known = rows.next()?.map_or(Ok(Time(0)), of_row)?;
        if known < at || under_way.is_left() {
            return Ok((known, None));
        }
        work(&transaction).map(|read| (known, Some(read)))
    };
    match run().map_err(|cause| error::on_read(&cause))? {
        (_, Some(read)) => Ok(read),
        (known, None) if known < at => Err(StoreError::Behind(format!(
            "the SQLite file has seen {} commits, the cache remembers {}",
            known.0, at.0
        ))),
        (_, None) => Err(StoreError::TimedOut("nobody waits for the read any more".to_owned())),
    }
}
