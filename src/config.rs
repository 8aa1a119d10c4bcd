//! The program's settings: a flag overrides the environment, which overrides the file, which overrides the
//! default.
//!
//! An optional setting that is unset is `None`; the module that uses the setting knows the default. Every
//! message about a setting names the setting, its value (secrets masked), the value's origin and what to
//! write instead; all faults are reported at once.

use std::path::{Path, PathBuf};
use std::time::Duration;

mod address;
mod auth;
mod claim_path;
mod deployment;
mod events;
mod faults;
mod mask;
mod place;
mod quota;
mod reader;
mod secret;
mod table;
mod units;

pub use address::{CacheAddress, StoreAddress};
pub use auth::{
    ApiKeySettings, AuthMode, AuthSettings, IssuerSettings, JwksSettings, KeySource, Requirement, Secret,
};
pub use claim_path::ClaimPath;
pub use deployment::{deployment, deployment_of};
pub use events::{EventSettings, SinkKind, SinkSettings, SqsSettings, StreamSettings, WebhookSettings};
pub use faults::{SettingFault, SettingFaults};
pub use mask::{bare, mask, told};
pub use place::toml_fault;
pub use quota::{Bound, QuotaSettings, Rate, RoleQuota};
pub use reader::Flags;
pub use secret::secret_of;
pub use units::{duration, size};

use reader::Reader;

/// The configuration file that is read when it is there and no other is named.
const DEFAULT_FILE: &str = "oponn.toml";

/// `memory` when nothing is configured, and the least that it may be.
const MEMORY: u64 = 512 << 20;
const LEAST_MEMORY: u64 = 64 << 20;

/// All settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// `schema`: the schema file.
    pub schema: PathBuf,
    /// `store`: where documents live; `None` for the default SQLite file.
    pub store: Option<StoreAddress>,
    /// `cache`: where entities and batches are cached.
    pub cache: CacheAddress,
    /// `listen`: the address to serve on.
    pub listen: String,
    /// `admin.listen`: the address to serve probes and metrics on; `None` for `listen`.
    pub admin_listen: Option<String>,
    /// `[tls]`: what is spoken with clients at `listen`; `None` for plain HTTP.
    pub tls: Option<TlsSettings>,
    /// `log`: the log filter, in the notation of `tracing`'s `EnvFilter`.
    pub log: String,
    /// `traces`: the collector for traces; `None` for none.
    pub traces: Option<String>,
    /// `traces_ratio`: the share of traces to send, from 0 to 1.
    pub traces_ratio: Option<f64>,
    /// `allow_cache_override`: whether a request may override the cache strategy.
    pub allow_cache_override: bool,
    /// `seed`: whether all loaders are run into a new SQLite file at start; `None` for yes, if no store is configured.
    pub seed: Option<bool>,
    /// `loaders`: the folder with the loaders.
    pub loaders: PathBuf,
    /// `memory`: bytes that a server may use for everything that it keeps and works on.
    pub memory: u64,
    /// `deployment`: the name that separates this application from others in a shared cache.
    pub deployment: String,
    /// `[api]`
    pub api: ApiSettings,
    /// `cors.origins`: origins whose pages may call the API; `*` for all.
    pub cors_origins: Vec<String>,
    /// `cors.credentials`: whether these pages may do so with what their browsers know the user by.
    pub cors_credentials: bool,
    /// `[limits]`: bounds of the cache.
    pub limits: LimitSettings,
    /// `[server]`
    pub server: ServerSettings,
    /// `[auth]`: how the senders of requests are identified; `None` when nobody is asked who they are.
    pub auth: Option<AuthSettings>,
    /// `[quota]`: what one sender of requests may take per time; `None` when that has no bound.
    pub quota: Option<QuotaSettings>,
    /// `[events]`: where events are delivered to.
    pub events: EventSettings,
}

/// The table `[tls]`.
#[derive(Clone, Debug)]
pub struct TlsSettings {
    /// The PEM file of the certificate and those that vouch for it.
    pub cert: PathBuf,
    /// The PEM file of its private key.
    pub key: PathBuf,
}

/// The table `[api]`.
#[derive(Clone, Debug, Default)]
pub struct ApiSettings {
    /// Rows of a list if the query does not say.
    pub page_default: Option<u64>,
    /// Maximum rows of a list.
    pub page_max: Option<u64>,
    /// Maximum levels of nested fields.
    pub depth: Option<u64>,
    /// Maximum complexity of an operation.
    pub complexity: Option<u64>,
    /// Whether introspection queries are allowed.
    pub introspection: Option<bool>,
    /// `api.answers`: bytes of answers that each server keeps; 0 keeps none.
    pub answers: Option<u64>,
    /// Whether one HTTP request may carry several operations.
    pub batching: Option<bool>,
    /// Maximum operations in one HTTP request.
    pub batch_max: Option<u64>,
    /// Time-out for all reads of an operation.
    pub timeout: Option<Duration>,
    /// Bytes of a batch's answers past which no further operation is executed.
    pub batch_answers: Option<u64>,
    /// Maximum bytes of a request body.
    pub body_limit: Option<u64>,
    /// `api.persisted`: bytes of operation texts kept for persisted queries; 0 turns these off.
    pub persisted: Option<u64>,
    /// `api.title`: the name that the description of routes gives the API.
    pub title: Option<String>,
    /// `api.version`: the version that the description of routes gives the API.
    pub version: Option<String>,
    /// `api.operations`: which operations clients may ask for.
    pub operations: OperationsAllowed,
    /// `api.operations_folder`: the folder with saved operations; `None` for `operations` beside the schema file.
    pub operations_folder: Option<PathBuf>,
    /// `api.operations_manifests`: the manifests with saved operations.
    pub operations_manifests: Vec<PathBuf>,
}

/// Which operations clients may ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OperationsAllowed {
    /// Any.
    #[default]
    Any,
    /// Saved ones only.
    Saved,
}

/// The table `[limits]`; `CacheLimits` describes each bound.
#[derive(Clone, Debug, Default)]
pub struct LimitSettings {
    /// Lifetime of an entity or batch.
    pub ttl: Option<Duration>,
    /// Lifetime of a lease.
    pub lease: Option<Duration>,
    /// How long the cache may be read after the tailer has vouched for it; 0 when nobody is to follow the store.
    pub freshness: Option<Duration>,
    /// Rows of a batch.
    pub rows: Option<u64>,
    /// Documents outside a batch whose last change it remembers.
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
    /// Bytes of one partition.
    pub partition: Option<u64>,
    /// Bytes of partitions that each server keeps in its memory; 0 keeps none.
    pub partitions: Option<u64>,
    /// Bytes of the memory cache.
    pub memory: Option<u64>,
}

/// The table `[server]`.
#[derive(Clone, Debug, Default)]
pub struct ServerSettings {
    /// Time that requests in flight have to finish after the signal to stop.
    pub grace: Option<Duration>,
    /// How long to retry a store that does not answer at start.
    pub store_retry: Option<Duration>,
    /// Time-out for one read of the store.
    pub store_timeout: Option<Duration>,
    /// Time-out for a client that sends a request's body.
    pub body_timeout: Option<Duration>,
    /// Time-out for a client that reads nothing of its answer.
    pub write_timeout: Option<Duration>,
    /// Maximum number of connections.
    pub connections: Option<u64>,
    /// Maximum number of connections from one address.
    pub connections_per_address: Option<u64>,
    /// Maximum bytes of all request bodies together.
    pub bodies: Option<u64>,
    /// Maximum bytes of all large unread answers together.
    pub unread: Option<u64>,
    /// Maximum number of requests executed at once.
    pub executions: Option<u64>,
    /// Maximum number of requests waiting for execution.
    pub queue: Option<u64>,
}

/// A configuration and its warnings.
#[derive(Debug)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// Warnings for the log.
    pub warnings: Vec<String>,
}

impl Config {
    /// Reads the settings. `file` is the file given by `--config`, which must exist; without it,
    /// `oponn.toml` in the working directory is read if it exists.
    pub fn load(
        flags: Flags,
        env: impl IntoIterator<Item = (String, String)>,
        file: Option<&Path>,
    ) -> Result<Loaded, SettingFaults> {
        let mut reader = Reader::default();
        reader.add_flags(flags);
        reader.add_env(env);
        match file {
            Some(path) => reader.add_file(path, true),
            None => reader.add_file(Path::new(DEFAULT_FILE), false),
        }
        let config = Config::read(&mut reader);
        if config.cors_credentials && config.cors_origins.iter().any(|origin| origin == "*") {
            let fault = "`cors.credentials` is true, and `cors.origins` has `*`: every page could act for its visitors; \
                         name the origins whose pages may, or leave `cors.credentials` out";
            reader.fault(fault.to_owned());
        }
        if let Some(quota) = &config.quota {
            let faults = quota::faults(quota, config.auth.as_ref(), &config.cache);
            faults.into_iter().for_each(|fault| reader.fault(fault));
        }
        let warnings = reader.finish()?;
        Ok(Loaded { config, warnings })
    }

    fn read(reader: &mut Reader) -> Config {
        Config {
            schema: reader.path("schema").unwrap_or_else(|| "schema.graphql".into()),
            store: reader.parsed("store", StoreAddress::parse),
            cache: reader.parsed("cache", CacheAddress::parse).unwrap_or(CacheAddress::Memory),
            listen: reader.parsed("listen", address::listen).unwrap_or_else(|| "127.0.0.1:8080".into()),
            admin_listen: reader.parsed("admin.listen", address::listen),
            tls: reader.paths(["tls.cert", "tls.key"]).map(|[cert, key]| TlsSettings { cert, key }),
            log: reader.parsed("log", log_filter).unwrap_or_else(|| "info".into()),
            traces: reader.parsed("traces", address::collector),
            traces_ratio: reader.fraction("traces_ratio"),
            allow_cache_override: reader.flag("allow_cache_override").unwrap_or(false),
            seed: reader.flag("seed"),
            loaders: reader.path("loaders").unwrap_or_else(|| "loaders".into()),
            memory: reader.parsed("memory", memory).unwrap_or(MEMORY),
            deployment: reader.parsed("deployment", deployment::setting).unwrap_or_else(|| "oponn".into()),
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
                title: reader.parsed("api.title", |text| Ok(text.to_owned())),
                version: reader.parsed("api.version", |text| Ok(text.to_owned())),
                operations: reader.parsed("api.operations", operations).unwrap_or_default(),
                operations_folder: reader.path("api.operations_folder"),
                operations_manifests: reader.list("api.operations_manifests", manifest).unwrap_or_default(),
            },
            cors_origins: reader.list("cors.origins", |text, _| address::origin(text)).unwrap_or_default(),
            cors_credentials: reader.flag("cors.credentials").unwrap_or(false),
            limits: LimitSettings {
                ttl: reader.parsed("limits.ttl", duration),
                lease: reader.parsed("limits.lease", duration),
                freshness: reader.parsed("limits.freshness", duration),
                rows: reader.number("limits.rows", 1),
                departed: reader.number("limits.departed", 0),
                deltas: reader.number("limits.deltas", 0),
                batches: reader.number("limits.batches", 0),
                shapes: reader.number("limits.shapes", 0),
                definition: reader.parsed("limits.definition", size),
                row_key: reader.parsed("limits.row_key", size),
                entity: reader.parsed("limits.entity", size),
                matches: reader.number("limits.matches", 0),
                partition: reader.parsed("limits.partition", size),
                partitions: reader.parsed("limits.partitions", size),
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
            auth: auth::read(reader),
            quota: quota::read(reader),
            events: events::read(reader),
        }
    }
}

/// Parses `memory`, and refuses less than a server needs.
fn memory(text: &str) -> Result<u64, String> {
    match size(text)? {
        bytes if bytes >= LEAST_MEMORY => Ok(bytes),
        _ => Err("a size of 64MiB or more, like `1GiB`".to_owned()),
    }
}

fn operations(text: &str) -> Result<OperationsAllowed, String> {
    match text {
        "any" => Ok(OperationsAllowed::Any),
        "saved" => Ok(OperationsAllowed::Saved),
        _ => Err("`any`, or `saved` to carry out saved operations only".to_owned()),
    }
}

fn manifest(text: &str, folder: &Path) -> Result<PathBuf, String> {
    if text.is_empty() { Err("a list of paths".to_owned()) } else { Ok(folder.join(text)) }
}

fn log_filter(text: &str) -> Result<String, String> {
    match text.parse::<tracing_subscriber::EnvFilter>() {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err("a level (`error`, `warn`, `info`, `debug`, `trace`) or levels by module such as \
                       `info,oponn::engine=debug`"
            .to_owned()),
    }
}
