//! The table `[auth]`: who may issue tokens, how these are checked, and the keys of programs.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use jsonwebtoken::Algorithm;
use serde_json::{Map, Value as Json};

use super::reader::Reader;
use super::table::{Table, text};
use super::{ClaimPath, address, duration};

/// Difference of clocks that is tolerated when nothing is configured, and at the most.
const LEEWAY: Duration = Duration::from_secs(60);
const MOST_LEEWAY: Duration = Duration::from_secs(5 * 60);

/// `[auth]`: how the senders of requests are identified.
#[derive(Clone, Debug, Default)]
pub struct AuthSettings {
    /// `auth.mode`
    pub mode: AuthMode,
    /// `auth.trusted_network`: in the mode `trusted`, whether to serve on an address that is not loopback.
    pub trusted_network: bool,
    /// `auth.anonymous`: the role of requests without credentials; `None` when these are refused.
    pub anonymous: Option<String>,
    /// `[[auth.issuers]]`
    pub issuers: Vec<IssuerSettings>,
    /// `[[auth.keys]]`
    pub keys: Vec<ApiKeySettings>,
}

/// Whether tokens are checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuthMode {
    /// Tokens are checked.
    #[default]
    Verified,
    /// Tokens are believed: a gateway has checked them.
    Trusted,
}

/// One of `[[auth.issuers]]`.
#[derive(Clone, Debug)]
pub struct IssuerSettings {
    /// Name of the table, for messages.
    pub place: String,
    /// The claim `iss` of its tokens; `None` for any, in the mode `trusted`.
    pub issuer: Option<String>,
    /// What the claim `aud` has to name one of; empty when it is not looked at.
    pub audience: Vec<String>,
    /// The algorithms that its tokens may be signed with.
    pub algorithms: Vec<Algorithm>,
    /// Where its keys are; `None` in the mode `trusted`.
    pub key: Option<KeySource>,
    /// What the header's `typ` has to be.
    pub ty: Option<String>,
    /// Difference of clocks that is tolerated.
    pub leeway: Duration,
    /// What else has to be in a token.
    pub require: Vec<Requirement>,
    /// Where the roles are.
    pub roles: Vec<ClaimPath>,
    /// The claims that rules know, and where they are; `None` for all claims at the top, by their names.
    pub claims: Option<Vec<(String, ClaimPath)>>,
}

/// Where the keys of an issuer are.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// `key_file`: a file with a key in PEM, or with a secret.
    File(PathBuf),
    /// `key` or `key_env`: a key in PEM, or a secret.
    Given(Secret),
    /// `jwks`: a server that has the keys.
    Jwks(JwksSettings),
}

/// A server that has an issuer's keys.
#[derive(Clone, Debug)]
pub struct JwksSettings {
    /// `jwks`: its address.
    pub url: url::Url,
    /// `jwks_refresh`: how often the keys are fetched anyway.
    pub refresh: Duration,
    /// `jwks_pause`: the least time between two fetches for keys that are unknown.
    pub pause: Duration,
    /// `jwks_keep`: how long a key is honoured that is not there any more.
    pub keep: Duration,
    /// `jwks_timeout`: how long a fetch may take.
    pub timeout: Duration,
}

/// A claim that has to be there, and its possible values.
#[derive(Clone, Debug)]
pub struct Requirement {
    /// Where the claim is.
    pub path: ClaimPath,
    /// `None` for any value.
    pub values: Option<Vec<Json>>,
}

/// One of `[[auth.keys]]`.
#[derive(Clone, Debug)]
pub struct ApiKeySettings {
    /// Who has the key.
    pub name: String,
    /// SHA-256 of the key.
    pub hash: [u8; 32],
    /// Roles of requests with the key.
    pub roles: Vec<String>,
    /// Claims of requests with the key.
    pub claims: Map<String, Json>,
}

/// A text that is in no message.
#[derive(Clone)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The table, if there is one.
pub(super) fn read(reader: &mut Reader) -> Option<AuthSettings> {
    let mode = reader.parsed("auth.mode", mode).unwrap_or_default();
    let trusted_network = reader.flag("auth.trusted_network").unwrap_or(false);
    let anonymous = reader.parsed("auth.anonymous", role);
    let issuers = reader.tables("auth.issuers", |table| Some(issuer(table, mode)));
    let keys = reader.tables("auth.keys", api_key);
    if !reader.has_table("auth") {
        return None;
    }
    for (place, one) in issuers.iter().enumerate() {
        if issuers[..place].iter().any(|other| other.issuer == one.issuer) {
            reader.fault(format!(
                "`{}.issuer` is that of another table of `[[auth.issuers]]`; make one table of both",
                one.place
            ));
        }
    }
    for (place, key) in keys.iter().enumerate() {
        if keys[..place].iter().any(|other| other.name == key.name || other.hash == key.hash) {
            reader.fault(format!(
                "`auth.keys[{place}]` has the name or the hash of another table of `[[auth.keys]]`; make a key for \
                 each with `oponn auth key new`"
            ));
        }
    }
    if issuers.is_empty() && keys.is_empty() && anonymous.is_none() {
        reader.fault(
            "`[auth]` lets nobody in; add `[[auth.issuers]]` or `[[auth.keys]]`, or leave the table out to have \
             everything open"
                .to_owned(),
        );
    }
    Some(AuthSettings { mode, trusted_network, anonymous, issuers, keys })
}

fn mode(text: &str) -> Result<AuthMode, String> {
    match text {
        "verified" => Ok(AuthMode::Verified),
        "trusted" => Ok(AuthMode::Trusted),
        _ => Err("`verified`, or `trusted` behind a gateway that checks tokens".to_owned()),
    }
}

fn role(text: &str) -> Result<String, String> {
    match text.trim().is_empty() {
        true => Err("the name of a role".to_owned()),
        false => Ok(text.to_owned()),
    }
}

fn issuer(table: &mut Table<'_>, mode: AuthMode) -> IssuerSettings {
    let checks = [
        "audience",
        "algorithms",
        "key",
        "key_env",
        "key_file",
        "jwks",
        "jwks_refresh",
        "jwks_pause",
        "jwks_keep",
        "jwks_timeout",
        "type",
        "leeway",
    ];
    for key in checks {
        if mode == AuthMode::Trusted && table.has(key) {
            table.fault(
                key,
                "is of no use when `auth.mode` is `trusted`, where no token is checked; leave it out",
            );
        }
    }
    let name = table.text("issuer");
    if mode == AuthMode::Verified && !table.has("issuer") {
        table.fault("issuer", "is missing; it has to be the claim `iss` of the tokens");
    }
    let audience = table.texts("audience", |text| Ok(text.to_owned()));
    if mode == AuthMode::Verified && !table.has("audience") {
        table.fault(
            "audience",
            "is missing; it has to be what the claim `aud` of tokens for this API names, or `[]` when tokens have \
             none and `require` tells yours from others",
        );
    }
    let algorithms = table.texts("algorithms", algorithm).unwrap_or_default();
    if mode == AuthMode::Verified && algorithms.is_empty() {
        table.fault(
            "algorithms",
            &format!("has to be {ALGORITHMS}; those that the issuer signs with, not all"),
        );
    }
    let key = key(table);
    if mode == AuthMode::Verified {
        families(table, &algorithms, key.as_ref());
    }
    IssuerSettings {
        place: table.name().to_owned(),
        issuer: name,
        audience: audience.unwrap_or_default(),
        algorithms,
        key: key.filter(|_| mode == AuthMode::Verified),
        ty: table.text("type"),
        leeway: table.parsed("leeway", leeway).unwrap_or(LEEWAY),
        require: table.value("require", requirements).unwrap_or_default(),
        roles: table.texts("roles", ClaimPath::parse).unwrap_or_default(),
        claims: table.value("claims", claims),
    }
}

const ALGORITHMS: &str = "one or more of HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, \
                          ES384, EdDSA";

fn algorithm(text: &str) -> Result<Algorithm, String> {
    text.parse().map_err(|_| ALGORITHMS.to_owned())
}

fn leeway(text: &str) -> Result<Duration, String> {
    duration(text)
        .ok()
        .filter(|leeway| *leeway <= MOST_LEEWAY)
        .ok_or_else(|| "a duration of 5m at the most, like `60s`".to_owned())
}

/// The one place of keys that the table has to name.
fn key(table: &mut Table<'_>) -> Option<KeySource> {
    let named: Vec<&str> =
        ["key", "key_env", "key_file", "jwks"].into_iter().filter(|key| table.has(key)).collect();
    if let [first, second, ..] = named[..] {
        table.fault(second, &format!("is given beside `{first}`; keep one of them"));
    }
    let given = table.text("key");
    let variable = table.variable("key_env");
    let file = table.path("key_file");
    let url = table.parsed("jwks", address::web);
    let jwks = JwksSettings {
        url: url.clone().unwrap_or_else(|| url::Url::parse("https://localhost").expect("it is a URL")),
        refresh: table.parsed("jwks_refresh", lasting).unwrap_or(Duration::from_secs(5 * 60)),
        pause: table.parsed("jwks_pause", duration).unwrap_or(Duration::from_secs(10)),
        keep: table.parsed("jwks_keep", duration).unwrap_or(Duration::from_secs(10 * 60)),
        timeout: table.parsed("jwks_timeout", lasting).unwrap_or(Duration::from_secs(5)),
    };
    let file = file.map(KeySource::File);
    let given = given.or(variable).map(|text| KeySource::Given(Secret(text)));
    file.or(given).or(url.map(|url| KeySource::Jwks(JwksSettings { url, ..jwks })))
}

fn lasting(text: &str) -> Result<Duration, String> {
    duration(text)
        .ok()
        .filter(|time| *time >= Duration::from_millis(10))
        .ok_or_else(|| "a duration of 10ms or more, like `5m`".to_owned())
}

/// A key is of one family, and whoever can read a secret from the net can sign with it.
fn families(table: &mut Table<'_>, algorithms: &[Algorithm], key: Option<&KeySource>) {
    let secret = |algorithm: &Algorithm| algorithm.family() == jsonwebtoken::AlgorithmFamily::Hmac;
    let one_family = algorithms.windows(2).all(|pair| pair[0].family() == pair[1].family());
    match key {
        None if ["key", "key_env", "key_file", "jwks"].iter().all(|key| !table.has(key)) => {
            table.fault("key_file", "is missing; give one of `key_file`, `key`, `key_env` and `jwks`");
        }
        Some(KeySource::Jwks(_)) if algorithms.iter().any(secret) => {
            table.fault(
                "algorithms",
                "has an algorithm with a secret, which no `jwks` may have; give RS256 or ES256",
            );
        }
        Some(KeySource::File(_) | KeySource::Given(_)) if !one_family => {
            table.fault(
                "algorithms",
                "has algorithms for keys of different kinds, and there is one key; keep one kind",
            );
        }
        _ => {}
    }
}

fn requirements(value: &toml::Value) -> Result<Vec<Requirement>, String> {
    let remedy = "a list of claims that have to be there, or a table of claims and their values";
    let any = |item: &toml::Value| {
        let path = ClaimPath::parse(text(item)?)?;
        Ok(Requirement { path, values: None })
    };
    let these = |(path, value): (&String, &toml::Value)| {
        let path = ClaimPath::parse(path)?;
        let values = match json(value)? {
            Json::Array(values) => values,
            one => vec![one],
        };
        Ok(Requirement { path, values: Some(values) })
    };
    match value {
        toml::Value::Array(items) => items.iter().map(any).collect(),
        toml::Value::Table(table) => table.iter().map(these).collect(),
        _ => Err(remedy.to_owned()),
    }
}

fn claims(value: &toml::Value) -> Result<Vec<(String, ClaimPath)>, String> {
    let table = value.as_table().ok_or("a table of names and the paths of the claims that they stand for")?;
    table.iter().map(|(name, path)| Ok((name.clone(), ClaimPath::parse(text(path)?)?))).collect()
}

fn api_key(table: &mut Table<'_>) -> Option<ApiKeySettings> {
    for key in ["name", "hash"] {
        if !table.has(key) {
            table.fault(key, "is missing; `oponn auth key new` prints the whole table");
        }
    }
    let name = table.text("name");
    let hash = table.parsed("hash", |text| {
        let mut hash = [0; 32];
        let read = hex::decode_to_slice(text, &mut hash);
        read.map(|()| hash)
            .map_err(|_| "the SHA-256 of a key in 64 hexadecimal digits, not the key".to_owned())
    });
    let roles = table.texts("roles", role).unwrap_or_default();
    let claims = table.value("claims", |value| match json(value)? {
        Json::Object(claims) => Ok(claims),
        _ => Err("a table of claims".to_owned()),
    });
    Some(ApiKeySettings { name: name?, hash: hash?, roles, claims: claims.unwrap_or_default() })
}

/// A value as tokens could have it.
fn json(value: &toml::Value) -> Result<Json, String> {
    Ok(match value {
        toml::Value::String(text) => Json::from(text.as_str()),
        toml::Value::Integer(number) => Json::from(*number),
        toml::Value::Float(number) if number.is_finite() => Json::from(*number),
        toml::Value::Boolean(value) => Json::from(*value),
        toml::Value::Array(items) => Json::Array(items.iter().map(json).collect::<Result<_, _>>()?),
        toml::Value::Table(table) => {
            let field = |(name, value): (&String, &toml::Value)| Ok((name.clone(), json(value)?));
            Json::Object(table.iter().map(field).collect::<Result<_, String>>()?)
        }
        toml::Value::Float(_) | toml::Value::Datetime(_) => {
            return Err("texts, numbers, truth values, and lists and tables of them".to_owned());
        }
    })
}

#[cfg(test)]
mod tests;
