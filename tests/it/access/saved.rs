//! That a saved operation shows each viewer what the viewer's own API has, and tells nothing before it is known who asks.

use reqwest::StatusCode;
use serde_json::{Value as Json, json};

use super::{codes, settings, setup, token};
use crate::support::app::TestApp;

const SDL: &str = "type Note @collection @access(read: true, write: true) {
    id: ID!
    text: String!
    rating: Int @access(roles: [\"admin\"], read: true, write: true)
}";

#[tokio::test]
async fn each_viewer_is_answered_by_its_own_api() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let write =
        |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("it can be written");
    write("texts.graphql", "query Texts { notes { nodes { text } } }");
    write("ratings.graphql", "query Ratings { notes { nodes { text rating } } }");
    write("create.graphql", "mutation Create($input: NoteInput!) { createNote(input: $input) { text } }");
    let app = setup(SDL).saved(folder.path(), true).start().await;
    let ask = async |roles: &[&str], body: Json| -> Json {
        let request = app.http.post(app.url("/graphql")).bearer_auth(token(roles, json!({}))).json(&body);
        let answer = request.send().await.expect("the server answers").bytes().await.expect("whole");
        serde_json::from_slice(&answer).expect("JSON")
    };
    let create = json!({ "operationName": "Create", "variables": { "input": { "text": "a", "rating": 5 } } });
    assert_eq!(ask(&["admin"], create.clone()).await, json!({ "data": { "createNote": { "text": "a" } } }));
    assert_eq!(
        codes(&ask(&["member"], create).await),
        ["BAD_USER_INPUT"],
        "the member's input has no rating"
    );
    for _ in 0..3 {
        let ratings = json!({ "operationName": "Ratings" });
        let all = json!({ "data": { "notes": { "nodes": [{ "text": "a", "rating": 5 }] } } });
        assert_eq!(ask(&["admin"], ratings.clone()).await, all);
        let refused = ask(&["member"], ratings).await;
        assert_eq!(codes(&refused), ["BAD_USER_INPUT"], "{refused}");
        let texts = json!({ "data": { "notes": { "nodes": [{ "text": "a" }] } } });
        assert_eq!(ask(&["member"], json!({ "operationName": "Texts" })).await, texts);
        assert_eq!(
            ask(&["member"], json!({ "query": "query Texts { notes { nodes { text } } }" })).await,
            texts
        );
    }
}

#[tokio::test]
async fn nobody_learns_which_operations_are_saved_before_it_is_known_who_asks() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(folder.path().join("a.graphql"), "query A { __typename }").expect("it can be written");
    let closed = oponn::config::AuthSettings { anonymous: None, ..settings() };
    let app = TestApp::with(SDL).auth(closed).saved(folder.path(), true).start().await;
    for name in ["A", "B"] {
        let url = app.url(&format!("/graphql?operationName={name}"));
        let response = app.http.get(url).send().await.expect("the server answers");
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{name}");
    }
}
