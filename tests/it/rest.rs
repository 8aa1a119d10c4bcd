//! Saved operations as routes of HTTP: what they take and give, what they refuse, and that they are described as they
//! are.

use std::path::{Path, PathBuf};

use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::Value as Json;

use crate::support::app::{Setup, TestApp};

mod answers;
mod claims;
mod described;
mod faults;
mod requests;

const SDL: &str = r#"
type Book @collection {
  id: ID! @id(as: UUID)
  isbn: String! @length(min: 1, max: 20) @unique
  title: String! @length(min: 1, max: 300)
  author: String
  year: Int @range(min: -3000, max: 3000)
  sold: Boolean
  tags: [String!] @length(max: 5)
  version: Int! @version
}
type Note @collection { id: ID! text: String! @length(max: 20) }
"#;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/rest/operations")
}

fn setup() -> Setup {
    TestApp::with(SDL).saved(&folder(), false)
}

/// An answer to a request.
#[derive(Debug)]
struct Told {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Told {
    fn json(&self) -> Json {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// Asserts that it is a problem with this status and code; its details.
    fn problem(&self, status: u16, code: &str) -> Json {
        let json = self.json();
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        assert_eq!((self.status.as_u16(), &json["code"]), (status, &Json::from(code)), "{self:?}");
        assert_eq!((&json["status"], &json["type"]), (&status.into(), &"about:blank".into()), "{self:?}");
        json
    }
}

/// Sends a request with headers, and a body if there is one.
async fn send(app: &TestApp, method: &str, path: &str, headers: &[(&str, &str)], body: Option<Json>) -> Told {
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    let mut request = app.http.request(method, app.url(path));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(body) = body {
        request = request.json(&body);
    }
    let response = request.send().await.expect("the server answers");
    let (status, headers) = (response.status(), response.headers().clone());
    Told { status, headers, text: response.text().await.expect("text") }
}

async fn get(app: &TestApp, path: &str) -> Told {
    send(app, "GET", path, &[], None).await
}

async fn put(app: &TestApp, path: &str, body: Json) -> Told {
    send(app, "PUT", path, &[], Some(body)).await
}
