//! Traces: a collector gets a span of each layer, each under the one that it is a part of.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use parking_lot::Mutex;
use prost::Message;
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;

use super::support::app::client;
use super::support::program::{Folder, Serving};

/// What takes traces, as OTLP over HTTP has it.
struct Collector {
    url: String,
    received: Arc<Mutex<Vec<ExportTraceServiceRequest>>>,
}

impl Collector {
    async fn start() -> Collector {
        let received = Arc::new(Mutex::new(Vec::new()));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let url = format!("http://ann:pa55@{address}?key=k3y");
        let routes = axum::Router::new().route("/v1/traces", post(take)).with_state(received.clone());
        tokio::spawn(async { axum::serve(listener, routes).await });
        Collector { url, received }
    }

    fn spans(&self) -> Spans {
        let received = self.received.lock();
        let resources = received.iter().flat_map(|request| &request.resource_spans);
        for resource in resources.clone() {
            let about = &resource.resource.as_ref().expect("a resource").attributes;
            assert_eq!(attribute(about, "service.name"), "oponn");
        }
        let spans = resources.flat_map(|resource| &resource.scope_spans).flat_map(|scope| &scope.spans);
        Spans(spans.map(|span| (span.span_id.clone(), span.clone())).collect())
    }
}

async fn take(
    State(received): State<Arc<Mutex<Vec<ExportTraceServiceRequest>>>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) {
    assert_eq!(headers["content-type"], "application/x-protobuf");
    assert_eq!(headers["authorization"], "Basic YW5uOnBhNTU=", "user and password of the URL");
    assert_eq!(uri.query(), Some("key=k3y"));
    received.lock().push(ExportTraceServiceRequest::decode(body).expect("protobuf"));
}

fn attribute(attributes: &[KeyValue], name: &str) -> String {
    let found = attributes.iter().find(|attribute| attribute.key == name);
    match found.and_then(|attribute| attribute.value.clone()) {
        Some(AnyValue { value: Some(Value::StringValue(text)) }) => text,
        Some(AnyValue { value: Some(Value::IntValue(number)) }) => number.to_string(),
        Some(AnyValue { value: Some(Value::BoolValue(truth)) }) => truth.to_string(),
        other => panic!("{name} is {other:?} among {attributes:#?}"),
    }
}

/// Spans by their ids.
struct Spans(BTreeMap<Vec<u8>, Span>);

impl Spans {
    /// The names of a span and of those around it, from the outermost on.
    fn path(&self, span: &Span) -> String {
        match self.0.get(&span.parent_span_id) {
            Some(parent) => format!("{} > {}", self.path(parent), span.name),
            None => span.name.clone(),
        }
    }

    /// The paths of all spans of a trace.
    fn paths(&self, trace: &str) -> Vec<String> {
        let of_trace = self.0.values().filter(|span| hex::encode(&span.trace_id) == trace);
        of_trace.map(|span| self.path(span)).collect()
    }

    fn named(&self, trace: &str, name: &str) -> &Span {
        let mut found = self.0.values().filter(|s| hex::encode(&s.trace_id) == trace && s.name == name);
        let span = found.next().unwrap_or_else(|| panic!("no {name} in {:#?}", self.paths(trace)));
        assert!(found.next().is_none(), "several {name} in {:#?}", self.paths(trace));
        span
    }

    #[track_caller]
    fn assert_path(&self, trace: &str, path: &str) {
        let paths = self.paths(trace);
        assert!(paths.iter().any(|found| found == path), "{path} is not among {paths:#?}");
    }
}

const CALLER: &str = "00f067aa0ba902b7";

/// Sends an operation as a part of a trace.
async fn send(serving: &Serving, trace: &str, sampled: bool, query: Json) -> Json {
    let request = client().post(format!("http://{}/graphql", serving.address));
    let request = request.header("traceparent", format!("00-{trace}-{CALLER}-0{}", u8::from(sampled)));
    let request = request.header("x-request-id", trace).json(&query);
    let body = request.send().await.expect("the server answers").bytes().await.expect("wholly");
    serde_json::from_slice(&body).expect("with JSON")
}

fn trace(number: u8) -> String {
    format!("{number:032x}")
}

// The collector has to answer while the test waits for the server to end.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_traced_through_every_layer() {
    let collector = Collector::start().await;
    let folder = Folder::with_books();
    let serving = folder.serve(&["--traces", &collector.url]);
    let (cold, warm, write, wrong, unsampled) = (trace(1), trace(2), trace(3), trace(4), trace(5));
    let list =
        json!({ "query": "query Titles { books(first: 5) { nodes { title } } }", "operationName": "Titles" });
    send(&serving, &cold, true, list.clone()).await;
    send(&serving, &warm, true, list.clone()).await;
    let create = "mutation { createBook(input: {isbn: \"9\", title: \"C\"}) { id } }";
    send(&serving, &write, true, json!({ "query": create })).await;
    send(&serving, &wrong, true, json!({ "query": "{ nothing }" })).await;
    send(&serving, &unsampled, false, list).await;
    client().get(format!("http://{}/healthz", serving.address)).send().await.expect("the server answers");
    let (code, log) = serving.stop();
    assert_eq!(code, Some(0), "{log}");

    let spans = collector.spans();
    let http = spans.named(&cold, "POST /graphql");
    assert_eq!(hex::encode(&http.parent_span_id), CALLER);
    for (name, value) in [
        ("http.request.method", "POST"),
        ("http.route", "/graphql"),
        ("http.response.status_code", "200"),
        ("request.id", &cold),
    ] {
        assert_eq!(attribute(&http.attributes, name), value);
    }
    let query = spans.named(&cold, "graphql");
    assert_eq!(attribute(&query.attributes, "graphql.operation.type"), "query");
    assert_eq!(attribute(&query.attributes, "graphql.operation.name"), "Titles");
    let pages = "POST /graphql > graphql > engine pages";
    for path in [
        pages.to_owned(),
        format!("{pages} > cache read_pages"),
        format!("{pages} > engine fill > cache lease"),
        format!("{pages} > engine fill > store find"),
        format!("{pages} > engine fill > cache fill_entities"),
        format!("{pages} > engine fill > cache commit"),
    ] {
        spans.assert_path(&cold, &path);
    }
    let find = spans.named(&cold, "store find");
    assert_eq!(attribute(&find.attributes, "db.collection.name"), "Book");
    assert_eq!(attribute(&find.attributes, "db.system.name"), "sqlite");

    let again = spans.named(&warm, "graphql");
    assert!(spans.paths(&warm).iter().all(|path| !path.contains("store")), "{:#?}", spans.paths(&warm));
    assert_eq!(again.parent_span_id, spans.named(&warm, "POST /graphql").span_id);

    let mutation = "POST /graphql > graphql > engine write";
    spans.assert_path(&write, &format!("{mutation} > store insert"));
    spans.assert_path(&write, &format!("{mutation} > engine reconcile > cache note"));
    spans.assert_path(&write, &format!("{mutation} > engine reconcile > cache reconcile"));

    let failed = spans.named(&wrong, "graphql").status.as_ref().expect("a status");
    assert_eq!(failed.code(), StatusCode::Error);
    assert!(spans.paths(&unsampled).is_empty(), "the caller did not want it traced");
    let known = [&cold, &warm, &write, &wrong].map(|trace| hex::decode(trace).expect("hexadecimal"));
    let others = spans.0.values().filter(|span| !known.contains(&span.trace_id));
    let others: Vec<String> = others.map(|span| spans.path(span)).collect();
    assert!(others.iter().all(|path| !path.contains('/')), "probes are not traced: {others:#?}");
}

#[tokio::test]
async fn a_collector_that_is_away_harms_nobody() {
    let folder = Folder::with_books();
    let serving = folder.serve(&["--traces", "http://127.0.0.1:9"]);
    let answer = send(&serving, &trace(1), true, json!({ "query": "{ books { totalCount } }" })).await;
    assert_eq!(answer["data"]["books"]["totalCount"], 2);
    let (code, log) = serving.stop();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("OTLP export"), "it is told: {log}");
}
