//! What a page of another site has a browser send, without the browser asking first.

use reqwest::header::{CONTENT_TYPE, HOST, ORIGIN};
use reqwest::{Method, StatusCode};
use serde_json::Value as Json;

use super::{SDL, app, assert_error};
use crate::support::app::TestApp;
use crate::support::http2::{Http2, whole};

const GET: &str = "/graphql?query=%7B__typename%7D";
const NAMED: &str = "https://a.example";
const UNNAMED: &str = "https://c.example";

async fn open_to(origin: &str) -> TestApp {
    TestApp::with(SDL).options(|options| options.cors_origins = vec![origin.to_owned()]).start().await
}

async fn get(app: &TestApp, method: Method, headers: &[(&str, &str)]) -> reqwest::Response {
    let request = app.http.request(method, app.url(GET));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.send().await.expect("the server answers")
}

#[tokio::test]
async fn a_query_by_get_is_refused_to_pages_of_other_sites() {
    let app = app().await;
    let origin = ("origin", UNNAMED);
    for headers in [
        &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")][..],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "cross-site"), origin],
        &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("accept", "*/*")],
        &[("sec-fetch-site", "something-new")],
        &[origin],
        &[("origin", "null")],
        &[("origin", "https://"), ("host", "")],
    ] {
        for method in [Method::GET, Method::HEAD] {
            let response = get(&app, method, headers).await;
            assert_eq!(response.status(), StatusCode::FORBIDDEN, "{headers:?}");
        }
        let body: Json = get(&app, Method::GET, headers).await.json().await.expect("JSON");
        assert_eq!(body["errors"][0]["extensions"]["code"], "FORBIDDEN", "{body}");
        assert_eq!(body.get("data"), None, "{body}");
    }
    assert_error(get(&app, Method::GET, &[origin]).await, "POST with `content-type: application/json`").await;
    assert_eq!(app.metric("oponn_graphql_requests_total", &[("outcome", "ok")]).await, 0);
}

#[tokio::test]
async fn it_is_for_everybody_else() {
    let app = app().await;
    let host = app.url("").trim_start_matches("http://").to_owned();
    let (plain, tls) = (format!("http://{host}"), format!("https://{host}"));
    for headers in [
        &[][..],
        &[("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate"), ("accept", "*/*")],
        &[("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "same-origin"), ("origin", UNNAMED)],
        &[("origin", &plain)],
        // Behind a proxy that ends TLS.
        &[("origin", &tls)],
        &[("origin", "https://api.example"), ("host", "api.example")],
    ] {
        assert_eq!(get(&app, Method::GET, headers).await.status(), StatusCode::OK, "{headers:?}");
    }
    // HTTP/2 has no `host`.
    let mut http2 = Http2::connect(&host).await;
    assert_eq!(whole(http2.get(GET, &[("origin", "http://x")]).await).await.0, 200);
    assert_eq!(whole(http2.get(GET, &[("origin", UNNAMED)]).await).await.0, 403);
}

#[tokio::test]
async fn it_is_for_pages_that_may_read_the_answer() {
    let app = open_to(NAMED).await;
    for (origin, status) in [(NAMED, StatusCode::OK), (UNNAMED, StatusCode::FORBIDDEN)] {
        for site in ["cross-site", "same-site"] {
            let response = get(&app, Method::GET, &[("sec-fetch-site", site), ("origin", origin)]).await;
            assert_eq!(response.status(), status, "{origin}");
        }
        assert_eq!(get(&app, Method::GET, &[("origin", origin)]).await.status(), status, "{origin}");
    }
    // An image of such a page says nothing of the page.
    assert_eq!(
        get(&app, Method::GET, &[("sec-fetch-site", "cross-site")]).await.status(),
        StatusCode::FORBIDDEN
    );
    let app = open_to("*").await;
    for headers in [&[("sec-fetch-site", "cross-site")][..], &[("origin", UNNAMED)], &[("origin", "null")]] {
        assert_eq!(get(&app, Method::GET, headers).await.status(), StatusCode::OK, "{headers:?}");
    }
}

#[tokio::test]
async fn a_post_without_a_preflight_is_refused_from_wherever() {
    let app = app().await;
    let mutation = r#"{"query": "mutation { createBook(input: {isbn: \"1\", title: \"x\"}) { id } }"}"#;
    for content_type in [
        None,
        Some("text/plain"),
        Some("text/plain; charset=utf-8"),
        Some("text/plain; application/json"),
        Some("multipart/form-data; boundary=application/json"),
        Some("application/x-www-form-urlencoded"),
        Some("application/x-www-form-urlencoded, application/json"),
        Some(""),
    ] {
        let request = app.http.post(app.url("/graphql")).header(ORIGIN, UNNAMED).body(mutation);
        let request = request.header(HOST, "x").header("sec-fetch-site", "cross-site");
        let request = match content_type {
            Some(content_type) => request.header(CONTENT_TYPE, content_type),
            None => request,
        };
        let response = request.send().await.expect("the server answers");
        assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "{content_type:?}");
    }
    // Nor does the address say what the body must not.
    let request = app.http.post(app.url(GET)).header(CONTENT_TYPE, "text/plain");
    let response = request.send().await.expect("the server answers");
    assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(app.data("{ books { totalCount } }", Json::Null).await["books"]["totalCount"], 0);
}
