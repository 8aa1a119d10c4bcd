//! Claims that are empty, or in a form that fits nothing: they close, and never open.

use serde_json::{Value as Json, json};

use super::{codes, setup, token};
use crate::support::app::TestApp;

const SDL: &str = r#"
    type A @collection @access(read: {tags: {hasAll: "$viewer.c"}}) { id: ID! tags: [String!] path: String }
    type B @collection @access(read: {path: {startsWith: "$viewer.c"}}) { id: ID! tags: [String!] path: String }
    type C @collection @access(read: {path: {endsWith: "$viewer.c"}}) { id: ID! tags: [String!] path: String }
    type D @collection @access(read: {path: {contains: "$viewer.c"}}) { id: ID! tags: [String!] path: String }
    type E @collection @access(read: {path: {matches: "$viewer.c"}}) { id: ID! tags: [String!] path: String }
    type F @collection @access(read: {not: {path: {contains: "$viewer.c"}}}) { id: ID! tags: [String!] path: String }
    type G @collection @access(read: {not: {tags: {hasAny: "$viewer.c"}}}) { id: ID! tags: [String!] path: String }
    type H @collection @access(read: {path: {in: "$viewer.c"}}) { id: ID! tags: [String!] path: String }
    type I @collection @access(read: {path: {eq: "$viewer.c"}}) { id: ID! tags: [String!] path: String }
"#;

/// Who sees the only document, of the types in `SDL`.
async fn seen(app: &TestApp, claim: Json) -> String {
    let token = token(&[], json!({ "c": claim }));
    let lists = ["as", "bs", "cs", "ds", "es", "fs", "gs", "hs", "is"];
    let text: String = lists.map(|list| format!("{list} {{ totalCount }} ")).concat();
    let answer = app.query_as(&token, &format!("{{ {text} }}"), json!(null)).await;
    assert!(codes(&answer).is_empty(), "{answer}");
    lists.into_iter().filter(|list| answer["data"][list]["totalCount"] == 1).map(|list| &list[..1]).collect()
}

#[tokio::test]
async fn empty_and_odd_claims_open_nothing() {
    let app = setup(SDL).start().await;
    let truth = TestApp::uncached(&app).await;
    for name in ["A", "B", "C", "D", "E", "F", "G", "H", "I"] {
        let text = format!("mutation {{ create{name}(input: {{tags: [\"x\"], path: \"x\"}}) {{ id }} }}");
        truth.data(&text, json!(null)).await;
    }
    for (claim, who) in [
        (json!("x"), "bcdei"),
        (json!("y"), "f"),
        (json!(["x"]), "ah"),
        (json!(["x", null]), "ah"),
        (json!(["y"]), "g"),
        // Nothing is in an empty list, so nothing is one of it; a list without one of its items is any.
        (json!([]), "g"),
        (json!([null]), "g"),
        (json!(""), ""),
        (json!(null), ""),
        (json!({}), ""),
        (json!({ "eq": "x" }), ""),
        (json!([{}]), ""),
        (json!([["x"]]), ""),
        (json!(1), ""),
        (json!(true), ""),
        (json!("("), "f"),
    ] {
        assert_eq!(seen(&app, claim.clone()).await, who, "{claim}");
    }
}
