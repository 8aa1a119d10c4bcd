//! `oponn check`: every fault of a schema file.

use std::path::PathBuf;

use super::failure::Failure;
use super::output::{counted, print};
use super::parts::{api_limits, read_schema};
use crate::config::Config;
use crate::graphql::Api;
use crate::schema::{self, Diagnostic};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The schema file [default: the setting `schema`]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// How to print the faults
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    /// For people, with the line and a mark below the place
    Human,
    /// A list of objects with file, line, column, code, message, help
    Json,
}

pub(super) fn run(config: &Config, arguments: Arguments) -> Result<(), Failure> {
    let path = arguments.file.as_ref().unwrap_or(&config.schema);
    let bytes = read_schema(path)?;
    let name = path.display().to_string();
    let checked =
        schema::load(&name, &bytes).and_then(|model| match Api::sdl_of(&model, &api_limits(config)) {
            Ok(_) => Ok(model),
            // A schema that passes the rules must also yield an API.
            Err(message) => Err(vec![Diagnostic {
                file: name.clone(),
                line: 1,
                column: 1,
                code: "api",
                message: format!("no API can be made of it: {message}"),
                help: "change what the message names".to_owned(),
            }]),
        });
    let faults = checked.as_ref().err().map_or(&[][..], |faults| faults);
    match arguments.format {
        Format::Json => {
            let list = serde_json::to_string_pretty(faults)
                .map_err(|error| Failure::Failed(format!("the faults cannot be written: {error}")))?;
            print(&format!("{list}\n"))?;
        }
        Format::Human => {
            let source = String::from_utf8_lossy(&bytes);
            let mut text: String = faults.iter().map(|fault| fault.render(&source) + "\n").collect();
            text += &match &checked {
                Ok(model) => format!(
                    "{name}: no faults; {}, {}\n",
                    counted(model.collections.len(), "collection"),
                    counted(model.interfaces.len(), "interface")
                ),
                Err(faults) => format!("{name}: {}\n", counted(faults.len(), "fault")),
            };
            print(&text)?;
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Failure::Told) }
}
