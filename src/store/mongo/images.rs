//! The images of documents before and after a change, which a server records only for collections that ask
//! for them. Without an image before, nobody knows in which lists a document was.

use bson::{Document, doc};

use super::{MongoStore, error};
use crate::schema::Collection;
use crate::store::StoreError;

const NAMESPACE_EXISTS: i32 = 48;
const OPTION: &str = "changeStreamPreAndPostImages";

impl MongoStore {
    /// Creates the collection, with images, if it is not there. Returns whether changes of it have images.
    pub(super) async fn make_collection(&self, collection: &Collection) -> Result<bool, StoreError> {
        // Users may lack the right to create what is there already.
        if let Some(images) = self.images(collection).await? {
            return Ok(images);
        }
        let made = self.run_long(doc! { "create": &*collection.collection, OPTION: { "enabled": true } });
        match made.await {
            Ok(_) => Ok(true),
            Err(error) if error::has_code(&error, &[NAMESPACE_EXISTS]) => {
                Ok(self.images(collection).await?.unwrap_or(false))
            }
            Err(error) => Err(error::of_read(&error)),
        }
    }

    /// Makes the server record images of a collection that is there.
    pub(super) async fn turn_images_on(&self, collection: &Collection) -> Result<(), StoreError> {
        let change = doc! { "collMod": &*collection.collection, OPTION: { "enabled": true } };
        self.run_long(change).await.map(drop).map_err(|error| error::of_read(&error))
    }

    /// Whether changes of a collection have images; `None` if it is not there. Fails where the server would compare text
    /// otherwise than oponn does.
    pub(super) async fn images(&self, collection: &Collection) -> Result<Option<bool>, StoreError> {
        let named =
            doc! { "listCollections": 1, "filter": { "name": &*collection.collection }, "cursor": {} };
        let found = self.rows_long(named).await.map_err(|error| error::of_read(&error))?;
        let Some(found) = found.first() else { return Ok(None) };
        check_collation(&collection.collection, found)?;
        let enabled =
            |found: &Document| found.get_document("options")?.get_document(OPTION)?.get_bool("enabled");
        Ok(Some(enabled(found).unwrap_or(false)))
    }
}

/// Refuses a collection with a collation of its own, by which the server finds documents that the cache and the rules of
/// access take for others.
fn check_collation(name: &str, found: &Document) -> Result<(), StoreError> {
    let locale = found.get_document("options").and_then(|options| options.get_document("collation"));
    match locale.and_then(|collation| collation.get_str("locale")) {
        Err(_) | Ok("simple") => Ok(()),
        Ok(locale) => Err(StoreError::Refused(format!(
            "The MongoDB collection `{name}` compares text by a collation ({locale}), but oponn compares it byte by \
             byte. Copy the documents into a collection without one: db.createCollection(\"new\"), then \
             db.{name}.aggregate([{{$match: {{}}}}, {{$out: \"new\"}}]); and rename it, or name it in \
             `@collection(name: \"new\")`."
        ))),
    }
}
