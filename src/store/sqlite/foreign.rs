//! Notices commits of other programs. To each connection SQLite tells when another one has committed, and in this
//! process only the connection of the thread that writes commits.

use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::watch;

/// What is known of other programs' commits, for whoever asks.
#[derive(Default)]
pub(super) struct Known {
    /// How many looks there have been.
    pub looks: u64,
    /// Another program may have committed, and nobody has been told.
    pub foreign: bool,
    /// A round of writes has locked the file and then looked: nobody else can commit.
    pub locked: bool,
}

/// The looks of the thread that writes.
pub(super) struct Looks {
    known: Arc<watch::Sender<Known>>,
    /// What SQLite told at the last look; `None` if that failed.
    version: Option<i64>,
}

impl Looks {
    /// Everything committed from now on will be noticed.
    pub fn new(connection: &Connection, known: Arc<watch::Sender<Known>>) -> Looks {
        Looks { known, version: version(connection) }
    }

    /// Looks, in a transaction that has locked the file or outside of any. A look that fails may have missed
    /// something.
    pub fn look(&mut self, connection: &Connection) {
        let before = std::mem::replace(&mut self.version, version(connection));
        self.known.send_modify(|known| {
            known.looks += 1;
            known.foreign |= self.version.is_none() || self.version != before;
            known.locked = !connection.is_autocommit();
        });
    }

    /// The round is over: others can commit again.
    pub fn unlocked(&self) {
        self.known.send_modify(|known| known.locked = false);
    }
}

fn version(connection: &Connection) -> Option<i64> {
    let mut statement = connection.prepare_cached("PRAGMA data_version").ok()?;
    statement.query_row([], |row| row.get(0)).ok()
}
