//! API keys.

use std::sync::Arc;

use oponn::auth::{Authenticator, Denied};
use reqwest::header::HeaderMap;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::mint::Pair;
use super::{app, ask, let_in, refusal, settings, with_key};

const KEY: &str = "oponn_dGhpcyBpcyBhIGtleSBmb3IgdGVzdHMgb25seSwgMzI";
const OTHER: &str = "oponn_dGhpcyBpcyBhbm90aGVyIGtleSBmb3IgdGVzdHMsIG8";

fn table(name: &str, key: &str, more: &str) -> String {
    format!("[[auth.keys]]\nname = '{name}'\nhash = '{}'\n{more}\n", hex::encode(Sha256::digest(key)))
}

#[tokio::test]
async fn a_key_is_taken_from_either_header() {
    let keys = format!("{}{}", table("a", KEY, ""), table("b", OTHER, ""));
    let app = app(&keys).await;
    for key in [KEY, OTHER] {
        let_in(&ask(&app, &[("x-api-key", key)]).await);
        let_in(&ask(&app, &[("authorization", &format!("Bearer {key}"))]).await);
    }
    let hash = hex::encode(Sha256::digest(KEY));
    for key in ["", "x", &KEY[..KEY.len() - 1], &format!("{KEY}x"), &KEY.to_uppercase(), &hash, &KEY[6..]] {
        assert!(
            refusal(ask(&app, &[("x-api-key", key)]).await).await.contains("API key is not known"),
            "{key}"
        );
    }
    assert!(
        refusal(ask(&app, &[("authorization", "Bearer oponn_x")]).await)
            .await
            .contains("API key is not known")
    );
    assert_eq!(app.metric("oponn_auth_requests_total", &[("result", "key")]).await, 4);
    assert_eq!(app.metric("oponn_auth_requests_total", &[("result", "unknown_api_key")]).await, 8);
    // A token, where no issuer is known.
    let told = refusal(super::ask_with(&app, &Pair::secret().good(json!({}))).await).await;
    assert!(told.contains("issuer that is not known"), "{told}");
}

#[tokio::test]
async fn a_key_has_the_roles_and_claims_of_its_table() {
    let keys = format!(
        "{}{}{}",
        table(
            "a",
            KEY,
            "roles = ['writer', 'reader']\nclaims = { shop = 7, tags = ['x'], deep = { a = true } }"
        ),
        table("b", OTHER, ""),
        with_key(&Pair::secret(), "")
    );
    let authenticator = Authenticator::new(&settings(&keys), Arc::default()).expect("the settings are right");
    let with = |key: &str| {
        HeaderMap::from_iter([("x-api-key".parse().expect("a name"), key.parse().expect("text"))])
    };
    let viewer = authenticator.authenticate(&with(KEY)).await.expect("it is good");
    assert_eq!(viewer.roles(), [Arc::<str>::from("reader"), Arc::from("writer")]);
    assert_eq!((viewer.claim("shop"), viewer.claim("name")), (Some(&json!(7)), None));
    assert_eq!(viewer.claim("deep"), Some(&json!({ "a": true })));
    let other = authenticator.authenticate(&with(OTHER)).await.expect("it is good");
    assert!(other.roles().is_empty() && other.claim("shop").is_none());
    assert_eq!(authenticator.authenticate(&with("x")).await.err(), Some(Denied::ApiKey));
    assert_eq!(authenticator.authenticate(&HeaderMap::new()).await.err(), Some(Denied::Missing));
}
