//! `oponn check`: every fault of a schema file and of saved operations, and what a database lacks.

use std::path::PathBuf;
use std::sync::Arc;

use super::failure::Failure;
use super::identity;
use super::output::{counted, note, print};
use super::parts::api_limits;
use super::saved;
use super::schema_file::read_schema;
use super::sinks;
use crate::config::{Config, StoreAddress, mask};
use crate::engine;
use crate::graphql::Api;
use crate::schema::{self, Diagnostic, Model, Surface};
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
    let checked = check_files(&config, &arguments)?;
    identity::check_keys(&config)?;
    if let Some(model) = &checked {
        drop(sinks::made(&config, model)?);
        for sink in sinks::unused(&config, model) {
            note(&format!("warning: no event of the schema is for the sink `{sink}`"));
        }
    }
    match checked {
        Some(model) if with_store => check_store(&config, model, arguments.fix).await,
        Some(_) => Ok(()),
        None => Err(Failure::Told),
    }
}

async fn check_store(config: &Config, model: Arc<Model>, fix: bool) -> Result<(), Failure> {
    let lacks = match &config.store {
        Some(StoreAddress::Mongo(url)) => {
            let failed = |error: StoreError| Failure::Failed(format!("store {}: {error}", mask(url)));
            let store = MongoStore::connect(model, url).await.map_err(failed)?;
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

/// Tells the faults of the schema file, and those of saved operations if the schema has none; returns the model if there
/// are no faults at all.
fn check_files(config: &Config, arguments: &Arguments) -> Result<Option<Arc<Model>>, Failure> {
    let path = arguments.file.as_ref().unwrap_or(&config.schema);
    let bytes = read_schema(path)?;
    let name = path.display().to_string();
    let checked = engine::load(&name, &bytes).and_then(|model| {
        let lacking = sinks::lacking(config, &model);
        if !lacking.is_empty() {
            return Err(schema::diagnostics(&name, &bytes, lacking));
        }
        match Api::sdl_of(&model, &Surface::whole(), &api_limits(config)) {
            Ok(_) => Ok(Arc::new(model)),
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
    let source = String::from_utf8_lossy(&bytes);
    let told = match &checked {
        Ok(model) => format!(
            "no faults; {}, {}",
            counted(model.collections.len(), "collection"),
            counted(model.interfaces.len(), "interface")
        ),
        Err(faults) => counted(faults.len(), "fault"),
    };
    let schema_faults = checked.as_ref().err().into_iter().flatten();
    let schema_faults: Vec<(&Diagnostic, &str)> = schema_faults.map(|fault| (fault, &*source)).collect();
    let mut found = checked.as_ref().ok().map(|model| saved::Found::new(config, path, model)).transpose()?;
    let count = found.as_ref().map_or(0, saved::Found::count);
    let routes = found.as_ref().map_or(0, saved::Found::route_count);
    let saved_faults = found.as_mut().map(saved::Found::faults).unwrap_or_default();
    let saved_faults: Vec<(&Diagnostic, &str)> =
        saved_faults.iter().map(|(fault, text)| (fault, *text)).collect();
    match arguments.format {
        Format::Json => {
            let all: Vec<&Diagnostic> =
                schema_faults.iter().chain(&saved_faults).map(|(fault, _)| *fault).collect();
            let list = serde_json::to_string_pretty(&all)
                .map_err(|error| Failure::Failed(format!("the faults cannot be written: {error}")))?;
            print(&format!("{list}\n"))?;
        }
        Format::Human => {
            print(&format!("{}{name}: {told}\n", rendered(&schema_faults)))?;
            let told = match saved_faults.len() {
                0 if routes > 0 => {
                    format!("no faults; {}, {}", counted(count, "document"), counted(routes, "route"))
                }
                0 => format!("no faults; {}", counted(count, "document")),
                faults => counted(faults, "fault"),
            };
            if count > 0 || !saved_faults.is_empty() {
                print(&format!("{}saved operations: {told}\n", rendered(&saved_faults)))?;
            }
        }
    }
    if !saved_faults.is_empty() {
        return Ok(None);
    }
    found.map_or(Ok(()), |found| found.check_count(config))?;
    Ok(checked.ok())
}

/// Faults as text for people.
fn rendered(faults: &[(&Diagnostic, &str)]) -> String {
    faults.iter().map(|(fault, source)| fault.render(source) + "\n").collect()
}
