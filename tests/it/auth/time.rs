//! From when and until when a token is good.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::mint::{Pair, claims, now};
use super::{app, ask_with, let_in, refused, verdict, with_key};
use crate::support::raw::Raw;

#[tokio::test]
async fn a_difference_of_clocks_is_tolerated() {
    let pair = Pair::secret();
    let app = app(&with_key(&pair, "")).await;
    for more in [
        json!({ "exp": now() - 40 }),
        json!({ "nbf": now() + 50 }),
        json!({ "nbf": now() - 9_999 }),
        json!({ "exp": now() as f64 + 100.5 }),
        json!({ "exp": 1e300 }),
    ] {
        let_in(&ask_with(&app, &pair.good(more)).await);
    }
    refused(verdict(&app, &pair.good(json!({ "exp": now() - 61 }))).await, "has expired");
    refused(verdict(&app, &pair.good(json!({ "exp": 0 }))).await, "has expired");
    refused(verdict(&app, &pair.good(json!({ "nbf": now() + 3_600 }))).await, "is not valid yet");
    refused(
        verdict(&app, &pair.good(json!({ "exp": now() - 61, "nbf": now() + 3_600 }))).await,
        "has expired",
    );
    assert_eq!(app.metric("oponn_auth_requests_total", &[("result", "expired")]).await, 3);
    assert_eq!(app.metric("oponn_auth_requests_total", &[("result", "early")]).await, 1);
}

#[tokio::test]
async fn no_difference_is_tolerated_where_none_is_configured() {
    let pair = Pair::secret();
    let app = app(&with_key(&pair, "leeway = '0s'")).await;
    refused(verdict(&app, &pair.good(json!({ "exp": now() - 1 }))).await, "has expired");
    refused(verdict(&app, &pair.good(json!({ "nbf": now() + 3_600 }))).await, "is not valid yet");
    let_in(&ask_with(&app, &pair.good(json!({ "nbf": now() }))).await);
}

#[tokio::test]
async fn a_token_has_an_end() {
    let pair = Pair::secret();
    let app = app(&with_key(&pair, "")).await;
    refused(verdict(&app, &pair.good(json!({ "exp": null }))).await, "it has to have an end");
    for time in [json!("2999-01-01"), json!((now() + 99).to_string()), json!([now() + 99]), json!(true)] {
        refused(verdict(&app, &pair.good(json!({ "exp": time }))).await, "have to be numbers");
        refused(verdict(&app, &pair.good(json!({ "nbf": time }))).await, "have to be numbers");
    }
    let endless = claims(json!({})).to_string().replace("\"exp\":", "\"exp\":1e999,\"x\":");
    let token = pair.raw(br#"{"alg":"HS256"}"#, endless.as_bytes(), None);
    refused(verdict(&app, &token).await, "have to be numbers");
}

#[tokio::test]
async fn a_request_that_has_begun_outlives_its_token() {
    let pair = Pair::secret();
    let app = app(&with_key(&pair, "leeway = '0s'")).await;
    let token = pair.good(json!({ "exp": now() + 3 }));
    let url = app.url("");
    let mut raw = Raw::connect(url.strip_prefix("http://").expect("an address")).await;
    let body = json!({ "query": "{ __typename }" }).to_string();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    raw.send(head.as_bytes()).await;
    while app.metric("oponn_auth_requests_total", &[("result", "token")]).await == 0 {
        tokio::task::yield_now().await;
    }
    // The same token, which is remembered by now, for others.
    let expired = async {
        loop {
            if let Err(told) = verdict(&app, &token).await {
                break told;
            }
        }
    };
    let told = tokio::time::timeout(Duration::from_secs(30), expired).await.expect("it expires");
    assert!(told.contains("has expired"), "{told}");
    raw.send(body.as_bytes()).await;
    let answer = raw.answer().await.expect("an answer");
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(serde_json::from_str::<Json>(&answer.body).is_ok_and(|body| body["data"].is_object()));
}
