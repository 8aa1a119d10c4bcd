//! Faults of loaders: the file, the key, and what to write instead.

use std::fmt;
use std::path::{Path, PathBuf};

/// One fault of a loader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoaderFault {
    /// The loader's file, or the folder of all.
    pub file: PathBuf,
    /// The key, as `source.pagination.start`; empty for the whole file.
    pub key: String,
    /// What is wrong, and what to write instead.
    pub message: String,
}

impl LoaderFault {
    pub(super) fn new(file: &Path, key: impl Into<String>, message: impl Into<String>) -> LoaderFault {
        LoaderFault { file: file.into(), key: key.into(), message: message.into() }
    }
}

impl fmt::Display for LoaderFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file.display())?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}
