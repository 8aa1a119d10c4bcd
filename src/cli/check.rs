//! `oponn check`: every fault of a schema file, and what a database lacks.

use std::path::PathBuf;
use std::sync::Arc;

use super::failure::Failure;
use super::identity;
use super::output::{counted, print};
use super::parts::api_limits;
use super::schema_file::read_schema;
use crate::config::{Config, StoreAddress, mask};
use crate::engine;
use crate::graphql::Api;
use crate::schema::{Diagnostic, Model, Surface};
use crate::store::{Follow, MongoStore, StoreError};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The schema file [default: the setting `schema`]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// How to print the faults
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Put right what the database named by --store lacks
    #[arg(long)]
    fix: bool,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    /// For people, with the line and a mark below the place
    Human,
    /// A list of objects with file, line, column, code, message, help
    Json,
}

/// `with_store`: the store was named on the command line, and is to be checked as well.
pub(super) async fn run(config: Config, arguments: Arguments, with_store: bool) -> Result<(), Failure> {
    if arguments.fix && !with_store {
        return Err(Failure::Usage("--fix: name the database with --store".to_owned()));
    }
    let checked = check_schema(&config, &arguments)?;
    identity::check_keys(&config)?;
    match checked {
        Some(model) if with_store => check_store(&config, model, arguments.fix).await,
        Some(_) => Ok(()),
        None => Err(Failure::Told),
    }
}

async fn check_store(config: &Config, model: Model, fix: bool) -> Result<(), Failure> {
    let lacks = match &config.store {
        Some(StoreAddress::Mongo(url)) => {
            let failed = |error: StoreError| Failure::Failed(format!("store {}: {error}", mask(url)));
            let store = MongoStore::connect(Arc::new(model), url).await.map_err(failed)?;
            store.inspect(fix).await.map_err(failed)?
        }
        // oponn makes everything that it needs in a file.
        _ => Vec::new(),
    };
    let mut text: String = lacks
        .iter()
        .map(|lack| match lack.fixed {
            true => format!("put right: {}\n", lack.what),
            false => format!("{}\n  help: {}\n", lack.what, lack.help),
        })
        .collect();
    let open = lacks.iter().filter(|lack| !lack.fixed).count();
    text += &match open {
        0 => "the store has everything that oponn needs\n".to_owned(),
        open => format!("the store lacks {}\n", counted(open, "thing")),
    };
    print(&text)?;
    if open == 0 { Ok(()) } else { Err(Failure::Told) }
}

/// Tells the faults of the schema file; returns the model if there is none.
fn check_schema(config: &Config, arguments: &Arguments) -> Result<Option<Model>, Failure> {
    let path = arguments.file.as_ref().unwrap_or(&config.schema);
    let bytes = read_schema(path)?;
    let name = path.display().to_string();
    let checked = engine::load(&name, &bytes).and_then(|model| {
        match Api::sdl_of(&model, &Surface::whole(), &api_limits(config)) {
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
        }
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
    Ok(checked.ok())
}
