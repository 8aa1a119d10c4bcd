//! What is behind identity, and what is open to everybody.

use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, WWW_AUTHENTICATE};
use serde_json::json;

use super::mint::Pair;
use super::{SDL, app, ask, ask_with, let_in, refusal, settings, with_key};
use crate::support::app::TestApp;

#[tokio::test]
async fn the_api_is_closed_however_it_is_asked() {
    let pair = Pair::secret();
    let auth = settings(&with_key(&pair, ""));
    let app = TestApp::with(SDL).auth(auth).options(|options| options.batch_max = Some(3)).start().await;
    let query = r#"{"query": "{ __typename }"}"#;
    let introspection = r#"{"query": "{ __schema { types { name } } }"}"#;
    let mutation = r#"{"query": "mutation { createBook(input: {isbn: \"1\", title: \"A\"}) { id } }"}"#;
    for body in [query, introspection, mutation, &format!("[{query}, {mutation}]"), "[]", "no JSON", ""] {
        for media in ["application/json", "application/graphql-response+json"] {
            let post = app.http.post(app.url("/graphql")).header(CONTENT_TYPE, "application/json");
            let response = post.header(ACCEPT, media).body(body.to_owned()).send().await.expect("an answer");
            assert_eq!(response.headers()[WWW_AUTHENTICATE], "Bearer");
            assert!(response.headers()[CONTENT_TYPE].to_str().expect("text").starts_with(media));
            assert!(refusal(response).await.contains("Nobody is signed in"));
        }
    }
    for url in ["/graphql?query={__typename}", "/graphql?query={__schema{types{name}}}", "/graphql"] {
        let response = app.http.get(app.url(url)).send().await.expect("an answer");
        assert!(refusal(response).await.contains("Nobody is signed in"));
    }
    for method in [Method::HEAD, Method::PUT] {
        let response = app.http.request(method, app.url("/graphql")).send().await.expect("an answer");
        assert_eq!(response.status().as_u16(), 401);
    }
    assert_eq!(app.metric("oponn_auth_requests_total", &[("result", "missing")]).await, 19);
    assert_eq!(app.metric("oponn_http_requests_total", &[("status", "401")]).await, 19);
    assert_eq!(app.metric("oponn_graphql_errors_total", &[("code", "UNAUTHENTICATED")]).await, 19);

    let response = ask_with(&app, &pair.good(json!({}))).await;
    let_in(&response);
    assert_eq!(app.metric("oponn_auth_requests_total", &[("result", "token")]).await, 1);
}

#[tokio::test]
async fn a_query_that_a_page_of_another_site_caused_is_refused_before_anybody_is_asked_who_they_are() {
    let pair = Pair::secret();
    let app = app(&with_key(&pair, "")).await;
    for token in [pair.good(json!({})), "x.y.z".to_owned()] {
        let get = app.http.get(app.url("/graphql?query={__typename}")).bearer_auth(&token);
        let response = get.header("sec-fetch-site", "cross-site").send().await.expect("an answer");
        assert_eq!(response.status().as_u16(), 403, "{token}");
    }
    assert_eq!(app.metric("oponn_auth_requests_total", &[]).await, 0);
}

#[tokio::test]
async fn probes_metrics_and_the_editor_are_open() {
    let app = app(&with_key(&Pair::secret(), "")).await;
    for path in ["/healthz", "/readyz", "/metrics", "/", "/graphiql/start.js"] {
        let response = app.http.get(app.url(path)).send().await.expect("an answer");
        assert_eq!(response.status().as_u16(), 200, "{path}");
    }
    let preflight = app.http.request(Method::OPTIONS, app.url("/graphql")).send().await.expect("an answer");
    assert_eq!(preflight.status().as_u16(), 204);
}

#[tokio::test]
async fn everything_is_open_when_identity_is_off() {
    let app = TestApp::new(SDL).await;
    for headers in
        [&[][..], &[("authorization", "Bearer x")], &[("authorization", "Basic x"), ("x-api-key", "y")]]
    {
        let_in(&ask(&app, headers).await);
    }
    assert_eq!(app.metric("oponn_auth_requests_total", &[]).await, 0);
}

#[tokio::test]
async fn pages_of_other_origins_may_send_a_token() {
    let pair = Pair::secret();
    let origin = "https://app.example";
    let app = TestApp::with(SDL)
        .auth(settings(&with_key(&pair, "")))
        .options(|options| options.cors_origins = vec![origin.to_owned()])
        .start()
        .await;
    let token = format!("Bearer {}", pair.good(json!({})));
    for (token, status) in [(token.as_str(), 200), ("Bearer x", 401)] {
        let response = ask(&app, &[("origin", origin), ("authorization", token)]).await;
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(response.headers()["access-control-allow-origin"], origin);
    }
}

#[tokio::test]
async fn requests_without_credentials_are_anonymous_where_that_is_allowed() {
    let app = app(&format!("[auth]\nanonymous = 'guest'\n{}", with_key(&Pair::secret(), ""))).await;
    let_in(&ask(&app, &[]).await);
    assert_eq!(app.metric("oponn_auth_requests_total", &[("result", "anonymous")]).await, 1);
    // What is no good is not taken for nothing.
    for headers in [
        ("authorization", "Bearer x"),
        ("authorization", "Bearer "),
        ("authorization", "Basic YTpi"),
        ("authorization", ""),
        ("x-api-key", "oponn_x"),
        ("x-api-key", ""),
    ] {
        assert_eq!(ask(&app, &[headers]).await.status().as_u16(), 401, "{headers:?}");
    }
}
