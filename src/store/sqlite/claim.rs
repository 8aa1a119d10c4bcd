//! Which processes may use one file at the same time.
//!
//! Linux locks the file itself, whatever its name: links and renames lead to the same lock, and SQLite's
//! own locks, which are of another kind, do not interfere. On other systems the lock is a file beside the
//! real path.

use std::fs::{File, TryLockError};
use std::io::Result;
use std::path::Path;

/// The outcome of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The file belongs to this process until the process ends.
    Ours {
        /// The file is still empty.
        new: bool,
    },
    /// Other processes use it.
    Taken,
}

/// Claims the file, creating it if missing, until this process ends: exclusively (`alone`), or shared with
/// other shared claims. Call this before SQLite opens the file.
pub(super) fn claim(path: &Path, alone: bool) -> Result<Claim> {
    let file = File::options().read(true).write(true).create(true).truncate(false).open(path)?;
    let new = file.metadata()?.len() == 0;
    let lock = if cfg!(target_os = "linux") { file } else { beside(file, path)? };
    let locked = if alone { lock.try_lock() } else { lock.try_lock_shared() };
    // Never closed: if a process closes any descriptor of a file, it loses all that SQLite has locked of it.
    std::mem::forget(lock);
    match locked {
        Ok(()) => Ok(Claim::Ours { new }),
        Err(TryLockError::WouldBlock) => Ok(Claim::Taken),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The file to lock instead of one that SQLite could then no longer access.
fn beside(file: File, path: &Path) -> Result<File> {
    drop(file);
    let mut name = path.canonicalize()?.into_os_string();
    name.push(".lock");
    File::create(name)
}
