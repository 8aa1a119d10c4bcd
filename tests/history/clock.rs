//! A clock that a run sets, of a Redis of its own: libfaketime, loaded into its process, reads from a file how far it is off.

use std::path::PathBuf;

use tempfile::TempDir;

/// Names the library.
const LIBRARY: &str = "OPONN_TEST_FAKETIME";

pub struct Clock {
    folder: TempDir,
}

impl Clock {
    /// One that is right.
    pub fn new() -> Clock {
        let clock = Clock { folder: tempfile::tempdir().expect("a temporary folder can be made") };
        clock.set(0);
        clock
    }

    /// Lets it be so many milliseconds ahead, or behind.
    pub fn set(&self, off: i64) {
        // In one step: the library may read at any moment.
        let next = self.folder.path().join("next");
        let (seconds, rest) = (off.abs() / 1_000, off.abs() % 1_000);
        let sign = if off < 0 { '-' } else { '+' };
        std::fs::write(&next, format!("{sign}{seconds}.{rest:03}\n")).expect("the file can be written");
        std::fs::rename(&next, self.file()).expect("the file can be replaced");
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("clock")
    }

    /// What gives a process this clock.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let library = std::env::var(LIBRARY).ok().filter(|library| !library.is_empty());
        let library = library.unwrap_or_else(|| {
            panic!("{LIBRARY} names no library: run this with scripts/with-servers.sh, or `apt-get install libfaketime`")
        });
        // jemalloc, which Redis is built with, reads the clock before libfaketime has begun, and waits for it in vain. The
        // other library brings its own memory allocation.
        let preload = format!("libc_malloc_debug.so.0 {library}");
        let file = self.file().to_str().expect("the folder's name is plain").to_owned();
        let yes = || "1".to_owned();
        vec![
            ("LD_PRELOAD", preload),
            ("FAKETIME_TIMESTAMP_FILE", file),
            ("FAKETIME_NO_CACHE", yes()),
            ("DONT_FAKE_MONOTONIC", yes()),
        ]
    }
}
