//! GraphQL over HTTP as its specification says, and everything else that the server answers.

use std::net::SocketAddr;
use std::time::Duration;

use oponn::server::ServerOptions;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, ALLOW, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::support::app::TestApp;

mod forgery;
mod origins;
mod uploads;
mod visitors;

const SDL: &str = "type Book @collection { id: ID! isbn: String! @unique title: String! }";

const MODERN: &str = "application/graphql-response+json";
const PLAIN: &str = "application/json";

async fn app() -> TestApp {
    TestApp::new(SDL).await
}

async fn post(app: &TestApp, accept: Option<&str>, body: impl Into<reqwest::Body>) -> Response {
    let request = app.http.post(app.url("/graphql")).header(CONTENT_TYPE, PLAIN).body(body);
    let request = match accept {
        Some(accept) => request.header(ACCEPT, accept),
        None => request,
    };
    request.send().await.expect("the server answers")
}

fn content_type(response: &Response) -> String {
    let value = response.headers()[CONTENT_TYPE].to_str().expect("text");
    value.split(';').next().unwrap_or_default().to_owned()
}

async fn json_of(response: Response) -> Json {
    serde_json::from_slice(&response.bytes().await.expect("a whole body")).expect("JSON")
}

/// Every refusal is a GraphQL error with a code.
async fn assert_error(response: Response, message: &str) {
    let body = json_of(response).await;
    let error = &body["errors"][0];
    assert!(error["extensions"]["code"].is_string(), "{body}");
    assert!(error["message"].as_str().is_some_and(|text| text.contains(message)), "{body} lacks {message}");
}

#[tokio::test]
async fn the_accepted_media_type_decides_type_and_status() {
    let app = app().await;
    let (valid, invalid) = (r#"{"query": "{ __typename }"}"#, r#"{"query": "{ nothing }"}"#);
    for (accept, body, status, media) in [
        (None, valid, 200, MODERN),
        (Some("*/*"), valid, 200, MODERN),
        (Some(MODERN), valid, 200, MODERN),
        (Some(PLAIN), valid, 200, PLAIN),
        (Some("text/html, application/json;q=0.9"), valid, 200, PLAIN),
        (Some(MODERN), invalid, 400, MODERN),
        (Some(PLAIN), invalid, 200, PLAIN),
        (Some(MODERN), r#"{"query": "{"}"#, 400, MODERN),
        (Some(PLAIN), r#"{"query": "{"}"#, 200, PLAIN),
        (Some("text/html"), valid, 406, MODERN),
    ] {
        let response = post(&app, accept, body).await;
        assert_eq!(response.status().as_u16(), status, "{accept:?} {body}");
        assert_eq!(content_type(&response), media, "{accept:?} {body}");
    }
}

#[tokio::test]
async fn requests_that_are_none_are_refused_whatever_is_accepted() {
    let app = app().await;
    for (body, message) in [
        ("", "not valid JSON"),
        ("{", "not valid JSON"),
        ("\"{ __typename }\"", "has to be a JSON object"),
        ("{}", "`query` is missing"),
        (r#"{"query": 1}"#, "`query` has to be a string"),
        (r#"{"query": "{ __typename }", "operationName": 1}"#, "`operationName`"),
        (r#"{"query": "{ __typename }", "variables": []}"#, "`variables`"),
        (r#"{"query": "{ __typename }", "extensions": "x"}"#, "`extensions`"),
        (r#"[{"query": "{ __typename }"}]"#, "turned off"),
    ] {
        for accept in [MODERN, PLAIN] {
            let response = post(&app, Some(accept), body).await;
            assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{body}");
            assert_eq!(content_type(&response), accept, "{body}");
            assert_error(response, message).await;
        }
    }
}

#[tokio::test]
async fn nulls_and_unknown_members_are_passed_over() {
    let app = app().await;
    let body = r#"{"query": "{ __typename }", "operationName": null, "variables": null,
                   "extensions": {"tracing": {"version": 1}, "persistedQuery": null}, "id": 7}"#;
    let response = post(&app, None, body).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(json_of(response).await, json!({"data": {"__typename": "Query"}}));
}

#[tokio::test]
async fn the_body_has_to_be_json() {
    let app = app().await;
    let body = r#"{"query": "{ __typename }"}"#;
    for (content_type, status) in [
        (Some("application/json"), 200),
        (Some("application/json; charset=utf-8"), 200),
        (Some("application/json; charset=utf-16"), 415),
        (Some("text/plain"), 415),
        (Some("application/x-www-form-urlencoded"), 415),
        (None, 415),
    ] {
        let mut request = app.http.post(app.url("/graphql")).body(body);
        if let Some(content_type) = content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        let response = request.send().await.expect("the server answers");
        assert_eq!(response.status().as_u16(), status, "{content_type:?}");
    }
}

#[tokio::test]
async fn get_is_for_queries() {
    let app = app().await;
    let get = async |parameters: &[(&str, &str)]| {
        let mut url = reqwest::Url::parse(&app.url("/graphql")).expect("an address");
        url.query_pairs_mut().extend_pairs(parameters);
        app.http.get(url).send().await.expect("the server answers")
    };
    let document = "query A { __typename } query B($isbn: String!) { bookByIsbn(isbn: $isbn) { id } }";
    let response =
        get(&[("query", document), ("operationName", "B"), ("variables", r#"{"isbn": "1"}"#)]).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(json_of(response).await, json!({"data": {"bookByIsbn": null}}));

    let empty = [("query", "{ __typename }"), ("operationName", ""), ("variables", ""), ("extensions", "")];
    assert_eq!(get(&empty).await.status(), StatusCode::OK, "what is empty is left out");

    let mutation = r#"mutation { createBook(input: {isbn: "1", title: "x"}) { id } }"#;
    let response = get(&[("query", mutation)]).await;
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(response.headers()[ALLOW], "POST");
    assert_error(response, "").await;
    let count = app.data("{ books { totalCount } }", Json::Null).await;
    assert_eq!(count, json!({"books": {"totalCount": 0}}));

    for (parameters, message) in [
        (&[][..], "`query` is missing"),
        (&[("query", "{ __typename }"), ("variables", "{")], "`variables` is not valid JSON"),
        (&[("query", "{ __typename }"), ("variables", "[]")], "`variables` has to be an object"),
        (&[("query", "{ __typename }"), ("query", "{ a }")], "more than once"),
    ] {
        let response = get(parameters).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{parameters:?}");
        assert_error(response, message).await;
    }
}

#[tokio::test]
async fn other_methods_and_paths_are_refused() {
    let app = app().await;
    for method in [Method::PUT, Method::DELETE, Method::PATCH] {
        let response =
            app.http.request(method, app.url("/graphql")).send().await.expect("the server answers");
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(response.headers()[ALLOW], "GET, HEAD, POST, OPTIONS");
        assert_error(response, "use POST").await;
    }
    let response = app.http.get(app.url("/graphq")).send().await.expect("the server answers");
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_error(response, "/graphql").await;
    let response = app.http.post(app.url("/healthz")).send().await.expect("the server answers");
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_error(response, "use GET").await;
}

#[tokio::test]
async fn the_schema_can_be_kept_to_oneself() {
    let app = TestApp::with(SDL).api(|limits| limits.introspection = false).start().await;
    let response = post(&app, None, r#"{"query": "{ __schema { types { name } } }"}"#).await;
    let body = json_of(response).await;
    assert!(body["errors"][0]["message"].is_string() && !body.to_string().contains("Book"), "{body}");
    assert_eq!(app.data("{ books { totalCount } }", Json::Null).await, json!({"books": {"totalCount": 0}}));
}

#[tokio::test]
async fn large_bodies_are_refused_with_and_without_their_length() {
    let app = TestApp::with(SDL).options(|options| options.body_limit = 1_000).start().await;
    let padded = |size: usize| {
        let mut body = String::from(r#"{"query": "{ __typename }"}"#);
        body.push_str(&" ".repeat(size - body.len()));
        body
    };
    assert_eq!(post(&app, None, padded(1_000)).await.status(), StatusCode::OK);
    let response = post(&app, None, padded(1_001)).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_error(response, "1000 bytes").await;

    let chunks = padded(1_001)
        .into_bytes()
        .chunks(100)
        .map(|part| Ok::<_, std::io::Error>(part.to_vec()))
        .collect::<Vec<_>>();
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
    let response = post(&app, None, body).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_error(response, "1000 bytes").await;
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up() {
    let short = std::time::Duration::from_millis(20);
    let app = TestApp::with(SDL).options(|options| options.body_timeout = short).start().await;
    let body = reqwest::Body::wrap_stream(futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    let response = post(&app, None, body).await;
    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
    assert_error(response, "too long").await;
}

#[tokio::test]
async fn batches_are_answered_in_order_where_they_are_allowed() {
    let app = TestApp::with(SDL).options(|options| options.batch_max = Some(3)).start().await;
    let create = r#"{"query": "mutation { createBook(input: {isbn: \"1\", title: \"A\"}) { title } }"}"#;
    let read = r#"{"query": "{ bookByIsbn(isbn: \"1\") { title } }"}"#;
    let response = post(&app, None, format!("[{create}, {read}, {{\"query\": \"{{ nothing }}\"}}]")).await;
    assert_eq!(response.status(), StatusCode::OK);
    let body = json_of(response).await;
    assert_eq!(body[0], json!({"data": {"createBook": {"title": "A"}}}));
    assert_eq!(body[1], json!({"data": {"bookByIsbn": {"title": "A"}}}));
    assert!(body[2]["errors"][0]["message"].is_string(), "{body}");

    for body in ["[]".to_owned(), format!("[{}]", [read; 4].join(",")), "[1]".to_owned()] {
        let response = post(&app, None, body.clone()).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{body}");
        assert_error(response, "").await;
    }
}

#[tokio::test]
async fn the_answers_to_a_batch_are_bounded_together() {
    let change = |options: &mut oponn::server::ServerOptions| {
        (options.batch_max, options.batch_answers) = (Some(4), 100);
    };
    let app = TestApp::with(SDL).options(change).start().await;
    let create = |isbn: &str, title: &str| {
        let input = format!("{{isbn: \"{isbn}\", title: \"{title}\"}}");
        json!({ "query": format!("mutation {{ createBook(input: {input}) {{ title }} }}") })
    };
    let long = "x".repeat(60);
    let all = json!([create("1", &long), create("2", &long), create("3", "C"), create("4", "D")]);
    let body = json_of(post(&app, None, all.to_string()).await).await;
    for done in 0..2 {
        assert_eq!(body[done], json!({ "data": { "createBook": { "title": long } } }));
    }
    for left in 2..4 {
        assert_eq!(body[left]["errors"][0]["extensions"]["code"], "TOO_COMPLEX", "{body}");
    }
    assert_eq!(app.data("{ books { totalCount } }", Json::Null).await, json!({"books": {"totalCount": 2}}));
}

#[tokio::test]
async fn large_answers_are_compressed_for_those_who_understand() {
    let app = app().await;
    let introspection = r#"{"query": "{ __schema { types { name fields { name } } } }"}"#;
    for (body, accept, coding) in [
        (introspection, "gzip", Some("gzip")),
        (introspection, "br, gzip;q=0.5", Some("br")),
        (introspection, "identity", None),
        (r#"{"query": "{ __typename }"}"#, "gzip", None),
    ] {
        let request = app.http.post(app.url("/graphql")).header(CONTENT_TYPE, PLAIN).body(body);
        let response = request.header(ACCEPT_ENCODING, accept).send().await.expect("the server answers");
        let found = response.headers().get(CONTENT_ENCODING).map(|value| value.to_str().expect("text"));
        assert_eq!(found, coding, "{accept} {body}");
        let vary: Vec<&str> =
            response.headers().get_all(VARY).iter().filter_map(|v| v.to_str().ok()).collect();
        assert!(vary.join(",").to_lowercase().contains("accept"), "{vary:?}");
    }
}

#[tokio::test]
async fn each_request_has_an_id() {
    let app = app().await;
    let id = async |given: Option<&str>| {
        let mut request = app.http.get(app.url("/healthz"));
        if let Some(given) = given {
            request = request.header("x-request-id", given);
        }
        let response = request.send().await.expect("the server answers");
        response.headers()["x-request-id"].to_str().expect("text").to_owned()
    };
    assert_eq!(id(Some("abc-123")).await, "abc-123");
    let (one, two) = (id(None).await, id(None).await);
    assert_eq!(one.len(), 32);
    assert_ne!(one, two);
    let long = "x".repeat(200);
    for harmful in ["two words", long.as_str()] {
        assert_ne!(id(Some(harmful)).await, harmful);
    }
}

#[tokio::test]
async fn probes_and_metrics_answer() {
    let app = app().await;
    let alive = app.http.get(app.url("/healthz")).send().await.expect("the server answers");
    assert_eq!(alive.status(), StatusCode::OK);
    let ready = app.http.get(app.url("/readyz")).send().await.expect("the server answers");
    assert_eq!(ready.status(), StatusCode::OK);
    assert_eq!(
        json_of(ready).await,
        json!({"status": "ready", "store": {"kind": "sqlite", "answers": true}, "cache": {"kind": "memory", "answers": true}})
    );

    post(&app, None, r#"{"query": "{ __typename }"}"#).await;
    post(&app, None, "{").await;
    assert_eq!(app.metric("oponn_http_requests_total", &[("route", "graphql"), ("status", "200")]).await, 1);
    assert_eq!(app.metric("oponn_http_requests_total", &[("route", "graphql"), ("status", "400")]).await, 1);
    assert_eq!(app.metric("oponn_graphql_requests_total", &[("kind", "query"), ("outcome", "ok")]).await, 1);
    assert_eq!(app.metric("oponn_graphql_errors_total", &[("code", "BAD_USER_INPUT")]).await, 1);
    assert_eq!(app.metric("oponn_http_request_seconds_count", &[("route", "graphql")]).await, 2);
}

/// A server, what stops it, and a client whose request it has taken, but not the body of it.
async fn request_in_flight(
    options: ServerOptions,
) -> (SocketAddr, JoinHandle<bool>, oneshot::Sender<()>, BufReader<TcpStream>) {
    let app = app().await;
    let api =
        oponn::graphql::Api::new(app.engine.clone(), Default::default()).expect("the schema can be served");
    let server = oponn::server::Server::new(api.into(), options);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let address = listener.local_addr().expect("a bound socket has an address");
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(oponn::server::serve(listener, server, async {
        let _ = stopped.await;
    }));

    // The server says 100 when the handler waits for the body: then the request is in flight.
    let mut stream = BufReader::new(TcpStream::connect(address).await.expect("the server listens"));
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        BODY.len()
    );
    stream.write_all(head.as_bytes()).await.expect("the head is sent");
    let mut line = String::new();
    stream.read_line(&mut line).await.expect("the server answers");
    assert!(line.starts_with("HTTP/1.1 100"), "{line}");
    (address, serving, stop, stream)
}

const BODY: &str = r#"{"query": "{ __typename }"}"#;

#[tokio::test]
async fn requests_in_flight_finish_when_the_server_stops() {
    let (address, serving, stop, mut stream) = request_in_flight(ServerOptions::default()).await;
    stop.send(()).expect("the server runs");
    // Nothing is taken any more; only then does the body arrive.
    while TcpStream::connect(address).await.is_ok() {}
    stream.write_all(BODY.as_bytes()).await.expect("the body is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("the server closes after the answer");
    assert!(
        answer.contains("HTTP/1.1 200") && answer.contains(r#"{"data":{"__typename":"Query"}}"#),
        "{answer}"
    );
    assert!(serving.await.expect("the server ends"), "nothing was cut off");
}

#[tokio::test]
async fn requests_that_take_too_long_end_with_the_server() {
    let options = ServerOptions { grace: Duration::ZERO, ..ServerOptions::default() };
    let (_, serving, stop, mut stream) = request_in_flight(options).await;
    stop.send(()).expect("the server runs");
    assert!(!serving.await.expect("the server ends"), "the request was cut off");
    // Left alone, it would be told after a while that its body is late.
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    assert_eq!(answer.trim(), "");
}
