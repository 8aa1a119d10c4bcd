//! Who comes to the API and is no client of it: browsers, and those who want subscriptions.

use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, LOCATION, UPGRADE, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use reqwest::redirect::Policy;
use reqwest::{Method, StatusCode};

use super::{MODERN, PLAIN, app, assert_error, content_type};

/// What browsers send when somebody types an address.
const BROWSER: &str =
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8";

#[tokio::test]
async fn the_editor_is_served_without_the_internet() {
    let app = app().await;
    let page = app.http.get(app.url("/")).send().await.expect("the server answers");
    assert_eq!(content_type(&page), "text/html");
    let policy = page.headers()[CONTENT_SECURITY_POLICY].to_str().expect("text");
    assert!(policy.contains("script-src 'self'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(page.headers()[X_FRAME_OPTIONS], "DENY");
    let html = page.text().await.expect("text");
    assert!(html.contains("books(first: 3)"), "the page suggests a query of the schema: {html}");
    assert!(!html.contains("//"), "nothing comes from elsewhere: {html}");

    let files: Vec<&str> = html.split('"').filter(|part| part.starts_with("graphiql/")).collect();
    assert_eq!(files.len(), 5);
    for file in files {
        let get = |accept| app.http.get(app.url(&format!("/{file}"))).header(ACCEPT_ENCODING, accept).send();
        let packed = get("gzip").await.expect("the server answers");
        assert_eq!(packed.status(), StatusCode::OK, "{file}");
        assert!(packed.headers().contains_key(CACHE_CONTROL), "{file}");
        let is_packed = packed.headers().get(CONTENT_ENCODING).is_some_and(|coding| coding == "gzip");
        let plain = get("identity").await.expect("the server answers");
        assert!(!plain.headers().contains_key(CONTENT_ENCODING), "{file}");
        let (packed, plain) = (packed.bytes().await.expect("whole"), plain.bytes().await.expect("whole"));
        assert!(!is_packed || packed.len() < plain.len(), "{file}");
    }
    let missing = app.http.get(app.url("/graphiql/nothing.js")).send().await.expect("the server answers");
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn browsers_are_led_to_the_editor() {
    let app = app().await;
    let client = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().expect("a client");
    let get = |path: &str, accept: &str| client.get(app.url(path)).header(ACCEPT, accept).send();
    let given = "query=%7Bbooks%7BtotalCount%7D%7D&variables=%7B%22a%22%3A1%7D&operationName=A";
    for (path, place) in
        [("/graphql".to_owned(), "./".to_owned()), (format!("/graphql?{given}"), format!("./?{given}"))]
    {
        let response = get(&path, BROWSER).await.expect("the server answers");
        assert_eq!(response.status(), StatusCode::SEE_OTHER, "{path}");
        assert_eq!(response.headers()[LOCATION], place, "{path}");
        assert!(response.headers()[VARY].to_str().expect("text").contains("accept"), "{path}");
    }
    // Who takes JSON as gladly is answered, and who posts is no browser.
    for accept in ["*/*", PLAIN, "text/html, application/json"] {
        let response = get("/graphql?query=%7B__typename%7D", accept).await.expect("the server answers");
        assert_eq!(response.status(), StatusCode::OK, "{accept}");
    }
    let post = client.post(app.url("/graphql")).header(ACCEPT, BROWSER).header(CONTENT_TYPE, PLAIN);
    let post = post.body(r#"{"query": "{ __typename }"}"#).send().await.expect("the server answers");
    assert_eq!(post.status(), StatusCode::OK);
    let post = client.post(app.url("/graphql")).header(ACCEPT, "text/html").header(CONTENT_TYPE, PLAIN);
    let post = post.body(r#"{"query": "{ __typename }"}"#).send().await.expect("the server answers");
    assert_eq!(post.status(), StatusCode::NOT_ACCEPTABLE);
}

#[tokio::test]
async fn the_editor_takes_what_its_address_has() {
    let app = app().await;
    let script = app.http.get(app.url("/graphiql/start.js")).send().await.expect("the server answers");
    let script = script.text().await.expect("text");
    for name in ["query", "variables", "operationName"] {
        assert!(script.contains(&format!("'{name}'")), "{name} in {script}");
    }
    // The page is the same for all addresses, so nothing of one can be made a part of it.
    let page = async |path: &str| {
        let page = app.http.get(app.url(path)).send().await.expect("the server answers");
        page.text().await.expect("text")
    };
    assert_eq!(page("/").await, page("/?query=%3Cscript%3Ealert(1)%3C/script%3E").await);
}

#[tokio::test]
async fn whoever_wants_subscriptions_is_told_that_there_are_none() {
    let app = app().await;
    let request = app.http.get(app.url("/graphql")).header("connection", "upgrade");
    let request = request.header(UPGRADE, "websocket").header("sec-websocket-version", "13");
    let request = request.header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    let response = request.header("sec-websocket-protocol", "graphql-transport-ws").send().await;
    let response = response.expect("the server answers");
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_error(response, "no subscriptions").await;

    let query = [("query", "subscription { books { totalCount } }")];
    for (accept, status) in [
        ("text/event-stream", 406),
        ("text/event-stream;q=0.5, multipart/mixed", 406),
        ("text/event-stream, */*", 400),
    ] {
        let url = reqwest::Url::parse_with_params(&app.url("/graphql"), &query).expect("an address");
        let response = app.http.get(url).header(ACCEPT, accept).send().await.expect("the server answers");
        assert_eq!(response.status().as_u16(), status, "{accept}");
        if status == 406 {
            assert_error(response, "no subscriptions").await;
        }
        let post = app.http.post(app.url("/graphql")).header(ACCEPT, accept).header(CONTENT_TYPE, PLAIN);
        let body = r#"{"query": "{ __typename }"}"#;
        let response = post.body(body).send().await.expect("the server answers");
        assert_eq!(response.status().as_u16(), if status == 406 { 406 } else { 200 }, "{accept}");
    }
    // HTTP/2 is offered by clients that are content with what they have.
    let request = app.http.get(app.url("/graphql?query=%7B__typename%7D")).header(UPGRADE, "h2c");
    assert_eq!(request.send().await.expect("the server answers").status(), StatusCode::OK);
}

#[tokio::test]
async fn a_head_has_everything_but_the_body() {
    let app = app().await;
    for path in
        ["/", "/graphql?query=%7B__typename%7D", "/graphiql/start.js", "/healthz", "/readyz", "/metrics"]
    {
        let whole = app.http.get(app.url(path)).send().await.expect("the server answers");
        let head = app.http.head(app.url(path)).send().await.expect("the server answers");
        assert_eq!(head.status(), whole.status(), "{path}");
        assert_eq!(head.headers()[CONTENT_TYPE], whole.headers()[CONTENT_TYPE], "{path}");
        if path != "/metrics" {
            assert_eq!(head.headers()[CONTENT_LENGTH], whole.headers()[CONTENT_LENGTH], "{path}");
        }
        assert!(head.bytes().await.expect("no body").is_empty(), "{path}");
    }
    let mutation = app.http.head(app.url("/graphql?query=mutation%7B__typename%7D"));
    let mutation = mutation.send().await.expect("the server answers");
    assert_eq!(mutation.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn nothing_is_taken_for_another_type_than_its_own() {
    let app = app().await;
    for (method, path) in [
        (Method::GET, "/"),
        (Method::GET, "/graphiql/start.js"),
        (Method::GET, "/graphiql/none.js"),
        (Method::GET, "/nothing"),
        (Method::GET, "/healthz"),
        (Method::GET, "/readyz"),
        (Method::GET, "/metrics"),
        (Method::PUT, "/metrics"),
        (Method::GET, "/graphql"),
        (Method::POST, "/graphql"),
        (Method::OPTIONS, "/graphql"),
        (Method::GET, "/graphql?query=%7B__typename%7D"),
    ] {
        let response =
            app.http.request(method.clone(), app.url(path)).send().await.expect("the server answers");
        assert_eq!(response.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff", "{method} {path}");
    }
    let response = app.http.get(app.url("/graphql?query=%7B__typename%7D")).send().await;
    assert_eq!(content_type(&response.expect("the server answers")), MODERN);
}
