//! Several writes of which all happen or none.

use std::time::Duration;

use bson::raw::RawDocumentBuf;
use bson::{Document, cstr};
use mongodb::ClientSession;
use mongodb::error::{Error, TRANSIENT_TRANSACTION_ERROR, UNKNOWN_TRANSACTION_COMMIT_RESULT};
use mongodb::options::{Acknowledgment, ReadConcern, WriteConcern};

use super::command::{Reply, WRITE_LIMIT, answer_or, checked, millis, of_timestamp, time};
use super::{MongoStore, error};
use crate::schema::Collection;
use crate::store::StoreError;
use crate::value::Time;

/// How often a transaction is tried that others get in the way of.
const TRIES: u32 = 12;
/// Pause before the second try; it doubles up to a bound.
const PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);
/// How often a commit is sent whose answer is lost.
const COMMITS: u32 = 3;

/// A transaction under way. If it is dropped, nothing of it has happened.
pub(super) struct Transaction<'a> {
    store: &'a MongoStore,
    collection: &'a Collection,
    session: ClientSession,
}

/// Why a transaction has not happened, or may not have.
pub(super) struct Failed {
    /// Whether it can be tried again: others were in the way, and nothing has happened.
    again: bool,
    pub(super) error: StoreError,
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Failed {
        Failed { again: false, error }
    }
}

/// Counts the tries of a transaction.
#[derive(Default)]
pub(super) struct Tries(u32);

impl Tries {
    /// Waits for another try; gives the error back if there is none.
    pub(super) async fn another(&mut self, failed: Failed) -> Result<(), StoreError> {
        self.0 += 1;
        if !failed.again || self.0 >= TRIES {
            return Err(failed.error);
        }
        tokio::time::sleep((PAUSE * 2_u32.pow(self.0.min(10))).min(LONGEST_PAUSE)).await;
        Ok(())
    }
}

impl<'a> Transaction<'a> {
    /// Begins one that is mostly about a collection.
    pub(super) async fn begin(
        store: &'a MongoStore,
        collection: &'a Collection,
    ) -> Result<Transaction<'a>, StoreError> {
        let nothing = |error: Error| before_commit(error::of_write(&error, collection));
        let session = store.database.client().start_session().causal_consistency(false);
        let mut session = session.await.map_err(nothing)?;
        let concern =
            WriteConcern::builder().w(Acknowledgment::Majority).journal(true).w_timeout(WRITE_LIMIT);
        // What it reads counts only once a majority has what it writes.
        let begin = session.start_transaction().read_concern(ReadConcern::local());
        let begin = begin.write_concern(concern.build()).max_commit_time(WRITE_LIMIT);
        begin.await.map_err(nothing)?;
        Ok(Transaction { store, collection, session })
    }

    /// Runs a command in it. Errors of single writes are left in the reply.
    pub(super) async fn run(&mut self, mut command: RawDocumentBuf) -> Result<Reply, Failed> {
        command.append(cstr!("maxTimeMS"), millis(WRITE_LIMIT));
        let (command, collection) = (checked(command)?, self.collection);
        let sent = self.store.database.run_raw_command(command).session(&mut self.session);
        let mut again = false;
        let send = async {
            sent.await.map_err(|error| {
                again = is_transient(&error);
                match again {
                    true => StoreError::Unavailable(error.kind.to_string()),
                    false => before_commit(error::of_write(&error, collection)),
                }
            })
        };
        let body: Document = match answer_or(StoreError::Unavailable, WRITE_LIMIT, send).await {
            Ok(body) => body,
            Err(error) => return Err(Failed { again, error }),
        };
        let time = time(&body).ok_or_else(untimed)?;
        Ok(Reply { body, time })
    }

    /// Commits it; when.
    pub(super) async fn commit(mut self) -> Result<Time, Failed> {
        for sent in 1.. {
            let commit = async { Ok(self.session.commit_transaction().await) };
            match answer_or(StoreError::Unknown, WRITE_LIMIT, commit).await? {
                Ok(()) => break,
                Err(error) if error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT) => {
                    if sent == COMMITS {
                        return Err(StoreError::Unknown(error.kind.to_string()).into());
                    }
                }
                Err(error) if is_transient(&error) => {
                    return Err(Failed {
                        again: true,
                        error: StoreError::Unavailable(error.kind.to_string()),
                    });
                }
                Err(error) => return Err(error::of_write(&error, self.collection).into()),
            }
        }
        let at = self.session.operation_time();
        at.map(of_timestamp)
            .ok_or_else(|| StoreError::Unknown("the server does not say when it wrote".into()).into())
    }

    /// Ends it; nothing of it has happened.
    pub(super) async fn abort(mut self) {
        // The server ends it anyway, later.
        let _ = self.session.abort_transaction().await;
    }
}

/// Whether nothing has happened, because others were in the way or the server was not there.
fn is_transient(error: &Error) -> bool {
    error.contains_label(TRANSIENT_TRANSACTION_ERROR)
}

/// Before a commit is sent nothing can have happened.
fn before_commit(error: StoreError) -> StoreError {
    match error {
        StoreError::Unknown(cause) => StoreError::Unavailable(cause),
        other => other,
    }
}

fn untimed() -> StoreError {
    StoreError::Internal("the server does not tell its time; it must be a member of a replica set".to_owned())
}
