//! The least that an import has to do: read the NDJSON file, make documents such as oponn stores, and send
//! them by `insert_many`, one batch after the other, acknowledged as oponn's writes are. The bookstores are
//! there already, and the indexes.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::str::FromStr;
use std::time::{Duration, Instant};

use bson::oid::ObjectId;
use bson::{DateTime, Decimal128, Document, doc};
use mongodb::options::{Acknowledgment, WriteConcern};
use mongodb::{Client, Collection, Database};
use serde::Deserialize;

use crate::{Failure, setting};

/// As many as oponn sends in one command.
const BATCH: usize = 500;

#[derive(Deserialize)]
struct Record {
    isbn: String,
    title: String,
    author: String,
    year: i32,
    price: String,
    store: String,
}

pub async fn run() -> Result<(), Failure> {
    let client = Client::with_uri_str(setting("STORE")?).await?;
    let database = client.default_database().ok_or("STORE names no database")?;
    let books: Collection<Document> = database.collection("books");
    let stores = stores(&database).await?;
    let concern = WriteConcern::builder()
        .w(Acknowledgment::Majority)
        .journal(true)
        .w_timeout(Duration::from_secs(60))
        .build();

    let began = Instant::now();
    let mut sent = 0;
    let mut batch = Vec::with_capacity(BATCH);
    let mut lines = BufReader::with_capacity(1 << 20, File::open(setting("FILE")?)?).lines();
    loop {
        let line = lines.next().transpose()?;
        let ended = line.is_none();
        if let Some(line) = line {
            batch.push(document(serde_json::from_str(&line)?, &stores)?);
        }
        if batch.len() == BATCH || (ended && !batch.is_empty()) {
            sent += books
                .insert_many(batch.drain(..))
                .ordered(false)
                .write_concern(concern.clone())
                .await?
                .inserted_ids
                .len();
        }
        if ended {
            break;
        }
    }
    println!("{{\"records\":{sent},\"seconds\":{:.3}}}", began.elapsed().as_secs_f64());
    Ok(())
}

async fn stores(database: &Database) -> Result<HashMap<String, ObjectId>, Failure> {
    let mut cursor = database.collection::<Document>("bookstores").find(doc! {}).await?;
    let mut stores = HashMap::new();
    while cursor.advance().await? {
        let row = cursor.deserialize_current()?;
        stores.insert(row.get_str("name")?.to_owned(), row.get_object_id("_id")?);
    }
    Ok(stores)
}

fn document(record: Record, stores: &HashMap<String, ObjectId>) -> Result<Document, Failure> {
    let now = DateTime::now();
    let store = stores.get(&record.store).ok_or_else(|| format!("there is no store {}", record.store))?;
    Ok(doc! {
        "_id": ObjectId::new(),
        "isbn": record.isbn,
        "title": record.title,
        "author": record.author,
        "year": record.year,
        "price": Decimal128::from_str(&record.price)?,
        "storeId": store,
        "createdAt": now,
        "updatedAt": now,
        "_oponn": { "v": 1_i64 },
    })
}
