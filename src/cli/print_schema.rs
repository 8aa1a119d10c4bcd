//! `oponn print-schema`: the generated API, for code generators and editors.

use super::failure::Failure;
use super::output::print;
use super::{parts, schema_file};
use crate::config::Config;
use crate::graphql::Api;

pub(super) fn run(config: &Config) -> Result<(), Failure> {
    let model = schema_file::model(config)?;
    let sdl = Api::sdl_of(&model, &parts::api_limits(config)).map_err(Failure::Failed)?;
    print(&sdl)
}
