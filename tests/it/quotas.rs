//! What one client may take per time: requests, points, and guesses.

use std::path::Path;

use oponn::config::{Config, Flags};
use reqwest::Response;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::{Value as Json, json};

use crate::support::app::{Setup, TestApp};

mod clients;
mod costs;
mod failures;
mod requests;
mod servers;
mod settings;
mod ways;

const SDL: &str = "type Book @collection @access(read: true, write: true) {
    id: ID! isbn: String! @unique title: String!
}";
/// 41 points: 20 and 1, and 10 rows with 1 and 1.
const LIST: &str = "{ books(first: 10) { nodes { title } } }";
/// 1 point.
const SMALL: &str = "{ __typename }";

/// An application with these settings.
fn setup(text: &str) -> Setup {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("oponn.toml");
    std::fs::write(&path, text).expect("the file can be written");
    let loaded = Config::load(Flags::default(), [], Some(Path::new(&path)));
    let config = loaded.unwrap_or_else(|faults| panic!("{faults}")).config;
    let setup = TestApp::with(SDL).quota(config.quota.expect("there are quotas"));
    match config.auth {
        Some(auth) => setup.auth(auth),
        None => setup,
    }
}

async fn app(text: &str) -> TestApp {
    setup(text).start().await
}

/// What came of a request.
#[derive(Debug)]
struct Told {
    status: u16,
    headers: HeaderMap,
    body: Json,
}

impl Told {
    async fn of(response: Response) -> Told {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = serde_json::from_slice(&response.bytes().await.expect("wholly")).expect("JSON");
        Told { status, headers, body }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("text"))
    }

    /// What is left of a quota.
    #[track_caller]
    fn left(&self, name: &str) -> u32 {
        let told = self.header("ratelimit").unwrap_or_default();
        let mut parts = told.split(", ").filter_map(|part| part.strip_prefix(&format!("\"{name}\";r=")));
        let left = parts.next().and_then(|rest| rest.split(';').next()?.parse().ok());
        left.unwrap_or_else(|| panic!("{name} in {self:?}"))
    }

    fn error(&self) -> &Json {
        &self.body["errors"][0]
    }

    /// That it is over a quota, and the seconds to wait.
    #[track_caller]
    fn refused(&self) -> u64 {
        assert_eq!(self.status, 429, "{self:?}");
        assert_eq!(self.error()["extensions"]["code"], "RATE_LIMITED", "{self:?}");
        assert!(self.body.get("data").is_none(), "{self:?}");
        let after = self.headers[RETRY_AFTER].to_str().expect("text").parse().expect("seconds");
        assert_eq!(self.error()["extensions"]["retryAfter"], after, "{self:?}");
        after
    }

    #[track_caller]
    fn passes(self) -> Told {
        assert_eq!(self.status, 200, "{self:?}");
        assert!(self.body.get("errors").is_none() && self.headers.get(RETRY_AFTER).is_none(), "{self:?}");
        self
    }
}

/// The answer to an operation with these headers.
async fn ask(app: &TestApp, query: &str, headers: &[(&str, &str)]) -> Told {
    let request = app.http.post(app.url("/graphql")).json(&json!({ "query": query }));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    Told::of(request.send().await.expect("the server answers")).await
}
