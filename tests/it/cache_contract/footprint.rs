//! What lists take up in Redis.

use bson::oid::ObjectId;
use bson::{Bson, DateTime, doc};
use oponn::cache::{Batch, Changes, Fills, Reconcile, Reconciled, RedisCache, Upkeep};
use oponn::query::{BatchDef, Direction, Filter, Order, OrderBy, SortKey};
use oponn::value::{Doc, EntityRef, Id, Stamp, Time};
use redis::aio::MultiplexedConnection;

use super::domain::{all_of, cache_on, lease};
use crate::support::redis_server::Server;

/// What the ids of a list's documents are, and what it is ordered by.
type Shape = (&'static str, fn(u32) -> Bson, Option<&'static str>);

const SHAPES: [Shape; 7] = [
    ("UUID, by id", uuid, None),
    ("UUID, by number", uuid, Some("price")),
    ("UUID, by title", uuid, Some("title")),
    ("ObjectId, by date", object_id, Some("published")),
    ("integer, by id", |id| Bson::Int64(id.into()), None),
    ("integer, by title", |id| Bson::Int64(id.into()), Some("title")),
    ("text, by number", |id| Bson::String(format!("the-book-no-{id:06}")), Some("price")),
];

fn uuid(id: u32) -> Bson {
    let bytes = u128::from(id).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes();
    bson::Uuid::from_bytes(bytes).into()
}

fn object_id(id: u32) -> Bson {
    let mut bytes = [0x65; 12];
    bytes[8..].copy_from_slice(&id.to_be_bytes());
    ObjectId::from_bytes(bytes).into()
}

fn book(shape: &Shape, id: u32) -> Doc {
    let title = format!("The {:<3} Books of {:05} Hills", id % 7, id.wrapping_mul(7919) % 100_000);
    let published = DateTime::from_millis(1_600_000_000_000 + i64::from(id) * 86_400_000);
    let document = doc! { "_id": shape.1(id), "store": 1, "title": title, "price": f64::from(id % 97) / 4.0, "published": published };
    Doc::encode(&document).expect("the names have no NUL")
}

fn batch(shape: &Shape) -> Batch {
    let parts = shape.2.map(|path| OrderBy { path: path.into(), direction: Direction::Asc });
    let filter = Filter::eq("store", 1);
    Batch::new(BatchDef::new("Book".into(), vec!["Book".into()], filter, Order::new(parts)))
}

fn rows_of(shape: &Shape, batch: &Batch, count: u32) -> Vec<SortKey> {
    let row = |id| batch.def.row("Book", &book(shape, id)).expect("it is in the store");
    let mut rows: Vec<SortKey> = (0..count).map(row).collect();
    rows.sort();
    rows
}

async fn fill(cache: &RedisCache, batch: &Batch, rows: Vec<SortKey>) {
    let held = lease(cache, batch).await;
    assert!(cache.commit(&held, &all_of(rows)).await.unwrap());
}

/// How Redis keeps the first list that it finds, and the bytes that this takes.
async fn kept(raw: &mut MultiplexedConnection) -> (String, u64) {
    let keys: Vec<String> = redis::cmd("KEYS").arg("*}:b:*").query_async(raw).await.unwrap();
    let key = keys.first().expect("there is a list");
    let encoding = redis::cmd("OBJECT").arg("ENCODING").arg(key).query_async(raw).await.unwrap();
    let usage = ["USAGE", key, "SAMPLES", "0"];
    (encoding, redis::cmd("MEMORY").arg(&usage).query_async(raw).await.unwrap())
}

/// Prints the figures of `docs/operations.md`, too.
#[tokio::test]
async fn a_row_takes_up_little() {
    let server = Server::start(&[]).await;
    let cache = cache_on(&server).await;
    for shape in &SHAPES {
        for rows in [1, 10, 50, 63, 100, 887, 5_000] {
            cache.clear().await.unwrap();
            let batch = batch(shape);
            fill(&cache, &batch, rows_of(shape, &batch, rows)).await;
            let (encoding, bytes) = kept(&mut server.raw().await).await;
            let of_each = bytes / u64::from(rows);
            println!("{:18} {rows:5} rows: {encoding:8} {bytes:8} bytes, {of_each:4} for each", shape.0);
            assert_eq!(encoding, if rows <= 63 { "listpack" } else { "skiplist" }, "{} {rows}", shape.0);
            let most = match rows {
                1 => 300,
                ..=63 => 170,
                _ => 270,
            };
            assert!(of_each <= most, "{}: {of_each} bytes for each of {rows} rows", shape.0);
        }
    }
}

#[tokio::test]
async fn short_lists_stay_dense_when_they_are_written_to() {
    for shape in &SHAPES {
        let server = Server::start(&[]).await;
        let cache = cache_on(&server).await;
        let batch = batch(shape);
        fill(&cache, &batch, rows_of(shape, &batch, 40)).await;
        // Documents that stay, move, go and come, each of them twice.
        for (t, id) in (1..).zip([3, 4, 5, 50].repeat(2)) {
            let shown = if id == 4 { book(shape, 4 + t) } else { book(shape, id) };
            let mut document = bson::Document::try_from(shown.raw()).unwrap();
            document.insert("_id", shape.1(id));
            let document = Doc::encode(&document).unwrap();
            let entity = EntityRef { ty: "Book".into(), id: Id::from_bson(&shape.1(id)).unwrap() };
            let row = (id != 5).then(|| batch.def.row("Book", &document).unwrap());
            let change = Reconcile {
                batch: batch.clone(),
                entity,
                stamp: Stamp { t: Time(t.into()), v: 1 },
                row,
                until: None,
                doc: None,
            };
            let done = cache.reconcile(cache.mark(), &[change]).await.unwrap();
            assert!(!matches!(done[..], [Reconciled::Absent | Reconciled::Dropped(_)]), "{done:?}");
        }
        let (encoding, bytes) = kept(&mut server.raw().await).await;
        assert_eq!(encoding, "listpack", "{}: {bytes} bytes", shape.0);
    }
}

/// Prints the figures of `docs/performance.md`, too.
#[tokio::test]
async fn a_partition_takes_up_less_than_a_list_and_its_entities() {
    let server = Server::start(&[]).await;
    let cache = cache_on(&server).await;
    let used = async || {
        let info: String =
            redis::cmd("INFO").arg("memory").query_async(&mut server.raw().await).await.unwrap();
        let line = info.lines().find_map(|line| line.strip_prefix("used_memory_dataset:"));
        line.expect("Redis tells").trim().parse::<u64>().unwrap()
    };
    for (partitions, size) in [(400, 10), (40, 100), (4, 2_000)] {
        let mut taken = Vec::new();
        for whole in [true, false] {
            server.flush().await;
            cache.clear().await.unwrap();
            let before = used().await;
            for partition in 0..partitions {
                let docs: Vec<Doc> = (0..size).map(|number| viewing(partition, number)).collect();
                let filter = Filter::eq("profile", i64::from(partition));
                let def = match whole {
                    true => BatchDef::partition("View".into(), filter),
                    false => BatchDef::new("View".into(), vec!["View".into()], filter, Order::default()),
                };
                let batch = Batch::new(def);
                let held = lease(&cache, &batch).await;
                if whole {
                    assert!(cache.commit_partition(&held, Some(&docs)).await.unwrap());
                    continue;
                }
                let named =
                    |doc: &Doc| (EntityRef { ty: "View".into(), id: doc.id().unwrap() }, Some(doc.clone()));
                let entities: Vec<_> = docs.iter().map(named).collect();
                cache.fill_entities(&held.floor, &entities).await.unwrap();
                let rows = docs.iter().map(|doc| batch.def.row("View", doc).unwrap()).collect();
                assert!(cache.commit(&held, &all_of(rows)).await.unwrap());
            }
            let keys: u64 = redis::cmd("DBSIZE").query_async(&mut server.raw().await).await.unwrap();
            let documents = u64::from(partitions * size);
            taken.push((used().await - before) / documents);
            let (what, doc) = (if whole { "partition" } else { "list" }, viewing(0, 0).bytes().len());
            println!(
                "{size:5} documents of {doc} bytes: {what:9} {keys:6} keys, {:4} bytes for each",
                taken[taken.len() - 1]
            );
            // And the meta hash and the table index.
            assert_eq!(keys, u64::from(partitions) + 2 + if whole { 0 } else { documents });
        }
        assert!(taken[0] * 10 < taken[1] * 8, "{taken:?}");
    }
}

/// What a profile has watched of one thing.
fn viewing(profile: u32, number: u32) -> Doc {
    let (at, started) =
        (DateTime::from_millis(1_700_000_000_000 + i64::from(number) * 3_600_000), DateTime::now());
    let document = doc! {
        "_id": object_id(profile * 10_000 + number), "profile": i64::from(profile), "assetId": format!("asset-{number:06}"),
        "sport": "football", "series": format!("league-{}", number % 7), "team": format!("team-{}", number % 20),
        "position": 1_234, "duration": 5_400, "done": number.is_multiple_of(3), "startedAt": started, "updatedAt": at,
        "_oponn": { "v": 3 },
    };
    Doc::encode(&document).expect("the names have no NUL")
}
