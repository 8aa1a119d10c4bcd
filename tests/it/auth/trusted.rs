//! Behind a gateway that has checked the tokens.

use std::sync::Arc;

use oponn::auth::{Authenticator, Denied};
use serde_json::json;

use super::mint::{Pair, base64, claims};
use super::{app, ask, ask_with, bearer, let_in, refused, settings, verdict};
use crate::support::program::Folder;

const TRUSTED: &str = "[auth]\nmode = 'trusted'\n[[auth.issuers]]\nissuer = 'https://issuer.example/'\n\
                       roles = 'roles'\nrequire = ['sub']\n";

#[tokio::test]
async fn tokens_are_believed() {
    let app = app(TRUSTED).await;
    let pair = Pair::secret();
    let unsigned =
        format!("{}.{}.", base64(br#"{"alg":"none"}"#), base64(claims(json!({})).to_string().as_bytes()));
    for token in [unsigned, pair.good(json!({ "exp": 1, "aud": "x" })), pair.good(json!({ "exp": null }))] {
        let_in(&ask_with(&app, &token).await);
    }
    refused(verdict(&app, &pair.good(json!({ "iss": "x" }))).await, "issuer that is not known here");
    refused(verdict(&app, &pair.good(json!({ "sub": null }))).await, "does not have the claim `sub`");
    refused(verdict(&app, "x").await, "three parts");
    assert_eq!(ask(&app, &[]).await.status().as_u16(), 401);
    assert_eq!(ask(&app, &[("x-api-key", "x")]).await.status().as_u16(), 401);
}

#[tokio::test]
async fn a_table_without_an_issuer_is_for_all_others() {
    let text = TRUSTED.replacen("[[auth.issuers]]", "[[auth.issuers]]\nroles = 'role'\n[[auth.issuers]]", 1);
    let authenticator = Authenticator::new(&settings(&text), Arc::default()).expect("the settings are right");
    let pair = Pair::secret();
    for (issuer, role) in [(json!("https://issuer.example/"), "a"), (json!("x"), "b"), (json!(null), "b")] {
        let token = pair.good(json!({ "iss": issuer, "roles": ["a"], "role": "b" }));
        let viewer = authenticator.authenticate(&bearer(&token)).await.expect("it is believed");
        assert_eq!(viewer.roles(), [Arc::<str>::from(role)], "{issuer}");
    }
    let token = pair.good(json!({ "sub": null }));
    assert_eq!(
        authenticator.authenticate(&bearer(&token)).await.err(),
        Some(Denied::Claim("sub".to_owned()))
    );
}

#[test]
fn no_server_believes_everybody() {
    let folder = Folder::with_books();
    folder.write("oponn.toml", TRUSTED);
    for listen in ["0.0.0.0:0", "[::]:0"] {
        let ran = folder.run(&["serve", "--listen", listen]);
        ran.assert(2, "", "auth.mode is `trusted`");
        ran.assert(2, "", "`trusted_network = true` in `[auth]`");
    }
    let warned = |serving: &crate::support::program::Serving| {
        serving.lines.iter().any(|line| {
            line["level"] == "WARN"
                && line["message"].as_str().is_some_and(|text| text.contains("tokens are not checked"))
        })
    };
    assert!(warned(&folder.serve(&[])));
    folder.write("oponn.toml", &TRUSTED.replace("[auth]\n", "[auth]\ntrusted_network = true\n"));
    assert!(warned(&folder.serve_on("0.0.0.0:0")));
}
