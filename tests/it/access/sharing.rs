//! Viewers who see the same share what is cached; no others do.

use serde_json::json;

use super::{setup, token};

const SDL: &str = r#"
    type Book @collection
      @access(read: {team: {in: "$viewer.teams"}}) { id: ID! team: String! title: String }
    type Note @collection
      @access(read: {owner: {eq: "$viewer.sub"}}, write: {owner: {eq: "$viewer.sub"}}) { id: ID! owner: String! }
"#;

#[tokio::test]
async fn who_sees_the_same_documents_shares_one_answer_and_who_does_not_has_another() {
    let app = setup(SDL).start().await;
    let ask = async |token: &str, text: &str| {
        let answer = app.query_as(token, text, json!(null)).await;
        assert_eq!(answer["errors"], json!(null), "{answer}");
    };
    let reads = async |result: &'static str| {
        app.metric("oponn_cache_reads_total", &[("kind", "batch"), ("result", result)]).await
    };
    for number in 0..100 {
        // Whoever it is, and whenever the token ends, the team decides.
        let token = token(
            &["x"],
            json!({ "sub": format!("u{number}"), "exp": 4_000_000_000_u64 + number, "teams": ["red"] }),
        );
        ask(&token, "{ books { nodes { id } } }").await;
    }
    // The first one fills the list, and the next one or two make the answer that is kept for all others.
    assert_eq!((reads("miss").await, reads("hit").await + reads("kept").await), (1, 99));
    assert!(reads("kept").await >= 95);
    for number in 0..100 {
        let token = token(&["x"], json!({ "sub": format!("u{number}"), "teams": ["red"] }));
        ask(&token, "{ notes { nodes { id } } }").await;
    }
    assert_eq!(reads("miss").await, 101);
    ask(&token(&[], json!({ "teams": ["red", "blue"] })), "{ books { nodes { id } } }").await;
    assert_eq!(reads("miss").await, 102);
}

#[tokio::test]
async fn without_a_rule_a_type_is_closed_and_without_identity_everything_is_open() {
    let sdl = "type Book @collection { id: ID! title: String }";
    let closed = setup(sdl).start().await;
    let token = token(&["admin"], json!({ "sub": "x" }));
    let created =
        closed.query_as(&token, "mutation { createBook(input: {title: \"x\"}) { id } }", json!(null)).await;
    assert_eq!(super::codes(&created), ["FORBIDDEN"]);
    let open = crate::support::app::TestApp::uncached(&closed).await;
    open.data("mutation { createBook(input: {title: \"x\"}) { id } }", json!(null)).await;
    let seen = closed.query_as(&token, "{ books { totalCount } }", json!(null)).await;
    assert_eq!((super::codes(&seen), &seen["data"]), (vec!["FORBIDDEN"], &json!(null)));
    assert_eq!(open.data("{ books { totalCount } }", json!(null)).await["books"]["totalCount"], 1);
}
