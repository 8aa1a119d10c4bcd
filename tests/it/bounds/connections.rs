//! Connections: how many, from where, and for how long without reading.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{SDL, until};
use crate::support::app::TestApp;
use crate::support::program::Folder;
use crate::support::raw::{Answer, Raw};
use crate::support::services::MongoDatabase;

fn assert_turned_away(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.head.contains("retry-after: 1\r\n"), "{answer:?}");
    assert!(answer.head.contains("connection: close\r\n"), "{answer:?}");
    let body: Json = serde_json::from_str(&answer.body).expect("JSON");
    assert_eq!(body["errors"][0]["extensions"]["code"], "OVERLOADED", "{body}");
}

#[tokio::test]
async fn connections_are_bounded_in_all_and_per_address() {
    let app = TestApp::with(SDL)
        .options(|options| (options.connections, options.connections_per_address) = (3, Some(2)))
        .start()
        .await;
    let address = app.url("").trim_start_matches("http://").to_owned();
    let one_more = async |from| {
        let mut raw = Raw::connect_from(from, &address).await;
        raw.query("{ __typename }").await;
        let answer = raw.answer().await.expect("it is told");
        (raw, answer)
    };
    let (mut first, answer) = one_more("127.0.0.1").await;
    assert_eq!(answer.status, 200);
    let (second, answer) = one_more("127.0.0.1").await;
    assert_eq!(answer.status, 200);
    // This address has its share, whereas others have a place.
    assert_turned_away(&one_more("127.0.0.1").await.1);
    let (_third, answer) = one_more("127.0.0.2").await;
    assert_eq!(answer.status, 200);
    assert_turned_away(&one_more("127.0.0.3").await.1);
    for path in ["/healthz", "/readyz"] {
        let answer = Raw::connect(&address).await.get(path).await;
        assert_eq!(answer.status, 200, "probes are answered: {answer:?}");
    }
    let metrics = Raw::connect(&address).await.get("/metrics").await.body;
    for line in [
        "oponn_http_connections 3",
        r#"oponn_http_bounds_total{bound="address"} 1"#,
        r#"oponn_http_bounds_total{bound="connections"} 4"#,
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is not in\n{metrics}");
    }

    // Who has a place keeps it, and one that is given up is free for others.
    first.query("{ books { totalCount } }").await;
    assert_eq!(first.answer().await.expect("an answer").status, 200);
    drop(second);
    until(async || one_more("127.0.0.3").await.1.status == 200).await;
}

#[tokio::test]
async fn half_of_all_is_for_one_address_unless_said_otherwise() {
    let app = TestApp::with(SDL).options(|options| options.connections = 3).start().await;
    let address = app.url("").trim_start_matches("http://").to_owned();
    let (mut held, mut statuses) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let mut raw = Raw::connect(&address).await;
        raw.query("{ __typename }").await;
        statuses.push(raw.answer().await.expect("it is told").status);
        held.push(raw);
    }
    assert_eq!(statuses, [200, 200, 503]);
}

#[tokio::test]
async fn who_does_not_read_is_cut_off() {
    let short = Duration::from_millis(50);
    let app = TestApp::with(SDL).options(|options| options.write_timeout = short).start().await;
    let title = "x".repeat(1 << 20);
    let create = "mutation($t: String!) { createBook(input: {isbn: \"1\", title: $t}) { isbn } }";
    app.data(create, json!({ "t": title })).await;
    let address = app.url("").trim_start_matches("http://").to_owned();
    let mut raw = Raw::connect(&address).await;
    let fields: String = (0..24).map(|i| format!("t{i}: title ")).collect();
    raw.query(&format!("{{ bookByIsbn(isbn: \"1\") {{ {fields} }} }}")).await;
    until(async || app.metric("oponn_http_bounds_total", &[("bound", "write_timeout")]).await == 1).await;
    assert!(raw.drain().await < 24 << 20, "the rest of the answer is gone");
    // A client that reads gets it all, however large.
    let whole = app.query(&format!("{{ bookByIsbn(isbn: \"1\") {{ {fields} }} }}"), Json::Null).await;
    assert_eq!(whole["data"]["bookByIsbn"]["t23"], title);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_all_file_descriptors_taken_the_store_is_reached() {
    let (database, folder) = (MongoDatabase::new(), Folder::with_books());
    let store = format!("--store={}", database.url());
    folder.write("oponn.toml", "[server]\nconnections_per_address = 1000\n");
    let loaded = folder.run(&["import", &store]);
    loaded.assert(0, "", "");
    let server = folder.serve_with_files(200, &[&store, "--cache=none:"]);
    assert!(server.logged(
        "the system allows too few open files for all connections: raise its limit (`ulimit -n`, \
         `LimitNOFILE=`), or set `server.connections`"
    ));

    let mut clients = Vec::new();
    for _ in 0..16 {
        let mut raw = Raw::connect(&server.address).await;
        raw.query("{ __typename }").await;
        assert_eq!(raw.answer().await.expect("an answer").status, 200);
        clients.push(raw);
    }
    // As many as there is no room for, and more. All stay open here; a half of each request is there.
    let mut idle = Vec::new();
    for _ in 0..400 {
        let mut raw = Raw::connect(&server.address).await;
        let _ = raw.try_send(b"POST /graphql HTTP/1.1\r\nhost: x\r\n").await;
        idle.push(raw);
    }
    // Now the store's own connections are wanted, many at once.
    for round in 0..10 {
        for (number, raw) in clients.iter_mut().enumerate() {
            raw.query(&format!(
                "{{ books(where: {{isbn: {{ne: \"{round}.{number}\"}}}}) {{ totalCount }} }}"
            ))
            .await;
        }
        for raw in &mut clients {
            let answer = raw.answer().await.expect("an answer");
            assert_eq!(answer.body, r#"{"data":{"books":{"totalCount":2}}}"#);
        }
    }
    // Nobody is left to be waited for.
    drop((idle, clients));
    let (code, log) = server.stop();
    assert_eq!(code, Some(0), "{log}");
    let warnings: Vec<&str> = log.lines().filter(|line| line.contains("\"WARN\"")).collect();
    assert_eq!(warnings.len(), 1, "one line for all that are turned away: {warnings:#?}");
    assert!(warnings[0].contains("all connections are taken"), "{warnings:?}");
}
