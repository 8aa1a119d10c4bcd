//! That metrics say what the documentation says, and count what they say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::join_all;
use oponn::cache::{Changes, RedisCache};
use oponn::metrics::Metrics;
use serde_json::{Value as Json, json};

use super::cache_contract::domain::{change, fill, limits, on, shelf};
use super::support::app::{CacheKind, StoreKind, TestApp};
use super::support::redis_server::Server;
use super::support::scrape::Scrape;

const SDL: &str = "type Book @collection { id: ID! isbn: String! @unique title: String! price: Int! }";

const CREATE: &str = "mutation($i: BookInput!) { createBook(input: $i) { id } }";
const ALL: &str = "{ books(orderBy: [{field: PRICE, direction: ASC}]) { nodes { isbn price } } }";

async fn create(app: &TestApp, isbn: i64) -> String {
    let input = json!({ "isbn": isbn.to_string(), "title": format!("t{isbn}"), "price": isbn });
    let made = app.data(CREATE, json!({ "i": input })).await;
    made["createBook"]["id"].as_str().expect("a book has an id").to_owned()
}

/// A label's name and, when they are all told, its values.
type Labels = BTreeMap<String, BTreeSet<String>>;

/// The metrics that the documentation lists.
fn documented() -> BTreeMap<String, Labels> {
    let text = include_str!("../../docs/operations.md");
    let section = text.split("\n## ").find(|section| section.starts_with("Metrics\n")).expect("a section");
    let quoted = |text: &str| -> Vec<String> { text.split('`').skip(1).step_by(2).map(Into::into).collect() };
    let row = |line: &str| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let name = cells.next()?.trim_end_matches('`').to_owned();
        let label = |label: &str| {
            let mut words = quoted(label).into_iter();
            Some((words.next()?, words.collect()))
        };
        Some((name, cells.next()?.split(';').filter_map(label).collect()))
    };
    section.lines().filter_map(row).collect()
}

#[tokio::test]
async fn the_documentation_lists_every_metric_with_its_labels() {
    let app = TestApp::new(SDL).await;
    app.engine.metrics().event_sink("hook");
    app.engine.metrics().event_backlog("hook", 0, 0, 0.0);
    let scraped = app.metrics().await;
    let documented = documented();
    let names: BTreeSet<&String> = documented.keys().collect();
    assert_eq!(names, scraped.families().collect(), "left: docs/operations.md, right: /metrics");
    for (name, labels) in &documented {
        let mut found = scraped.labels_of(name).expect("a series of each family");
        found.remove("le");
        let label_names = |labels: &Labels| labels.keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(label_names(labels), label_names(&found), "{name}");
        for (label, values) in labels.iter().filter(|(_, values)| !values.is_empty()) {
            assert_eq!(values, &found[label], "{name}, {label}");
        }
    }
}

#[tokio::test]
async fn every_read_is_counted_once() {
    for (store, cache) in [(StoreKind::Sqlite, CacheKind::Memory), (StoreKind::Mongo, CacheKind::Redis)] {
        let app = TestApp::with(SDL).on(store, cache).start().await;
        let id = create(&app, 1).await;
        let readers = 20;
        let text = "query($id: ID!) { book(id: $id) { isbn } bookByIsbn(isbn: \"1\") { id } }";
        let before = app.metrics().await;
        // Texts of their own, or they would share one answer.
        let texts: Vec<String> = (0..readers).map(|n| format!("{text} # {n}")).collect();
        join_all(texts.iter().map(|text| app.data(text, json!({ "id": id })))).await;
        let after = app.metrics().await;
        let reads = |kind, result| {
            after.since(&before, "oponn_cache_reads_total", &[("kind", kind), ("result", result)])
        };
        let all =
            |kind| ["hit", "kept", "miss", "joined", "bypass"].map(|result| reads(kind, result)).iter().sum();
        let lists: f64 = all("batch");
        assert_eq!(lists, f64::from(readers), "{cache:?}");
        assert_eq!((reads("batch", "miss"), reads("batch", "bypass")), (1.0, 0.0), "{cache:?}");
        let entities: f64 = all("entity");
        // Who reads the list from the cache reads its row's entity there.
        assert_eq!(entities, f64::from(2 * readers - 1), "{cache:?}");
        assert_eq!(reads("entity", "bypass"), 0.0, "{cache:?}");
        assert_eq!(after.since(&before, "oponn_cache_fills_total", &[("result", "kept")]), 1.0, "{cache:?}");
    }
}

#[tokio::test]
async fn reads_without_a_cache_are_bypasses() {
    let app = TestApp::with(SDL).on(StoreKind::Sqlite, CacheKind::None).start().await;
    let id = create(&app, 1).await;
    app.data(&format!("{{ book(id: {id:?}) {{ isbn }} }}"), Json::Null).await;
    app.data(ALL, Json::Null).await;
    let scraped = app.metrics().await;
    for kind in ["entity", "batch"] {
        for (result, count) in [("hit", 0.0), ("miss", 0.0), ("joined", 0.0), ("bypass", 1.0)] {
            let labels = [("kind", kind), ("result", result)];
            assert_eq!(scraped.value("oponn_cache_reads_total", &labels), count, "{labels:?}");
        }
    }
    assert_eq!(scraped.value("oponn_cache_trusted", &[]), 1.0);
}

#[tokio::test]
async fn a_write_tells_what_it_found_and_touched() {
    let app = TestApp::new(SDL).await;
    let id = create(&app, 1).await;
    for list in [
        ALL,
        // Found, because a range narrows nothing, and not touched.
        "{ books(where: {price: {gte: 100}}) { nodes { id } } }",
        // Not found.
        "{ books(where: {title: {eq: \"other\"}}) { nodes { id } } }",
    ] {
        app.data(list, Json::Null).await;
    }
    let before = app.metrics().await;
    let text = "mutation($id: ID!) { updateBook(id: $id, set: {price: 7}) { id } }";
    app.data(text, json!({ "id": id })).await;
    let after = app.metrics().await;
    let since = |name: &str, labels: &[(&str, &str)]| after.since(&before, name, labels);
    assert_eq!(since("oponn_cache_reconcile_batches_sum", &[("stage", "found")]), 2.0);
    assert_eq!(since("oponn_cache_reconcile_batches_sum", &[("stage", "touched")]), 1.0);
    assert_eq!(since("oponn_cache_reconcile_seconds_count", &[]), 1.0);
    assert_eq!(since("oponn_cache_reconciled_total", &[("action", "moved")]), 1.0);
    assert_eq!(since("oponn_graphql_request_seconds_count", &[("kind", "mutation")]), 1.0);
    assert_eq!(since("oponn_graphql_kept_total", &[("what", "plan"), ("result", "miss")]), 1.0);
    app.data(text, json!({ "id": id })).await;
    let again = app.metrics().await;
    for what in ["document", "plan"] {
        let labels = [("what", what), ("result", "hit")];
        assert_eq!(again.since(&after, "oponn_graphql_kept_total", &labels), 1.0, "{what}");
    }
    // The request that asks is under way, nothing else is.
    assert_eq!(again.value("oponn_http_in_flight", &[]), 1.0);
    assert_eq!(again.value("oponn_store_in_flight", &[]), 0.0);
}

#[tokio::test]
async fn what_is_dropped_has_a_reason() {
    let setup = TestApp::with(SDL)
        .options(|options| options.allow_cache_override = true)
        .engine(|engine| (engine.limits.departed, engine.bulk) = (0, 1));
    let app = setup.start().await;
    let (one, _) = (create(&app, 1).await, create(&app, 2).await);
    app.data(ALL, Json::Null).await;
    let before = app.metrics().await;
    app.data(&format!("mutation {{ deleteBook(id: {one:?}) {{ id }} }}"), Json::Null).await;
    create(&app, 3).await;
    app.data("mutation { updateBooks(where: {}, all: true, set: {price: 5}) { count } }", Json::Null).await;
    let body = json!({ "query": CREATE, "variables": { "i": { "isbn": "4", "title": "x", "price": 4 } } });
    let request = app.http.post(app.url("/graphql")).header("oponn-cache", "invalidate").json(&body);
    request.send().await.expect("the server answers");
    let after = app.metrics().await;
    let since = |name: &str, reason| after.since(&before, name, &[("reason", reason)]);
    assert_eq!(since("oponn_cache_batches_dropped_total", "departed"), 1.0);
    assert_eq!(since("oponn_cache_types_voided_total", "bulk"), 1.0);
    assert_eq!(since("oponn_cache_types_voided_total", "strategy"), 1.0);
    let dropped = after.since(&before, "oponn_cache_reconciled_total", &[("action", "dropped")]);
    assert_eq!(dropped, 1.0, "types are counted elsewhere");
}

#[tokio::test]
async fn a_lost_index_is_counted() {
    let server = Server::start(&[]).await;
    let metrics = Arc::new(Metrics::default());
    let cache = RedisCache::connect(&server.url(), "test", limits(), metrics.clone()).await.expect("a URL");
    fill(&cache, &shelf("a"), &[]).await;
    let mut connection = server.raw().await;
    let lost: i64 =
        redis::cmd("DEL").arg("{oponn:test}:x:Item").query_async(&mut connection).await.expect("OK");
    assert_eq!(lost, 1);
    cache.note(cache.mark(), &[change(1, None, Some(&on("a", 1, 1)), 2)]).await.expect("the cache is there");
    let scraped = Scrape::parse(&metrics.render());
    assert_eq!(scraped.value("oponn_cache_types_voided_total", &[("reason", "index")]), 1.0);
}

#[tokio::test]
async fn traffic_with_redis_is_counted_as_redis_counts_it() {
    let server = Server::start(&[]).await;
    let setup = TestApp::with(SDL).on(StoreKind::Sqlite, CacheKind::Redis).redis(&server.url());
    let app = setup.start().await;
    let mut connection = server.raw().await;
    let mut redis_says = async || {
        let info: String =
            redis::cmd("INFO").arg("everything").query_async(&mut connection).await.expect("OK");
        let number = |name: &str| -> f64 {
            let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.expect("Redis tells it").trim().parse().expect("a number")
        };
        (number("total_net_input_bytes"), number("total_net_output_bytes"), info.len() as f64)
    };
    for isbn in 0..30 {
        create(&app, isbn).await;
    }
    let before = app.metrics().await;
    let (input, output, info) = redis_says().await;
    for _ in 0..50 {
        app.data(ALL, Json::Null).await;
    }
    create(&app, 99).await;
    let (now_in, now_out, _) = redis_says().await;
    // Redis has written the first answer meanwhile, and not yet the second.
    let (input, output) = (now_in - input, now_out - output - info);
    let after = app.metrics().await;
    let since = |name: &str, labels: &[(&str, &str)]| after.since(&before, name, labels);
    let (sent, received) = (
        since("oponn_redis_bytes_total", &[("direction", "sent")]),
        since("oponn_redis_bytes_total", &[("direction", "received")]),
    );
    // Beside what is measured there are a question for information and the pings of the probes.
    assert!((sent - input).abs() < 200.0, "sent {sent}, Redis read {input}");
    assert!((received - output).abs() < 200.0, "received {received}, Redis wrote {output}");
    let (trips, commands) =
        (since("oponn_redis_round_trips_total", &[]), since("oponn_redis_commands_total", &[]));
    assert!(trips >= 50.0 && commands >= trips, "{trips} round trips, {commands} commands");
    assert_eq!(since("oponn_redis_round_trip_seconds_count", &[]), trips);
    assert_eq!(after.value("oponn_redis_in_flight", &[]), 0.0);
}
