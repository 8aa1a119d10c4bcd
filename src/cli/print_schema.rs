//! `oponn print-schema`: the generated API, for code generators and editors.

use super::failure::Failure;
use super::output::print;
use super::parts;
use crate::config::Config;
use crate::graphql::Api;

pub(super) fn run(config: &Config) -> Result<(), Failure> {
    let model = parts::model(config)?;
    let sdl = Api::sdl_of(&model, &parts::api_limits(config)).map_err(Failure::Failed)?;
    print(&sdl)
}
