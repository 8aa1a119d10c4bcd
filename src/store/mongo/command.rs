//! Sends commands: reads no older than a given time, writes that return their commit time, both with a
//! time-out.

use std::future::Future;
use std::time::Duration;

use bson::raw::{RawBsonRef, RawDocumentBuf};
use bson::{Bson, Document, Timestamp, cstr, doc, rawdoc};
use bytes::Bytes;
use futures_util::TryStreamExt;
use mongodb::error::Error;

use super::{MongoStore, error};
use crate::schema::Collection;
use crate::store::{StoreError, deadline};
use crate::value::{Doc, Time};

/// How long the server may work on a read that has no deadline.
const READ_LIMIT: Duration = Duration::from_secs(20);
/// How long the server may work on one write, and how long a majority may take to acknowledge it: together no
/// longer than an answer is waited for.
pub(super) const WRITE_LIMIT: Duration = Duration::from_secs(20);
/// How much longer than the server may work to wait for its answer: a server that fell silent gives no error.
const PATIENCE: Duration = Duration::from_secs(20);
/// Shows what can never be undone, each batch of rows as of its own moment.
const MAJORITY: &str = "majority";
/// Shows what can never be undone, all rows as of one moment.
const SNAPSHOT: &str = "snapshot";
/// The greatest document that MongoDB stores.
pub(super) const MAX_DOCUMENT: usize = 16 * 1024 * 1024;
/// What a command may be larger than the document in it.
const COMMAND_OVERHEAD: usize = 16 * 1024;

/// What a write command answered, and when it was committed.
pub(super) struct Reply {
    /// The whole reply.
    pub(super) body: Document,
    /// The time of the commit; of the server's last commit when nothing was written.
    pub(super) time: Time,
}

impl MongoStore {
    /// Runs a `find` or an `aggregate` to its end: the rows as they stand in the replies.
    pub(super) async fn read(&self, mut command: Document, at: Time) -> Result<Vec<Doc>, StoreError> {
        let most = time_for_read();
        command.insert("maxTimeMS", millis(most));
        let command = encoded(&command)?;
        let read = async { self.read_at_best(&command, at).await.map_err(|error| error::of_read(&error)) };
        answer_or(StoreError::Unavailable, most, read).await
    }

    /// Reads a snapshot where there is one.
    async fn read_at_best(&self, command: &RawDocumentBuf, at: Time) -> Result<Vec<Doc>, Error> {
        let at_level = |level| retried(move || self.rows(command, read_concern(level, at)));
        if !self.snapshots.wanted() {
            return at_level(MAJORITY).await;
        }
        let read = at_level(SNAPSHOT).await;
        let Some(refusal) = read.as_ref().err().and_then(error::no_snapshot) else { return read };
        let read = at_level(MAJORITY).await;
        if read.is_ok() {
            self.snapshots.refused(refusal);
        }
        read
    }

    /// Runs a command that reads and answers with one document.
    pub(super) async fn read_one(&self, mut command: Document) -> Result<Document, StoreError> {
        let most = time_for_read();
        command.insert("maxTimeMS", millis(most));
        let command = encoded(&command)?;
        let send = || async { self.database.run_raw_command(command.clone()).await };
        let read = async { retried(send).await.map_err(|error| error::of_read(&error)) };
        answer_or(StoreError::Unavailable, most, read).await
    }

    /// Runs a write command on the collection once. Errors of single writes are left in the reply.
    pub(super) async fn change(
        &self,
        collection: &Collection,
        mut command: RawDocumentBuf,
    ) -> Result<Reply, StoreError> {
        command.append(cstr!("writeConcern"), &encoded(&write_concern())?);
        command.append(cstr!("maxTimeMS"), millis(WRITE_LIMIT));
        let command = checked(command)?;
        let send = async {
            let sent = self.database.run_raw_command(command).await;
            sent.map_err(|error| error::of_write(&error, collection))
        };
        let body = answer_or(StoreError::Unknown, WRITE_LIMIT, send).await?;
        if let Ok(concern) = body.get_document("writeConcernError") {
            return Err(StoreError::Unknown(format!("a majority has not acknowledged it: {concern}")));
        }
        match time(&body) {
            Some(time) => Ok(Reply { body, time }),
            None => Err(StoreError::Unknown(
                "the server does not say when it wrote; it must be a member of a replica set".to_owned(),
            )),
        }
    }

    async fn rows(&self, command: &RawDocumentBuf, concern: RawDocumentBuf) -> Result<Vec<Doc>, Error> {
        let mut command = command.clone();
        command.append(cstr!("readConcern"), concern);
        let mut batches = self.database.run_raw_cursor_command(command).batch().await?;
        let (mut rows, mut hold) = (Vec::new(), self.room.hold());
        while let Some(batch) = batches.try_next().await? {
            for row in batch.doc_slices()? {
                if let RawBsonRef::Document(row) = row? {
                    hold.take(row.as_bytes().len()).map_err(Error::custom)?;
                    rows.push(Doc::from_store(Bytes::copy_from_slice(row.as_bytes()))?);
                }
            }
        }
        Ok(rows)
    }
}

/// Reads again, once, where the first try met a broken connection or an election.
async fn retried<T, F>(read: impl Fn() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    match read().await {
        Err(error) if error::is_transient(&error) => read().await,
        other => other,
    }
}

/// The command as bytes; an error when it cannot be one, in which case nothing is sent.
pub(super) fn encoded(command: &Document) -> Result<RawDocumentBuf, StoreError> {
    let raw = RawDocumentBuf::try_from(command)
        .map_err(|error| StoreError::Unacceptable(format!("the value cannot be stored: {error}")))?;
    checked(raw)
}

/// The command, if it is not too large.
pub(super) fn checked(command: RawDocumentBuf) -> Result<RawDocumentBuf, StoreError> {
    match command.as_bytes().len() {
        length if length > MAX_DOCUMENT + COMMAND_OVERHEAD => Err(too_large(length)),
        _ => Ok(command),
    }
}

/// The error for a document of that many bytes.
pub(super) fn too_large(length: usize) -> StoreError {
    StoreError::Unacceptable(format!("{length} bytes are too many: a document can have 16 MiB at the most"))
}

/// An answer, or an error when it takes much longer than the server may work.
pub(super) async fn answer_or<T>(
    late: impl FnOnce(String) -> StoreError,
    most: Duration,
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(most + PATIENCE, work).await {
        Ok(result) => result,
        Err(_) => Err(late(format!("no answer within {} s", (most + PATIENCE).as_secs()))),
    }
}

/// What is left until the deadline, for the server to keep to as well. 0 would be no limit.
fn time_for_read() -> Duration {
    deadline::left().unwrap_or(READ_LIMIT).max(Duration::from_millis(1))
}

fn read_concern(level: &str, at: Time) -> RawDocumentBuf {
    match at {
        Time(0) => rawdoc! { "level": level },
        Time(at) => {
            let after = timestamp(Time(at));
            rawdoc! { "level": level, "afterClusterTime": after }
        }
    }
}

pub(super) fn write_concern() -> Document {
    doc! { "w": "majority", "j": true, "wtimeout": millis(WRITE_LIMIT) }
}

pub(super) fn time(reply: &Document) -> Option<Time> {
    match reply.get("operationTime") {
        Some(Bson::Timestamp(at)) => Some(of_timestamp(*at)),
        _ => None,
    }
}

/// A time as MongoDB has it: seconds in the upper half, the count within the second in the lower one.
pub(super) fn timestamp(Time(at): Time) -> Timestamp {
    Timestamp { time: (at >> 32) as u32, increment: at as u32 }
}

/// The reverse of [`timestamp`].
pub(super) fn of_timestamp(at: Timestamp) -> Time {
    Time(u64::from(at.time) << 32 | u64::from(at.increment))
}

/// A limit as commands take it.
pub(super) fn millis(limit: Duration) -> i64 {
    i64::try_from(limit.as_millis()).unwrap_or(i64::MAX)
}

/// A number in a reply, whatever its type: servers differ in it.
pub(super) fn number(value: Option<&Bson>) -> u64 {
    match value {
        Some(Bson::Int32(n)) => u64::try_from(*n).unwrap_or(0),
        Some(Bson::Int64(n)) => u64::try_from(*n).unwrap_or(0),
        Some(Bson::Double(n)) => *n as u64,
        _ => 0,
    }
}
