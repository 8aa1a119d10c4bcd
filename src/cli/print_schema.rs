//! `oponn print-schema`: the generated API, for code generators and editors.

use std::sync::Arc;

use super::failure::Failure;
use super::output::print;
use super::{parts, schema_file};
use crate::config::Config;
use crate::graphql::Api;
use crate::schema::{Model, Surface};

/// What the command takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only the part that the rules of access give to viewers with this role; several together if it is repeated
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// Only the part that they give to viewers without a role
    #[arg(long, conflicts_with = "roles")]
    no_role: bool,
}

pub(super) fn run(config: &Config, arguments: Arguments) -> Result<(), Failure> {
    let model = schema_file::model(config)?;
    let surface = match arguments {
        Arguments { roles, no_role: false } if roles.is_empty() => Surface::whole(),
        Arguments { roles, .. } => of_roles(&model, roles)?,
    };
    let sdl = Api::sdl_of(&model, &surface, &parts::api_limits(config)).map_err(Failure::Failed)?;
    print(&sdl)
}

fn of_roles(model: &Model, roles: Vec<String>) -> Result<Surface, Failure> {
    let mut known: Vec<&str> =
        model.collections.iter().flat_map(|collection| collection.roles()).map(|role| &**role).collect();
    known.sort_unstable();
    known.dedup();
    if let Some(unknown) = roles.iter().find(|role| !known.contains(&role.as_str())) {
        return Err(Failure::Usage(match known.is_empty() {
            true => format!("--role {unknown}: no `@access` of the schema file names a role."),
            false => format!(
                "--role {unknown}: no `@access` of the schema file names this role; there are {}.",
                known.join(", ")
            ),
        }));
    }
    let roles: Vec<Arc<str>> = roles.into_iter().map(Arc::from).collect();
    let surface = Surface::of(model, &roles);
    match model.collections.iter().any(|collection| surface.reads(&collection.name)) {
        true => Ok(surface),
        false => Err(Failure::Failed(
            "The rules of access let these viewers read nothing, so they have no API.".into(),
        )),
    }
}
