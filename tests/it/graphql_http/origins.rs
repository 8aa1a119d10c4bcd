//! Pages of other origins.

use reqwest::header::{ALLOW, HeaderMap, ORIGIN, VARY};
use reqwest::{Method, StatusCode};

use super::{PLAIN, app};
use crate::support::app::TestApp;
use crate::support::program::Folder;

const NAMED: &str = "https://a.example";
const UNNAMED: &str = "https://c.example";

/// What clients are known to send.
const HEADERS: &str = "accept,apollo-require-preflight,apollographql-client-name,apollographql-client-version,\
                       authorization,baggage,content-encoding,content-type,graphql-require-preflight,traceparent,\
                       x-apollo-operation-id,x-apollo-operation-name,x-apollo-operation-type,x-request-id,\
                       x-requested-with";

async fn open_to(origins: &[&str], credentials: bool) -> TestApp {
    let origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
    let open = |options: &mut oponn::server::ServerOptions| {
        (options.cors_origins, options.cors_credentials) = (origins, credentials);
    };
    TestApp::with(super::SDL).options(open).start().await
}

/// What a browser is told that asks before it sends.
async fn preflight(app: &TestApp, origin: &str, method: &str) -> (StatusCode, HeaderMap) {
    let request = app.http.request(Method::OPTIONS, app.url("/graphql")).header(ORIGIN, origin);
    let request = request.header("access-control-request-method", method);
    let response = request.header("access-control-request-headers", HEADERS).send().await;
    let response = response.expect("the server answers");
    (response.status(), response.headers().clone())
}

/// What it is told with the answer.
async fn answer(app: &TestApp, origin: &str) -> (StatusCode, HeaderMap) {
    let request = app.http.post(app.url("/graphql")).header(ORIGIN, origin).header("content-type", PLAIN);
    let response = request.body(r#"{"query": "{ __typename }"}"#).send().await.expect("the server answers");
    (response.status(), response.headers().clone())
}

fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().expect("text"))
}

fn list(headers: &HeaderMap, name: &str) -> Vec<String> {
    let values = headers.get_all(name).iter().map(|value| value.to_str().expect("text"));
    values.flat_map(|value| value.split(',')).map(|value| value.trim().to_lowercase()).collect()
}

#[tokio::test]
async fn pages_of_named_origins_may_call_the_api() {
    let app = open_to(&[NAMED, "https://b.example:8443"], true).await;
    for origin in [NAMED, "https://b.example:8443"] {
        for method in ["GET", "POST"] {
            let (status, headers) = preflight(&app, origin, method).await;
            assert_eq!(status, StatusCode::OK);
            assert_eq!(value(&headers, "access-control-allow-origin"), Some(origin));
            assert_eq!(value(&headers, "access-control-allow-credentials"), Some("true"));
            assert!(list(&headers, "access-control-allow-methods").contains(&method.to_lowercase()));
            let allowed = list(&headers, "access-control-allow-headers");
            let missing: Vec<&str> =
                HEADERS.split(',').filter(|name| !allowed.iter().any(|allowed| allowed == name)).collect();
            assert!(missing.is_empty(), "{missing:?} are not in {allowed:?}");
            assert_eq!(value(&headers, "access-control-max-age"), Some("86400"));
            assert!(list(&headers, VARY.as_str()).contains(&"origin".to_owned()));
        }
        let (status, headers) = answer(&app, origin).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(value(&headers, "access-control-allow-origin"), Some(origin));
        assert_eq!(value(&headers, "access-control-allow-credentials"), Some("true"));
        assert!(list(&headers, "access-control-expose-headers").contains(&"x-request-id".to_owned()));
        let vary = list(&headers, VARY.as_str());
        assert!(vary.contains(&"origin".to_owned()) && vary.contains(&"accept".to_owned()), "{vary:?}");
    }
}

#[tokio::test]
async fn pages_of_other_origins_may_not() {
    let app = open_to(&[NAMED], true).await;
    for origin in [UNNAMED, "null", "http://a.example", "https://a.example:444", "https://a.example.evil"] {
        let (_, headers) = preflight(&app, origin, "POST").await;
        assert_eq!(value(&headers, "access-control-allow-origin"), None, "{origin}");
        assert!(list(&headers, VARY.as_str()).contains(&"origin".to_owned()), "{origin}");
        let (_, headers) = answer(&app, origin).await;
        assert_eq!(value(&headers, "access-control-allow-origin"), None, "{origin}");
        assert!(list(&headers, VARY.as_str()).contains(&"origin".to_owned()), "{origin}");
    }
}

#[tokio::test]
async fn credentials_are_for_those_who_are_said_to_need_them() {
    let app = open_to(&[NAMED], false).await;
    for (status, headers) in [preflight(&app, NAMED, "POST").await, answer(&app, NAMED).await] {
        assert_eq!(status, StatusCode::OK);
        assert_eq!(value(&headers, "access-control-allow-origin"), Some(NAMED));
        assert_eq!(value(&headers, "access-control-allow-credentials"), None);
    }
}

#[test]
fn credentials_for_everybody_are_refused_at_the_start() {
    let folder = Folder::with_books();
    folder.write("oponn.toml", "[cors]\norigins = ['https://a.example', '*']\ncredentials = true\n");
    folder.run(&["check"]).assert(2, "", "name the origins whose pages may");
    for settings in ["origins = ['*']\ncredentials = false", "origins = ['https://a']\ncredentials = true"] {
        folder.write("oponn.toml", &format!("[cors]\n{settings}\n"));
        folder.run(&["check"]).assert(0, "no faults", "");
    }
}

#[tokio::test]
async fn everybody_may_where_that_is_said_but_with_nobodys_credentials() {
    let app = open_to(&["*"], true).await;
    for origin in [UNNAMED, "null"] {
        for (_, headers) in [preflight(&app, origin, "POST").await, answer(&app, origin).await] {
            assert_eq!(value(&headers, "access-control-allow-origin"), Some("*"), "{origin}");
            assert_eq!(value(&headers, "access-control-allow-credentials"), None, "{origin}");
        }
    }
}

#[tokio::test]
async fn without_configuration_nobody_may() {
    let app = app().await;
    for origin in [NAMED, "null"] {
        let (status, headers) = preflight(&app, origin, "POST").await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        assert_eq!(headers[ALLOW], "GET, HEAD, POST, OPTIONS");
        assert_eq!(value(&headers, "access-control-allow-origin"), None);
        let (status, headers) = answer(&app, origin).await;
        assert_eq!((status, value(&headers, "access-control-allow-origin")), (StatusCode::OK, None));
    }
}
