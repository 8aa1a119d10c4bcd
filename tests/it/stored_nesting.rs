//! Documents that another program has nested very deeply: no reading of them may end the process.

use bson::RawDocumentBuf;
use rusqlite::Connection;
use serde_json::json;

use crate::bounds::until;
use crate::support::program::{Folder, Serving};
use crate::support::services::MongoDatabase;

const SDL: &str = "type Row @collection {
    id: ID! @id(as: STRING, client: true)
    name: String! @unique(normalize: [CASEFOLD])
    any: JSON
    tags: [String!] @index
}";

const FILE: &str = "rows.db";

/// Each looks at the deep document in a way of its own.
const OPERATIONS: [&str; 8] = [
    "{ rows { nodes { id any } } }",
    "{ row(id: \"deep\") { any } }",
    "{ rowByName(name: \"DEEP\") { id } }",
    "{ rows(where: { any: { exists: true } }, orderBy: [{ field: NAME }], last: 1) { totalCount nodes { any } } }",
    "{ rows(where: { tags: { has: \"a\" } }) { totalCount } }",
    "mutation { updateRow(id: \"deep\", set: { tags: [\"b\"] }) { any } }",
    "mutation { updateRows(where: { id: { eq: \"deep\" } }, set: { tags: [\"c\"] }) { count } }",
    "mutation { deleteRow(id: \"deep\") { any } }",
];

/// A document whose field `any` is as many lists, each in the other. Written from the inside: the encoder is recursive.
fn nested(levels: usize) -> Vec<u8> {
    let framed = |content: &[u8]| {
        let length = i32::try_from(content.len() + 5).expect("it is short");
        [&length.to_le_bytes()[..], content, &[0]].concat()
    };
    let mut sizes = vec![5];
    while sizes.len() < levels {
        sizes.push(sizes[sizes.len() - 1] + 8);
    }
    let mut lists = Vec::new();
    for size in sizes.iter().skip(1).rev() {
        lists.extend(i32::to_le_bytes(*size));
        lists.extend(b"\x040\0");
    }
    lists.extend(framed(&[]));
    lists.resize(lists.len() + levels - 1, 0);
    let kept = bson::doc! { "v": 1, "u": { "name": "deep" } };
    let fields = bson::doc! { "_id": "deep", "name": "deep", "_oponn": kept };
    let mut fields = fields.to_vec().expect("it can be encoded");
    fields.pop();
    framed(&[&fields[4..], b"\x04any\0", &lists].concat())
}

async fn is_alive(serving: &Serving, after: &str) {
    let answer = serving.query("{ row(id: \"flat\") { any } }").await;
    assert_eq!(answer, json!({ "data": { "row": { "any": [[1]] } } }), "after {after}");
}

async fn start(folder: &Folder, store: &str) -> Serving {
    folder.write("schema.graphql", SDL);
    let serving = folder.serve(&[store]);
    for (id, any) in [("flat", "[[1]]"), ("deep", "\"old\"")] {
        let input = format!("{{ id: \"{id}\", name: \"{id}\", any: {any} }}");
        let created = serving.query(&format!("mutation {{ createRow(input: {input}) {{ id }} }}")).await;
        assert!(created["errors"].is_null(), "{created}");
    }
    serving
}

/// `levels` are told in full, or are too many: then what reads the document fails, and nothing else.
async fn judge(serving: &Serving, levels: usize) {
    until(async || !serving.query(OPERATIONS[1]).await.to_string().contains("old")).await;
    for operation in OPERATIONS {
        let answer = serving.query(operation).await;
        is_alive(serving, operation).await;
        let said = answer.to_string();
        if levels <= 90 {
            assert!(answer["errors"].is_null(), "{levels} levels, {operation}: {said}");
        }
        if operation.contains("any }") && levels > 200 {
            let code = &answer["errors"][0]["extensions"]["code"];
            assert_eq!(code, "INTERNAL", "{levels} levels, {operation}: {said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_sqlite_file_are_read_or_refused() {
    for levels in [1, 90, 250, 5_000, 100_000] {
        let folder = Folder::new();
        let store = format!("--store=sqlite:{FILE}");
        let serving = start(&folder, &store).await;
        let shell = Connection::open(folder.path().join(FILE)).expect("the file opens");
        let change = "UPDATE rows SET document = ?1 WHERE instr(document, CAST('deep' AS BLOB)) > 0";
        let changed = shell.execute(change, [nested(levels)]);
        assert_eq!(changed, Ok(1));
        judge(&serving, levels).await;
        assert_eq!(serving.stop().0, Some(0));
        let serving = folder.serve(&[&store]);
        is_alive(&serving, "a new start").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_mongodb_are_read() {
    // As deep as it stores, and as the reader of answers here takes.
    for levels in [1, 90] {
        let folder = Folder::new();
        let database = MongoDatabase::new();
        let serving = start(&folder, &format!("--store={}", database.url())).await;
        let client = mongodb::Client::with_uri_str(database.url()).await.expect("it is a server");
        let rows = client.default_database().expect("the URL names one").collection::<RawDocumentBuf>("rows");
        let deep = RawDocumentBuf::from_bytes(nested(levels)).expect("it is framed");
        let replaced = rows.replace_one(bson::doc! { "_id": "deep" }, deep).await.expect("it is stored");
        assert_eq!(replaced.modified_count, 1);
        judge(&serving, levels).await;
    }
}
