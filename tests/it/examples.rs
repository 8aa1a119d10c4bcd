//! The applications in `examples/`, as their READMEs have them run, over HTTP, on every store and cache.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value as Json, json};

use crate::support::app::client;
use crate::support::program::{Folder, Serving};
use crate::support::services::{MongoDatabase, redis_url};

mod history;
mod killed;
mod pageviews;
mod watchlist;

/// A folder with a copy of an example.
fn copied(name: &str) -> Folder {
    let folder = Folder::new();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    copy(&from, &folder.path().join(name));
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        let to = to.join(path.file_name().expect("a name"));
        match path.is_dir() {
            true => copy(&path, &to),
            false => drop(fs::copy(&path, &to).expect("a file can be copied")),
        }
    }
}

/// Runs a test with an example on SQLite and memory, and on MongoDB and Redis with its sample data imported.
async fn on_both<F: Future<Output = ()>>(name: &str, test: impl Fn(Serving) -> F) {
    let folder = copied(name);
    let config = format!("{name}/oponn.toml");
    folder.run(&["--config", &config, "check"]).assert(0, "no faults", "");
    test(folder.serve(&["--config", &config])).await;
    let (database, redis) = (MongoDatabase::new(), redis_url());
    let places = ["--config", &config, "--store", &database.url(), "--cache", &redis];
    if folder.path().join(name).join("loaders").is_dir() {
        folder.run(&[&places[..], &["import"]].concat()).assert(0, "", "");
    }
    test(folder.serve(&places)).await;
}

/// A token as a gateway passes it on.
fn token(claims: &Json) -> String {
    let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
    format!("{}.{}.{}", part(&json!({ "alg": "RS256" })), part(claims), URL_SAFE_NO_PAD.encode("checked"))
}

/// The status of an answer, and its body, which is null where there is none.
async fn send(
    serving: &Serving,
    token: &str,
    (method, path): (&str, &str),
    body: Option<Json>,
) -> (u16, Json) {
    let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
    let mut request = client().request(method, format!("http://{}{path}", serving.address));
    if !token.is_empty() {
        request = request.bearer_auth(token);
    }
    if let Some(body) = body {
        request = request.json(&body);
    }
    let response = request.send().await.expect("the server answers");
    let status = response.status().as_u16();
    let text = response.text().await.expect("text");
    let is_empty = text.is_empty();
    let body = if is_empty { Ok(Json::Null) } else { serde_json::from_str(&text) };
    (status, body.unwrap_or_else(|_| panic!("{status}: {text} is no JSON")))
}
