//! MongoDB databases for the suite: each a database of its own on the tests' server.

use std::sync::Arc;

use async_trait::async_trait;
use oponn::schema::Model;
use oponn::store::{MongoStore, Store, StoreError};

use super::Place;
use crate::support::services::MongoDatabase;

/// A database that goes away with the place.
pub struct MongoPlace {
    database: MongoDatabase,
}

impl MongoPlace {
    /// A place with nothing in it.
    pub fn new() -> MongoPlace {
        MongoPlace { database: MongoDatabase::new() }
    }
}

#[async_trait]
impl Place for MongoPlace {
    async fn open(&self, model: Arc<Model>) -> Result<Arc<dyn Store>, StoreError> {
        Ok(Arc::new(MongoStore::connect(model, &self.database.url()).await?))
    }
}
