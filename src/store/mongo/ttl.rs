//! The indexes by which MongoDB removes documents that have expired, kept in line with `@ttl`.

use bson::{Bson, Document, doc};

use super::command::number;
use super::indexes::same_key;
use super::{MongoStore, error};
use crate::schema::{Collection, Ttl};
use crate::store::StoreError;
use crate::store::follow::Lack;

/// The option of such an index.
pub(super) const SECONDS: &str = "expireAfterSeconds";

/// The key of the index by which documents expire.
pub(super) fn key(ttl: &Ttl) -> Document {
    doc! { ttl.field.to_string(): 1 }
}

/// After how many seconds an index removes documents; `None` if it removes none.
fn seconds(index: &Document) -> Option<u64> {
    index.get(SECONDS).map(|seconds| number(Some(seconds)))
}

/// The indexes of a collection that remove documents of which the schema file says otherwise.
fn strays<'i>(collection: &Collection, there: &'i [Document]) -> impl Iterator<Item = &'i str> {
    let wanted = collection.ttl.as_ref().map(key);
    let stray = move |index: &&Document| {
        seconds(index).is_some() && !wanted.as_ref().is_some_and(|wanted| same_key(index, wanted))
    };
    there.iter().filter(stray).filter_map(|index| index.get_str("name").ok())
}

impl MongoStore {
    /// Has an index that is there remove documents when the schema file says. Tells the operator of others that do.
    pub(super) async fn keep_ttl(
        &self,
        collection: &Collection,
        there: &[Document],
    ) -> Result<(), StoreError> {
        for index in strays(collection, there) {
            tracing::warn!(
                collection = &*collection.collection,
                index,
                "MongoDB removes documents of this collection by an index of which the schema file says nothing; if it \
                 should not, drop the index"
            );
        }
        let Some(ttl) = &collection.ttl else { return Ok(()) };
        let of_field = there.iter().find(|index| same_key(index, &key(ttl)) && !index.contains_key("unique"));
        match of_field {
            Some(index) if seconds(index) != Some(ttl.seconds) => self.change_ttl(collection, ttl).await,
            _ => Ok(()),
        }
    }

    async fn change_ttl(&self, collection: &Collection, ttl: &Ttl) -> Result<(), StoreError> {
        let seconds = i64::try_from(ttl.seconds).unwrap_or(i64::MAX);
        let change = doc! {
            "collMod": &*collection.collection,
            "index": { "keyPattern": key(ttl), SECONDS: seconds },
        };
        self.run_long(change).await.map_err(|error| error::of_read(&error))?;
        tracing::info!(collection = &*collection.collection, seconds, "documents expire after another time");
        Ok(())
    }

    /// How the removal of expired documents differs from what the schema file says.
    pub(super) async fn ttl_lacks(
        &self,
        collection: &Collection,
        fix: bool,
    ) -> Result<Vec<Lack>, StoreError> {
        let there = self.indexes_of(collection).await?;
        let name = &collection.collection;
        let mut lacks: Vec<Lack> = strays(collection, &there)
            .map(|index| Lack {
                what: format!(
                    "the index {index} of the collection {name} removes documents, of which the schema file says nothing"
                ),
                help: format!("add `@ttl` to {}, or: db.{name}.dropIndex({index:?})", collection.name),
                fixed: false,
            })
            .collect();
        let Some(ttl) = &collection.ttl else { return Ok(lacks) };
        let of_field = there.iter().find(|index| same_key(index, &key(ttl)) && seconds(index).is_some());
        let is = of_field.and_then(seconds);
        if is != Some(ttl.seconds) {
            let fixed = fix && {
                self.make_indexes(collection).await?;
                true
            };
            let is = is.map_or("never".to_owned(), |is| format!("{is} s after {}", ttl.field));
            lacks.push(Lack {
                what: format!(
                    "MongoDB removes the documents of the collection {name} {is}, and not {} s after {}",
                    ttl.seconds, ttl.field
                ),
                help: format!(
                    "run `oponn check --store URL --fix`, or start a server with this schema file; by hand: \
                     db.runCommand({{collMod: {name:?}, index: {{keyPattern: {}, {SECONDS}: {}}}}})",
                    Bson::Document(key(ttl)).into_relaxed_extjson(),
                    ttl.seconds
                ),
                fixed,
            });
        }
        Ok(lacks)
    }
}
