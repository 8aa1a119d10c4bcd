//! That a server for saved operations refuses everything else and says what to do, and that other servers do not.

use reqwest::header::{ACCEPT, CACHE_CONTROL};
use reqwest::redirect::Policy;
use serde_json::{Value as Json, json};

use super::{MEMBERS, assert_refused, folder, get, hash, manifests, named, post, read, setup, stocked};
use crate::support::app::TestApp;

const NOT_LISTED: (u16, &str) = (404, "PERSISTED_QUERY_NOT_IN_LIST");
const NOT_SAVED: (u16, &str) = (403, "QUERY_NOT_IN_SAFELIST");

#[tokio::test]
async fn other_texts_are_refused() {
    let (app, _) = stocked(setup(true)).await;
    let (_, text) = &manifests()[0];
    for text in [
        "{ __typename }",
        "{ __schema { queryType { name } } }",
        "mutation { deleteBooks(where: {}, all: true) { count } }",
        "",
        "rubbish",
        &format!("{text} "),
        &text.replace("Shelf", "Shelve"),
    ] {
        let answer = post(&app, &json!({ "query": text, "variables": { "city": "Lund" } })).await;
        assert_refused(&answer, NOT_SAVED, "`api.operations` is `saved`");
        assert_refused(&answer, NOT_SAVED, "add the client's manifest to `api.operations_manifests`");
        let answer = get(&app, &json!({ "query": text })).await;
        assert_refused(&answer, NOT_SAVED, "restart the servers");
    }
    for body in [json!({}), json!({ "query": null }), json!({ "variables": {} })] {
        assert_refused(&post(&app, &body).await, (400, "BAD_USER_INPUT"), "`query` is missing");
    }
    assert_eq!(app.metric("oponn_graphql_errors_total", &[("code", NOT_SAVED.1)]).await, 14);
}

#[tokio::test]
async fn unknown_ids_are_refused_without_asking_for_the_text() {
    let (app, _) = stocked(setup(true)).await;
    let text = "{ __typename }";
    let long = "x".repeat(10_000);
    for id in [&*hash(text), &format!("sha256:{}", hash(text)), "a1b2", "sha256:a1", &long, "ö\u{1}\""] {
        for member in MEMBERS {
            let body = named(member, id, &Json::Null);
            for answer in [post(&app, &body).await, get(&app, &body).await] {
                assert_refused(&answer, NOT_LISTED, "There is no saved document with the id `");
                assert_refused(&answer, NOT_LISTED, "before the client is released");
                // By these words Apollo's clients and urql's send the text.
                let answer = answer.1.to_string();
                assert!(!answer.contains("PersistedQueryNot") && !answer.contains("NOT_FOUND"), "{answer}");
                assert!(answer.len() < 1_000, "{answer}");
            }
        }
    }
    // Whoever sends hash and text registers nothing.
    let mut body = named("sha256Hash", &hash(text), &Json::Null);
    body["query"] = text.into();
    assert_refused(&post(&app, &body).await, NOT_SAVED, "byte for byte");
    let body = named("sha256Hash", &hash(text), &Json::Null);
    assert_refused(&post(&app, &body).await, NOT_LISTED, "There is no saved document");
    assert_refused(&post(&app, &json!({ "operationName": "Nothing" })).await, NOT_LISTED, "name `Nothing`");
    let response = app.http.post(app.url("/graphql")).json(&body).send().await.expect("the server answers");
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store", "the next answer may be another");
}

#[tokio::test]
async fn any_others_are_carried_out_where_that_is_not_set() {
    let (app, _) = stocked(setup(false)).await;
    let text = "{ __typename }";
    let data = (200, json!({ "data": { "__typename": "Query" } }));
    assert_eq!(post(&app, &json!({ "query": text })).await, data);
    // Automatic persisted queries are as ever.
    let short = named("sha256Hash", &hash(text), &Json::Null);
    assert_refused(&post(&app, &short).await, (200, "PERSISTED_QUERY_NOT_FOUND"), "PersistedQueryNotFound");
    let mut long = short.clone();
    long["query"] = text.into();
    assert_eq!(post(&app, &long).await, data);
    assert_eq!(post(&app, &short).await, data);
    let none = named("sha256Hash", "a1b2", &Json::Null);
    assert_refused(&post(&app, &none).await, (400, "BAD_USER_INPUT"), "sha256Hash` has to be");
    // Nobody sends a text after other ids.
    for member in ["documentId", "doc_id", "id"] {
        assert_refused(
            &post(&app, &named(member, &hash(text), &Json::Null)).await,
            NOT_LISTED,
            "no saved document",
        );
    }
    // Saved ones need not be sent, whether others are kept or not.
    let app = TestApp::with(super::SDL)
        .saved(&folder(), false)
        .options(|options| options.persisted = 0)
        .start()
        .await;
    let (id, _) = &manifests()[0];
    assert_eq!(post(&app, &named("sha256Hash", id, &json!({ "city": "Lund" }))).await.0, 200);
    assert_refused(&post(&app, &short).await, (200, "PERSISTED_QUERY_NOT_SUPPORTED"), "PersistedQueryNot");
    // Without saved operations, no name stands for a text.
    let app = TestApp::new(super::SDL).await;
    let answer = post(&app, &json!({ "operationName": "CityShelf" })).await;
    assert_refused(&answer, (400, "BAD_USER_INPUT"), "`query` is missing");
}

#[tokio::test]
async fn a_batch_may_have_some_that_are_not_saved() {
    let (app, _) = stocked(setup(true).options(|options| options.batch_max = Some(3))).await;
    let saved = json!({ "operationName": "ShopNames" });
    let unknown = named("documentId", "a", &Json::Null);
    let (status, body) = post(&app, &json!([saved, { "query": "{ __typename }" }, unknown])).await;
    assert_eq!(status, 200);
    assert_eq!(body[0]["data"]["bookstores"]["nodes"], json!([{ "name": "A" }]));
    assert_eq!(body[1]["errors"][0]["extensions"]["code"], NOT_SAVED.1);
    assert_eq!(body[2]["errors"][0]["extensions"]["code"], NOT_LISTED.1);
}

#[tokio::test]
async fn there_is_no_editor_where_nothing_could_be_written() {
    let browser = "text/html,application/xhtml+xml,*/*;q=0.8";
    let client = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().expect("a client");
    let get = async |app: &TestApp, path: &str| {
        client.get(app.url(path)).header(ACCEPT, browser).send().await.expect("the server answers")
    };
    let (app, _) = stocked(setup(true)).await;
    assert_refused(&read(get(&app, "/").await).await, (404, "NOT_FOUND"), "There is no GraphiQL here");
    assert_eq!(get(&app, "/graphiql/start.js").await.status(), 404);
    // A browser gets the answer.
    let (status, body) = read(get(&app, "/graphql?operationName=ShopNames").await).await;
    assert_eq!((status, &body["data"]["bookstores"]["nodes"]), (200, &json!([{ "name": "A" }])));
    let (app, _) = stocked(setup(false)).await;
    assert_eq!(get(&app, "/").await.status(), 200);
    assert_eq!(get(&app, "/graphql?operationName=ShopNames").await.status(), 303);
}
