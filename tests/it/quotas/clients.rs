//! Who is one client: viewers, keys, addresses, and those behind proxies.

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::{SMALL, app, ask};
use crate::auth::mint::Pair;
use crate::support::app::TestApp;
use crate::support::raw::Raw;

const ISSUERS: [&str; 2] = ["https://issuer.example/", "https://other.example/"];
const KEYS: [&str; 2] = ["oponn_Zm9yIHRlc3RzIG9ubHk", "oponn_Zm9yIG90aGVyIHRlc3Rz"];

/// Two issuers with one secret, two keys, and everybody else as a guest.
fn auth() -> String {
    let (pair, mut text) = (Pair::secret(), "[auth]\nanonymous = 'guest'\n".to_owned());
    for issuer in ISSUERS {
        text += &format!(
            "[[auth.issuers]]\nissuer = '{issuer}'\naudience = 'shop'\nalgorithms = ['HS256']\nkey = '''{}'''\n\
             roles = 'roles'\nclaims = {{}}\n",
            pair.public()
        );
    }
    for (name, key) in ["ann", "bob"].iter().zip(KEYS) {
        text += &format!("[[auth.keys]]\nname = '{name}'\nhash = '{}'\n", hex::encode(Sha256::digest(key)));
    }
    text
}

fn token(claims: Json) -> String {
    format!("Bearer {}", Pair::secret().good(claims))
}

/// How many requests are left after this one.
async fn left(app: &TestApp, headers: &[(&str, &str)]) -> u32 {
    ask(app, SMALL, headers).await.passes().left("requests")
}

async fn left_to(app: &TestApp, claims: Json) -> u32 {
    left(app, &[("authorization", &token(claims))]).await
}

#[tokio::test]
async fn viewers_are_told_apart_by_subject_and_issuer() {
    let app = app(&format!("{}\n[quota]\nrequests = '9/1h'", auth())).await;
    let ann = json!({ "sub": "ann" });
    assert_eq!(left_to(&app, ann.clone()).await, 8);
    // Another token of hers.
    assert_eq!(left_to(&app, json!({ "sub": "ann", "jti": "2", "roles": ["x"] })).await, 7);
    assert_eq!(left_to(&app, json!({ "sub": "bob" })).await, 8);
    assert_eq!(left_to(&app, json!({ "sub": "ann", "iss": ISSUERS[1] })).await, 8);
    assert_eq!(left_to(&app, ann).await, 6);
    // The key of somebody of that name is another matter.
    assert_eq!(left(&app, &[("x-api-key", KEYS[0])]).await, 8);
    assert_eq!(left(&app, &[("x-api-key", KEYS[1])]).await, 8);
    assert_eq!(left(&app, &[("authorization", &format!("Bearer {}", KEYS[0]))]).await, 7);
    // Whoever does not say who it is counts by its address.
    assert_eq!(left(&app, &[]).await, 8);
    assert_eq!(left_to(&app, json!({ "sub": null })).await, 7);
    assert_eq!(left_to(&app, json!({ "sub": "" })).await, 6);
    assert_eq!(left_to(&app, json!({ "sub": 7 })).await, 5);
}

#[tokio::test]
async fn roles_have_quotas_of_their_own() {
    let roles = [("small", "2/1h", ""), ("large", "50/1h", "points = '30/1h'"), ("guest", "4/1h", "")];
    let mut text = format!("{}\n[quota]\nrequests = '9/1h'\npoints = '20/1h'\n", auth());
    for (role, requests, more) in roles {
        text += &format!("[[quota.roles]]\nrole = '{role}'\nrequests = '{requests}'\n{more}\n");
    }
    text += "[[quota.roles]]\nrole = 'free'\nrequests = 'unlimited'\n";
    let app = app(&text).await;
    let policy = async |sub: &str, roles: &[&str]| {
        let claims = json!({ "sub": sub, "roles": roles });
        let told = ask(&app, SMALL, &[("authorization", &token(claims))]).await.passes();
        told.header("ratelimit-policy")
            .unwrap_or_default()
            .replace(";w=3600", "")
            .replace(";qu=\"points\"", "")
    };
    assert_eq!(policy("a", &[]).await, "\"requests\";q=9, \"points\";q=20");
    assert_eq!(policy("b", &["unknown"]).await, "\"requests\";q=9, \"points\";q=20");
    assert_eq!(policy("c", &["small"]).await, "\"requests\";q=2, \"points\";q=20");
    assert_eq!(policy("d", &["small", "large"]).await, "\"requests\";q=50, \"points\";q=30");
    assert_eq!(policy("e", &["large", "free"]).await, "\"points\";q=30");
    let told = ask(&app, SMALL, &[]).await.passes();
    assert_eq!(told.left("requests"), 3, "a guest's");
    // It is kept to.
    ask(&app, SMALL, &[("authorization", &token(json!({ "sub": "c", "roles": ["small"] })))]).await.passes();
    ask(&app, SMALL, &[("authorization", &token(json!({ "sub": "c", "roles": ["small"] })))]).await.refused();
}

/// What is left for a request from an address, with this header.
async fn left_from(app: &TestApp, address: &str, forwarded: &str) -> String {
    let server = app.url("").trim_start_matches("http://").to_owned();
    let mut raw = Raw::connect_from(address, &server).await;
    let head = format!("GET /graphql?query=%7B__typename%7D HTTP/1.1\r\nhost: x\r\n{forwarded}\r\n");
    raw.send(head.as_bytes()).await;
    let answer = raw.answer().await.expect("the server answers");
    let told = answer.head.lines().find_map(|line| line.strip_prefix("ratelimit: \"requests\";r="));
    told.unwrap_or_else(|| panic!("{answer:?}")).split(';').next().expect("a number").to_owned()
}

#[tokio::test]
async fn addresses_are_told_apart_and_forwarded_for_is_not_believed() {
    let app = app("[quota]\nrequests = '9/1h'").await;
    assert_eq!(left_from(&app, "127.0.0.1", "").await, "8");
    assert_eq!(left_from(&app, "127.0.0.2", "").await, "8");
    assert_eq!(left_from(&app, "127.0.0.1", "x-forwarded-for: 192.0.2.1\r\n").await, "7");
    assert_eq!(left_from(&app, "127.0.0.1", "x-forwarded-for: 192.0.2.2\r\n").await, "6");
    assert_eq!(left_from(&app, "127.0.0.1", "forwarded: for=192.0.2.3\r\n").await, "5");
}

#[tokio::test]
async fn named_proxies_are_believed_up_to_the_first_that_is_none() {
    let app = app("[quota]\nrequests = '9/1h'\ntrusted_proxies = ['127.0.0.1', '10.0.0.0/8']").await;
    let by_proxy = async |forwarded: &str| left_from(&app, "127.0.0.1", forwarded).await;
    assert_eq!(by_proxy("x-forwarded-for: 192.0.2.1\r\n").await, "8");
    assert_eq!(by_proxy("x-forwarded-for: 192.0.2.2\r\n").await, "8");
    // Whatever the client has written before it.
    assert_eq!(by_proxy("x-forwarded-for: 1.1.1.1, 192.0.2.1\r\n").await, "7");
    assert_eq!(by_proxy("x-forwarded-for: 2.2.2.2\r\nx-forwarded-for: 192.0.2.1, 10.1.2.3\r\n").await, "6");
    assert_eq!(by_proxy("x-forwarded-for: 10.0.0.1, 192.0.2.1, 10.1.2.3\r\n").await, "5");
    // Not by somebody who is no proxy.
    assert_eq!(left_from(&app, "127.0.0.2", "x-forwarded-for: 192.0.2.9\r\n").await, "8");
    assert_eq!(left_from(&app, "127.0.0.2", "x-forwarded-for: 192.0.2.1\r\n").await, "7");
    // The network of one household.
    assert_eq!(by_proxy("x-forwarded-for: 2001:db8:1:2::1\r\n").await, "8");
    assert_eq!(by_proxy("x-forwarded-for: 2001:db8:1:2:ffff::9\r\n").await, "7");
    assert_eq!(by_proxy("x-forwarded-for: 2001:db8:1:3::1\r\n").await, "8");
}
