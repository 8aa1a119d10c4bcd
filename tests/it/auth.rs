//! Who is asking: tokens, API keys and nobody, over HTTP and on the command line.

use std::path::Path;

use oponn::config::{AuthSettings, Config, Flags};
use reqwest::Response;
use reqwest::header::{AUTHORIZATION, HeaderMap, WWW_AUTHENTICATE};
use serde_json::{Value as Json, json};

use crate::support::app::TestApp;

mod algorithms;
mod api_keys;
mod best_practice;
mod credentials;
mod development;
mod doors;
mod key_server;
mod key_sets;
pub mod mint;
mod providers;
mod start;
mod time;
mod trusted;

const SDL: &str =
    "type Book @collection @access(read: true, write: true) { id: ID! isbn: String! @unique title: String! }";
const ISSUER: &str = "https://issuer.example/";

/// The settings in the text of a file.
fn settings(text: &str) -> AuthSettings {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("oponn.toml");
    std::fs::write(&path, text).expect("the file can be written");
    let loaded = Config::load(Flags::default(), [], Some(Path::new(&path)));
    loaded.unwrap_or_else(|faults| panic!("{faults}")).config.auth.expect("identity is on")
}

/// One issuer, with these settings beside its name and its audience.
fn issuer(more: &str) -> String {
    format!("[[auth.issuers]]\nissuer = '{ISSUER}'\naudience = 'shop'\n{more}\n")
}

/// One issuer whose key is in the settings.
fn with_key(pair: &mint::Pair, more: &str) -> String {
    issuer(&format!("algorithms = {:?}\nkey = '''{}'''\n{more}", pair.algorithms(), pair.public()))
}

/// An application that asks who is there.
async fn app(settings_text: &str) -> TestApp {
    TestApp::with(SDL).auth(settings(settings_text)).start().await
}

/// The answer to a request with these headers.
async fn ask(app: &TestApp, headers: &[(&str, &str)]) -> Response {
    let mut request = app.http.post(app.url("/graphql")).json(&json!({ "query": "{ __typename }" }));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.expect("the server answers")
}

async fn ask_with(app: &TestApp, token: &str) -> Response {
    ask(app, &[("authorization", &format!("Bearer {token}"))]).await
}

#[track_caller]
fn let_in(response: &Response) {
    assert_eq!(response.status().as_u16(), 200);
}

/// Whether the token is let in, and if not, why.
async fn verdict(app: &TestApp, token: &str) -> Result<(), String> {
    let response = ask_with(app, token).await;
    if response.status().as_u16() == 200 {
        return Ok(());
    }
    Err(refusal(response).await)
}

/// The message of a refusal, which is as it has to be.
async fn refusal(response: Response) -> String {
    let (status, challenge) = (response.status().as_u16(), response.headers().get(WWW_AUTHENTICATE).cloned());
    let body: Json = serde_json::from_slice(&response.bytes().await.expect("wholly")).expect("JSON");
    let (error, code) = (&body["errors"][0], &body["errors"][0]["extensions"]["code"]);
    match status {
        401 => assert!(code == "UNAUTHENTICATED" && challenge.is_some(), "{body}"),
        503 => assert!(code == "UNAVAILABLE" && challenge.is_none(), "{body}"),
        _ => panic!("{status}: {body}"),
    }
    assert!(body.get("data").is_none(), "{body}");
    error["message"].as_str().expect("a message").to_owned()
}

#[track_caller]
fn refused(verdict: Result<(), String>, part: &str) {
    let told = verdict.expect_err("it is refused");
    assert!(told.contains(part), "{part} is not in: {told}");
}

/// The headers of a request with a token.
fn bearer(token: &str) -> HeaderMap {
    HeaderMap::from_iter([(AUTHORIZATION, format!("Bearer {token}").parse().expect("a header"))])
}
