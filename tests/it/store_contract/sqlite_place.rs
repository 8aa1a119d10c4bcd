//! SQLite databases for the suite: each a file in a directory of its own.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use oponn::schema::Model;
use oponn::store::{SqliteStore, Store, StoreError};

use super::Place;

/// A file that goes away with the place.
pub struct SqlitePlace {
    directory: tempfile::TempDir,
}

impl SqlitePlace {
    /// A place without a file yet.
    pub fn new() -> SqlitePlace {
        SqlitePlace { directory: tempfile::tempdir().expect("a temporary directory can be made") }
    }

    /// The database file.
    pub fn file(&self) -> PathBuf {
        self.directory.path().join("store.db")
    }
}

#[async_trait]
impl Place for SqlitePlace {
    async fn open(&self, model: Arc<Model>) -> Result<Arc<dyn Store>, StoreError> {
        Ok(Arc::new(SqliteStore::open(model, &self.file())?))
    }
}
