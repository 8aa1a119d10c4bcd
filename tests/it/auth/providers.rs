//! Tokens as providers make them, with the settings that `docs/auth.md` gives for each.

use std::sync::Arc;

use oponn::auth::{Authenticator, Denied};
use oponn::viewer::Viewer;
use serde_json::{Value as Json, json};

use super::key_server::KeyServer;
use super::mint::{Pair, SECRET, now};
use super::{bearer, settings};

const PAGE: &str = include_str!("../../../docs/auth.md");

/// The settings under a heading of the page.
fn documented(heading: &str) -> &'static str {
    let (_, section) = PAGE.split_once(&format!("\n### {heading}\n")).expect(heading);
    let (_, block) = section.split_once("```toml\n").expect("a block of settings");
    block.split_once("```").expect("its end").0
}

struct Provider {
    authenticator: Authenticator,
    pair: Pair,
    claims: Json,
    _server: KeyServer,
}

impl Provider {
    /// A provider with the documented settings, whose keys are on a server of the test.
    async fn new(heading: &str, pair: Pair, claims: Json) -> Provider {
        let server = KeyServer::start(vec![pair.jwk("k1")]).await;
        let documented = documented(heading);
        let jwks = documented.lines().find(|line| line.starts_with("jwks = ")).expect("keys of a server");
        let text = documented.replace(jwks, &format!("jwks = '{}'", server.url()));
        let authenticator =
            Authenticator::new(&settings(&text), Arc::default()).expect("the settings are right");
        let mut provider = Provider { authenticator, pair, claims, _server: server };
        let time = now();
        for (name, value) in [("iat", json!(time)), ("exp", json!(time + 3_600))] {
            provider.claims[name] = value;
        }
        provider
    }

    async fn viewer(&self, name: &str, value: Json) -> Result<Arc<Viewer>, Denied> {
        let mut claims = self.claims.clone();
        if !name.is_empty() {
            claims[name] = value;
        }
        let header = json!({ "alg": self.pair.algorithms()[0], "kid": "k1", "typ": "JWT" });
        self.authenticator.authenticate(&bearer(&self.pair.token(&header, &claims))).await
    }

    /// The viewer of the token as it is; with other audience or issuer there is none.
    async fn good(&self) -> Arc<Viewer> {
        assert_eq!(self.viewer("iss", json!("https://eve.example/")).await.err(), Some(Denied::Issuer));
        self.viewer("", Json::Null).await.expect("the token is good")
    }
}

fn roles(viewer: &Viewer) -> Vec<&str> {
    viewer.roles().iter().map(|role| &**role).collect()
}

#[tokio::test]
async fn auth0() {
    let claims = json!({
        "iss": "https://example.eu.auth0.com/",
        "sub": "auth0|65f1c0ffee",
        "aud": ["https://shop.example/api", "https://example.eu.auth0.com/userinfo"],
        "azp": "kJ8example",
        "scope": "openid profile email",
        "permissions": ["read:books", "write:books"],
        "https://shop.example/roles": ["editor"],
    });
    let provider = Provider::new("Auth0", Pair::rsa(), claims).await;
    let viewer = provider.good().await;
    assert_eq!(roles(&viewer), ["editor", "read:books", "write:books"]);
    assert_eq!((viewer.claim("user"), viewer.claim("azp")), (Some(&json!("auth0|65f1c0ffee")), None));
    assert_eq!(provider.viewer("aud", json!("x")).await.err(), Some(Denied::Audience));
}

#[tokio::test]
async fn cognito() {
    let claims = json!({
        "iss": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Example",
        "sub": "c0ffee00-1111-2222-3333-444455556666",
        "token_use": "access",
        "client_id": "1example23456789",
        "cognito:groups": ["editors", "eu-central-1_Example_Google"],
        "scope": "aws.cognito.signin.user.admin",
        "username": "ann",
        "version": 2,
    });
    let provider = Provider::new("Cognito", Pair::rsa(), claims).await;
    let viewer = provider.good().await;
    assert_eq!(roles(&viewer), ["editors", "eu-central-1_Example_Google"]);
    assert_eq!(viewer.claim("name"), Some(&json!("ann")));
    for (name, value) in [("token_use", "id"), ("client_id", "other")] {
        assert_eq!(provider.viewer(name, json!(value)).await.err(), Some(Denied::Claim(name.to_owned())));
    }
}

#[tokio::test]
async fn keycloak() {
    let claims = json!({
        "iss": "https://sso.example/realms/shop",
        "aud": ["shop-api", "account"],
        "sub": "f3c0ffee-1111-2222-3333-444455556666",
        "typ": "Bearer",
        "azp": "shop-web",
        "realm_access": { "roles": ["offline_access", "editor"] },
        "resource_access": { "account": { "roles": ["view-profile"] }, "shop-api": { "roles": ["publisher"] } },
        "preferred_username": "ann",
    });
    let provider = Provider::new("Keycloak", Pair::rsa(), claims).await;
    let viewer = provider.good().await;
    assert_eq!(roles(&viewer), ["editor", "offline_access", "publisher"]);
    assert_eq!(viewer.claim("name"), Some(&json!("ann")));
    assert_eq!(provider.viewer("typ", json!("Refresh")).await.err(), Some(Denied::Claim("typ".to_owned())));
    // A user without any role of the client's.
    let viewer = provider.viewer("resource_access", json!({})).await.expect("it is good");
    assert_eq!(roles(&viewer), ["editor", "offline_access"]);
}

#[tokio::test]
async fn firebase() {
    let claims = json!({
        "iss": "https://securetoken.google.com/example-project",
        "aud": "example-project",
        "auth_time": now() - 10,
        "user_id": "u1",
        "sub": "u1",
        "roles": ["editor"],
        "email": "ann@example.com",
        "firebase": { "identities": { "email": ["ann@example.com"] }, "sign_in_provider": "password" },
    });
    let provider = Provider::new("Firebase", Pair::rsa(), claims).await;
    let viewer = provider.good().await;
    assert_eq!(roles(&viewer), ["editor"]);
    assert_eq!(viewer.claim("provider"), Some(&json!("password")));
    assert_eq!(provider.viewer("aud", json!("other-project")).await.err(), Some(Denied::Audience));
    assert_eq!(provider.viewer("sub", Json::Null).await.err(), Some(Denied::Claim("sub".to_owned())));
}

#[tokio::test]
async fn supabase() {
    let claims = json!({
        "iss": "https://example.supabase.co/auth/v1",
        "sub": "11112222-3333-4444-5555-666677778888",
        "aud": "authenticated",
        "role": "authenticated",
        "aal": "aal1",
        "email": "ann@example.com",
        "app_metadata": { "provider": "email", "roles": ["editor"], "team": 7 },
        "user_metadata": { "roles": ["admin"] },
        "is_anonymous": false,
    });
    let provider = Provider::new("Supabase", Pair::p256(), claims.clone()).await;
    let viewer = provider.good().await;
    assert_eq!(roles(&viewer), ["authenticated", "editor"]);
    assert_eq!(viewer.claim("team"), Some(&json!(7)));

    // The older shared secret.
    let documented = documented("Supabase").replace("ES256", "HS256");
    let jwks = documented.lines().find(|line| line.starts_with("jwks = ")).expect("keys of a server");
    let text = documented.replace(jwks, &format!("key = '{SECRET}'"));
    let older = Authenticator::new(&settings(&text), Arc::default()).expect("the settings are right");
    let token = Pair::secret().token(&json!({ "alg": "HS256" }), &provider.claims);
    let viewer = older.authenticate(&bearer(&token)).await.expect("it is good");
    assert_eq!(roles(&viewer), ["authenticated", "editor"]);
}

#[tokio::test]
async fn roles_and_claims_are_what_the_paths_lead_to() {
    let pair = Pair::secret();
    let text = super::with_key(&pair, "roles = ['one', 'many', 'groups[*].name', 'none']");
    let authenticator = Authenticator::new(&settings(&text), Arc::default()).expect("the settings are right");
    let token = pair.good(json!({
        "one": "a b", "many": ["c", 1, null, ["d"], { "e": "f" }], "groups": [{ "name": "g" }, {}], "none": 7,
    }));
    let viewer = authenticator.authenticate(&bearer(&token)).await.expect("it is good");
    assert_eq!(roles(&viewer), ["a b", "c", "d", "g"]);
    // Without a table of claims all are known; numbers as they are written.
    assert_eq!((viewer.claim("none"), viewer.claim("sub")), (Some(&json!(7)), Some(&json!("ann"))));
    let token = pair.good(json!({})).clone();
    let viewer = authenticator.authenticate(&bearer(&token)).await.expect("it is good");
    assert_eq!(roles(&viewer), [""; 0]);
}
