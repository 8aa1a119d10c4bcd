//! SQLite files as programs without oponn's functions see them, through the life of a file.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use serde_json::{Value as Json, json};

use crate::support::program::{Folder, Serving};

/// A schema with an index of each kind; `more` are fields and indexes of items.
fn schema(more: &str) -> String {
    format!(
        r#"
        type Address {{ city: String street: String }}
        type Item @collection @index(fields: ["stock", "price"]) @index(fields: ["address.city"]) {{
          id: ID! @id(as: STRING, client: true)
          sku: String @unique
          name: String! @unique(normalize: [TRIM, COLLAPSE_SPACES, CASEFOLD])
          price: Decimal @index
          stock: Int
          tags: [String!] @index
          Tags: [String!] @index
          address: Address
          {more}
        }}
        type Note @collection @unique(fields: ["owner", "alias"]) {{
          id: ID!
          owner: String
          alias: String
          itemId: ID
          item: Item @belongsTo(field: "itemId")
        }}"#
    )
}

/// The same fields without any index.
fn bare() -> String {
    let mut schema = schema("code: String");
    for (from, to) in [
        (
            "@collection @index(fields: [\"stock\", \"price\"]) @index(fields: [\"address.city\"])",
            "@collection",
        ),
        ("@collection @unique(fields: [\"owner\", \"alias\"])", "@collection"),
        ("@unique(normalize: [TRIM, COLLAPSE_SPACES, CASEFOLD])", ""),
        ("@unique", ""),
        ("@index", ""),
        ("item: Item @belongsTo(field: \"itemId\")", ""),
    ] {
        assert!(schema.contains(from), "{from}");
        schema = schema.replace(from, to);
    }
    schema
}

const FILE: &str = "shop.db";

fn start(folder: &Folder, schema: &str) -> Serving {
    folder.write("schema.graphql", schema);
    folder.serve(&["--store", "sqlite:shop.db"])
}

async fn write(serving: &Serving, mutation: &str) -> Json {
    let answer = serving.query(&format!("mutation {{ {mutation} }}")).await;
    assert!(answer["errors"].is_null(), "{mutation}: {answer:#}");
    answer
}

async fn refused(serving: &Serving, mutation: &str, key: &str) {
    let answer = serving.query(&format!("mutation {{ {mutation} }}")).await;
    let error = &answer["errors"][0];
    assert_eq!(error["extensions"]["code"], "CONFLICT", "{mutation}: {answer:#}");
    assert!(error.to_string().contains(key), "{mutation}: {answer:#}");
}

/// What any program sees of a file: the first column of what a statement gives.
fn outside(file: &Path, statement: &str) -> Vec<String> {
    let connection = Connection::open(file).expect("the file opens");
    let mut statement = connection.prepare(statement).expect("nothing but SQLite is needed");
    let rows = statement.query_map([], |row| row.get(0)).expect("it runs");
    rows.collect::<rusqlite::Result<_>>().expect("it runs to its end")
}

/// Checks the file from outside, and that a copy of it, to a server that knows of no index, gives the same answers.
async fn agrees(folder: &Folder, serving: &Serving, what: &str) {
    let (file, copy) = (folder.path().join(FILE), Folder::new());
    let copied = copy.path().join(FILE);
    assert_eq!(outside(&file, "PRAGMA integrity_check"), ["ok"], "{what}");
    outside(&file, &format!("VACUUM INTO '{}'", copied.display()));
    for statement in ["REINDEX", "VACUUM", "ANALYZE"] {
        outside(&copied, statement);
    }
    assert_eq!(outside(&copied, "PRAGMA integrity_check"), ["ok"], "{what}");
    let reference = start(&copy, &bare());
    let filters = [
        json!({ "sku": { "eq": "1" } }),
        json!({ "sku": { "in": ["1", null, "n"] } }),
        json!({ "sku": { "startsWith": "4" } }),
        json!({ "price": { "gt": "1" } }),
        json!({ "stock": { "eq": 3 } }),
        json!({ "stock": { "eq": 3 }, "price": { "lt": "2" } }),
        json!({ "stock": { "gte": 4 } }),
        json!({ "tags": { "has": "blue" } }),
        json!({ "Tags": { "hasAny": ["x", "y"] } }),
        json!({ "tags": { "isEmpty": true } }),
        json!({ "address": { "city": { "eq": "Bonn" } } }),
        json!({ "not": { "address": { "city": { "gt": "C" } } } }),
    ];
    let filters = filters.map(|filter| (filter, "PRICE"));
    let orders = ["ID", "SKU", "PRICE", "STOCK", "ADDRESS_CITY"].map(|order| (json!({}), order));
    let query = "query ($where: ItemWhere, $by: ItemOrderField!) {
        items(where: $where, orderBy: [{ field: $by, direction: DESC }], first: 1000) {
          totalCount nodes { id sku name price stock tags Tags address { city street } } } }";
    for (filter, order) in filters.into_iter().chain(orders) {
        let variables = json!({ "where": filter, "by": order });
        let answer = serving.ask(query, variables.clone()).await;
        assert_eq!(answer, reference.ask(query, variables.clone()).await, "{what}: {variables}");
        let found = answer["data"]["items"]["totalCount"].as_u64();
        assert!(found.is_some_and(|found| found > 0), "{what}: {variables} finds nothing: {answer}");
    }
    let notes = r#"{ notes(where: { owner: { eq: "o" }, alias: { ne: "x" } }, first: 1000) { nodes { id alias itemId } } }"#;
    assert_eq!(serving.query(notes).await, reference.query(notes).await, "{what}");
}

const ITEMS: &str = r#"createItems(inputs: [
    { id: "a", sku: "1", name: " Straße  A ", price: "1.50", stock: 3, tags: ["red", "blue"], Tags: ["x"],
      address: { city: "Bonn", street: "S 1" } }
    { id: "b", name: "B", price: "2", stock: 3, address: { city: "Ulm" } }
    { id: "c", name: "C", tags: [] }
    { id: "d", sku: "4", name: "D", price: "0.10", stock: -1, tags: ["blue"] }
    { id: "e", sku: "5", name: "E", stock: 5, tags: ["z"], address: { city: "Aachen" } }]) { id }"#;

#[tokio::test]
async fn a_file_is_whole_to_any_program_through_its_life() {
    let folder = Folder::new();
    let serving = start(&folder, &schema(""));
    write(&serving, ITEMS).await;
    let notes = r#"{ owner: "o", alias: "x", itemId: "a" }, { owner: "o" }, { owner: "o" }, { owner: "o", alias: "y" }"#;
    write(&serving, &format!("createNotes(inputs: [{notes}]) {{ id }}")).await;
    agrees(&folder, &serving, "new").await;

    write(&serving, r#"updateItem(id: "d", set: { stock: 7, name: "d2", Tags: ["y", "w"] }) { id }"#).await;
    write(&serving, r#"updateItem(id: "a", set: { tags: ["blue"], address: { city: "Bonn" } }) { id }"#)
        .await;
    write(&serving, r#"deleteItem(id: "c") { id }"#).await;
    write(&serving, r#"updateItems(where: { stock: { lt: 6 } }, set: { price: "1.25" }) { count }"#).await;
    write(&serving, r#"deleteItems(where: { tags: { has: "z" } }) { count }"#).await;
    write(&serving, r#"createItem(input: { id: "f", sku: "44", name: "F", stock: 3 }) { id }"#).await;
    agrees(&folder, &serving, "changed at once").await;
    refused(&serving, r#"createItem(input: { id: "g", name: "strasse a" }) { id }"#, "name").await;
    refused(&serving, r#"updateItem(id: "f", set: { sku: "4" }) { id }"#, "sku").await;
    refused(&serving, r#"createNote(input: { owner: "o", alias: "y" }) { id }"#, "ownerAlias").await;
    agrees(&folder, &serving, "refused").await;
    serving.stop();

    folder.write(
        "loaders/items.toml",
        "[source]\nkind = 'json'\npath = 'items.json'\n[target]\ntype = 'Item'\non = 'sku'\n\
         [fields]\nid = 'id'\nsku = 'sku'\nname = 'name'\nprice = 'price'\n",
    );
    let records: Vec<Json> =
        (1..200).map(|n| json!({ "id": format!("i{n}"), "sku": format!("s{n}"), "name": format!("N {n}"), "price": "9" })).collect();
    folder.write("loaders/items.json", &json!(records).to_string());
    folder.run(&["import", "--store", "sqlite:shop.db"]).assert(0, "items: 199 created", "");
    folder.write("loaders/items.json", &json!(records).to_string().replace("\"9\"", "\"10\""));
    folder.run(&["import", "--store", "sqlite:shop.db"]).assert(0, "items: 0 created, 199 updated", "");
    let serving = start(&folder, &schema(""));
    agrees(&folder, &serving, "imported").await;
    serving.stop();
}

#[tokio::test]
async fn indexes_come_and_go_with_the_schema() {
    let folder = Folder::new();
    let serving = start(&folder, &schema("code: String"));
    write(&serving, ITEMS).await;
    write(&serving, r#"updateItem(id: "a", set: { code: "k" }) { id }"#).await;
    serving.stop();

    let larger = schema("code: String @unique\n kind: String @index")
        .replace("price: Decimal @index", "price: Decimal")
        .replace("stock: Int", "stock: Int @index")
        .replace("fields: [\"address.city\"]", "fields: [\"address.city\", \"address.street\"]");
    let fresh = r#"{ itemByCode(code: "new") { id } }"#;
    for round in 1..=2 {
        let with = format!("more, {round}");
        let serving = start(&folder, &larger);
        let found = serving
            .query(
                r#"{ itemByCode(code: "k") { id } items(where: { code: { eq: "new" } }) { nodes { id } } }"#,
            )
            .await;
        assert_eq!(found["data"]["itemByCode"]["id"], "a", "{with}");
        refused(&serving, r#"updateItem(id: "b", set: { code: "k" }) { id }"#, "code").await;
        assert_eq!(serving.query(fresh).await["data"]["itemByCode"].is_null(), round == 1, "{with}");
        write(
            &serving,
            &format!(r#"updateItem(id: "b", set: {{ stock: {}, code: "b{round}" }}) {{ id }}"#, round + 2),
        )
        .await;
        write(&serving, r#"updateItem(id: "b", set: { stock: 3 }) { id }"#).await;
        agrees(&folder, &serving, &with).await;
        serving.stop();

        // What has gone from the schema must be right when it comes back.
        let without = format!("without, {round}");
        let serving = start(&folder, &bare());
        write(&serving, r#"updateItem(id: "d", set: { stock: 4, code: "new", price: "0.01", tags: ["blue", "t"] }) { id }"#).await;
        write(&serving, &format!(r#"createItem(input: {{ id: "n{round}", name: "n{round}", code: "n{round}", stock: 3 }}) {{ id }}"#)).await;
        write(&serving, r#"updateItems(where: { stock: { gt: 4 } }, set: { price: "3" }) { count }"#).await;
        agrees(&folder, &serving, &without).await;
        serving.stop();
    }
    // What somebody has taken out by hand is made again.
    for statement in ["DROP INDEX \"index/items/tags\"", "ALTER TABLE items DROP COLUMN \"key/tags\""] {
        outside(&folder.path().join(FILE), statement);
    }
    let serving = start(&folder, &larger);
    agrees(&folder, &serving, "taken out").await;
    serving.stop();
}

/// As the version before wrote it, with its indexes over a function that other programs do not have.
fn of_format_1(file: &Path) {
    let connection = Connection::open(file).expect("a file can be made");
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    let any = connection.create_scalar_function("oponn_key", 2, flags, |_| Ok(Vec::<u8>::new()));
    any.expect("a function can be defined");
    connection.execute_batch(include_str!("sqlite_shell/format1.sql")).expect("the file can be filled");
}

#[tokio::test]
async fn a_file_of_the_format_before_is_brought_up() {
    let folder = Folder::new();
    of_format_1(&folder.path().join(FILE));
    for start_again in [false, true] {
        let serving = start(&folder, &schema(""));
        let told = serving.logged("bringing the SQLite file of an older version up to this one");
        assert_eq!(told, !start_again);
        if !start_again {
            write(
                &serving,
                r#"createItem(input: { id: "e", name: "E", Tags: ["y"], address: { city: "Ulm" } }) { id }"#,
            )
            .await;
        }
        agrees(&folder, &serving, "format 1").await;
        let found = r#"{ itemBySku(sku: "4") { id stock } itemByName(name: "STRASSE a") { id }
            noteByOwnerAlias(owner: "o", alias: "y") { item { id } } }"#;
        let expected = json!({ "data": { "itemBySku": { "id": "d", "stock": 7 }, "itemByName": { "id": "a" },
            "noteByOwnerAlias": { "item": { "id": "a" } } } });
        assert_eq!(serving.query(found).await, expected);
        refused(&serving, r#"createItem(input: { id: "g", sku: "4", name: "G" }) { id }"#, "sku").await;
        refused(&serving, r#"createItem(input: { id: "g", name: "strasse A" }) { id }"#, "name").await;
        serving.stop();
    }
    // A version that still had the file open when it was brought up cannot write to it.
    let late = Connection::open(folder.path().join(FILE)).expect("the file opens");
    late.execute("UPDATE items SET doc = x'' WHERE id = x''", []).expect_err("there is no such column");
}

/// A type that the schema no longer has keeps its table; its indexes must not be in the way either.
#[tokio::test]
async fn a_collection_that_is_left_alone_is_brought_up_too() {
    let folder = Folder::new();
    of_format_1(&folder.path().join(FILE));
    let whole = schema("");
    let items = whole.split("type Note").next().expect("it has items");
    start(&folder, items).stop();
    assert_eq!(outside(&folder.path().join(FILE), "PRAGMA integrity_check"), ["ok"]);
    let serving = start(&folder, &whole);
    let found = serving.query(r#"{ noteByOwnerAlias(owner: "o", alias: "x") { itemId } }"#).await;
    assert_eq!(found["data"]["noteByOwnerAlias"]["itemId"], "a", "{found}");
    refused(&serving, r#"createNote(input: { owner: "o", alias: "x" }) { id }"#, "ownerAlias").await;
    serving.stop();
}

/// As the shell's `.dump` has it: all tables, rows and indexes, without the mark that tells whose file it is.
#[tokio::test]
async fn a_file_that_was_dumped_and_loaded_is_the_same() {
    let folder = Folder::new();
    let serving = start(&folder, &schema(""));
    write(&serving, ITEMS).await;
    serving.stop();
    let loaded = Folder::new();
    let connection = Connection::open(loaded.path().join(FILE)).expect("a file can be made");
    let from = folder.path().join(FILE).display().to_string();
    connection.execute("ATTACH ? AS dumped", [from]).expect("the file can be read");
    for kind in ["table", "index"] {
        let parts =
            format!("SELECT name, sql FROM dumped.sqlite_schema WHERE type = '{kind}' AND sql NOT NULL");
        let mut parts = connection.prepare(&parts).expect("it is a statement");
        let parts = parts.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)));
        for (name, made) in
            parts.expect("there are parts").collect::<rusqlite::Result<Vec<_>>>().expect("of text")
        {
            connection.execute_batch(&made).expect("nothing but SQLite is needed");
            if kind == "table" {
                let rows = format!("INSERT INTO main.\"{name}\" SELECT * FROM dumped.\"{name}\"");
                connection.execute_batch(&rows).expect("rows can be copied");
            }
        }
    }
    drop(connection);
    let serving = start(&loaded, &schema(""));
    agrees(&loaded, &serving, "loaded").await;
    refused(&serving, r#"createItem(input: { id: "g", sku: "4", name: "G" }) { id }"#, "sku").await;
    serving.stop();
}
