//! Points per time: what operations cost, as the docs calculate it, and what comes of costing too much.

use futures_util::future::join_all;
use reqwest::header::ACCEPT;
use serde_json::json;

use super::{LIST, SDL, SMALL, Told, app, ask};
use crate::support::app::TestApp;

#[tokio::test]
async fn operations_take_what_they_cost() {
    let app = app("[quota]\npoints = '100/1h'").await;
    let told = ask(&app, LIST, &[]).await.passes();
    assert_eq!(told.header("ratelimit-policy"), Some("\"points\";q=100;w=3600;qu=\"points\""));
    assert_eq!(told.header("ratelimit"), Some("\"points\";r=59;t=1476"));
    assert_eq!(ask(&app, LIST, &[]).await.passes().left("points"), 18);
    let told = ask(&app, LIST, &[]).await;
    let after = told.refused();
    // 23 points are missing, of which one comes back in 36 s.
    assert!((1..=828).contains(&after), "{after}");
    let cost = &told.error()["extensions"]["cost"];
    assert_eq!(*cost, json!({ "requested": 41, "limit": 100, "remaining": 18, "resetAfter": after }));
    let message = told.error()["message"].as_str().expect("a message");
    assert!(message.contains("costs 41 points") && message.contains("18 are left"), "{message}");
    // A smaller one passes.
    assert_eq!(ask(&app, SMALL, &[]).await.passes().left("points"), 17);
    assert_eq!(app.metric("oponn_quota_refused_total", &[("quota", "points")]).await, 1);
}

#[tokio::test]
async fn what_is_refused_was_not_carried_out() {
    let app = app("[quota]\npoints = '22/1h'").await;
    let create =
        |isbn| format!("mutation {{ createBook(input: {{isbn: \"{isbn}\", title: \"A\"}}) {{ id }} }}");
    ask(&app, &create(1), &[]).await.passes();
    ask(&app, &create(2), &[]).await.refused();
    let told = app.metric("oponn_store_operations_total", &[("op", "insert")]).await;
    assert_eq!(told, 1);
}

#[tokio::test]
async fn more_than_everything_can_never_pass() {
    let app = app("[quota]\npoints = '100/1h'").await;
    let large = "{ books(first: 40) { nodes { title } } }";
    for (media, status) in [("application/graphql-response+json", 400), ("application/json", 200)] {
        let told = ask(&app, large, &[(ACCEPT.as_str(), media)]).await;
        assert_eq!(told.status, status, "{told:?}");
        assert_eq!(told.header("retry-after"), None);
        let (message, extensions) = (&told.error()["message"], &told.error()["extensions"]);
        assert_eq!(*extensions, json!({ "code": "TOO_COMPLEX", "cost": { "requested": 101, "limit": 100 } }));
        let message = message.as_str().expect("a message");
        assert!(message.contains("however long you wait") && message.contains("`first`"), "{message}");
    }
    assert_eq!(app.metric("oponn_quota_refused_total", &[("quota", "too_large")]).await, 2);
    // It has taken nothing; as much as there is passes.
    let all = "{ books(first: 39) { nodes { title } __typename } }";
    let told = ask(&app, all, &[("oponn-cost", "true")]).await.passes();
    assert_eq!((&told.body["extensions"]["cost"]["requested"], told.left("points")), (&json!(100), 0));
}

#[tokio::test]
async fn a_kept_answer_costs_as_much_as_a_new_one() {
    let app = app("[quota]\npoints = '1000/1h'").await;
    for left in [959, 918, 877] {
        assert_eq!(ask(&app, LIST, &[]).await.passes().left("points"), left);
    }
    let kept = [("what", "answer"), ("result", "hit")];
    let hits = app.metric("oponn_graphql_kept_total", &kept).await;
    for _ in 0..21 {
        ask(&app, LIST, &[]).await.passes();
    }
    ask(&app, LIST, &[]).await.refused();
    let after = app.metric("oponn_graphql_kept_total", &kept).await;
    assert_eq!(after, hits + 21, "all were kept, and the last was not given");
}

#[tokio::test]
async fn those_who_share_an_answer_pay_each() {
    let app = app("[quota]\npoints = '410/1h'").await;
    let all = join_all((0..20).map(|_| ask(&app, LIST, &[]))).await;
    assert_eq!(all.iter().filter(|told| told.status == 200).count(), 10);
    assert_eq!(all.iter().filter(|told| told.status == 429).count(), 10);
}

#[tokio::test]
async fn answers_tell_what_they_cost_when_they_are_asked() {
    let app = app("[quota]\npoints = '1000/1h'").await;
    let plain = ask(&app, LIST, &[]).await.passes();
    assert_eq!(plain.body, json!({ "data": { "books": { "nodes": [] } } }));
    for left in [918, 877, 836] {
        let told = ask(&app, LIST, &[("oponn-cost", "true")]).await.passes();
        let after = (1_000_u64 - left) * 3_600 / 1_000 + u64::from((1_000 - left) * 3_600 % 1_000 > 0);
        let cost = json!({ "requested": 41, "limit": 1000, "remaining": left, "resetAfter": after });
        assert_eq!(told.body, json!({ "data": plain.body["data"], "extensions": { "cost": cost } }));
    }
    // What was told to one is not kept for others.
    assert_eq!(ask(&app, LIST, &[("oponn-cost", "false")]).await.passes().body, plain.body);
    let told = ask(&app, LIST, &[("oponn-cost", "yes")]).await;
    assert_eq!((told.status, &told.error()["extensions"]["code"]), (400, &json!("BAD_USER_INPUT")));
    // Errors in an answer do not change what it costs.
    let wrong = "mutation { deleteBook(id: \"0191d9f0-0000-7000-8000-000000000000\") { id title } }";
    let told = ask(&app, wrong, &[("oponn-cost", "true")]).await;
    assert_eq!(told.body["extensions"]["cost"]["requested"], 22, "{told:?}");
    // What is not known is not told.
    let told = ask(&app, "{ nothing }", &[("oponn-cost", "true")]).await;
    assert_eq!(told.body.get("extensions"), None);
}

#[tokio::test]
async fn costs_are_told_without_quotas_too() {
    let app = TestApp::new(SDL).await;
    for _ in 0..3 {
        let told = ask(&app, LIST, &[("oponn-cost", "true")]).await.passes();
        assert_eq!(told.body["extensions"], json!({ "cost": { "requested": 41 } }));
    }
    let packed = app.http.post(app.url("/graphql")).header("accept-encoding", "gzip");
    let packed = packed.header("oponn-cost", "true").json(&json!({ "query": LIST })).send().await;
    let told = Told::of(packed.expect("the server answers")).await;
    assert_eq!(told.body["extensions"], json!({ "cost": { "requested": 41 } }));
}

#[tokio::test]
async fn the_docs_calculate_what_operations_cost() {
    let schema = include_str!("../../../schema.graphql");
    let app = TestApp::new(schema).await;
    let page = include_str!("../../../docs/limits.md");
    let mut examples = 0;
    for part in page.split("```graphql\n").skip(1) {
        let (query, rest) = part.split_once("```").expect("the example ends");
        let cost = rest.trim_start().strip_prefix("**").and_then(|rest| rest.split_once("** points: "));
        let (cost, _) = cost.unwrap_or_else(|| panic!("the cost follows\n{query}"));
        let told = ask(&app, query, &[("oponn-cost", "true")]).await.passes();
        assert_eq!(told.body["extensions"]["cost"]["requested"].to_string(), cost, "{query}");
        examples += 1;
    }
    assert!(examples >= 8, "{examples}");
}
