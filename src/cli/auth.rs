//! `oponn auth key new` and `oponn auth token`.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value as Json};

use super::failure::Failure;
use super::output::{note, print};
use crate::auth::{NewKey, Signing};
use crate::config::{Config, duration};
use crate::value::json;

/// How long a token is valid if nobody says.
const EXPIRES: Duration = Duration::from_secs(60 * 60);

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// API keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Sign a token for development, with a key that the settings or a file have
    Token(TokenArguments),
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum KeyCommand {
    /// Make an API key: it is shown once, and the settings get its hash
    New {
        /// Whose key it is
        #[arg(long, value_name = "NAME", default_value = "a program")]
        name: String,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct TokenArguments {
    /// The token's claims, a JSON object
    #[arg(long, value_name = "JSON", default_value = "{}")]
    claims: String,
    /// The token's roles, put where the issuer's settings look for them
    #[arg(long, value_name = "ROLE,ROLE", value_delimiter = ',')]
    roles: Vec<String>,
    /// How long the token is valid [default: 1h]
    #[arg(long, value_name = "DURATION")]
    expires: Option<String>,
    /// The issuer that the token is from [default: the only one in the settings]
    #[arg(long, value_name = "ISSUER")]
    issuer: Option<String>,
    /// A file with a private key in PEM, or with a secret [default: the key in the settings]
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// The name of the key, for an issuer with a `jwks`
    #[arg(long, value_name = "NAME")]
    kid: Option<String>,
}

pub(super) fn run(config: &Config, command: Command) -> Result<(), Failure> {
    match command {
        Command::Key(KeyCommand::New { name }) => new_key(&name),
        Command::Token(arguments) => token(config, arguments),
    }
}

/// The lines for the file go to standard output, the key to standard error: whoever appends the output to the file must
/// not put the key there.
fn new_key(name: &str) -> Result<(), Failure> {
    let new = NewKey::generate().map_err(Failure::Failed)?;
    note(&format!(
        "The key, which is shown only now; requests bring it in the header X-API-Key:\n\n{}\n\nThe lines for \
         oponn.toml:\n",
        new.key
    ));
    print(&format!(
        "[[auth.keys]]\nname = {}\nhash = \"{}\"\nroles = []\n",
        toml::Value::String(name.to_owned()),
        new.hash
    ))
}

fn token(config: &Config, arguments: TokenArguments) -> Result<(), Failure> {
    let settings = config.auth.as_ref().ok_or_else(|| {
        Failure::Usage(
            "the settings have no table `[auth]`, so no token would be looked at; docs/auth.md says how to begin"
                .to_owned(),
        )
    })?;
    let claims = claims(&arguments.claims)?;
    let expires = arguments.expires.as_deref().map(|text| {
        duration(text).map_err(|remedy| Failure::Usage(format!("--expires: it has to be {remedy}")))
    });
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let signing = Signing {
        issuer: arguments.issuer.as_deref(),
        claims,
        roles: arguments.roles,
        expires: expires.transpose()?.unwrap_or(EXPIRES),
        key_file: arguments.key_file.as_deref(),
        kid: arguments.kid,
    };
    let token = signing.token(settings, now).map_err(|fault| Failure::Usage(fault.to_string()))?;
    print(&format!("{token}\n"))
}

fn claims(text: &str) -> Result<Map<String, Json>, Failure> {
    match json::parse(text.as_bytes()) {
        Ok(Json::Object(claims)) => Ok(claims),
        Ok(_) => {
            Err(Failure::Usage("--claims: it has to be a JSON object, like {\"sub\": \"ann\"}".to_owned()))
        }
        Err(fault) => Err(Failure::Usage(format!("--claims: it is not JSON: {fault}"))),
    }
}
