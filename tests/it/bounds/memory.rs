//! What clients hold in the server's memory: answers that they do not read, bodies that they do not end.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{SDL, until};
use crate::support::app::client;
use crate::support::program::{Folder, Serving};
use crate::support::raw::Raw;

const MIB: usize = 1 << 20;

/// A server with these bounds, in a process of its own.
fn serve(settings: &str) -> (Folder, Serving) {
    let folder = Folder::new();
    folder.write("schema.graphql", SDL);
    folder.write("oponn.toml", settings);
    let serving = folder.serve(&["--store=sqlite:books.db"]);
    (folder, serving)
}

async fn count(serving: &Serving, metric: &str, labels: &[(&str, &str)]) -> usize {
    serving.metrics().await.value(metric, labels) as usize
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_never_read_do_not_fill_the_memory() {
    let (_folder, serving) = serve("[server]\nunread = '16MiB'\nexecutions = 8\n[api]\nanswers = 0\n");
    let title = "x".repeat(MIB);
    let create = format!("mutation {{ createBook(input: {{isbn: \"1\", title: \"{title}\"}}) {{ id }} }}");
    assert!(serving.query(&create).await["data"]["createBook"].is_object());
    let mut held = Vec::new();
    for i in 0..200 {
        let mut raw = Raw::connect(&serving.address).await;
        raw.query(&format!("{{ b{i}: bookByIsbn(isbn: \"1\") {{ a: title b: title c: title d: title }} }}"))
            .await;
        held.push(raw);
    }
    let answered = [("kind", "query"), ("outcome", "ok")];
    until(async || count(&serving, "oponn_graphql_requests_total", &answered).await >= 200).await;
    let peak = serving.peak_memory();
    assert!(peak < 400, "{peak} MiB");
    assert!(count(&serving, "oponn_http_bounds_total", &[("bound", "unread")]).await > 100);
    // Who reads is served.
    let whole = serving.query("{ bookByIsbn(isbn: \"1\") { a: title b: title c: title d: title } }").await;
    assert_eq!(whole["data"]["bookByIsbn"]["d"], title);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_do_not_end_do_not_fill_the_memory() {
    let (_folder, serving) = serve("[server]\nbodies = '16MiB'\nbody_timeout = '10m'\n");
    let half = vec![b' '; MIB];
    let mut held = Vec::new();
    for _ in 0..500 {
        let mut raw = Raw::connect(&serving.address).await;
        raw.head(2 * MIB).await;
        // The server has had enough of most of them before all of it is sent.
        let _ = raw.try_send(&half).await;
        held.push(raw);
    }
    let refused = [("route", "graphql"), ("status", "503")];
    until(async || {
        let scrape = serving.metrics().await;
        // This look at the metrics is under way itself.
        let waiting = scrape.value("oponn_http_in_flight", &[]) as usize - 1;
        let refused = scrape.value("oponn_http_requests_total", &refused) as usize;
        // Most of their halves have no place in 16 MiB.
        waiting <= 16 && waiting + refused == 500
    })
    .await;
    let peak = serving.peak_memory();
    assert!(peak < 320, "{peak} MiB");
    // Requests as they should be come in all the while.
    let answer = serving.query("{ books { totalCount } }").await;
    assert_eq!(answer["data"]["books"]["totalCount"], 0);
    let mut refused = 0;
    for mut raw in held {
        if let Some(answer) = raw.answer_at_hand().await {
            assert_eq!(answer.status, 503, "{answer:?}");
            assert!(answer.head.contains("retry-after: 1\r\n"), "{answer:?}");
            refused += 1;
        }
    }
    assert!(refused > 0, "somebody was told");
}

#[tokio::test(flavor = "multi_thread")]
async fn packed_bodies_that_are_huge_do_not_fill_the_memory() {
    let (_folder, serving) = serve("");
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![b' '; 16 * MIB]).expect("memory takes it");
    // A gigabyte, in as many members as that takes.
    let packed = encoder.finish().expect("memory takes it").repeat(64);
    assert!(packed.len() < 2 * MIB, "{} bytes are packed well", packed.len());
    let request = client().post(format!("http://{}/graphql", serving.address));
    let request = request.header("content-type", "application/json").header("content-encoding", "gzip");
    let response = request.body(packed).send().await.expect("the server answers");
    assert_eq!(response.status(), 413);
    let peak = serving.peak_memory();
    assert!(peak < 320, "{peak} MiB");
}
