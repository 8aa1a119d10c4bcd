//! Connections: how they are set up, and the pool that readers share.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension};
use tokio::sync::Semaphore;

use crate::value::Time;

use super::super::StoreError;
use super::{error, functions};

/// How long to wait for another process that writes to the file.
const BUSY: Duration = Duration::from_secs(10);
/// Prepared statements kept by each connection.
const STATEMENTS: usize = 256;

/// Opens a connection to the file; a writing one makes the file if it is not there.
pub(super) fn open(path: &Path, writing: bool) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    connection.pragma_update(None, "cache_size", -16_000)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    if !writing {
        connection.pragma_update(None, "query_only", true)?;
    }
    functions::register(&connection)?;
    Ok(connection)
}

/// The commit counter as the connection sees it; 0 in a file that was never prepared.
pub(super) fn time(connection: &Connection) -> rusqlite::Result<Time> {
    let mut statement = connection.prepare_cached("SELECT value FROM _oponn_meta WHERE name = 'time'")?;
    let time: Option<i64> = statement.query_row([], |row| row.get(0)).optional()?;
    Ok(Time(time.unwrap_or(0).unsigned_abs()))
}

/// Connections for reading, opened as they are needed, at most one for each reader at work.
pub(super) struct Pool {
    path: Arc<PathBuf>,
    idle: Arc<Mutex<Vec<Connection>>>,
    places: Arc<Semaphore>,
}

impl Pool {
    pub fn new(path: &Path) -> Pool {
        let readers = std::thread::available_parallelism().map_or(4, |n| n.get().clamp(4, 16));
        Pool {
            path: Arc::new(path.to_owned()),
            idle: Arc::default(),
            places: Arc::new(Semaphore::new(readers)),
        }
    }

    /// Runs reads on one snapshot of the file, on a thread that may block.
    pub async fn read<T: Send + 'static>(
        &self,
        at: Time,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.map_err(|closed| StoreError::Internal(closed.to_string()))?;
        let (path, idle) = (Arc::clone(&self.path), Arc::clone(&self.idle));
        let task = tokio::task::spawn_blocking(move || {
            let _place = place;
            let pooled = idle.lock().pop();
            let mut connection = match pooled {
                Some(connection) => connection,
                None => open(&path, false).map_err(|cause| error::on_read(&cause))?,
            };
            let read = snapshot(&mut connection, at, work);
            idle.lock().push(connection);
            read
        });
        task.await.map_err(|failed| StoreError::Internal(failed.to_string()))?
    }
}

fn snapshot<T>(
    connection: &mut Connection,
    at: Time,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> Result<T, StoreError> {
    // Dropping the transaction ends it; there is nothing to commit.
    let transaction = connection.transaction().map_err(|cause| error::on_read(&cause))?;
    let known = time(&transaction).map_err(|cause| error::on_read(&cause))?;
    if known < at {
        return Err(StoreError::Behind(format!(
            "the SQLite file has seen {} commits, the cache remembers {}",
            known.0, at.0
        )));
    }
    work(&transaction).map_err(|cause| error::on_read(&cause))
}
