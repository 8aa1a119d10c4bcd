//! Saved operations: from files and from manifests as the tools of clients wrote them for the sample schema, asked for
//! in every way, on servers that carry out any operations or only these.

use std::path::{Path, PathBuf};

use reqwest::Response;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

use crate::support::app::{Setup, TestApp};

mod answers;
mod only;
mod places;
mod ways;

const SDL: &str = include_str!("../../schema.graphql");

/// The members of a request in which clients put ids; the first is in the extensions.
const MEMBERS: [&str; 4] = ["sha256Hash", "documentId", "doc_id", "id"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/saved/operations")
}

fn file(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).expect("the file is there")
}

/// The ids and texts in all manifests.
fn manifests() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for name in ["codegen.json", "codegen-sha1.json", "relay.json"] {
        let manifest: Map<String, Json> = serde_json::from_str(&file(name)).expect("a map");
        all.extend(manifest.into_iter().map(|(id, text)| (id, text.as_str().expect("a text").to_owned())));
    }
    let apollo: Json = serde_json::from_str(&file("apollo.json")).expect("a manifest");
    let text = |operation: &Json, key: &str| operation[key].as_str().expect("a text").to_owned();
    let operations = apollo["operations"].as_array().expect("a list");
    all.extend(operations.iter().map(|operation| (text(operation, "id"), text(operation, "body"))));
    all
}

/// With the saved operations of the files.
fn setup(only: bool) -> Setup {
    TestApp::with(SDL).saved(&folder(), only)
}

/// A server that carries out any operations, or only saved ones, and has a shop in Lund with three books; its id.
async fn stocked(setup: Setup) -> (TestApp, String) {
    let app = setup.start().await;
    let id = stock(&app).await;
    (app, id)
}

/// Stocks its store by way of a server that carries out any operations; nothing has been cached yet.
async fn stock(app: &TestApp) -> String {
    let plain = TestApp::uncached(app).await;
    let made = plain
        .data("mutation { createBookstore(input: {name: \"A\", city: \"Lund\"}) { id } }", Json::Null)
        .await;
    let id = made["createBookstore"]["id"].as_str().expect("an id").to_owned();
    let create = "mutation($inputs: [BookInput!]!) { createBooks(inputs: $inputs) { id } }";
    let book = |isbn: &str| json!({ "isbn": isbn, "title": format!("t{isbn}"), "price": "1", "storeId": id });
    plain.data(create, json!({ "inputs": [book("1"), book("2"), book("3")] })).await;
    id
}

fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

/// A request that names a document by an id in this member.
fn named(member: &str, id: &str, variables: &Json) -> Json {
    let mut body = json!({ "variables": variables });
    match member {
        "sha256Hash" => body["extensions"] = json!({ "persistedQuery": { "version": 1, "sha256Hash": id } }),
        member => body[member] = id.into(),
    }
    body
}

async fn post(app: &TestApp, body: &Json) -> (u16, Json) {
    read(app.http.post(app.url("/graphql")).json(body).send().await.expect("the server answers")).await
}

async fn get(app: &TestApp, body: &Json) -> (u16, Json) {
    let mut url = reqwest::Url::parse(&app.url("/graphql")).expect("an address");
    for (name, value) in body.as_object().expect("an object") {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        url.query_pairs_mut().append_pair(name, &text);
    }
    read(app.http.get(url).send().await.expect("the server answers")).await
}

async fn read(response: Response) -> (u16, Json) {
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.bytes().await.expect("whole")).expect("JSON"))
}

/// A refusal: its status, its code, and a part of its only message.
#[track_caller]
fn assert_refused((status, body): &(u16, Json), expected: (u16, &str), part: &str) {
    let errors = body["errors"].as_array().expect("errors");
    assert_eq!((*status, errors.len()), (expected.0, 1), "{body}");
    assert_eq!(errors[0]["extensions"]["code"], expected.1, "{body}");
    assert!(errors[0]["message"].as_str().is_some_and(|message| message.contains(part)), "{part}: {body}");
    assert!(body.get("data").is_none(), "{body}");
}
