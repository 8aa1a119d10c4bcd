//! Redis away: reads fall through, writes succeed, and nothing stale shows when it is back. The store away: that is
//! told once.

use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tokio::io::AsyncReadExt;

use super::support::app::{CacheKind, StoreKind, TestApp};
use super::support::program::Folder;
use super::support::proxy::Proxy;
use super::support::services::{MongoDatabase, mongodb_address, redis_address, redis_prefix};

const SDL: &str = "type Book @collection { id: ID! isbn: String! @unique title: String! }";
const LIST: &str =
    "{ books(orderBy: [{field: TITLE}]) { totalCount nodes { title } } bookByIsbn(isbn: \"1\") { title } }";

async fn rename(app: &TestApp, title: &str) {
    let text = "mutation($t: String!) { upsertBook(on: ISBN, input: {isbn: \"1\", title: $t}) { title } }";
    let data = app.data(text, json!({ "t": title })).await;
    assert_eq!(data["upsertBook"]["title"], title);
}

async fn expect(app: &TestApp, title: &str) {
    let seen = app.data(LIST, Json::Null).await;
    let expected = json!({
        "books": { "totalCount": 1, "nodes": [{ "title": title }] },
        "bookByIsbn": { "title": title },
    });
    assert_eq!(seen, expected);
}

/// An application that reaches its Redis through a proxy.
async fn behind_a_proxy() -> (Proxy, TestApp) {
    let proxy = Proxy::start(&redis_address()).await;
    let proxied = format!("redis://{}", proxy.address());
    let app = TestApp::with(SDL).on(StoreKind::Mongo, CacheKind::Redis).redis(&proxied).start().await;
    (proxy, app)
}

/// Reads until the store is no longer asked, because the cache is used again: bounded, and by looking,
/// not by the clock. An operation that began before the cut may still fail and have the cache cleared
/// once more.
async fn answered_by_the_cache(app: &TestApp, title: &str) {
    let back = async {
        loop {
            expect(app, title).await;
            let operations = app.store_operations().await;
            expect(app, title).await;
            if app.store_operations().await == operations {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), back).await.expect("the cache is used again");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_stale_shows_when_redis_is_back() {
    let (proxy, app) = behind_a_proxy().await;
    rename(&app, "first").await;
    expect(&app, "first").await;
    for (round, break_it) in [Proxy::cut as fn(&Proxy), Proxy::silence, Proxy::cut].into_iter().enumerate() {
        break_it(&proxy);
        let title = format!("written while away {round}");
        rename(&app, &title).await;
        expect(&app, &title).await;
        let ready: Json =
            app.http.get(app.url("/readyz")).send().await.expect("it answers").json().await.expect("JSON");
        assert_eq!(ready["cache"]["answers"], false, "{ready}");
        proxy.restore();
        answered_by_the_cache(&app, &title).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cached_outlives_a_late_answer() {
    let (proxy, app) = behind_a_proxy().await;
    rename(&app, "kept").await;
    expect(&app, "kept").await;
    let other = "{ books(where: {title: {eq: \"kept\"}}) { nodes { isbn } } }";
    let filled = app.data(other, Json::Null).await;

    proxy.hold();
    // From the store, as soon as the cache has been waited for long enough.
    expect(&app, "kept").await;
    proxy.restore();
    answered_by_the_cache(&app, "kept").await;
    // This list was not read meanwhile: had the cache been cleared, the store would be asked for it.
    let operations = app.store_operations().await;
    assert_eq!(app.data(other, Json::Null).await, filled);
    assert_eq!(app.store_operations().await, operations);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_told_once() {
    let (proxy, folder) = (Proxy::start(&redis_address()).await, Folder::with_books());
    folder.write("oponn.toml", &format!("deployment = '{}'\n", redis_prefix()));
    let cache = format!("--cache=redis://{}", proxy.address());
    let server = folder.serve(&["--store=sqlite:books.db", &cache]);
    let write = async |number: usize| {
        let input = format!("{{isbn: \"1\", title: \"{number}\"}}");
        let query = format!("mutation {{ upsertBook(on: ISBN, input: {input}) {{ title }} }}");
        let answer = server.query(&query).await;
        assert_eq!(answer["data"]["upsertBook"]["title"], number.to_string(), "{answer}");
    };
    write(0).await;
    proxy.cut();
    let writes = async {
        for number in 1..=200 {
            write(number).await;
        }
    };
    // A line for each would be more than the log's pipe takes before it is read.
    tokio::time::timeout(Duration::from_secs(60), writes)
        .await
        .expect("no flood of lines holds up the server");
    proxy.restore();
    let trusted = async { while server.metrics().await.value("oponn_cache_trusted", &[]) == 0.0 {} };
    tokio::time::timeout(Duration::from_secs(30), trusted).await.expect("the cache is used again");
    let (code, log) = server.stop();
    assert_eq!(code, Some(0), "{log}");
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("cache")).collect();
    assert_eq!(lines.len(), 2, "one line when it went and one when it came back: {lines:#?}");
    assert!(lines[0].contains("WARN") && lines[1].contains("INFO"), "{lines:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_away_is_told_once() {
    let (proxy, folder) = (Proxy::start(&mongodb_address()).await, Folder::with_books());
    let database = MongoDatabase::new();
    let store = database.url().replace(&mongodb_address(), proxy.address());
    let store = format!("{store}&serverSelectionTimeoutMS=50");
    folder.write("oponn.toml", "[limits]\nfreshness = \"0s\"\n");
    let server = folder.serve(&[&format!("--store={store}")]);
    let asks = async |number: usize| {
        let query = format!("{{ books(where: {{title: {{eq: \"{number}\"}}}}) {{ totalCount }} }}");
        server.query(&query).await["errors"][0]["extensions"]["code"].clone()
    };
    assert_eq!(asks(0).await, Json::Null);
    proxy.cut();
    for number in 1..=50 {
        assert_eq!(asks(number).await, "UNAVAILABLE");
    }
    let failed =
        async || server.metrics().await.value("oponn_graphql_errors_total", &[("code", "UNAVAILABLE")]);
    assert_eq!(failed().await, 50.0, "each is counted");
    proxy.restore();
    let answered = async { while asks(51).await != Json::Null {} };
    tokio::time::timeout(Duration::from_secs(30), answered).await.expect("the store is used again");
    // It is back when it has answered for a while. Each question is another one, so that the store is asked.
    let begun = Instant::now();
    for number in 100.. {
        assert_eq!(asks(number).await, Json::Null);
        if begun.elapsed() > Duration::from_secs(2) {
            break;
        }
    }
    let (code, log) = server.stop();
    assert_eq!(code, Some(0), "{log}");
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("the store")).collect();
    assert_eq!(lines.len(), 2, "one line when it went and one when it came back: {lines:#?}");
    assert!(lines[0].contains("WARN") && lines[1].contains("INFO"), "{lines:#?}");
}

/// What tests rely on: what was silent never speaks again, even if it was cut for no time at all.
#[tokio::test]
async fn a_cut_that_is_over_at_once_is_not_missed() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("some port is free");
    let proxy = Proxy::start(&listener.local_addr().expect("it is bound").to_string()).await;
    let mut client = tokio::net::TcpStream::connect(proxy.address()).await.expect("it listens");
    let (_server, _) = listener.accept().await.expect("it is passed on");
    proxy.silence();
    proxy.cut();
    proxy.restore();
    assert_eq!(client.read(&mut [0]).await.expect("it is closed in order"), 0);
    proxy.cut();
    proxy.closed().await;
}
