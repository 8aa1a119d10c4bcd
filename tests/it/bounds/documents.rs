//! What the documents that are read take up, however large they are and for whatever they are read.

use serde_json::json;

use crate::support::program::{Folder, Serving};
use crate::support::services::MongoDatabase;

const SDL: &str = "
    type Shelf @collection {
        id: ID!
        name: String! @unique
        books: [Book!]! @hasMany(field: \"shelfId\", onDelete: CASCADE)
    }
    type Book @collection @index(fields: [\"shelfId\"]) {
        id: ID!
        isbn: String! @unique
        title: String!
        shelfId: ID
        shelf: Shelf @belongsTo(field: \"shelfId\")
    }
";

/// Documents of half a MiB; all reads together may hold 16 MiB, and one of them 8.
const BOOKS: usize = 60;

async fn code(serving: &Serving, query: &str) -> String {
    let answer = serving.query(query).await;
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned()
}

async fn large_documents_do_not_fill_the_memory(store: &str, most: u64) {
    let folder = Folder::new();
    folder.write("schema.graphql", SDL);
    folder.write("oponn.toml", "memory = '64MiB'");
    let serving = folder.serve(&[&format!("--store={store}")]);
    let shelf = serving.query("mutation { createShelf(input: {name: \"a\"}) { id } }").await;
    let shelf = &shelf["data"]["createShelf"]["id"];
    let create = "mutation($input: BookInput!) { createBook(input: $input) { isbn } }";
    for isbn in 0..BOOKS {
        let input = json!({ "isbn": format!("{isbn:03}"), "title": "x".repeat(512 << 10), "shelfId": shelf });
        let answer = serving.ask(create, json!({ "input": input })).await;
        assert!(answer["errors"].is_null(), "{}", answer["errors"]);
    }
    for round in 0..3 {
        for query in [
            format!("{{ r{round}: books(first: 1000) {{ nodes {{ isbn }} }} }}"),
            format!("{{ r{round}: books(last: 1000) {{ totalCount nodes {{ isbn }} }} }}"),
            format!("{{ r{round}: shelfs {{ nodes {{ books(first: 100) {{ nodes {{ isbn }} }} }} }} }}"),
        ] {
            assert_eq!(code(&serving, &query).await, "TOO_COMPLEX", "{query}");
        }
        // To know the length of a list is not to read it.
        let query = format!(
            "{{ r{round}: books(first: 2, orderBy: [{{ field: ISBN }}]) {{ totalCount nodes {{ isbn }} }} }}"
        );
        let answer = serving.query(&query).await;
        let expected = json!({ "totalCount": BOOKS, "nodes": [{ "isbn": "000" }, { "isbn": "001" }] });
        assert_eq!(answer["data"][format!("r{round}")], expected, "{}", answer["errors"]);
        let query = format!("{{ r{round}: shelfs {{ nodes {{ books(first: 2) {{ totalCount }} }} }} }}");
        let answer = serving.query(&query).await;
        let shelf = &answer["data"][format!("r{round}")]["nodes"][0];
        assert_eq!(shelf["books"]["totalCount"], BOOKS, "{}", answer["errors"]);
    }
    let many = (0..20).map(|n| {
        let (serving, query) = (&serving, format!("{{ m{n}: books(first: 1000) {{ nodes {{ isbn }} }} }}"));
        async move { code(serving, &query).await }
    });
    for code in futures_util::future::join_all(many).await {
        assert!(["TOO_COMPLEX", "OVERLOADED"].contains(&&*code), "{code}");
    }
    // Whatever reads them for itself reads fewer at a time.
    let set = "mutation { updateBooks(where: {isbn: {gte: \"000\"}}, set: {title: \"short\"}) { count } }";
    let cascade = format!("mutation {{ deleteShelf(id: {shelf}) {{ name }} }}");
    let changed = serving.query(&set.replace("short", &"y".repeat(256 << 10))).await;
    assert_eq!(changed["data"]["updateBooks"]["count"], BOOKS, "{}", changed["errors"]);
    assert_eq!(serving.query(&cascade).await["data"]["deleteShelf"]["name"], "a");
    assert_eq!(serving.query("{ books { totalCount } }").await["data"]["books"]["totalCount"], 0);
    let peak = serving.peak_memory();
    assert!(peak < most, "{peak} MiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn large_documents_do_not_fill_the_memory_on_sqlite() {
    large_documents_do_not_fill_the_memory("sqlite:books.db", 320).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large_documents_do_not_fill_the_memory_on_mongodb() {
    let database = MongoDatabase::new();
    // A reply of 16 MB is read as a whole before it is counted, by each of the twenty.
    large_documents_do_not_fill_the_memory(&database.url(), 640).await;
}
