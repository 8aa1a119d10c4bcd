//! Writes by other programs to an SQLite file that a server with a memory cache uses.

use bson::{Bson, Document, doc};
use oponn::query::encode_value;
use rusqlite::Connection;
use serde_json::{Value as Json, json};

use crate::bounds::until;
use crate::support::program::{Folder, Serving};

const SDL: &str = "type Item @collection { id: ID! @id(as: STRING, client: true) name: String! rank: Int }
    type Note @collection { id: ID! text: String }";
const FILE: &str = "shop.db";

/// An entity that changes, one that comes, a list and a count, and all of them in one answer.
const READS: [&str; 5] = [
    r#"{ item(id: "a") { name rank } }"#,
    r#"{ item(id: "c") { name } }"#,
    "{ items(orderBy: [{ field: RANK }], first: 10) { nodes { id name } } }",
    "{ items(where: { rank: { gte: 0 } }) { totalCount } }",
    r#"{ a: item(id: "a") { name } c: item(id: "c") { name } items(first: 2) { totalCount nodes { name } } }"#,
];

/// A server of two items, and its file as any program sees it.
async fn start(folder: &Folder) -> (Serving, Shell) {
    folder.write("schema.graphql", SDL);
    let serving = folder.serve(&["--store", &format!("sqlite:{FILE}")]);
    let items = r#"{ id: "a", name: "A", rank: 1 }, { id: "b", name: "B", rank: 2 }"#;
    let created = serving.query(&format!("mutation {{ createItems(inputs: [{items}]) {{ id }} }}")).await;
    assert!(created["errors"].is_null(), "{created}");
    (serving, Shell(Connection::open(folder.path().join(FILE)).expect("the file opens")))
}

/// Another program.
struct Shell(Connection);

fn key(id: &str) -> Vec<u8> {
    encode_value(&Bson::from(id))
}

impl Shell {
    fn run(&self, statement: &str) {
        self.0.execute_batch(statement).expect("it runs");
    }

    fn rename(&self, id: &str, name: &str) {
        let document = self
            .0
            .query_row("SELECT document FROM items WHERE id = ?", [key(id)], |row| row.get::<_, Vec<u8>>(0));
        let mut document = Document::from_reader(&*document.expect("it is there")).expect("it is BSON");
        document.insert("name", name);
        let bytes = document.to_vec().expect("it is BSON");
        let changed = self.0.execute("UPDATE items SET document = ? WHERE id = ?", (bytes, key(id)));
        assert_eq!(changed, Ok(1));
    }

    fn insert(&self, id: &str, fields: Document) {
        let mut document = doc! { "_id": id };
        document.extend(fields);
        let bytes = document.to_vec().expect("it is BSON");
        self.0.execute("INSERT INTO items (id, document) VALUES (?, ?)", (key(id), bytes)).expect("it runs");
    }
}

async fn answers(serving: &Serving) -> Vec<Json> {
    let mut answers = Vec::new();
    for read in READS {
        answers.push(serving.query(read).await["data"].take());
    }
    answers
}

/// Reads until everything is answered from the cache, and whole answers are kept.
async fn warm(serving: &Serving) {
    let kept = &[("kind", "entity"), ("result", "kept")];
    until(async || {
        let before = serving.metrics().await;
        answers(serving).await;
        let after = serving.metrics().await;
        after.since(&before, "oponn_store_operations_total", &[]) == 0.0
            && after.since(&before, "oponn_cache_reads_total", kept) > 0.0
    })
    .await;
}

async fn voided(serving: &Serving, reason: &str) -> f64 {
    serving.metrics().await.value("oponn_cache_types_voided_total", &[("reason", reason)])
}

#[tokio::test]
async fn what_other_programs_write_is_seen() {
    let folder = Folder::new();
    let (serving, shell) = start(&folder).await;
    warm(&serving).await;

    shell.rename("a", "Z");
    let expected = [
        json!({ "item": { "name": "Z", "rank": 1 } }),
        json!({ "item": null }),
        json!({ "items": { "nodes": [{ "id": "a", "name": "Z" }, { "id": "b", "name": "B" }] } }),
        json!({ "items": { "totalCount": 2 } }),
        json!({ "a": { "name": "Z" }, "c": null,
                "items": { "totalCount": 2, "nodes": [{ "name": "Z" }, { "name": "B" }] } }),
    ];
    until(async || answers(&serving).await == expected).await;
    warm(&serving).await;

    shell.insert("c", doc! { "name": "C", "rank": 0 });
    let expected = [
        json!({ "item": { "name": "Z", "rank": 1 } }),
        json!({ "item": { "name": "C" } }),
        json!({ "items": { "nodes": [
            { "id": "c", "name": "C" }, { "id": "a", "name": "Z" }, { "id": "b", "name": "B" }] } }),
        json!({ "items": { "totalCount": 3 } }),
        json!({ "a": { "name": "Z" }, "c": { "name": "C" },
                "items": { "totalCount": 3, "nodes": [{ "name": "Z" }, { "name": "B" }] } }),
    ];
    until(async || answers(&serving).await == expected).await;
    // The server's own writes go on from what the other program has written.
    let update = r#"mutation { updateItem(id: "c", set: { rank: 9 }) { name rank } }"#;
    assert_eq!(serving.query(update).await["data"]["updateItem"], json!({ "name": "C", "rank": 9 }));
    warm(&serving).await;

    shell.run(&format!("DELETE FROM items WHERE id = x'{}'", hex::encode(key("a"))));
    let expected = [
        json!({ "item": null }),
        json!({ "item": { "name": "C" } }),
        json!({ "items": { "nodes": [{ "id": "b", "name": "B" }, { "id": "c", "name": "C" }] } }),
        json!({ "items": { "totalCount": 2 } }),
        json!({ "a": null, "c": { "name": "C" },
                "items": { "totalCount": 2, "nodes": [{ "name": "B" }, { "name": "C" }] } }),
    ];
    until(async || answers(&serving).await == expected).await;
    warm(&serving).await;
    assert_eq!(
        voided(&serving, "foreign").await,
        6.0,
        "both types, once for each write of the other program"
    );
}

#[tokio::test]
async fn own_writes_and_foreign_reads_void_nothing() {
    let folder = Folder::new();
    let (serving, shell) = start(&folder).await;
    warm(&serving).await;
    for n in 0..20 {
        let text = format!(r#"mutation {{ createNote(input: {{ text: "{n}" }}) {{ id }} }}"#);
        assert!(serving.query(&text).await["errors"].is_null());
        shell.run("PRAGMA integrity_check");
    }
    shell.rename("a", "Z");
    until(async || voided(&serving, "foreign").await > 0.0).await;
    assert_eq!(voided(&serving, "foreign").await, 2.0, "both types, for the write of the other program");
    assert_eq!(voided(&serving, "mark").await, 0.0);
}

/// A program that has locked the file may commit, and lock it again, before the server's own write gets its turn.
#[tokio::test]
async fn nothing_is_cached_for_long_while_the_file_is_locked_to_a_write() {
    let folder = Folder::new();
    let (serving, shell) = start(&folder).await;
    warm(&serving).await;
    shell.run("BEGIN IMMEDIATE");
    shell.rename("a", "Z");
    let write = serving.query(r#"mutation { createNote(input: { text: "waits" }) { text } }"#);
    let others = async {
        until(async || voided(&serving, "foreign").await > 0.0).await;
        assert_eq!(serving.query(READS[0]).await["data"]["item"]["name"], "A", "it is not committed");
        shell.run("COMMIT");
        until(async || serving.query(READS[0]).await["data"]["item"]["name"] == "Z").await;
    };
    let (written, ()) = tokio::join!(write, others);
    assert_eq!(written["data"]["createNote"]["text"], "waits");
    let (_, log) = serving.stop();
    assert!(log.contains("the store does not say whether other programs write"), "{log}");
}
