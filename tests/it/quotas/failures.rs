//! Credentials that nobody vouches for.

use serde_json::json;
use sha2::{Digest, Sha256};

use super::{SMALL, Told, app, ask};
use crate::auth::mint::Pair;
use crate::support::app::TestApp;
use crate::support::raw::Raw;

const KEY: &str = "oponn_Zm9yIHRlc3RzIG9ubHk";

fn settings(more: &str) -> String {
    format!(
        "[auth]\nanonymous = 'guest'\n[[auth.issuers]]\nissuer = 'https://issuer.example/'\naudience = 'shop'\n\
         algorithms = ['HS256']\nkey = '''{}'''\n[[auth.keys]]\nname = 'ann'\nhash = '{}'\n[quota]\n{more}\n",
        Pair::secret().public(),
        hex::encode(Sha256::digest(KEY))
    )
}

async fn ask_with(app: &TestApp, token: &str) -> Told {
    ask(app, SMALL, &[("authorization", &format!("Bearer {token}"))]).await
}

#[tokio::test]
async fn whoever_guesses_is_not_listened_to_any_more() {
    let app = app(&settings("failures = '4/1h'")).await;
    let good = Pair::secret().good(json!({ "sub": "ann" }));
    let (head, _) = good.rsplit_once('.').expect("a token");
    let forged = format!("{head}.{}", "A".repeat(43));
    for (place, guess) in ["oponn_x", "x.y.z", &forged, "oponn_y"].iter().enumerate() {
        assert_eq!(ask_with(&app, guess).await.status, 401, "{place}");
        // Right ones pass meanwhile, until the last.
        if place < 3 {
            ask_with(&app, KEY).await.passes();
        }
    }
    for credential in ["oponn_z", KEY, &good] {
        let told = ask_with(&app, credential).await;
        assert!((1..=900).contains(&told.refused()), "{told:?}");
        assert!(told.error()["message"].as_str().expect("text").contains("nobody vouches for"), "{told:?}");
    }
    let checked = app.metric("oponn_auth_requests_total", &[("result", "key")]).await;
    assert_eq!(checked, 3, "nothing is checked any more");
    assert_eq!(app.metric("oponn_quota_refused_total", &[("quota", "failures")]).await, 3);
    // Whoever brings none is not concerned, nor is anybody elsewhere.
    ask(&app, SMALL, &[]).await.passes();
    let server = app.url("").trim_start_matches("http://").to_owned();
    let mut raw = Raw::connect_from("127.0.0.2", &server).await;
    let head = format!("GET /graphql?query=%7B__typename%7D HTTP/1.1\r\nhost: x\r\nx-api-key: {KEY}\r\n\r\n");
    raw.send(head.as_bytes()).await;
    assert_eq!(raw.answer().await.expect("an answer").status, 200);
}

#[tokio::test]
async fn what_an_issuer_has_signed_is_no_guess() {
    let app = app(&settings("failures = '1/1h'")).await;
    for claims in [json!({ "exp": 1 }), json!({ "aud": "others" }), json!({ "nbf": 9_999_999_999_u64 })] {
        for _ in 0..3 {
            assert_eq!(ask_with(&app, &Pair::secret().good(claims.clone())).await.status, 401, "{claims}");
        }
    }
    ask_with(&app, KEY).await.passes();
    assert_eq!(ask_with(&app, "nonsense").await.status, 401);
    ask_with(&app, KEY).await.refused();
}

#[tokio::test]
async fn who_is_refused_for_a_credential_takes_none_of_the_requests() {
    let app = app(&settings("requests = '2/1h'")).await;
    for _ in 0..5 {
        let told = ask_with(&app, "oponn_x").await;
        assert_eq!((told.status, told.header("ratelimit")), (401, None));
    }
    assert_eq!(ask(&app, SMALL, &[]).await.passes().left("requests"), 1);
}
