//! Bodies of requests that are packed.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};
use reqwest::{Response, StatusCode};
use serde_json::json;

use super::{PLAIN, app, assert_error, json_of};
use crate::support::app::TestApp;

const QUERY: &str = r#"{"query": "{ __typename }"}"#;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

async fn send(app: &TestApp, coding: &str, body: Vec<u8>) -> Response {
    let request = app.http.post(app.url("/graphql")).header(CONTENT_TYPE, PLAIN);
    request.header(CONTENT_ENCODING, coding).body(body).send().await.expect("the server answers")
}

#[tokio::test]
async fn packed_bodies_are_unpacked() {
    let app = app().await;
    let (one, two) = QUERY.split_at(9);
    let members = [gzip(one.as_bytes()), gzip(two.as_bytes())].concat();
    for (coding, body) in [
        ("gzip", gzip(QUERY.as_bytes())),
        ("GZIP", gzip(QUERY.as_bytes())),
        ("x-gzip", gzip(QUERY.as_bytes())),
        ("gzip", members),
        ("identity", QUERY.into()),
    ] {
        let response = send(&app, coding, body).await;
        assert_eq!(response.status(), StatusCode::OK, "{coding}");
        assert_eq!(json_of(response).await, json!({"data": {"__typename": "Query"}}), "{coding}");
    }
}

#[tokio::test]
async fn other_codings_are_refused_with_the_one_that_would_do() {
    let app = app().await;
    for coding in ["br", "deflate", "zstd", "gzip, gzip", "br, gzip", "", "nonsense"] {
        let response = send(&app, coding, gzip(QUERY.as_bytes())).await;
        assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "{coding}");
        assert_eq!(response.headers()[ACCEPT_ENCODING], "gzip", "{coding}");
        assert_error(response, "gzip").await;
    }
    let request = app.http.post(app.url("/graphql")).header(CONTENT_TYPE, PLAIN);
    let request = request.header(CONTENT_ENCODING, "gzip").header(CONTENT_ENCODING, "gzip");
    let response = request.body(gzip(&gzip(QUERY.as_bytes()))).send().await.expect("the server answers");
    assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn what_is_no_gzip_is_told() {
    let app = app().await;
    let whole = gzip(QUERY.as_bytes());
    let mut changed = whole.clone();
    let last = changed.len() - 5;
    changed[last] ^= 1;
    for body in [QUERY.into(), whole[..whole.len() - 1].to_vec(), whole[..12].to_vec(), changed, Vec::new()] {
        let response = send(&app, "gzip", body.clone()).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{body:?}");
        assert_error(response, "gzip").await;
    }
}

#[tokio::test]
async fn the_limit_is_of_what_is_unpacked() {
    let app = TestApp::with(super::SDL).options(|options| options.body_limit = 100_000).start().await;
    let padded = |size: usize| gzip(format!("{QUERY}{}", " ".repeat(size - QUERY.len())).as_bytes());
    assert_eq!(send(&app, "gzip", padded(100_000)).await.status(), StatusCode::OK);
    for size in [100_001, 50_000_000] {
        let body = padded(size);
        assert!(body.len() < 100_000, "{} bytes are packed well", body.len());
        let response = send(&app, "gzip", body).await;
        assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE, "{size}");
        assert_error(response, "100000 bytes").await;
    }
}
