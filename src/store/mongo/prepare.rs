//! Prepares a server: checks that it is usable, adds missing keys, creates indexes.

use std::sync::Arc;

use bson::{Document, doc};
use futures_util::TryStreamExt;
use mongodb::error::Error;

use super::MongoStore;
use crate::store::StoreError;

/// MongoDB 6.0, in the number that servers speak of.
const OLDEST: i32 = 17;

impl MongoStore {
    pub(super) async fn prepare_all(&self) -> Result<Vec<Arc<str>>, StoreError> {
        self.check_server().await?;
        let mut changed = Vec::new();
        let mut imageless = Vec::new();
        for collection in &self.model.collections {
            if !self.make_collection(collection).await? {
                imageless.push(&*collection.collection);
            }
            if self.fill_keys(collection).await? {
                changed.push(collection.name.clone());
            }
            self.make_indexes(collection).await?;
        }
        self.make_outbox().await?;
        if !imageless.is_empty() {
            tracing::warn!(
                collections = imageless.join(", "),
                "MongoDB records no images of these collections, so every write of another program voids all cached \
                 lists of its type; `oponn check --store URL --fix` turns images on"
            );
        }
        Ok(changed)
    }

    async fn check_server(&self) -> Result<(), StoreError> {
        let hello = self.read_one(doc! { "hello": 1 }).await?;
        let replica_set = hello.get_str("setName").is_ok();
        let sharded = hello.get_str("msg").is_ok_and(|message| message == "isdbgrid");
        if !replica_set && !sharded {
            return Err(StoreError::Refused(
                "MongoDB must run as a replica set, because only then it can say in which order writes \
                 were committed. One node is enough: start it with `mongod --replSet rs0`, then run \
                 `mongosh --eval 'rs.initiate()'` once."
                    .to_owned(),
            ));
        }
        let version = hello.get_i32("maxWireVersion").unwrap_or_default();
        if version < OLDEST {
            return Err(StoreError::Refused(format!(
                "MongoDB must be 6.0 or newer; this server speaks version {version} of the protocol, \
                 6.0 speaks {OLDEST}. Upgrade the server."
            )));
        }
        self.snapshots.learn(sharded);
        Ok(())
    }

    /// Runs a command that may take as long as it takes.
    pub(super) async fn run_long(&self, command: Document) -> Result<Document, Error> {
        self.database.run_command(command).await
    }

    /// The rows of a command that may take as long as it takes.
    pub(super) async fn rows_long(&self, command: Document) -> Result<Vec<Document>, Error> {
        self.database.run_cursor_command(command).await?.try_collect().await
    }
}
