//! Aborts a read when its caller no longer waits.
//!
//! A connection serves one read after the other, so an interruption must hit its own read or none: one lock
//! ensures this.

use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::{Connection, InterruptHandle};

/// How far a read is.
enum Stage {
    /// It has no connection yet, or none any more.
    Apart,
    /// On the connection that this interrupts.
    On(InterruptHandle),
    /// Nobody waits for it any more.
    Left,
}

/// Whoever waits for a read; it is broken off when this is dropped.
pub(super) struct Waiting(Arc<Mutex<Stage>>);

/// The read itself.
pub(super) struct UnderWay(Arc<Mutex<Stage>>);

/// The two sides of a read.
pub(super) fn pair() -> (Waiting, UnderWay) {
    let stage = Arc::new(Mutex::new(Stage::Apart));
    (Waiting(Arc::clone(&stage)), UnderWay(stage))
}

impl UnderWay {
    /// From here on the connection is this read's own.
    pub fn begins(&self, connection: &Connection) {
        let mut stage = self.0.lock();
        if !matches!(*stage, Stage::Left) {
            *stage = Stage::On(connection.get_interrupt_handle());
        }
    }

    /// From here on it may be another's.
    pub fn ends(&self) {
        *self.0.lock() = Stage::Apart;
    }

    /// Whether nobody waits any more.
    pub fn is_left(&self) -> bool {
        matches!(*self.0.lock(), Stage::Left)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut stage = self.0.lock();
        if let Stage::On(connection) = &*stage {
            connection.interrupt();
        }
        *stage = Stage::Left;
    }
}
