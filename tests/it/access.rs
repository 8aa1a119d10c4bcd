//! Who may read and write what: rules of access, over HTTP.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oponn::config::{AuthSettings, Config, Flags};
use serde_json::{Value as Json, json};

use crate::support::app::{Setup, TestApp};

mod ablations;
mod claims;
mod domain;
mod fields;
mod hunt;
mod saved;
mod sharing;
mod writes;

/// An application behind a gateway, whose tokens are believed.
pub fn setup(sdl: &str) -> Setup {
    TestApp::with(sdl).auth(settings())
}

fn settings() -> AuthSettings {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("oponn.toml");
    let text = "[auth]\nmode = 'trusted'\nanonymous = 'anonymous'\n[[auth.issuers]]\nroles = 'roles'\n";
    std::fs::write(&path, text).expect("the file can be written");
    let loaded = Config::load(Flags::default(), [], Some(path.as_path()));
    loaded.unwrap_or_else(|faults| panic!("{faults}")).config.auth.expect("identity is on")
}

/// A token with these roles and claims.
pub fn token(roles: &[&str], mut claims: Json) -> String {
    claims["roles"] = json!(roles);
    let part = |json: Json| URL_SAFE_NO_PAD.encode(json.to_string());
    format!("{}.{}.", part(json!({ "alg": "none" })), part(claims))
}

/// The codes of a response's errors.
fn codes(response: &Json) -> Vec<&str> {
    let errors = response["errors"].as_array().map_or(&[][..], |errors| errors);
    errors.iter().filter_map(|error| error["extensions"]["code"].as_str()).collect()
}
