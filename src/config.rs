//! The settings of the program: flag over environment over file over default.
//!
//! A setting that is left to its default is `None` here; the part that it belongs to knows its default.
//! Every message about a setting names it, its value (secrets masked), where the value came from and
//! what to write instead; all faults are told at once.

use std::path::{Path, PathBuf};
use std::time::Duration;

mod address;
mod mask;
mod nearest;
mod place;
mod reader;
mod units;

pub use address::{CacheAddress, StoreAddress};
pub use mask::{mask, told};
pub use nearest::{nearest, suggestion};
pub use place::toml_fault;
pub use reader::{Fault, Faults, Flags};
pub use units::{duration, size};

use reader::Reader;

/// The configuration file that is read when it is there and no other is named.
pub const DEFAULT_FILE: &str = "oponn.toml";

/// Characters of a deployment's name at the most: keys have room for 64, and what sets the database
/// apart stands behind the name.
const LONGEST_DEPLOYMENT: usize = 47;

/// `memory` when nothing is configured, and the least that it may be.
const MEMORY: u64 = 512 << 20;
const LEAST_MEMORY: u64 = 64 << 20;

/// All settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// `schema`: the schema file.
    pub schema: PathBuf,
    /// `store`: where documents live; `None` for the SQLite file of the default.
    pub store: Option<StoreAddress>,
    /// `cache`: where entities and batches are cached.
    pub cache: CacheAddress,
    /// `listen`: the address to serve on.
    pub listen: String,
    /// `log`: what to log, in the notation of `tracing`'s `EnvFilter`.
    pub log: String,
    /// `traces`: where traces are sent; `None`: nowhere.
    pub traces: Option<String>,
    /// `traces_ratio`: the share of them.
    pub traces_ratio: Option<f64>,
    /// `allow_cache_override`: whether a request may choose how it uses the cache.
    pub allow_cache_override: bool,
    /// `loaders`: the folder with the loaders.
    pub loaders: PathBuf,
    /// `memory`: bytes that a server may take up for all that it keeps and works on.
    pub memory: u64,
    /// `deployment`: the name under which a shared cache keeps this application apart from others.
    pub deployment: String,
    /// `[api]`
    pub api: ApiSettings,
    /// `[cors]`: origins whose pages may call the API; `*` for all.
    pub cors_origins: Vec<String>,
    /// `[limits]`: bounds of the cache.
    pub limits: LimitSettings,
    /// `[server]`
    pub server: ServerSettings,
}

/// The table `[api]`.
#[derive(Clone, Debug, Default)]
pub struct ApiSettings {
    /// Rows of a list when the query does not say.
    pub page_default: Option<u64>,
    /// Rows of a list at the most.
    pub page_max: Option<u64>,
    /// Levels of nested fields at the most.
    pub depth: Option<u64>,
    /// Complexity of an operation at the most.
    pub complexity: Option<u64>,
    /// Whether the schema may be asked for.
    pub introspection: Option<bool>,
    /// `api.answers`: bytes of answers that each server keeps; 0 turns it off.
    pub answers: Option<u64>,
    /// Whether one HTTP request may carry several operations.
    pub batching: Option<bool>,
    /// Operations of one HTTP request at the most.
    pub batch_max: Option<u64>,
    /// How long the reads of an operation may take.
    pub timeout: Option<Duration>,
    /// Bytes of their answers, after which no further one is carried out.
    pub batch_answers: Option<u64>,
    /// Bytes of a request's body at the most.
    pub body_limit: Option<u64>,
    /// `api.persisted`: bytes of texts that clients may name by their hashes; 0 turns it off.
    pub persisted: Option<u64>,
}

/// The table `[limits]`; see `CacheLimits` for what each bounds.
#[derive(Clone, Debug, Default)]
pub struct LimitSettings {
    /// Life of an entity or batch.
    pub ttl: Option<Duration>,
    /// Life of a lease.
    pub lease: Option<Duration>,
    /// Rows of a batch.
    pub rows: Option<u64>,
    /// Rows that left a batch.
    pub departed: Option<u64>,
    /// Deltas of a batch being filled.
    pub deltas: Option<u64>,
    /// Batches of a type.
    pub batches: Option<u64>,
    /// Shapes of a type.
    pub shapes: Option<u64>,
    /// Bytes of a batch's definition.
    pub definition: Option<u64>,
    /// Bytes of a row's key.
    pub row_key: Option<u64>,
    /// Bytes of an entity.
    pub entity: Option<u64>,
    /// Batches that one change touches.
    pub matches: Option<u64>,
    /// Bytes of the memory cache.
    pub memory: Option<u64>,
}

/// The table `[server]`.
#[derive(Clone, Debug, Default)]
pub struct ServerSettings {
    /// How long requests in flight may take to finish after the signal to stop.
    pub grace: Option<Duration>,
    /// How long a store that does not answer at start is waited for.
    pub store_retry: Option<Duration>,
    /// How long one read of the store may take.
    pub store_timeout: Option<Duration>,
    /// How long a client may take to send a request's body.
    pub body_timeout: Option<Duration>,
    /// How long a client may take to read something of its answer.
    pub write_timeout: Option<Duration>,
    /// Connections at the most.
    pub connections: Option<u64>,
    /// Connections of one address at the most.
    pub connections_per_address: Option<u64>,
    /// Bytes of all requests' bodies together.
    pub bodies: Option<u64>,
    /// Bytes of all large answers together that are not read yet.
    pub unread: Option<u64>,
    /// Requests carried out at once.
    pub executions: Option<u64>,
    /// Requests that wait for that.
    pub queue: Option<u64>,
}

/// A configuration and what to warn about.
#[derive(Debug)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// For the log.
    pub warnings: Vec<String>,
}

impl Config {
    /// Reads the settings. `file` is the one named by `--config`, which has to exist; without it
    /// `oponn.toml` of the working directory is read if it is there.
    pub fn load(
        flags: Flags,
        env: impl IntoIterator<Item = (String, String)>,
        file: Option<&Path>,
    ) -> Result<Loaded, Faults> {
        let mut reader = Reader::default();
        reader.add_flags(flags);
        let warnings = reader.add_env(env);
        match file {
            Some(path) => reader.add_file(path, true),
            None => reader.add_file(Path::new(DEFAULT_FILE), false),
        }
        let config = Config::read(&mut reader);
        reader.finish()?;
        Ok(Loaded { config, warnings })
    }

    fn read(reader: &mut Reader) -> Config {
        Config {
            schema: reader.path("schema").unwrap_or_else(|| "schema.graphql".into()),
            store: reader.parsed("store", StoreAddress::parse),
            cache: reader.parsed("cache", CacheAddress::parse).unwrap_or(CacheAddress::Memory),
            listen: reader.parsed("listen", address::listen).unwrap_or_else(|| "127.0.0.1:8080".into()),
            log: reader.parsed("log", log_filter).unwrap_or_else(|| "info".into()),
            traces: reader.parsed("traces", address::collector),
            traces_ratio: reader.fraction("traces_ratio"),
            allow_cache_override: reader.flag("allow_cache_override").unwrap_or(false),
            loaders: reader.path("loaders").unwrap_or_else(|| "loaders".into()),
            memory: reader.parsed("memory", memory).unwrap_or(MEMORY),
            deployment: reader.parsed("deployment", deployment).unwrap_or_else(|| "oponn".into()),
            api: ApiSettings {
                page_default: reader.number("api.page_default", 1),
                page_max: reader.number("api.page_max", 1),
                depth: reader.number("api.depth", 1),
                complexity: reader.number("api.complexity", 1),
                introspection: reader.flag("api.introspection"),
                answers: reader.parsed("api.answers", size),
                batching: reader.flag("api.batching"),
                batch_max: reader.number("api.batch_max", 1),
                timeout: reader.parsed("api.timeout", duration),
                batch_answers: reader.parsed("api.batch_answers", size),
                body_limit: reader.parsed("api.body_limit", size),
                persisted: reader.parsed("api.persisted", size),
            },
            cors_origins: reader.list("cors.origins", address::origin).unwrap_or_default(),
            limits: LimitSettings {
                ttl: reader.parsed("limits.ttl", duration),
                lease: reader.parsed("limits.lease", duration),
                rows: reader.number("limits.rows", 1),
                departed: reader.number("limits.departed", 0),
                deltas: reader.number("limits.deltas", 0),
                batches: reader.number("limits.batches", 0),
                shapes: reader.number("limits.shapes", 0),
                definition: reader.parsed("limits.definition", size),
                row_key: reader.parsed("limits.row_key", size),
                entity: reader.parsed("limits.entity", size),
                matches: reader.number("limits.matches", 0),
                memory: reader.parsed("limits.memory", size),
            },
            server: ServerSettings {
                grace: reader.parsed("server.grace", duration),
                store_retry: reader.parsed("server.store_retry", duration),
                store_timeout: reader.parsed("server.store_timeout", duration),
                body_timeout: reader.parsed("server.body_timeout", duration),
                write_timeout: reader.parsed("server.write_timeout", duration),
                connections: reader.number("server.connections", 1),
                connections_per_address: reader.number("server.connections_per_address", 1),
                bodies: reader.parsed("server.bodies", size),
                unread: reader.parsed("server.unread", size),
                executions: reader.number("server.executions", 1),
                queue: reader.number("server.queue", 0),
            },
        }
    }
}

/// What a server needs at the least.
fn memory(text: &str) -> Result<u64, String> {
    match size(text)? {
        bytes if bytes >= LEAST_MEMORY => Ok(bytes),
        _ => Err("a size of 64MiB or more, like `1GiB`".to_owned()),
    }
}

/// The deployment's name becomes a part of every key in a shared cache.
fn deployment(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match (1..=LONGEST_DEPLOYMENT).contains(&text.len()) && text.chars().all(fits) {
        true => Ok(text.to_owned()),
        false => Err(format!("1 to {LONGEST_DEPLOYMENT} letters, digits, `-`, `_` and `.`")),
    }
}

fn log_filter(text: &str) -> Result<String, String> {
    match text.parse::<tracing_subscriber::EnvFilter>() {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err("a level (`error`, `warn`, `info`, `debug`, `trace`) or levels by module such as \
                       `info,oponn::engine=debug`"
            .to_owned()),
    }
}
