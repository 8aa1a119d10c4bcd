//! Bulk writes: many documents in one command, without images.

use bson::{Document, doc};

use super::command::{MAX_DOCUMENT, encoded, number};
use super::write::{insertion, new_document, of_write_error, write_errors};
use super::{MongoStore, filter, update};
use crate::query::Filter;
use crate::schema::Collection;
use crate::store::{Patch, StoreError};
use crate::value::{Doc, Time};

/// Documents in one command at the most.
const DOCUMENTS: usize = 1000;
/// What each document costs in a command beside its own bytes: its place in the array.
const PLACE: usize = 16;

/// Some of the documents of one call, with their places in it.
#[derive(Default)]
struct Batch {
    places: Vec<usize>,
    documents: Vec<Doc>,
    bytes: usize,
}

impl Batch {
    /// A command can be as large as the greatest document; one document always fits.
    fn has_room(&self, bytes: usize) -> bool {
        self.documents.is_empty()
            || (self.documents.len() < DOCUMENTS && self.bytes + bytes + PLACE <= MAX_DOCUMENT)
    }
}

impl MongoStore {
    pub(super) async fn insert_all(
        &self,
        collection: &Collection,
        documents: Vec<Document>,
    ) -> Result<(Vec<Result<(), StoreError>>, Time), StoreError> {
        let mut results: Vec<Result<(), StoreError>> = vec![Ok(()); documents.len()];
        let mut last = Time::default();
        let mut batches = vec![Batch::default()];
        for (place, document) in documents.into_iter().enumerate() {
            match new_document(document) {
                Ok(document) => {
                    let bytes = document.bytes().len();
                    if !batches.last().is_some_and(|batch| batch.has_room(bytes)) {
                        batches.push(Batch::default());
                    }
                    if let Some(batch) = batches.last_mut() {
                        batch.places.push(place);
                        batch.documents.push(document);
                        batch.bytes += bytes + PLACE;
                    }
                }
                Err(error) => results[place] = Err(error),
            }
        }
        for Batch { places, documents, .. } in batches.into_iter().filter(|batch| !batch.places.is_empty()) {
            match self.change(collection, insertion(collection, &documents)).await {
                Ok(reply) => {
                    last = last.max(reply.time);
                    for refused in write_errors(&reply.body) {
                        let index = usize::try_from(number(refused.get("index"))).unwrap_or(usize::MAX);
                        if let Some(place) = places.get(index) {
                            results[*place] = Err(of_write_error(refused, collection));
                        }
                    }
                }
                Err(error) => places.iter().for_each(|place| results[*place] = Err(error.clone())),
            }
        }
        Ok((results, last))
    }

    pub(super) async fn update_all(
        &self,
        collection: &Collection,
        filter: &Filter,
        patch: &Patch,
    ) -> Result<(u64, Time), StoreError> {
        let command = doc! {
            "update": &*collection.collection,
            "updates": [{ "q": filter::of_visible(filter, []), "u": update::raising(patch), "multi": true }],
        };
        self.many(collection, command).await
    }

    pub(super) async fn delete_all(
        &self,
        collection: &Collection,
        filter: &Filter,
    ) -> Result<(u64, Time), StoreError> {
        let command = doc! {
            "delete": &*collection.collection,
            "deletes": [{ "q": filter::of_visible(filter, []), "limit": 0 }],
        };
        self.many(collection, command).await
    }

    async fn many(&self, collection: &Collection, command: Document) -> Result<(u64, Time), StoreError> {
        let reply = self.change(collection, encoded(&command)?).await?;
        match write_errors(&reply.body).next() {
            // The server stops at the first document that it cannot change and keeps what it did before.
            Some(refused) => Err(of_write_error(refused, collection)),
            None => Ok((number(reply.body.get("n")), reply.time)),
        }
    }
}
