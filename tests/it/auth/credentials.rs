//! Where credentials stand in a request: one, in one place.

use serde_json::json;

use super::mint::{Pair, base64, claims};
use super::{app, ask, let_in, refusal, refused, verdict, with_key};

#[tokio::test]
async fn one_credential_is_taken_from_one_place() {
    let pair = Pair::secret();
    let app = app(&with_key(&pair, "")).await;
    let good = pair.good(json!({}));
    for value in [format!("Bearer {good}"), format!("bearer {good}"), format!("BEARER   {good} ")] {
        let_in(&ask(&app, &[("authorization", &value)]).await);
    }
    let bearer = format!("Bearer {good}");
    for headers in [
        &[("authorization", &*bearer), ("authorization", &*bearer)][..],
        &[("authorization", "Basic YTpi"), ("authorization", &bearer)],
        &[("authorization", &bearer), ("x-api-key", "oponn_x")],
        &[("x-api-key", "oponn_x"), ("x-api-key", "oponn_x")],
    ] {
        assert!(refusal(ask(&app, headers).await).await.contains("several credentials"), "{headers:?}");
    }
    for value in
        [&*good, "Bearer", "Bearer ", "Basic YTpi", &format!("{bearer}, {bearer}"), &format!("{bearer} x")]
    {
        let told = refusal(ask(&app, &[("authorization", value)]).await).await;
        assert!(told.contains("has to be `Bearer`"), "{value}: {told}");
    }
    // Elsewhere it is not looked for.
    let url = app.url(&format!("/graphql?query={{__typename}}&access_token={good}"));
    let response =
        app.http.get(url).header("cookie", format!("token={good}")).send().await.expect("an answer");
    assert!(refusal(response).await.contains("Nobody is signed in"));
    assert_eq!(app.metric("oponn_auth_requests_total", &[("result", "malformed")]).await, 10);
}

#[tokio::test]
async fn what_is_no_token_is_told_so() {
    let pair = Pair::secret();
    let app = app(&with_key(&pair, "")).await;
    let good = pair.good(json!({}));
    let (message, signature) = good.rsplit_once('.').expect("three parts");
    for (token, part) in [
        ("x".to_owned(), "three parts"),
        ("a.b".to_owned(), "three parts"),
        (format!("{good}."), "three parts"),
        (format!("{good}.{signature}"), "three parts"),
        (format!(".{good}"), "three parts"),
        (format!("{message}..{signature}"), "three parts"),
        // An encrypted one has five parts.
        ("e30.a.b.c.d".to_owned(), "three parts"),
        (format!("{}=.{}.x", base64(b"{}"), base64(b"{}")), "header is not JSON"),
        (pair.raw(b"[]", b"{}", None), "header is not JSON"),
        (pair.raw(b"{\"alg\":\"HS256\"}", b"\"x\"", None), "claims are not JSON"),
        (pair.raw(b"{\"alg\":\"HS256\"}", b"{\"iss\":\"\xff\"}", None), "claims are not JSON"),
        (pair.raw(b"{\"alg\":\"HS256\"} x", b"{}", None), "header is not JSON"),
        (pair.raw(&[b'['; 9_000], b"{}", None), "header is not JSON"),
        (pair.good(json!({ "much": "x".repeat(16 << 10) })), "more than 16 KiB"),
    ] {
        refused(verdict(&app, &token).await, part);
    }
    // Just as large as it may be.
    let rest = pair.good(json!({ "much": "" })).len();
    let_in(
        &super::ask_with(&app, &pair.good(json!({ "much": "x".repeat((16_384 - rest) / 4 * 3 - 3) }))).await,
    );
}

#[tokio::test]
async fn nothing_of_a_token_is_repeated() {
    let pair = Pair::secret();
    let app = app(&with_key(&pair, "")).await;
    let header = json!({ "alg": "S3CRET", "kid": "S3CRET", "typ": "S3CRET" });
    let claims = claims(json!({ "iss": "S3CRET", "aud": "S3CRET", "sub": "S3CRET" }));
    for token in [pair.token(&header, &claims), "S3CRET".to_owned(), "S3CRET.S3CRET.S3CRET".to_owned()] {
        let told = verdict(&app, &token).await.expect_err("it is refused");
        assert!(!told.contains("S3CRET"), "{told}");
    }
}
