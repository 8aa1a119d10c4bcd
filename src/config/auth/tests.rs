//! Tests of what is taken as `[auth]`, and of what is told about the rest.

use serde_json::json;

use crate::config::{AuthMode, AuthSettings, Config, Flags, KeySource};

const ISSUER: &str =
    "[[auth.issuers]]\nissuer = 'https://a.example/'\naudience = 'shop'\nalgorithms = ['RS256']\n";

fn load(file: &str, env: &[(&str, &str)]) -> Result<(Option<AuthSettings>, Vec<String>), String> {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("oponn.toml");
    std::fs::write(&path, file).expect("the file can be written");
    let env = env.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    match Config::load(Flags::default(), env, Some(&path)) {
        Ok(loaded) => Ok((loaded.config.auth, loaded.warnings)),
        Err(faults) => Err(faults.to_string().replace(&dir.path().display().to_string(), "DIR")),
    }
}

fn auth(file: &str) -> AuthSettings {
    load(file, &[]).expect(file).0.expect("identity is on")
}

#[track_caller]
fn refused(file: &str, parts: &[&str]) {
    let told = load(file, &[]).map(|_| ()).expect_err(file);
    for part in parts {
        assert!(told.contains(part), "{file}: {part} is not in\n{told}");
    }
    assert!(!told.contains("S3CRET"), "{told}");
}

#[test]
fn identity_is_off_without_the_table() {
    assert!(load("", &[]).expect("valid").0.is_none());
    // An empty table must not leave everything open.
    refused("[auth]", &["`[auth]` lets nobody in"]);
    refused("auth = true", &["`auth` in DIR/oponn.toml is not a setting"]);
}

#[test]
fn an_issuer_has_defaults() {
    let auth = auth(&format!("{ISSUER}jwks = 'https://a.example/keys'"));
    assert_eq!((auth.mode, auth.trusted_network, auth.anonymous), (AuthMode::Verified, false, None));
    let issuer = &auth.issuers[0];
    assert_eq!((issuer.leeway.as_secs(), issuer.audience.len(), issuer.require.len()), (60, 1, 0));
    let Some(KeySource::Jwks(jwks)) = &issuer.key else { panic!("{:?}", issuer.key) };
    assert_eq!((jwks.refresh.as_secs(), jwks.pause.as_secs(), jwks.keep.as_secs()), (300, 10, 600));
}

#[test]
fn a_key_can_be_in_the_environment() {
    let file = format!("{ISSUER}key_env = 'OPONN_TEST_KEY'");
    let (auth, warnings) = load(&file, &[("OPONN_TEST_KEY", "S3CRET"), ("OPONN_OTHER", "x")]).expect("valid");
    assert_eq!(warnings.len(), 1, "the variable that is named is a setting: {warnings:?}");
    let auth = auth.expect("identity is on");
    assert!(matches!(&auth.issuers[0].key, Some(KeySource::Given(secret)) if secret.0 == "S3CRET"));
    assert!(!format!("{auth:?}").contains("S3CRET"));
    refused(
        &file,
        &["`auth.issuers[0].key_env` in DIR/oponn.toml names an environment variable that is not set"],
    );
}

#[test]
fn requirements_and_claims_are_paths() {
    let auth = auth(&format!(
        "{ISSUER}key = 'x'\nrequire = {{ token_use = 'access', 'a.b' = [1, true] }}\nroles = ['r', 'x.y']\n\
         claims = {{ user = 'sub' }}\n[[auth.keys]]\nname = 'import'\nhash = '{}'\nclaims = {{ shop = 7 }}",
        "ab".repeat(32)
    ));
    let issuer = &auth.issuers[0];
    let values: Vec<_> =
        issuer.require.iter().map(|one| (one.path.to_string(), one.values.clone())).collect();
    assert!(values.contains(&("a.b".into(), Some(vec![json!(1), json!(true)]))), "{values:?}");
    assert_eq!((issuer.roles.len(), issuer.claims.as_ref().map(Vec::len)), (2, Some(1)));
    assert_eq!((auth.keys[0].hash[0], auth.keys[0].claims["shop"].clone()), (0xab, json!(7)));
}

#[test]
fn every_fault_of_a_table_is_told_and_no_value() {
    refused(
        "[auth]\nmode = 'open'\nanonymous = ''\n[[auth.issuers]]\nissuer = ''\naudienc = 'S3CRET'\n\
         algorithms = ['none']\nkey = 'S3CRET'\njwks = 'S3CRET'\nleeway = '1h'\nroles = 'https://a.b/c'\n\
         [[auth.keys]]\nname = 'x'\nhash = 'S3CRET'",
        &[
            "`auth.mode` in DIR/oponn.toml is `open`; it has to be `verified`, or `trusted`",
            "`auth.anonymous`",
            "`auth.issuers[0].issuer` in DIR/oponn.toml has to be a text",
            "`auth.issuers[0].audienc` in DIR/oponn.toml is not a setting; did you mean `audience`?",
            "`auth.issuers[0].audience` in DIR/oponn.toml is missing",
            "`auth.issuers[0].algorithms` in DIR/oponn.toml has to be one or more of HS256",
            "`auth.issuers[0].jwks` in DIR/oponn.toml is given beside `key`; keep one",
            "`auth.issuers[0].jwks` in DIR/oponn.toml has to be `https://HOST/PATH`",
            "`auth.issuers[0].leeway` in DIR/oponn.toml has to be a duration of 5m at the most",
            "`auth.issuers[0].roles` in DIR/oponn.toml has to be the path of a claim",
            "`auth.keys[0].hash` in DIR/oponn.toml has to be the SHA-256 of a key",
        ],
    );
    refused("[auth]\nissuers = 'S3CRET'", &["`auth.issuers` in DIR/oponn.toml has to be a list of tables"]);
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let jwks = "jwks = 'https://a.example/keys'";
    refused(
        &format!("{ISSUER}{jwks}\n{ISSUER}{jwks}"),
        &["`auth.issuers[1].issuer` is that of another table"],
    );
    refused(ISSUER, &["give one of `key_file`, `key`, `key_env` and `jwks`"]);
    let several = ISSUER.replace("'RS256'", "'HS256', 'RS256'");
    refused(&format!("{several}{jwks}"), &["no `jwks` may have"]);
    refused(&format!("{several}key = 'S3CRET'"), &["keys of different kinds"]);
    refused(
        "[auth]\nmode = 'trusted'\n[[auth.issuers]]\nkey = 'S3CRET'\nleeway = '1s'",
        &["`auth.issuers[0].key` in DIR/oponn.toml is of no use", "`auth.issuers[0].leeway`"],
    );
    let key = format!("[[auth.keys]]\nname = 'x'\nhash = '{}'\n", "ab".repeat(32));
    refused(&format!("{key}{key}"), &["`auth.keys[1]` has the name or the hash of another"]);
}
