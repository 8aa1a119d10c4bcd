//! How many requests are carried out at once, and how many wait for that.

use std::sync::Arc;

use oponn::cache::{CacheLimits, MemoryCache};
use oponn::engine::{Engine, EngineOptions};
use oponn::graphql::{Api, ApiLimits};
use oponn::metrics::Metrics;
use oponn::server::{self, Server, ServerOptions};
use oponn::store::{SqliteStore, Store};
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;

use super::{SDL, until};
use crate::support::app::model;
use crate::support::gate::Gate;
use crate::support::raw::Raw;
use crate::support::scrape::Scrape;

/// A server whose queries wait until the test lets them go on.
struct Held {
    gate: Arc<Gate>,
    metrics: Arc<Metrics>,
    address: String,
    _folder: tempfile::TempDir,
}

impl Held {
    async fn start(executions: usize, queue: usize) -> Held {
        Held::within(ApiLimits { executions, queue, ..ApiLimits::default() }).await
    }

    async fn within(limits: ApiLimits) -> Held {
        let (model, metrics) = (Arc::new(model(SDL)), Arc::new(Metrics::default()));
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let store = SqliteStore::open(model.clone(), &folder.path().join("test.db")).expect("it can be made");
        store.prepare().await.expect("it can be prepared");
        let gate = Arc::new(Gate::new(Arc::new(MemoryCache::new(CacheLimits::default()))));
        let engine =
            Engine::new(model, Arc::new(store), gate.cache(), metrics.clone(), EngineOptions::default());
        let api = Api::new(Arc::new(engine), limits).expect("the schema can be served");
        let options = ServerOptions { batch_max: Some(10), ..ServerOptions::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = listener.local_addr().expect("a bound socket has an address").to_string();
        tokio::spawn(server::serve(listener, Server::new(api.into(), options), std::future::pending()));
        Held { gate, metrics, address, _folder: folder }
    }

    /// Sends a query that nobody else asks.
    async fn ask(&self, number: usize) -> Raw {
        self.send(&format!("{{ b{number}: books {{ totalCount }} }}")).await
    }

    async fn send(&self, operation: &str) -> Raw {
        let mut raw = Raw::connect(&self.address).await;
        raw.query(operation).await;
        raw
    }

    fn says(&self, line: &str) -> bool {
        self.metrics.render().lines().any(|found| found == line)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn past_the_bound_requests_wait_and_past_the_queue_they_are_turned_away() {
    let held = Held::start(2, 1).await;
    let mut asked = Vec::new();
    for number in 0..4 {
        asked.push(held.ask(number).await);
    }
    // Two are carried out and one waits: one of the four is told at once.
    let answers = asked.iter_mut().map(|raw| Box::pin(raw.answer()));
    let (first, _, others) = futures_util::future::select_all(answers).await;
    let first = first.expect("an answer");
    assert_eq!(first.status, 503, "{first:?}");
    assert!(first.head.contains("retry-after: 1\r\n"), "{first:?}");
    let body: Json = serde_json::from_str(&first.body).expect("JSON");
    assert_eq!(body["errors"][0]["extensions"]["code"], "OVERLOADED", "{body}");
    assert!(held.says(r#"oponn_http_bounds_total{bound="executions"} 1"#));
    // Probes do not wait.
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(Raw::connect(&held.address).await.get(path).await.status, 200, "{path}");
    }
    held.gate.pass(1_000);
    for answer in others {
        let answer = answer.await.expect("an answer");
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.body.contains(r#""totalCount":0"#), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_whose_client_has_gone_makes_room() {
    let held = Held::start(1, 0).await;
    let gone = held.ask(0).await;
    held.gate.begun(1).await;
    let answer = held.ask(1).await.answer().await.expect("an answer");
    assert_eq!(answer.status, 503, "the first is still being carried out: {answer:?}");
    drop(gone);
    // It is broken off where it waits: nothing has let it go on.
    until(async || held.says("oponn_http_in_flight 0")).await;
    let next = async || {
        let mut raw = held.ask(2).await;
        tokio::select! {
            answer = raw.answer() => answer.is_none_or(|answer| answer.status != 503),
            () = held.gate.begun(2) => true,
        }
    };
    until(next).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_answer_needs_no_turn() {
    let held = Held::start(1, 0).await;
    held.gate.pass(1_000);
    until(async || {
        assert_eq!(held.ask(0).await.answer().await.expect("an answer").status, 200);
        held.says(r#"oponn_graphql_kept_total{result="hit",what="answer"} 1"#)
    })
    .await;
    held.gate.shut_pages();
    let _slow = held.ask(1).await;
    held.gate.waiting(1).await;
    for _ in 0..3 {
        assert_eq!(held.ask(0).await.answer().await.expect("an answer").status, 200);
    }
    assert_eq!(held.ask(2).await.answer().await.expect("an answer").status, 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_turned_away_as_a_whole() {
    let held = Held::start(1, 0).await;
    let _slow = held.ask(0).await;
    held.gate.begun(1).await;
    let mut raw = Raw::connect(&held.address).await;
    raw.post(&json!([{ "query": "{ books { totalCount } }" }, { "query": "{ c: books { totalCount } }" }]))
        .await;
    let answer = raw.answer().await.expect("an answer");
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.head.contains("retry-after: 1\r\n"), "{answer:?}");
    let body: Json = serde_json::from_str(&answer.body).expect("JSON");
    assert_eq!(body["errors"][0]["extensions"]["code"], "OVERLOADED", "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_has_begun_is_answered_to_its_end() {
    // Room for the small operations alone.
    let held = Held::within(ApiLimits { memory: 64 << 10, ..ApiLimits::default() }).await;
    held.gate.pass(1_000);
    let write = "mutation { createBook(input: { isbn: \"1\", title: \"a\" }) { title } }";
    let large = format!("{{ bookByIsbn(isbn: \"{}\") {{ id }} }}", "x".repeat(400 << 10));
    let mut raw = Raw::connect(&held.address).await;
    raw.post(&json!([{ "query": write }, { "query": large }, { "query": "{ books { totalCount } }" }])).await;
    let answer = raw.answer().await.expect("an answer");
    assert_eq!(answer.status, 200, "{answer:?}");
    let body: Json = serde_json::from_str(&answer.body).expect("JSON");
    assert_eq!(body[0], json!({ "data": { "createBook": { "title": "a" } } }));
    assert_eq!(body[1]["errors"][0]["extensions"]["code"], "OVERLOADED", "{body}");
    assert_eq!(body[2], json!({ "data": { "books": { "totalCount": 1 } } }));

    let mut raw = Raw::connect(&held.address).await;
    raw.post(&json!([{ "query": large }, { "query": write }])).await;
    assert_eq!(raw.answer().await.expect("an answer").status, 503);
    assert!(held.says(r#"oponn_graphql_requests_total{kind="mutation",outcome="ok"} 1"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_large_operations_finish_whatever_the_others_hold() {
    let held = Held::within(ApiLimits { memory: 4 << 20, ..ApiLimits::default() }).await;
    let title = "x".repeat(120 << 10);
    for isbn in 0..4 {
        let input = format!("{{ isbn: \"{isbn}\", title: \"{title}\" }}");
        let create = format!("mutation {{ createBook(input: {input}) {{ id }} }}");
        held.send(&create).await.answer().await.expect("an answer");
    }
    held.gate.pass(1_000);
    held.gate.shut_pages();
    // Each holds its text while it waits, and takes its rows after that.
    let text = "y".repeat(300 << 10);
    let large =
        |n: u64| format!("{{ books(where: {{ isbn: {{ ne: \"{text}{n}\" }} }}) {{ nodes {{ title }} }} }}");
    let mut oldest = Vec::new();
    for n in 0..2 {
        oldest.push(held.send(&large(n)).await);
        held.gate.waiting(n + 1).await;
    }
    let mut others = Vec::new();
    for n in 2..30 {
        others.push(held.send(&large(n)).await);
    }
    let count = |name: &str, labels: &[(&str, &str)]| {
        Scrape::parse(&held.metrics.render()).value(name, labels) as usize
    };
    let refused = || count("oponn_http_requests_total", &[("route", "graphql"), ("status", "503")]);
    until(async || count("oponn_http_in_flight", &[]) + refused() == 30).await;
    until(async || refused() > 0).await;
    held.gate.open_pages();
    for mut raw in oldest {
        let answer = raw.answer().await.expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.head);
        assert!(!answer.body.contains("OVERLOADED"), "it was the first to come");
        assert_eq!(answer.body.matches("\"title\"").count(), 4);
    }
}
