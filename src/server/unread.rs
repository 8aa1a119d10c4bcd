//! Bounds the memory of answers that their clients have not read yet.
//!
//! A client that asks for much and reads nothing must not take the memory from clients that read: past the bound, the
//! server cuts off the connections whose answers have waited longest.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::share;
use crate::engine::Engine;
use crate::metrics::Bound;

/// The large answers that are being sent.
pub(super) struct Unread {
    bytes: usize,
    held: Arc<Mutex<Held>>,
}

#[derive(Default)]
struct Held {
    bytes: usize,
    next: u64,
    /// Oldest first.
    answers: BTreeMap<u64, (Buffer, CancellationToken)>,
    /// How many answers share the same bytes: a kept answer is sent to many clients.
    buffers: HashMap<Buffer, usize>,
}

/// The address and the length of an answer's bytes.
type Buffer = (usize, usize);

/// An answer's bytes, counted until nothing refers to them any more.
struct Counted {
    bytes: Bytes,
    held: Arc<Mutex<Held>>,
    number: u64,
}

impl Unread {
    pub(super) fn new(bytes: usize) -> Unread {
        Unread { bytes, held: Arc::default() }
    }

    /// The same bytes, counted until they have been sent.
    pub(super) fn count(&self, bytes: Bytes, engine: &Engine) -> Bytes {
        // Others are bounded by the number of connections.
        let Some(end) = share::counted(bytes.len()) else { return bytes };
        let mut held = self.held.lock();
        let number = held.add((bytes.as_ptr() as usize, bytes.len()), end);
        while held.bytes > self.bytes && held.answers.len() > 1 {
            if let Some(connection) = held.pop_oldest() {
                connection.cancel();
                engine.metrics().http_bound(Bound::Unread);
            }
        }
        drop(held);
        Bytes::from_owner(Counted { bytes, held: self.held.clone(), number })
    }
}

impl Held {
    fn add(&mut self, buffer: Buffer, connection: CancellationToken) -> u64 {
        let count = self.buffers.entry(buffer).or_default();
        *count += 1;
        if *count == 1 {
            self.bytes += buffer.1;
        }
        self.next += 1;
        self.answers.insert(self.next, (buffer, connection));
        self.next
    }

    fn pop_oldest(&mut self) -> Option<CancellationToken> {
        let (number, _) = self.answers.first_key_value()?;
        self.remove(*number)
    }

    fn remove(&mut self, number: u64) -> Option<CancellationToken> {
        let (buffer, connection) = self.answers.remove(&number)?;
        if let Some(count) = self.buffers.get_mut(&buffer) {
            *count -= 1;
            if *count == 0 {
                self.buffers.remove(&buffer);
                self.bytes -= buffer.1;
            }
        }
        Some(connection)
    }
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.held.lock().remove(self.number);
    }
}
