//! `oponn auth key new` and `oponn auth token`: what they print is taken by a server with the same settings.

use serde_json::{Value as Json, json};

use super::mint::{Pair, RSA_PRIVATE, SECRET};
use super::{issuer, with_key};
use crate::support::app::client;
use crate::support::program::{Folder, Serving};

async fn status(serving: &Serving, header: (&str, &str)) -> u16 {
    let request = client().post(format!("http://{}/graphql", serving.address)).header(header.0, header.1);
    let response =
        request.json(&json!({ "query": "{ __typename }" })).send().await.expect("the server answers");
    response.status().as_u16()
}

fn claims(token: &str) -> Json {
    use base64::Engine;
    let part = token.split('.').nth(1).expect("three parts");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).expect("base64");
    serde_json::from_slice(&bytes).expect("JSON")
}

#[tokio::test]
async fn a_new_key_is_shown_once_and_its_lines_let_it_in() {
    let folder = Folder::with_books();
    let ran = folder.run(&["auth", "key", "new", "--name", "the \"importer\""]);
    ran.assert(0, "name = 'the \"importer\"'", "shown only now");
    let told = ran.err();
    let key = told.lines().find(|line| line.starts_with("oponn_")).expect("the key");
    assert_eq!(key.len(), 6 + 43, "256 bits");
    assert!(!ran.out().contains(key), "the key does not go where the lines go");
    folder.write("oponn.toml", &ran.out());
    let serving = folder.serve(&[]);
    assert_eq!(status(&serving, ("x-api-key", key)).await, 200);
    assert_eq!(status(&serving, ("x-api-key", &key[..48])).await, 401);
    let other = folder.run(&["auth", "key", "new"]);
    assert!(!other.err().contains(key), "each is another");
}

#[tokio::test]
async fn a_token_of_every_kind_of_key_is_taken() {
    for pair in [Pair::secret(), Pair::rsa(), Pair::p256(), Pair::p384(), Pair::ed25519()] {
        for algorithm in pair.algorithms() {
            let folder = Folder::with_books();
            let table =
                format!("algorithms = '{algorithm}'\nroles = 'app.roles'\ntype = 'at+jwt'\nkey_file = 'key'");
            folder.write("oponn.toml", &issuer(&table));
            folder.write("key", &format!("{}\n", pair.private()));
            let ran = folder.run(&[
                "auth",
                "token",
                "--claims",
                r#"{"sub": "ann"}"#,
                "--roles",
                "a,b",
                "--expires",
                "2h",
            ]);
            ran.assert(0, "", "");
            let token = ran.out().trim().to_owned();
            let claims = claims(&token);
            assert_eq!((&claims["app"]["roles"], &claims["sub"]), (&json!(["a", "b"]), &json!("ann")));
            assert_eq!((&claims["iss"], &claims["aud"]), (&json!(super::ISSUER), &json!("shop")));
            assert_eq!(claims["exp"].as_u64(), claims["iat"].as_u64().map(|time| time + 7_200));
            let serving = folder.serve(&[]);
            assert_eq!(
                status(&serving, ("authorization", &format!("Bearer {token}"))).await,
                200,
                "{algorithm}"
            );
        }
    }
}

#[test]
fn settings_that_cannot_sign_are_told_what_is_lacking() {
    let folder = Folder::with_books();
    let token = |settings: &str, arguments: &[&str], part: &str| {
        folder.write("oponn.toml", settings);
        let ran = folder.run(&[&["auth", "token"], arguments].concat());
        ran.assert(2, "", part);
        assert!(ran.out().is_empty() && !ran.err().contains(SECRET), "{}", ran.err());
    };
    let rsa = with_key(&Pair::rsa(), "");
    token("", &[], "have no table `[auth]`");
    token("[auth]\nanonymous = 'a'", &[], "no `[[auth.issuers]]`");
    token(
        &rsa,
        &[],
        "`auth.issuers[0]` has no key that can sign with RS256; give a file with the private key",
    );
    let server = issuer("algorithms = 'RS256'\njwks = 'http://127.0.0.1:9/keys'");
    token(&server, &[], "has no key itself");
    folder.write("secret", SECRET);
    token(&server, &["--key-file", "secret"], "--key-file has no key that can sign with RS256");
    token(&server, &["--key-file", "nothing"], "--key-file: the file cannot be read");
    token("[auth]\nmode = 'trusted'\n[[auth.issuers]]\nroles = 'a'", &[], "in the mode `trusted`");
    let two = format!("{}{}", with_key(&Pair::secret(), ""), rsa.replace(super::ISSUER, "https://b.example"));
    token(&two, &[], "choose one with --issuer: `https://issuer.example/`, `https://b.example`");
    token(&two, &["--issuer", "x"], "--issuer: there is none of this name");
    let secret = with_key(&Pair::secret(), "");
    token(&secret, &["--roles", "a"], "--roles: the first path in `auth.issuers[0].roles`");
    token(&secret, &["--claims", "{"], "--claims: it is not JSON");
    token(&secret, &["--claims", "[]"], "--claims: it has to be a JSON object");
    token(&secret, &["--expires", "1"], "--expires: it has to be a duration");

    folder.write("key.pem", RSA_PRIVATE);
    folder.write("oponn.toml", &server);
    folder.run(&["auth", "token", "--key-file", "key.pem", "--kid", "k1"]).assert(0, "ey", "");
    folder.write("oponn.toml", &two);
    folder.run(&["auth", "token", "--issuer", super::ISSUER]).assert(0, "ey", "");
}
