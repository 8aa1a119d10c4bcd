//! JSON from outside means what is written: no key of an object has a meaning of its own, and nothing that is
//! sent ends the program.

use serde_json::{Value as Json, json};

use crate::support::app::client;
use crate::support::program::{Folder, Serving};

const SDL: &str = "type Row @collection { id: ID! @id(as: STRING, client: true) any: JSON text: String }\n";

/// Keys that serde_json gives a meaning, and how else they can be written.
const KEYS: [&str; 4] = [
    "$serde_json::private::RawValue",
    "$serde_json::private::Number",
    "\\u0024serde_json::private::RawValue",
    "$serde_json::private:\\u003aNumber",
];

/// Many levels in little text: within each string the count would begin anew.
fn nested(key: &str) -> String {
    let mut text = "1".to_owned();
    while text.len() < 27_000 {
        let inner = Json::from(text);
        text = format!("{}{{\"{key}\": {inner}}}{}", "[".repeat(100), "]".repeat(100));
    }
    text
}

/// What must not be taken for something else.
fn values() -> Vec<String> {
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
    let keys = KEYS.into_iter().flat_map(|key| [format!("{{\"{key}\": \"1\"}}"), nested(key)]);
    keys.chain([deep("[", "]"), deep("{\"a\": ", "}"), "[".repeat(200_000)]).collect()
}

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("schema.graphql", SDL);
    folder
}

async fn asked(serving: &Serving, request: reqwest::RequestBuilder) -> Json {
    let response = request.send().await.expect("the server lives").bytes().await.expect("it answers wholly");
    let alive = serving.query("{ __typename }").await;
    assert_eq!(alive, json!({"data": {"__typename": "Query"}}));
    serde_json::from_slice(&response).expect("with JSON")
}

#[tokio::test]
async fn requests_are_refused_and_the_server_lives() {
    let folder = folder();
    let serving = folder.serve(&[]);
    let url = format!("http://{}/graphql", serving.address);
    let create = "mutation($any: JSON) { createRow(input: {id: \\\"1\\\", any: $any}) { any } }";
    for value in values() {
        for body in [
            value.clone(),
            format!("{{\"query\": \"{create}\", \"variables\": {{\"any\": {value}}}}}"),
            format!("{{\"query\": \"{{ __typename }}\", \"extensions\": {{\"a\": {value}}}}}"),
        ] {
            let request = client().post(&url).header("content-type", "application/json").body(body);
            let answer = asked(&serving, request).await;
            assert!(answer["errors"][0]["message"].to_string().contains("not valid JSON"), "{answer}");
        }
        let variables = &value[..value.len().min(20_000)];
        let query = [("query", "query($a: JSON) { rows { totalCount } }"), ("variables", variables)];
        let url = reqwest::Url::parse_with_params(&url, query).expect("an address");
        assert!(asked(&serving, client().get(url)).await["errors"].is_array());
    }
    let count = serving.query("{ rows { totalCount } }").await;
    assert_eq!(count, json!({"data": {"rows": {"totalCount": 0}}}), "nothing of it was stored");
    assert_eq!(serving.stop().0, Some(0));
}

#[test]
fn records_are_rejected_and_the_import_goes_on() {
    let folder = folder();
    let values = values();
    let lines: Vec<String> =
        values.iter().enumerate().map(|(n, any)| format!("{{\"id\": \"{n}\", \"any\": {any}}}")).collect();
    folder.write("loaders/rows.ndjson", &(lines.join("\n") + "\n{\"id\": \"last\", \"any\": [1]}\n"));
    let loader = "[source]\nkind = 'KIND'\npath = 'rows.KIND'\n[target]\ntype = 'Row'\non = 'id'\n\
        [fields]\nid = 'id'\nany = 'any'\n";
    folder.write("loaders/rows.toml", &loader.replace("KIND", "ndjson"));
    let ran = folder.run(&["import", "--store", "sqlite:rows.db"]);
    ran.assert(1, &format!("rows: 1 created, 0 updated, 0 unchanged, {} rejected", values.len()), "");
    ran.assert(1, "the line is not valid JSON: a key that begins with", "");

    // In one document, nothing of it can be taken.
    folder.write("loaders/rows.toml", &loader.replace("KIND", "json"));
    for line in lines {
        folder.write("loaders/rows.json", &format!("[{line}]"));
        folder.run(&["import", "--store", "sqlite:rows.db"]).assert(1, "cannot be read: ", "");
    }
}

#[test]
fn settings_and_loaders_that_are_nested_deeply_are_told() {
    let deep = [
        format!("a = {}{}\n", "[".repeat(100_000), "]".repeat(100_000)),
        format!("a = {}{}\n", "{b = ".repeat(100_000), "}".repeat(100_000)),
        format!("a{} = 1\n", ".a".repeat(100_000)),
        format!("[a{}]\n", ".a".repeat(100_000)),
        format!("[[a{}]]\n", ".a".repeat(100_000)),
    ];
    for text in deep {
        let folder = Folder::with_books();
        folder.write("oponn.toml", &text);
        folder.run(&["check"]).assert(2, "", "oponn.toml");
        folder.write("oponn.toml", "");
        folder.write("loaders/deep.toml", &text);
        folder.run(&["import"]).assert(1, "", "deep.toml");
    }
    // Below what TOML may have, deep values are like others.
    let folder = Folder::with_books();
    for (name, text) in [
        ("path", format!("title = '{}'", "a.".repeat(200_000))),
        ("target", format!("'title{}' = 'title'", ".a".repeat(100_000))),
        ("constant", format!("title = {{ constant = {}{} }}", "[".repeat(70), "]".repeat(70))),
    ] {
        folder
            .write("loaders/books.toml", &crate::support::program::LOADER.replace("title = 'title'", &text));
        assert_eq!(folder.run(&["import"]).code(), 1, "{name}");
    }
}
