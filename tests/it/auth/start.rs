//! What is said and refused at the start.

use std::sync::Arc;

use oponn::auth::Authenticator;
use oponn::config::{Config, Flags};

use super::mint::{Pair, RSA_PUBLIC, SECRET};
use super::{issuer, with_key};
use crate::support::program::{Folder, Serving};

/// What is wrong with the settings in a text, keys included; nothing if they are right.
pub fn faults(text: &str) -> String {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("oponn.toml");
    std::fs::write(&path, text).expect("the file can be written");
    match Config::load(Flags::default(), [], Some(&path)) {
        Err(faults) => faults.to_string(),
        Ok(loaded) => {
            let settings = loaded.config.auth.expect("identity is on");
            Authenticator::new(&settings, Arc::default())
                .map_or_else(|faults| faults.join("\n"), |_| String::new())
        }
    }
}

fn said<'s>(serving: &'s Serving, part: &str) -> Option<&'s serde_json::Value> {
    serving.lines.iter().find(|line| line["message"].as_str().is_some_and(|text| text.contains(part)))
}

#[test]
fn the_log_says_who_is_let_in() {
    let folder = Folder::with_books();
    let serving = folder.serve(&[]);
    assert_eq!(said(&serving, "identity is off").map(|line| line["level"].clone()), Some("INFO".into()));
    drop(serving);
    let serving = folder.serve_on("0.0.0.0:0");
    let line = said(&serving, "identity is off").expect("a line");
    assert_eq!(line["level"], "WARN");
    assert!(line["message"].as_str().is_some_and(|text| text.contains("whoever reaches this server")));

    drop(serving);
    let key = format!("[[auth.keys]]\nname = 'a'\nhash = '{}'\n", "ab".repeat(32));
    let far = "[[auth.issuers]]\nissuer = 'far'\naudience = []\nalgorithms = 'RS256'\njwks = 'http://u:S3CRET@192.0.2.1/k?S3CRET'\n\
               jwks_timeout = '10ms'\n";
    folder.write("oponn.toml", &format!("{}{far}{key}", with_key(&Pair::secret(), "")));
    let serving = folder.serve_on("0.0.0.0:0");
    let line = said(&serving, "identity is on").expect("a line");
    assert_eq!(line["issuers"], "https://issuer.example/, far");
    assert_eq!((&line["api_keys"], &line["anonymous"]), (&1.into(), &"refused".into()));
    assert!(said(&serving, "identity is off").is_none());
    assert_eq!(said(&serving, "without TLS").expect("a warning")["url"], "http://192.0.2.1/k");
    let lines = format!("{:?}", serving.lines);
    assert!(!lines.contains("S3CRET") && !lines.contains(SECRET), "{lines}");
}

#[test]
fn keys_that_cannot_be_used_are_refused() {
    let (p256, p384) = (Pair::p256(), Pair::p384());
    let sec1 = "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----";
    for (algorithms, key, part) in [
        ("RS256", SECRET, "has to be a key in PEM"),
        ("HS256", RSA_PUBLIC, "is a key in PEM, which is no secret"),
        ("ES256", RSA_PUBLIC, "of another kind"),
        ("EdDSA", RSA_PUBLIC, "of another kind"),
        ("RS256", &p256.public(), "of another kind"),
        ("ES256", &p384.public(), "of another kind"),
        ("ES384", &p256.private(), "of another kind"),
        ("EdDSA", &p256.private(), "of another kind"),
        ("ES256", sec1, "openssl pkcs8 -topk8 -nocrypt"),
        (
            "RS256",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
            "openssl x509 -pubkey -noout",
        ),
        ("RS256", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n", "without a password"),
        ("RS256", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "of another kind"),
        ("RS256", "-----BEGIN PUBLIC KEY-----", "of another kind"),
    ] {
        let told = faults(&issuer(&format!("algorithms = '{algorithms}'\nkey = '''{key}'''")));
        assert!(told.contains("`auth.issuers[0].key`") && told.contains(part), "{algorithms} {key}: {told}");
        assert!(!told.contains(key), "{told}");
    }
}

#[test]
fn all_keys_that_are_wrong_are_told_before_the_server_starts() {
    let folder = Folder::with_books();
    let second = issuer("algorithms = 'HS256'\nkey = 'S3CRET'").replace(super::ISSUER, "b");
    folder
        .write("oponn.toml", &format!("{}{second}", issuer("algorithms = 'RS256'\nkey_file = 'keys/a.pem'")));
    for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["check"], &["check", "--format", "json"]] {
        let ran = folder.run(command);
        ran.assert(2, "", "`auth.issuers[0].key_file`: ");
        ran.assert(2, "", "keys/a.pem cannot be read");
        ran.assert(2, "", "`auth.issuers[1].key`: a secret for HS256 has to have 32 bytes");
        assert!(!ran.err().contains("S3CRET"), "{}", ran.err());
    }
}

#[test]
fn keys_are_checked_with_the_schema_and_without_the_net() {
    let folder = Folder::with_books();
    let away = issuer("algorithms = 'RS256'\njwks = 'http://192.0.2.1/keys'").replace(super::ISSUER, "b");
    let right = with_key(&Pair::secret(), "");
    folder.write("oponn.toml", &format!("{right}{away}"));
    folder.run(&["check"]).assert(0, "schema.graphql: no faults", "");
    folder.write("oponn.toml", "[auth]\nmode = 'trusted'\n[[auth.issuers]]\n");
    folder.run(&["check"]).assert(0, "schema.graphql: no faults", "");
    // Faults of the schema are told beside those of the keys.
    folder.write("oponn.toml", &issuer("algorithms = 'ES256'\nkey_file = 'schema.graphql'"));
    folder.write("schema.graphql", "type Book @collection { id: ID! title: Strin! }");
    let ran = folder.run(&["check"]);
    ran.assert(2, "schema.graphql: 1 fault", "`auth.issuers[0].key_file`: ");
}
