//! What a database lacks for its changes to be followed, and for expired documents to be removed.

use bson::{Bson, Document, doc};

use super::{MongoStore, command};
use crate::store::StoreError;
use crate::store::follow::{Follow, From, Lack};
use crate::value::Time;

/// The deployment of nobody.
const NOBODY: &str = "oponn check";
/// A shorter memory of changes does not outlast the restart of a server.
const SHORTEST_WINDOW: u64 = 60 * 60;

impl MongoStore {
    pub(super) async fn lacks(&self, fix: bool) -> Result<Vec<Lack>, StoreError> {
        let mut lacks = Vec::new();
        for collection in &self.model.collections {
            let name = &collection.collection;
            let Some(images) = self.images(collection).await? else { continue };
            lacks.extend(self.ttl_lacks(collection, fix).await?);
            if images {
                continue;
            }
            let fixed = fix && {
                self.turn_images_on(collection).await?;
                true
            };
            lacks.push(Lack {
                what: format!(
                    "the collection {name} has no images of documents before and after a change, so a write of \
                     another program voids all cached lists of {}",
                    collection.name
                ),
                help: format!(
                    "run `oponn check --store URL --fix`, or: db.runCommand({{collMod: {name:?}, \
                     changeStreamPreAndPostImages: {{enabled: true}}}})"
                ),
                fixed,
            });
        }
        let now = self.read_one(doc! { "ping": 1 }).await?;
        let now = command::time(&now).unwrap_or_default();
        if let Err(error) = self.feed(NOBODY, &From::Time(now)).await {
            lacks.push(Lack {
                what: format!("the changes of the database cannot be read: {error}"),
                help: "give the user the role `readWrite` on the database (`changeStream` and `find` on all of its \
                       collections)"
                    .to_owned(),
                fixed: false,
            });
        }
        if let Err(error) = self.poke(NOBODY).await {
            lacks.push(Lack {
                what: format!("oponn's own collection cannot be written: {error}"),
                help: "give the user the role `readWrite` on the database".to_owned(),
                fixed: false,
            });
        }
        if let Some(window) = self.window(now).await.filter(|window| *window < SHORTEST_WINDOW) {
            lacks.push(Lack {
                what: format!("the oplog reaches back only {} minutes", window / 60),
                help: "a server that was down for longer starts with an empty cache; make the oplog larger with \
                       `replSetResizeOplog`"
                    .to_owned(),
                fixed: false,
            });
        }
        Ok(lacks)
    }

    /// How many seconds the oplog reaches back. `None` if it has forgotten nothing yet, or cannot be read, for which most
    /// users lack the right.
    async fn window(&self, Time(now): Time) -> Option<u64> {
        let local = self.database.client().database("local");
        let stats = local.run_command(doc! { "collStats": "oplog.rs" }).await.ok()?;
        let (size, most) = (command::number(stats.get("size")), command::number(stats.get("maxSize")));
        // A server that starts to forget is close to its bound.
        if most == 0 || size < most / 10 * 9 {
            return None;
        }
        let first =
            doc! { "find": "oplog.rs", "sort": { "$natural": 1 }, "limit": 1, "projection": { "ts": 1 } };
        let rows = local.run_cursor_command(first).await.ok()?;
        let rows: Vec<Document> = futures_util::TryStreamExt::try_collect(rows).await.ok()?;
        match rows.first()?.get("ts") {
            Some(Bson::Timestamp(first)) => (now >> 32).checked_sub(u64::from(first.time)),
            _ => None,
        }
    }
}
