//! Which processes may use a file at the same time.
//!
//! Where the system locks a file itself, whatever name it was opened by, that is what is locked: links and renames
//! lead to the same lock, and SQLite's own locks, which are of another kind, are not in the way. Elsewhere it is a file
//! beside the real path.

use std::fs::{File, TryLockError};
use std::io::Result;
use std::path::Path;

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The file is this process's, to its end.
    Ours {
        /// There is nothing in it yet.
        new: bool,
    },
    /// Other processes use it.
    Taken,
}

/// Claims the file, which is made if it is not there, until this process ends: alone, or together with others that do
/// not claim it alone. To be called before SQLite opens it.
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

/// The file to lock in place of one that SQLite would not get at any more.
fn beside(file: File, path: &Path) -> Result<File> {
    drop(file);
    let mut name = path.canonicalize()?.into_os_string();
    name.push(".lock");
    File::create(name)
}
