//! Maps errors of the driver and the server to store errors.
//!
//! For a write, the question is whether it can have happened. Any error that does not rule this out is
//! [`StoreError::Unknown`].

use bson::Document;
use mongodb::error::{CommandError, Error, ErrorKind, SYSTEM_OVERLOADED_ERROR};

use super::names;
use super::snapshot::Refusal;
use crate::config::{mask, told};
use crate::schema::Collection;
use crate::store::{DiskFault, StoreError};

/// Another document has the same key.
pub(super) const DUPLICATE: i32 = 11000;
/// The server asked is not the primary and has not begun.
const NOT_PRIMARY: [i32; 3] = [10107, 13435, 10058];
/// The command ended because of an election, a shut-down, a time limit or a broken connection between
/// servers; it may have been carried out.
const INTERRUPTED: [i32; 15] = [6, 7, 50, 64, 89, 91, 134, 189, 262, 9001, 11600, 11601, 11602, 13436, 290];
/// The server has no space left.
const OUT_OF_DISK: i32 = 14031;
/// The server has broken the command off because it took longer than it may.
const TOO_LONG: [i32; 2] = [50, 262];
/// The value cannot be stored: too large, nested too deep, names that are not allowed, or refused by
/// the collection's own validator.
const UNACCEPTABLE: [i32; 9] = [15, 52, 55, 56, 57, 121, 10334, 17280, 17419];
/// The user may not do it, or is not who they say.
const FORBIDDEN: [i32; 3] = [13, 18, 8000];
/// The read asked for a time that the cluster has not reached.
const AFTER_CLUSTER_TIME: &str = "afterClusterTime value must not be greater";
const INVALID_OPTIONS: i32 = 72;
/// The server does not know an option or its value, does not support it, or has it switched off.
const UNSUPPORTED: [i32; 8] = [2, 9, 20, INVALID_OPTIONS, 115, 148, 238, 303];
/// There is no snapshot of the collection.
const SNAPSHOT_UNAVAILABLE: i32 = 246;

/// The URL cannot be used.
pub(super) fn of_url(error: &Error, url: &str) -> StoreError {
    let message = error.kind.to_string();
    let (message, shown) = (told(&message, url), mask(url));
    match &*error.kind {
        ErrorKind::DnsResolve { .. } => StoreError::Unavailable(format!("{shown}: {message}")),
        _ => StoreError::Refused(format!("the MongoDB URL {shown} cannot be used: {message}")),
    }
}

/// Whether a read that failed so is worth another try, on another connection.
pub(super) fn is_transient(error: &Error) -> bool {
    match &*error.kind {
        ErrorKind::Io(_) | ErrorKind::ConnectionPoolCleared { .. } => true,
        // A time limit that has passed is no reason to begin again.
        ErrorKind::Command(command) => {
            !TOO_LONG.contains(&command.code)
                && (NOT_PRIMARY.contains(&command.code) || INTERRUPTED.contains(&command.code))
        }
        _ => false,
    }
}

/// Whether the server refused a command with one of these codes.
pub(super) fn has_code(error: &Error, codes: &[i32]) -> bool {
    matches!(&*error.kind, ErrorKind::Command(command) if codes.contains(&command.code))
}

/// Whether a read may have failed because it was to be a snapshot.
pub(super) fn no_snapshot(error: &Error) -> Option<Refusal> {
    let ErrorKind::Command(command) = &*error.kind else { return None };
    match command.code {
        SNAPSHOT_UNAVAILABLE => Some(Refusal::Now),
        code if UNSUPPORTED.contains(&code) && !is_behind(command) => Some(Refusal::Never),
        _ => None,
    }
}

fn is_behind(command: &CommandError) -> bool {
    command.code == INVALID_OPTIONS && command.message.contains(AFTER_CLUSTER_TIME)
}

/// A read failed.
pub(super) fn of_read(error: &Error) -> StoreError {
    if let Some(ours) = error.get_custom::<StoreError>() {
        return ours.clone();
    }
    let message = error.kind.to_string();
    match &*error.kind {
        ErrorKind::Command(command) => {
            let code = command.code;
            if is_behind(command) {
                StoreError::Behind(message)
            } else if TOO_LONG.contains(&code) {
                StoreError::TimedOut(message)
            } else if NOT_PRIMARY.contains(&code) || INTERRUPTED.contains(&code) {
                StoreError::Unavailable(message)
            } else if FORBIDDEN.contains(&code) {
                StoreError::Refused(message)
            } else {
                StoreError::Internal(message)
            }
        }
        ErrorKind::Io(_)
        | ErrorKind::ConnectionPoolCleared { .. }
        | ErrorKind::ServerSelection { .. }
        | ErrorKind::DnsResolve { .. } => StoreError::Unavailable(message),
        ErrorKind::Authentication { .. } | ErrorKind::SessionsNotSupported => StoreError::Refused(message),
        _ => StoreError::Internal(message),
    }
}

/// A write to the collection failed as a whole.
pub(super) fn of_write(error: &Error, collection: &Collection) -> StoreError {
    let message = error.kind.to_string();
    match &*error.kind {
        ErrorKind::Command(command) => {
            if error.contains_label(mongodb::error::NO_WRITES_PERFORMED) {
                return StoreError::Unavailable(message);
            }
            let details = error.server_response().and_then(|raw| Document::try_from(raw.as_ref()).ok());
            of_code(command.code, &command.message, details.as_ref(), collection)
        }
        // The driver labels so what fails while a connection is being made.
        ErrorKind::Io(_) if error.contains_label(SYSTEM_OVERLOADED_ERROR) => StoreError::Unavailable(message),
        ErrorKind::ServerSelection { .. } | ErrorKind::DnsResolve { .. } => StoreError::Unavailable(message),
        ErrorKind::Authentication { .. } | ErrorKind::SessionsNotSupported => StoreError::Refused(message),
        ErrorKind::InvalidArgument { .. } => StoreError::Internal(message),
        _ => StoreError::Unknown(message),
    }
}

/// The server refused one write with a code; `details` is the reply or the entry of `writeErrors`.
pub(super) fn of_code(
    code: i32,
    message: &str,
    details: Option<&Document>,
    collection: &Collection,
) -> StoreError {
    if code == DUPLICATE {
        StoreError::Duplicate { ty: collection.name.to_string(), key: key(message, details, collection) }
    } else if NOT_PRIMARY.contains(&code) {
        StoreError::Unavailable(message.to_owned())
    } else if INTERRUPTED.contains(&code) {
        StoreError::Unknown(message.to_owned())
    } else if UNACCEPTABLE.contains(&code) {
        StoreError::Unacceptable(format!("the store does not take this value: {message}"))
    } else if code == OUT_OF_DISK {
        StoreError::Disk(DiskFault::Full, message.to_owned())
    } else if FORBIDDEN.contains(&code) {
        StoreError::Refused(message.to_owned())
    } else {
        StoreError::Internal(format!("{message} (code {code})"))
    }
}

/// Name of the unique key that is taken: by the paths that the server names, else by the index.
fn key(message: &str, details: Option<&Document>, collection: &Collection) -> String {
    let pattern = details.and_then(|details| details.get_document("keyPattern").ok());
    if let Some(pattern) = pattern {
        let paths: Vec<&str> = pattern.keys().map(String::as_str).collect();
        if paths == ["_id"] {
            return "id".to_owned();
        }
        match collection.uniques.iter().find(|unique| unique.paths() == paths) {
            Some(unique) => return unique.name.clone(),
            // An index that the model does not know of.
            None => return paths.join(", "),
        }
    }
    let index = message.split("index: ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or_default();
    match index {
        "_id_" => "id".to_owned(),
        other => names::unique_of(other).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    fn refused(code: i32, message: &str) -> Error {
        let reply = doc! { "code": code, "codeName": "Refused", "errmsg": message };
        let command: CommandError = bson::deserialize_from_document(reply).expect("it is a server's error");
        Error::from(ErrorKind::Command(command))
    }

    #[test]
    fn reads_that_take_too_long_are_told_apart() {
        assert!(matches!(of_read(&refused(50, "no")), StoreError::TimedOut(_)));
        assert!(matches!(of_read(&refused(262, "no")), StoreError::TimedOut(_)));
        assert!(matches!(of_read(&refused(91, "no")), StoreError::Unavailable(_)));
    }

    #[test]
    fn refused_snapshots_are_told_from_times_that_are_not_known() {
        let option = refused(72, "find does not support { level: \"snapshot\", afterClusterTime: 1 }");
        assert_eq!(no_snapshot(&option), Some(Refusal::Never));
        assert!(matches!(of_read(&option), StoreError::Internal(_)));
        let early =
            "readConcern afterClusterTime value must not be greater than the current clusterTime. Requested";
        assert_eq!(no_snapshot(&refused(72, early)), None);
        assert!(matches!(of_read(&refused(72, early)), StoreError::Behind(_)));
        assert_eq!(no_snapshot(&refused(246, "pending catalog changes")), Some(Refusal::Now));
        assert_eq!(no_snapshot(&refused(50, "too long")), None);
    }
}
