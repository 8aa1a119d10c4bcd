//! Reads: documents by id, lists, counts, and the lists and counts of many values in one operation.

use std::collections::HashMap;

use bson::raw::RawBsonRef;
use bson::{Bson, Document, doc};
use futures_util::future::try_join_all;

use super::command::number;
use super::{MongoStore, bounds, filter};
use crate::query::Filter;
use crate::schema::Collection;
use crate::store::{Find, StoreError};
use crate::value::{Doc, Id, Time};

/// Rows in one reply at the most; the server ends a reply at 16 MB anyway.
const BATCH: u64 = 10_000;
/// Ids in one command at the most, so that a command stays far below 16 MB.
const IDS: usize = 10_000;
/// Values up to which each has a command of its own, all at once: the server plans each as it would any
/// other list, and no row waits for the last. More are one command.
const FEW: usize = 32;

impl MongoStore {
    pub(super) async fn read_by_id(
        &self,
        collection: &Collection,
        ids: &[Id],
        at: Time,
    ) -> Result<HashMap<Id, Doc>, StoreError> {
        let mut found = HashMap::with_capacity(ids.len());
        for ids in ids.chunks(IDS) {
            let ids: Vec<Bson> = ids.iter().map(Id::to_bson).collect();
            let command = doc! {
                "find": &*collection.collection,
                "filter": { "_id": { "$in": ids } },
                "batchSize": BATCH as i64,
            };
            let rows = self.read(command, at).await?;
            found.extend(rows.into_iter().filter_map(|doc| doc.id().map(|id| (id, doc))));
        }
        Ok(found)
    }

    pub(super) async fn read_list(
        &self,
        collection: &Collection,
        find: &Find,
        at: Time,
    ) -> Result<Vec<Doc>, StoreError> {
        let (offset, limit) = window(find);
        if limit == 0 {
            return Ok(Vec::new());
        }
        let command = doc! {
            "find": &*collection.collection,
            "filter": condition(find),
            "sort": bounds::sort(&find.order, find.from_end),
            "skip": offset,
            "limit": limit,
            "batchSize": limit.min(BATCH as i64),
        };
        let mut rows = self.read(command, at).await?;
        rows.retain(|doc| doc.id().is_some());
        if find.from_end {
            rows.reverse();
        }
        Ok(rows)
    }

    pub(super) async fn read_lists(
        &self,
        collection: &Collection,
        find: &Find,
        field: &str,
        values: &[Bson],
        at: Time,
    ) -> Result<Vec<Vec<Doc>>, StoreError> {
        let (offset, limit) = window(find);
        if values.len() <= FEW {
            let list = |value: &Bson| {
                let filter = find.filter.clone().and(Filter::eq(field, value.clone())).canonical();
                let single = Find { filter, ..find.clone() };
                async move { self.read_list(collection, &single, at).await }
            };
            return try_join_all(values.iter().map(list)).await;
        }
        let mut lists = vec![Vec::new(); values.len()];
        if limit == 0 {
            return Ok(lists);
        }
        let mut pipeline = vec![
            doc! { "$match": condition(find) },
            doc! { "$sort": bounds::sort(&find.order, find.from_end) },
        ];
        // A stage that skips nothing would only be in the way.
        pipeline.extend((offset > 0).then(|| doc! { "$skip": offset }));
        pipeline.push(doc! { "$limit": limit });
        for row in self.read(for_each(collection, field, values, pipeline), at).await? {
            let (place, found) = (place(&row, lists.len())?, row.raw().get("found"));
            let Ok(Some(RawBsonRef::Document(found))) = found else { continue };
            // The row's bytes are part of the reply's: they are shared, not copied.
            let doc = Doc::from_store(row.bytes().slice_ref(found.as_bytes()));
            let doc = doc.map_err(|error| StoreError::Internal(error.to_string()))?;
            if doc.id().is_some() {
                lists[place].push(doc);
            }
        }
        if find.from_end {
            lists.iter_mut().for_each(|list| list.reverse());
        }
        Ok(lists)
    }

    pub(super) async fn read_count(
        &self,
        collection: &Collection,
        filter: &Filter,
        at: Time,
    ) -> Result<u64, StoreError> {
        let command = doc! {
            "aggregate": &*collection.collection,
            "pipeline": [{ "$match": filter::of_visible(filter, []) }, counted()],
            "cursor": {},
        };
        let rows = self.read(command, at).await?;
        // A group of nothing is no group.
        rows.first().map_or(Ok(0), |row| Ok(number(decoded(row)?.get("count"))))
    }

    pub(super) async fn read_counts(
        &self,
        collection: &Collection,
        filter: &Filter,
        field: &str,
        values: &[Bson],
        at: Time,
    ) -> Result<Vec<u64>, StoreError> {
        if values.len() <= FEW {
            let count = |value: &Bson| {
                let filter = filter.clone().and(Filter::eq(field, value.clone())).canonical();
                async move { self.read_count(collection, &filter, at).await }
            };
            return try_join_all(values.iter().map(count)).await;
        }
        let mut counts = vec![0; values.len()];
        let pipeline = vec![doc! { "$match": filter::of_visible(filter, []) }, counted()];
        for row in self.read(for_each(collection, field, values, pipeline), at).await? {
            let place = place(&row, counts.len())?;
            let row = decoded(&row)?;
            counts[place] = number(row.get_document("found").ok().and_then(|found| found.get("count")));
        }
        Ok(counts)
    }
}

/// Everything that a row must satisfy.
fn condition(find: &Find) -> Document {
    let side = |bound, after| Option::map(bound, |bound| bounds::beyond(&find.order, bound, after));
    let more = side(find.after.as_ref(), true).into_iter().chain(side(find.before.as_ref(), false));
    filter::of_visible(&find.filter, more)
}

/// Offset and limit as the server takes them: their sum must fit too.
fn window(find: &Find) -> (i64, i64) {
    let most = i64::MAX as u64 / 2;
    (find.offset.min(most) as i64, find.limit.min(most) as i64)
}

/// A stage that counts.
fn counted() -> Document {
    doc! { "$group": { "_id": Bson::Null, "count": { "$sum": 1 } } }
}

/// A command that runs the pipeline once for every value, on the documents whose field equals it. Each
/// row of its result has the value's `place` and what was `found`. Every value is a look-up of its own,
/// which stops at the pipeline's limit and uses the field's index.
fn for_each(collection: &Collection, field: &str, values: &[Bson], pipeline: Vec<Document>) -> Document {
    let sought = |(place, value): (usize, &Bson)| {
        // A look-up by an array looks for its elements.
        let value = match value {
            Bson::Array(_) => Bson::Array(vec![value.clone()]),
            single => single.clone(),
        };
        doc! { "place": place as i64, "value": { "$literal": value } }
    };
    let sought: Vec<Document> = values.iter().enumerate().map(sought).collect();
    doc! {
        "aggregate": 1,
        "pipeline": [
            { "$documents": sought },
            { "$lookup": {
                "from": &*collection.collection,
                "localField": "value",
                "foreignField": field,
                "pipeline": pipeline,
                "as": "found",
            } },
            { "$unwind": "$found" },
            { "$project": { "_id": 0, "place": 1, "found": 1 } },
        ],
        "cursor": { "batchSize": BATCH as i64 },
    }
}

/// Which value a row of [`for_each`] belongs to.
fn place(row: &Doc, values: usize) -> Result<usize, StoreError> {
    let place = match row.raw().get("place") {
        Ok(Some(RawBsonRef::Int64(place))) => usize::try_from(place).ok(),
        Ok(Some(RawBsonRef::Int32(place))) => usize::try_from(place).ok(),
        _ => None,
    };
    place
        .filter(|place| *place < values)
        .ok_or_else(|| StoreError::Internal(format!("the server gave a row of no value: {row:?}")))
}

fn decoded(row: &Doc) -> Result<Document, StoreError> {
    row.decode().map_err(|error| StoreError::Internal(error.to_string()))
}
