//! Keys that a server has: rotation, outages, garbage, and how often it is asked.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::key_server::{KeyServer, Says};
use super::mint::Pair;
use super::{app, ask_with, issuer, let_in, refused, verdict};
use crate::support::app::TestApp;

const UNKNOWN: &str = "a key that its issuer does not have";
const AWAY: &str = "cannot be fetched";

fn from(server: &KeyServer, more: &str) -> String {
    issuer(&format!("algorithms = 'ES256'\njwks = '{}'\n{more}", server.url()))
}

async fn fetches(app: &TestApp, result: &str) -> u64 {
    app.metric("oponn_auth_jwks_fetches_total", &[("result", result)]).await
}

#[tokio::test]
async fn a_key_that_is_new_is_fetched_and_one_that_is_gone_is_honoured_for_a_while() {
    let (old, new) = (Pair::p256(), Pair::p256());
    let server = KeyServer::start(vec![old.jwk("old")]).await;
    let app = app(&from(&server, "jwks_pause = '0ms'")).await;
    let_in(&ask_with(&app, &old.good_of("old", json!({}))).await);
    server.says(Says::Keys(vec![new.jwk("new")]));
    let_in(&ask_with(&app, &new.good_of("new", json!({}))).await);
    // One that was seen before, and one that was not.
    let_in(&ask_with(&app, &old.good_of("old", json!({}))).await);
    let_in(&ask_with(&app, &old.good_of("old", json!({ "sub": "bob" }))).await);
    refused(verdict(&app, &old.good_of("new", json!({}))).await, "signature is not that of its issuer");
    assert_eq!(server.asked(), 2);
}

#[tokio::test]
async fn a_key_that_is_gone_is_not_honoured_after_its_while() {
    let (old, new) = (Pair::p256(), Pair::p256());
    let server = KeyServer::start(vec![old.jwk("old")]).await;
    let app = app(&from(&server, "jwks_pause = '0ms'\njwks_keep = '0ms'")).await;
    let seen = old.good_of("old", json!({}));
    let_in(&ask_with(&app, &seen).await);
    server.says(Says::Keys(vec![new.jwk("new")]));
    let_in(&ask_with(&app, &new.good_of("new", json!({}))).await);
    refused(verdict(&app, &seen).await, UNKNOWN);
    refused(verdict(&app, &old.good_of("old", json!({ "sub": "bob" }))).await, UNKNOWN);
}

#[tokio::test]
async fn a_key_that_is_replaced_under_its_name_is_another_key() {
    let (old, new) = (Pair::p256(), Pair::p256());
    let server = KeyServer::start(vec![old.jwk("a")]).await;
    let app = app(&from(&server, "jwks_pause = '0ms'\njwks_keep = '0ms'")).await;
    let seen = old.good_of("a", json!({}));
    let_in(&ask_with(&app, &seen).await);
    server.says(Says::Keys(vec![new.jwk("a")]));
    refused(verdict(&app, &old.good_of("b", json!({}))).await, UNKNOWN);
    refused(verdict(&app, &seen).await, "signature is not that of its issuer");
    let_in(&ask_with(&app, &new.good_of("a", json!({}))).await);
}

#[tokio::test]
async fn keys_are_fetched_in_the_background() {
    let (old, new) = (Pair::p256(), Pair::p256());
    let server = KeyServer::start(vec![old.jwk("old")]).await;
    let app = app(&from(&server, "jwks_refresh = '10ms'\njwks_pause = '1h'\njwks_keep = '0ms'")).await;
    let_in(&ask_with(&app, &old.good_of("old", json!({}))).await);
    server.says(Says::Keys(vec![new.jwk("new")]));
    // The second of these has begun after the first has been taken over.
    server.was_asked(server.asked() + 2).await;
    let_in(&ask_with(&app, &new.good_of("new", json!({}))).await);
    refused(verdict(&app, &old.good_of("old", json!({}))).await, UNKNOWN);
}

#[tokio::test]
async fn many_that_wait_for_a_key_share_one_fetch() {
    let (old, new) = (Pair::p256(), Pair::p256());
    let server = KeyServer::start(vec![old.jwk("old")]).await;
    let app = app(&from(&server, "jwks_pause = '1s'")).await;
    let_in(&ask_with(&app, &old.good_of("old", json!({}))).await);
    let beside = super::app(&from(&server, "jwks_pause = '0ms'")).await;
    let_in(&ask_with(&beside, &old.good_of("old", json!({}))).await);
    let before = server.asked();

    server.says(Says::Later(vec![old.jwk("old"), new.jwk("new")]));
    let token = new.good_of("new", json!({}));
    let waiting: Vec<_> = (0..20).map(|_| ask_with(&beside, &token)).collect();
    let waiting = futures_util::future::join_all(waiting);
    let known = async {
        server.was_asked(before + 1).await;
        // Keys that are known do not wait.
        let_in(&ask_with(&beside, &old.good_of("old", json!({ "sub": "bob" }))).await);
        server.pass(1);
    };
    let (answers, ()) = tokio::join!(waiting, known);
    answers.iter().for_each(let_in);
    assert_eq!(server.asked(), before + 1, "there was one fetch for all");

    // Within the pause nobody has to wait, and nothing is fetched.
    refused(verdict(&app, &token).await, UNKNOWN);
    assert_eq!(server.asked(), before + 1);
}

#[tokio::test]
async fn keys_that_do_not_exist_ask_once_in_a_pause() {
    let pair = Pair::p256();
    let server = KeyServer::start(vec![pair.jwk("a")]).await;
    let app = app(&from(&server, "jwks_pause = '1h'")).await;
    for number in 0..50 {
        refused(verdict(&app, &pair.good_of(&format!("none{number}"), json!({}))).await, UNKNOWN);
    }
    assert_eq!(server.asked(), 1);
    assert_eq!(app.metric("oponn_auth_requests_total", &[("result", "unknown_key")]).await, 50);
}

#[tokio::test]
async fn known_keys_go_on_while_the_server_is_away() {
    let pair = Pair::p256();
    let server = KeyServer::start(vec![pair.jwk("a")]).await;
    let app = app(&from(&server, "jwks_pause = '0ms'\njwks_keep = '0ms'")).await;
    let_in(&ask_with(&app, &pair.good_of("a", json!({}))).await);
    server.says(Says::Status(503));
    // Whether such a token is good cannot be told.
    refused(verdict(&app, &pair.good_of("b", json!({}))).await, AWAY);
    let response = ask_with(&app, &pair.good_of("b", json!({}))).await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["retry-after"]),
        (503, &"1".parse().expect("text"))
    );
    let_in(&ask_with(&app, &pair.good_of("a", json!({ "sub": "bob" }))).await);
    server.stop().await;
    refused(verdict(&app, &pair.good_of("b", json!({}))).await, AWAY);
    let_in(&ask_with(&app, &pair.good_of("a", json!({ "sub": "eve" }))).await);
    assert!(fetches(&app, "away").await >= 3);
    assert_eq!((fetches(&app, "fetched").await, fetches(&app, "garbage").await), (1, 0));
}

#[tokio::test]
async fn a_server_that_was_away_at_the_start_is_found_later() {
    let pair = Pair::p256();
    let server = KeyServer::that(Says::Status(500)).await;
    let app = app(&from(&server, "jwks_pause = '0ms'")).await;
    refused(verdict(&app, &pair.good_of("a", json!({}))).await, AWAY);
    server.says(Says::Keys(vec![pair.jwk("a")]));
    let_in(&ask_with(&app, &pair.good_of("a", json!({}))).await);
}

#[tokio::test]
async fn garbage_is_not_taken_for_keys() {
    let pair = Pair::p256();
    let server = KeyServer::start(vec![pair.jwk("a")]).await;
    let app = app(&from(&server, "jwks_pause = '0ms'\njwks_keep = '0ms'")).await;
    let_in(&ask_with(&app, &pair.good_of("a", json!({}))).await);
    let with = |name: &str, value: Json| {
        let mut jwk = pair.jwk("b");
        jwk[name] = value;
        Says::Keys(vec![jwk])
    };
    let elsewhere = KeyServer::start(vec![pair.jwk("b")]).await;
    let garbage = [
        Says::Text(String::new()),
        Says::Text("<html>".to_owned()),
        Says::Text("[]".to_owned()),
        Says::Text(r#"{"keys": {}}"#.to_owned()),
        Says::Keys(Vec::new()),
        Says::Keys(vec![
            Pair::secret().jwk("b"),
            json!(1),
            json!({}),
            json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB" }),
        ]),
        with("use", json!("enc")),
        with("key_ops", json!(["encrypt"])),
        with("alg", json!("RS256")),
        with("alg", json!("none")),
        with("crv", json!("P-521")),
        with("x", json!("!")),
        Says::Keys(vec![pair.jwk("b"); 101]),
        // What can be used, in too much.
        Says::Text(format!("{}{}", json!({ "keys": [pair.jwk("b")] }), " ".repeat(256 << 10))),
    ];
    let count = garbage.len() as u64;
    for says in garbage {
        server.says(says);
        refused(verdict(&app, &pair.good_of("b", json!({}))).await, AWAY);
    }
    assert_eq!(fetches(&app, "garbage").await, count);
    server.says(Says::Elsewhere(elsewhere.url()));
    refused(verdict(&app, &pair.good_of("b", json!({}))).await, AWAY);
    assert_eq!(elsewhere.asked(), 0, "only the address in the settings is trusted");
    let_in(&ask_with(&app, &pair.good_of("a", json!({ "sub": "bob" }))).await);
    // Beside what cannot be used, what can is taken.
    server.says(Says::Keys(vec![json!({}), Pair::secret().jwk("c"), pair.jwk("b")]));
    let_in(&ask_with(&app, &pair.good_of("b", json!({}))).await);
}

#[tokio::test]
async fn a_slow_server_holds_up_nobody_for_ever() {
    let pair = Pair::p256();
    let server = KeyServer::that(Says::Later(vec![pair.jwk("a")])).await;
    let app = app(&from(&server, "jwks_timeout = '50ms'\njwks_pause = '1h'")).await;
    let token = pair.good_of("a", json!({}));
    let verdict = tokio::time::timeout(Duration::from_secs(60), verdict(&app, &token));
    refused(verdict.await.expect("it is answered"), AWAY);
    assert_eq!(fetches(&app, "away").await, 1);
}

#[tokio::test]
async fn a_token_without_the_name_of_its_key_is_taken_if_there_is_one_key() {
    let (one, other) = (Pair::p256(), Pair::p256());
    let server = KeyServer::start(vec![one.jwk("a"), Pair::rsa().jwk("r")]).await;
    let app = app(&from(&server, "jwks_pause = '0ms'")).await;
    let_in(&ask_with(&app, &one.good(json!({}))).await);
    server.says(Says::Keys(vec![one.jwk("a"), other.jwk("b")]));
    let_in(&ask_with(&app, &other.good_of("b", json!({}))).await);
    refused(verdict(&app, &one.good(json!({ "sub": "bob" }))).await, "does not name its key");
}
