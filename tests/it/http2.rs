//! HTTP/2: many requests on one connection, within the same bounds as over HTTP/1.1.

use std::time::Duration;

use futures_util::future::join_all;
use h2::Reason;
use h2::client::Builder;
use serde_json::{Value as Json, json};

use crate::bounds::until;
use crate::support::app::TestApp;
use crate::support::http2::{Http2, read, whole};
use crate::support::program::Folder;
use crate::support::raw::Raw;

const SDL: &str = "type Book @collection { id: ID! isbn: String! @unique title: String! }";
const TRIVIAL: &str = r#"{"data":{"__typename":"Query"}}"#;

fn address(app: &TestApp) -> String {
    app.url("").trim_start_matches("http://").to_owned()
}

/// A client that grants answers no room, while it reads from the socket.
fn grants_nothing() -> Builder {
    let mut builder = Builder::new();
    builder.initial_window_size(0);
    builder
}

async fn bound(app: &TestApp, bound: &str) -> u64 {
    app.metric("oponn_http_bounds_total", &[("bound", bound)]).await
}

async fn with_a_book(title: &str, setup: crate::support::app::Setup) -> TestApp {
    let app = setup.start().await;
    let create = "mutation($t: String!) { createBook(input: {isbn: \"1\", title: $t}) { isbn } }";
    app.data(create, json!({ "t": title })).await;
    app
}

#[tokio::test]
async fn it_is_spoken_with_those_who_begin_with_it() {
    let app = TestApp::new(SDL).await;
    let mut http2 = Http2::connect(&address(&app)).await;
    assert_eq!(whole(http2.query("{ __typename }").await).await, (200, TRIVIAL.to_owned()));
    let response = http2.get("/graphql?query=%7B__typename%7D", &[("x-request-id", "abc")]).await;
    let response = response.await.expect("the server answers");
    assert_eq!(response.headers()["x-request-id"], "abc");
    assert_eq!(response.headers()["content-length"], TRIVIAL.len().to_string().as_str());
    assert_eq!(read(response.into_body()).await.expect("wholly"), TRIVIAL.as_bytes());
    let editor = http2.get("/graphql", &[("accept", "text/html")]).await.await.expect("the server answers");
    assert_eq!(
        (editor.status().as_u16(), &editor.headers()["location"]),
        (303, &"./".parse().expect("text"))
    );
    assert_eq!(whole(http2.get("/nothing", &[]).await).await.0, 404);
    // And HTTP/1.1 with all others, at the same address.
    let mut raw = Raw::connect(&address(&app)).await;
    raw.query("{ __typename }").await;
    assert_eq!(raw.answer().await.expect("an answer").body, TRIVIAL);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_requests_share_a_connection() {
    let title = "x".repeat(300_000);
    let app = with_a_book(&title, TestApp::with(SDL)).await;
    let mut http2 = Http2::connect(&address(&app)).await;
    // Now the server has said how many it takes at a time, and the others wait for their turn.
    assert_eq!(whole(http2.query("{ __typename }").await).await.0, 200);
    let mut responses = Vec::new();
    for number in 0..300 {
        let query = format!("{{ a{number}: bookByIsbn(isbn: \"1\") {{ title }} }}");
        responses.push(tokio::spawn(whole(http2.query(&query).await)));
    }
    for (number, response) in join_all(responses).await.into_iter().enumerate() {
        let (status, body) = response.expect("it is answered");
        let body: Json = serde_json::from_str(&body).expect("JSON");
        let right = body["data"][format!("a{number}")]["title"] == title.as_str();
        assert!(status == 200 && right, "{number}: {status}");
    }
    assert_eq!(http2.at_a_time(), 100);
    assert_eq!(app.metric("oponn_http_connections", &[]).await, 2, "one for all, and that of the metrics");
}

#[tokio::test]
async fn who_grants_answers_no_room_is_cut_off() {
    for length in [1, 1_000_000] {
        let title = "x".repeat(length);
        let short = |options: &mut oponn::server::ServerOptions| {
            options.write_timeout = Duration::from_millis(50);
        };
        let app = with_a_book(&title, TestApp::with(SDL).options(short)).await;
        let mut http2 = Http2::connect_with(&address(&app), &grants_nothing()).await;
        let response = http2.query("{ bookByIsbn(isbn: \"1\") { title } }").await;
        let response = response.await.expect("the head comes");
        assert!(read(response.into_body()).await.is_err(), "the rest of it does not");
        let _ = http2.end.await.expect("the connection ends");
        assert_eq!(bound(&app, "write_timeout").await, 1);
    }
}

#[tokio::test]
async fn who_asks_nothing_is_let_go() {
    let short = Duration::from_millis(50);
    let app = TestApp::with(SDL).options(|options| options.head_timeout = short).start().await;
    let mut http2 = Http2::connect(&address(&app)).await;
    assert_eq!(whole(http2.query("{ __typename }").await).await.0, 200);
    http2.end.await.expect("it ends").expect("with a good-bye");
    // Nor does one stay who does not even say what he speaks.
    for begun in ["", "PRI * HTTP/2.0\r\n", "POST"] {
        let mut raw = Raw::connect(&address(&app)).await;
        raw.send(begun.as_bytes()).await;
        assert_eq!(raw.drain().await, 0, "{begun}");
    }
    assert_eq!(bound(&app, "write_timeout").await, 0);
}

#[tokio::test]
async fn bodies_of_one_connection_are_counted_together() {
    let few = |options: &mut oponn::server::ServerOptions| (options.bodies, options.body_limit) = (1, 20_000);
    let app = TestApp::with(SDL).options(few).start().await;
    let piece = vec![b' '; 10_000];
    // Each connection over HTTP/1.1 has its own.
    let mut others = Vec::new();
    for _ in 0..10 {
        let mut raw = Raw::connect(&address(&app)).await;
        raw.head(15_000).await;
        raw.send(&piece).await;
        others.push(raw);
    }
    let mut http2 = Http2::connect(&address(&app)).await;
    let mut requests = Vec::new();
    for _ in 0..10 {
        let (response, mut body) = http2.head().await.expect("the server takes requests");
        body.send_data(piece.clone().into(), false).expect("it can be sent");
        requests.push((response, body));
    }
    until(async || bound(&app, "bodies").await >= 4).await;
    for raw in &mut others {
        assert!(raw.answer_at_hand().await.is_none(), "they are not at a bound");
    }
    drop(requests);
}

#[tokio::test(flavor = "multi_thread")]
async fn small_answers_of_one_connection_are_counted_too() {
    let title = "x".repeat(10_000);
    let setup = TestApp::with(SDL).options(|options| options.unread = 256 << 10);
    let app = with_a_book(&title, setup).await;
    let mut http2 = Http2::connect_with(&address(&app), &grants_nothing()).await;
    let mut responses = Vec::new();
    for number in 0..60 {
        let query = format!("{{ a{number}: bookByIsbn(isbn: \"1\") {{ title }} }}");
        let Ok((response, mut body)) = http2.head().await else { break };
        let sent = body.send_data(json!({ "query": query }).to_string().into(), true);
        responses.push((response, sent));
    }
    until(async || bound(&app, "unread").await >= 1).await;
    let _ = http2.end.await.expect("the connection ends");
    // Who reads is served.
    let mut http2 = Http2::connect(&address(&app)).await;
    let (status, body) = whole(http2.query("{ bookByIsbn(isbn: \"1\") { title } }").await).await;
    assert!(status == 200 && body.contains(&title), "{status}");
}

#[tokio::test]
async fn heads_are_bounded() {
    let app = TestApp::new(SDL).await;
    let mut http2 = Http2::connect(&address(&app)).await;
    let long = "x".repeat(20_000);
    let response = http2.get("/graphql?query=%7B__typename%7D", &[("x-long", &long)]).await.await;
    assert_eq!(response.expect("the server answers").status().as_u16(), 431);
}

#[tokio::test]
async fn who_breaks_off_all_that_he_asks_is_cut_off() {
    let app = TestApp::new(SDL).await;
    let mut http2 = Http2::connect(&address(&app)).await;
    assert_eq!(whole(http2.query("{ __typename }").await).await.0, 200);
    // All at once, before any is begun.
    for _ in 0..50 {
        let (_, mut body) = http2.head().await.expect("the server takes requests");
        body.send_reset(Reason::CANCEL);
    }
    let ended = http2.end.await.expect("the connection ends").expect_err("not in good order");
    assert_eq!(ended.reason(), Some(Reason::ENHANCE_YOUR_CALM), "{ended}");
    app.data("{ __typename }", Json::Null).await;
}

#[tokio::test]
async fn past_the_bound_of_connections_all_are_told() {
    let app = TestApp::with(SDL).options(|options| options.connections = 1).start().await;
    let mut held = Raw::connect(&address(&app)).await;
    held.query("{ __typename }").await;
    assert_eq!(held.answer().await.expect("an answer").status, 200);
    let mut http2 = Http2::connect(&address(&app)).await;
    let response = http2.query("{ __typename }").await.await.expect("the server answers");
    assert_eq!(
        (response.status().as_u16(), &response.headers()["retry-after"]),
        (503, &"1".parse().expect("text"))
    );
    assert_eq!(whole(http2.get("/healthz", &[]).await).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_in_flight_finish_when_the_server_stops() {
    let folder = Folder::with_books();
    let serving = folder.serve(&[]);
    let mut http2 = Http2::connect(&serving.address).await;
    let (response, mut body) = http2.head().await.expect("the server takes requests");
    until(async || serving.metrics().await.value("oponn_http_in_flight", &[]) == 2.0).await;
    let address = serving.address.clone();
    let stopping = tokio::task::spawn_blocking(move || serving.stop());
    // Nothing is taken any more; only then does the body arrive.
    while tokio::net::TcpStream::connect(&address).await.is_ok() {}
    body.send_data(r#"{"query": "{ __typename }"}"#.into(), true).expect("it can be sent");
    assert_eq!(whole(response).await, (200, TRIVIAL.to_owned()));
    http2.end.await.expect("it ends").expect("with a good-bye");
    let (code, log) = stopping.await.expect("it ends");
    assert!(code == Some(0) && !log.contains("cut off"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_take_too_long_end_with_the_server() {
    let folder = Folder::with_books();
    folder.write("oponn.toml", "[server]\ngrace = '0s'\n");
    let serving = folder.serve(&[]);
    let mut http2 = Http2::connect(&serving.address).await;
    let (response, _body) = http2.head().await.expect("the server takes requests");
    until(async || serving.metrics().await.value("oponn_http_in_flight", &[]) == 2.0).await;
    let (code, log) = tokio::task::spawn_blocking(move || serving.stop()).await.expect("it ends");
    assert!(code == Some(0) && log.contains("cut off"), "{log}");
    assert!(response.await.is_err());
}
