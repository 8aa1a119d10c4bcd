//! Maps SQLite's errors to store errors.

use std::cell::Cell;
use std::path::Path;

use rusqlite::ffi::SQLITE_IOERR_WRITE;
use rusqlite::{Error, ErrorCode};

use super::super::{DiskFault, StoreError};

/// How names of unique indexes begin; the key's name follows, up to the next slash.
pub(super) const UNIQUE: &str = "unique/";

/// While opening the file.
pub(super) fn on_open(path: &Path, cause: &Error) -> StoreError {
    let path = path.display();
    match cause.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => StoreError::Refused(format!(
            "{path} is not an SQLite database. Name another file, or move this one away."
        )),
        Some(ErrorCode::DatabaseCorrupt) => StoreError::Refused(format!(
            "The SQLite file {path} is damaged: {cause}. Restore it from a copy, or name another file."
        )),
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => {
            StoreError::Refused(format!(
                "The SQLite file {path} cannot be opened for reading and writing: {cause}. Check that it is \
                 a file and that its owner may write to it and to its directory, or name another file."
            ))
        }
        _ => on_read(cause),
    }
}

/// During a read.
pub(super) fn on_read(cause: &Error) -> StoreError {
    let message = cause.to_string();
    match cause.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            StoreError::Unavailable(format!("another process keeps the SQLite file locked: {message}"))
        }
        Some(ErrorCode::OperationInterrupted) => StoreError::TimedOut(message),
        Some(ErrorCode::DiskFull) => of_disk(DiskFault::Full, message),
        Some(ErrorCode::ReadOnly) => of_disk(DiskFault::ReadOnly, message),
        Some(ErrorCode::SystemIoFailure) => of_disk(DiskFault::Failing, message),
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::OutOfMemory) => {
            StoreError::Unavailable(message)
        }
        Some(ErrorCode::TooBig) => StoreError::Unacceptable("A value is too large for the store.".to_owned()),
        _ if too_complex(&message) => StoreError::Unacceptable(
            "The filter has too many conditions within each other; write a simpler one.".to_owned(),
        ),
        _ => StoreError::Internal(message),
    }
}

/// During a write to the collection of a type, which then did not happen.
pub(super) fn on_write(ty: &str, cause: &Error) -> StoreError {
    match cause {
        Error::SqliteFailure(code, Some(message)) if code.code == ErrorCode::ConstraintViolation => {
            let key = message
                .split_once(UNIQUE)
                .and_then(|(_, named)| named.split('/').next())
                // Every other constraint is the primary key.
                .unwrap_or("id");
            StoreError::Duplicate { ty: ty.to_owned(), key: key.to_owned() }
        }
        _ => on_read(cause),
    }
}

/// When the commit fails: the file may have it all the same if it broke while syncing. If it broke while writing, the
/// end of what makes up the commit is missing.
pub(super) fn on_commit(cause: &Error) -> StoreError {
    let error = on_read(cause);
    match cause.sqlite_error() {
        Some(code) if code.code == ErrorCode::SystemIoFailure && code.extended_code != SQLITE_IOERR_WRITE => {
            StoreError::Unknown(cause.to_string())
        }
        _ => error,
    }
}

thread_local! {
    /// The last fault of the disk that this thread met.
    static DISK: Cell<Option<DiskFault>> = const { Cell::new(None) };
}

/// The last fault of the disk that this thread has met since it was last asked.
pub(super) fn disk_fault() -> Option<DiskFault> {
    DISK.take()
}

/// The same, to be asked again.
pub(super) fn last_disk_fault() -> Option<DiskFault> {
    DISK.get()
}

fn of_disk(fault: DiskFault, cause: String) -> StoreError {
    DISK.set(Some(fault));
    StoreError::Disk(fault, cause)
}

/// Whether SQLite refused a statement for its size; it has no code for that.
fn too_complex(message: &str) -> bool {
    ["Expression tree is too large", "parser stack overflow", "too many SQL variables", "too many FROM"]
        .iter()
        .any(|limit| message.contains(limit))
}
