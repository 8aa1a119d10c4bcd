//! The command line: one file per command.
//!
//! Exit codes: 0 when the command did its work; 1 when it did not (a faulty schema, a store that is away, records that
//! were rejected); 2 when the command line or the configuration is wrong.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Args, Parser, Subcommand};

use crate::config::{Config, Flags};
use crate::telemetry::{self, TraceOptions};
use crate::version;

mod auth;
mod cache;
mod check;
mod events;
mod failure;
mod files;
mod health;
mod identity;
mod import;
mod output;
mod parts;
mod print_schema;
mod progress;
mod saved;
mod schema_file;
mod serve;
mod shell;
mod sinks;
mod stop;

use failure::Failure;

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  not done: the schema is faulty, the store is away, records were rejected
  2  the command line or the configuration is wrong

Settings are taken from flags, else from environment variables, else from oponn.toml, else from the
defaults. docs/operations.md lists all of them.";

/// A schema file becomes a cached GraphQL API over MongoDB or SQLite.
#[derive(Debug, Parser)]
#[command(name = "oponn", version = version::WHOLE.as_str(), after_help = EXIT_CODES, propagate_version = true)]
struct CommandLine {
    #[command(flatten)]
    settings: Settings,
    /// Without a command: serve.
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Settings")]
struct Settings {
    /// The configuration file [default: oponn.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The schema file [env: OPONN_SCHEMA] [default: schema.graphql]
    #[arg(long, global = true, value_name = "FILE")]
    schema: Option<String>,
    /// Where documents live: sqlite:PATH, mongodb://... or mongodb+srv://... [env: OPONN_STORE]
    /// [default: sqlite:data/oponn.db]
    #[arg(long, global = true, value_name = "ADDRESS")]
    store: Option<String>,
    /// Where to cache: memory:, redis://..., rediss://... or none: [env: OPONN_CACHE] [default: memory:]
    #[arg(long, global = true, value_name = "ADDRESS")]
    cache: Option<String>,
    /// The address to serve on [env: OPONN_LISTEN] [default: 127.0.0.1:8080]
    #[arg(long, global = true, value_name = "HOST:PORT")]
    listen: Option<String>,
    /// What to log: error, warn, info, debug, trace, or levels by module [env: OPONN_LOG]
    /// [default: info]
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<String>,
    /// Where to send traces: the URL of an OTLP collector, http://HOST:4318 [env: OPONN_TRACES] [default:
    /// nowhere]
    #[arg(long, global = true, value_name = "URL")]
    traces: Option<String>,
    /// Let each request choose how it uses the cache, by the header Oponn-Cache: for measuring, not for
    /// production [env: OPONN_ALLOW_CACHE_OVERRIDE]
    #[arg(long, global = true)]
    allow_cache_override: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Work(Work),
    #[command(flatten)]
    Shell(shell::Command),
}

/// The commands that work with settings.
#[derive(Debug, Subcommand)]
enum Work {
    /// Serve the API (this is what happens without a command)
    Serve,
    /// Tell every fault of a schema file, of saved operations and of keys; with --store, also what a MongoDB
    /// database lacks
    Check(check::Arguments),
    /// Print the generated API in the schema definition language: all of it, or the part that a role has
    PrintSchema(print_schema::Arguments),
    /// Bring data from files and HTTP APIs into the store
    Import(import::Arguments),
    /// Look at the cache, or empty it
    #[command(subcommand)]
    Cache(cache::Command),
    /// Look at the events that are not delivered, or have them be tried again
    #[command(subcommand)]
    Events(events::Command),
    /// Make API keys, and tokens for development
    #[command(subcommand)]
    Auth(auth::Command),
    /// Ask the server that runs with these settings how it is
    Health(health::Arguments),
}

/// Runs the program.
pub fn main() -> ExitCode {
    let started = Instant::now();
    let command_line = match CommandLine::try_parse() {
        Ok(command_line) => command_line,
        Err(error) => {
            output::refuse(&error, std::env::args_os());
            return ExitCode::from(error.exit_code().clamp(0, 2) as u8);
        }
    };
    let CommandLine { settings, command } = command_line;
    let result = match command.unwrap_or(Command::Work(Work::Serve)) {
        Command::Work(work) => run(settings, work, started),
        Command::Shell(command) => shell::run(command),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::complain(&failure.to_string());
            failure.exit_code()
        }
    }
}

fn run(settings: Settings, work: Work, started: Instant) -> Result<(), Failure> {
    let Settings { config: file, schema, store, cache, listen, log, traces, allow_cache_override } = settings;
    let store_named = store.is_some();
    let flags = Flags { schema, store, cache, listen, log, traces, allow_cache_override };
    // Variables that are not valid text cannot be settings.
    let env = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let loaded =
        Config::load(flags, env, file.as_deref()).map_err(|faults| Failure::Usage(faults.to_string()))?;
    let config = loaded.config;
    let traces = config.traces.clone().map(|endpoint| TraceOptions { endpoint, ratio: config.traces_ratio });
    // Held until the program ends.
    let _traces = telemetry::start(&config.log, traces.as_ref()).map_err(Failure::Failed)?;
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    match work {
        Work::Serve => block_on(serve::run(config, started)),
        Work::Check(arguments) => block_on(check::run(config, arguments, store_named)),
        Work::PrintSchema(arguments) => print_schema::run(&config, arguments),
        Work::Import(arguments) => block_on(import::run(config, arguments)),
        Work::Cache(command) => block_on(cache::run(config, command)),
        Work::Events(command) => block_on(events::run(config, command)),
        Work::Auth(command) => auth::run(&config, command),
        Work::Health(arguments) => block_on(health::run(&config, arguments)),
    }
}

fn block_on(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(format!("the system gives no threads: {error}")))?;
    let result = runtime.block_on(work);
    // Tasks that still run belong to requests that were cut off.
    runtime.shutdown_background();
    result
}
