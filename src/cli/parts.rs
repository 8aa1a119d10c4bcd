//! Builds the parts of the program from the configuration.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::failure::Failure;
use crate::cache::{Cache, CacheError, CacheLimits, MemoryCache, NoCache, RedisCache, SharedTally};
use crate::config::{CacheAddress, Config, OperationsAllowed, StoreAddress, deployment_of};
use crate::engine::{self, Engine, EngineOptions};
use crate::graphql::ApiLimits;
use crate::metrics::Metrics;
use crate::quota::Quotas;
use crate::schema::Model;
use crate::server::{QuotaOptions, ServerOptions};
use crate::store::{Claim, MongoStore, SqliteStore, Store, StoreError};

/// The store when none is configured.
const DEFAULT_STORE: &str = "data/oponn.db";

/// How long to wait at start for a store that does not answer, unless configured.
const STORE_RETRY: Duration = Duration::from_secs(30);

/// Pause between two attempts to reach the store or the cache.
const BETWEEN_TRIES: Duration = Duration::from_secs(1);

/// How late the cache may show the writes of other programs, unless configured.
const FRESHNESS: Duration = Duration::from_secs(3);

/// Maximum number of operations in one HTTP request, when batching is on and nothing else is configured.
const BATCH_MAX: u64 = 10;

/// A store that is ready for use.
pub(super) struct OpenStore {
    store: Arc<dyn Store>,
    /// The types whose documents the store changed while it was prepared: what is cached of them is void.
    changed: Vec<Arc<str>>,
    /// The store's file if it is new, or if its first import has not completed.
    pub(super) fresh: Option<PathBuf>,
}

/// Opens the store and prepares it for the model. Waits a while for a store that is away.
pub(super) async fn store(config: &Config, model: &Arc<Model>) -> Result<OpenStore, Failure> {
    let address = address(config);
    let mut fresh = None;
    if let StoreAddress::Sqlite(path) = &address {
        make_parent(path)?;
        let new = claim(path, config)?;
        let is_fresh = config.seed.unwrap_or(config.store.is_none()) && (new || importing(path).exists());
        fresh = is_fresh.then(|| path.clone());
    }
    let patience = config.server.store_retry.unwrap_or(STORE_RETRY);
    let deadline = Instant::now() + patience;
    loop {
        let error = match open(&address, model, config.memory / 4).await {
            Ok((store, changed)) => return Ok(OpenStore { store, changed, fresh }),
            Err(error) => error,
        };
        let left = deadline.saturating_duration_since(Instant::now());
        match error {
            StoreError::Unavailable(cause) if !left.is_zero() => {
                tracing::warn!(store = %address, cause, ?left, "the store does not answer; trying again");
                tokio::time::sleep(BETWEEN_TRIES.min(left)).await;
            }
            StoreError::Unavailable(cause) => {
                return Err(Failure::Failed(format!(
                    "store {address} did not answer within {patience:?}: {cause}. Start it, or set another \
                     with --store, OPONN_STORE or `store` in oponn.toml."
                )));
            }
            error => return Err(Failure::Failed(format!("store {address}: {error}"))),
        }
    }
}

async fn open(
    address: &StoreAddress,
    model: &Arc<Model>,
    room: u64,
) -> Result<(Arc<dyn Store>, Vec<Arc<str>>), StoreError> {
    let emits = engine::emits(model);
    let store: Arc<dyn Store> = match address {
        StoreAddress::Sqlite(path) => {
            Arc::new(SqliteStore::open(model.clone(), path)?.with_room(room).with_emits(emits))
        }
        StoreAddress::Mongo(url) => {
            let store = MongoStore::connect(model.clone(), url).await?;
            Arc::new(store.with_room(room).with_emits(emits))
        }
    };
    let changed = store.prepare().await?;
    Ok((store, changed))
}

/// The store as it is, beside a server that may run on it.
pub(super) async fn unprepared(config: &Config, model: &Arc<Model>) -> Result<Arc<dyn Store>, Failure> {
    let address = address(config);
    let failed = |error: StoreError| Failure::Failed(format!("store {address}: {error}"));
    Ok(match &address {
        StoreAddress::Sqlite(path) if !path.exists() => {
            return Err(Failure::Failed(format!(
                "store: there is no file {}. Set another with --store, OPONN_STORE or `store` in oponn.toml.",
                path.display()
            )));
        }
        StoreAddress::Sqlite(path) => Arc::new(SqliteStore::open(model.clone(), path).map_err(failed)?),
        StoreAddress::Mongo(url) => Arc::new(MongoStore::connect(model.clone(), url).await.map_err(failed)?),
    })
}

fn make_parent(path: &Path) -> Result<(), Failure> {
    let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) else { return Ok(()) };
    std::fs::create_dir_all(parent).map_err(|error| {
        Failure::Failed(format!("store: the folder {} cannot be made: {error}", parent.display()))
    })
}

/// Claims the file for this process; returns whether the file is new. With a memory cache no other oponn may write to
/// the file: this one would hear of its writes too late.
fn claim(path: &Path, config: &Config) -> Result<bool, Failure> {
    let alone = config.cache == CacheAddress::Memory;
    match SqliteStore::claim(path, alone) {
        Ok(Claim::Ours { new }) => Ok(new),
        Ok(Claim::Taken) if alone => Err(Failure::Failed(format!(
            "store: {} is in use by another oponn, and with the cache `memory:` neither would hear of the \
             other's writes in time. Stop the other one, or give both the same Redis as cache.",
            path.display()
        ))),
        Ok(Claim::Taken) => Err(Failure::Failed(format!(
            "store: {} is in use by another oponn with the cache `memory:`, which would not hear of this one's \
             writes in time. Stop it, or give both the same Redis as cache.",
            path.display()
        ))),
        // Opening the store fails as well then, and SQLite says what is wrong with the file.
        Err(_) => Ok(false),
    }
}

/// The marker file that exists while the first import of a new store is not complete.
pub(super) fn importing(path: &Path) -> PathBuf {
    beside(path, ".importing")
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn address(config: &Config) -> StoreAddress {
    config.store.clone().unwrap_or_else(|| StoreAddress::Sqlite(DEFAULT_STORE.into()))
}

/// The configured cache.
pub(super) async fn cache(config: &Config, metrics: &Arc<Metrics>) -> Result<Arc<dyn Cache>, Failure> {
    cache_and_tally(config, metrics).await.map(|(cache, _)| cache)
}

/// The configured cache, and the accounts that all servers with this cache share.
pub(super) async fn cache_and_tally(
    config: &Config,
    metrics: &Arc<Metrics>,
) -> Result<(Arc<dyn Cache>, Option<SharedTally>), Failure> {
    let limits = cache_limits(config);
    Ok(match &config.cache {
        CacheAddress::Memory => (Arc::new(MemoryCache::new(limits)), None),
        CacheAddress::None => (Arc::new(NoCache), None),
        CacheAddress::Redis(url) => {
            let deployment = deployment_of(&config.deployment, &address(config));
            let cache = RedisCache::connect(url, &deployment, limits, metrics.clone()).await;
            let cache = cache.map_err(|error| Failure::Failed(format!("cache {}: {error}", config.cache)))?;
            let tally = cache.tally();
            (Arc::new(cache), Some(tally))
        }
    })
}

/// The configured quotas.
pub(super) fn quota(
    config: &Config,
    tally: Option<SharedTally>,
    metrics: &Arc<Metrics>,
) -> Option<QuotaOptions> {
    let settings = config.quota.as_ref()?;
    let quotas =
        Quotas::new(settings, tally.filter(|_| settings.shared), config.memory / 32, metrics.clone());
    Some(QuotaOptions { quotas: Arc::new(quotas), trusted_proxies: settings.trusted_proxies.clone() })
}

/// Waits until the cache can be used, for as long as for the store.
pub(super) async fn wait_for_cache(config: &Config, cache: &dyn Cache) -> Result<(), CacheError> {
    let deadline = Instant::now() + config.server.store_retry.unwrap_or(STORE_RETRY);
    loop {
        let error = match cache.ping().await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(error);
        }
        tracing::warn!(cache = %config.cache, %error, ?left, "waiting for the cache");
        tokio::time::sleep(BETWEEN_TRIES.min(left)).await;
    }
}

/// The engine over all parts.
pub(super) async fn engine(
    config: &Config,
    model: Arc<Model>,
    store: &OpenStore,
    cache: Arc<dyn Cache>,
    metrics: Arc<Metrics>,
) -> Arc<Engine> {
    let default = EngineOptions::default();
    let read = config.server.store_timeout.unwrap_or(default.read);
    let deployment = match &config.cache {
        CacheAddress::Redis(_) => deployment_of(&config.deployment, &address(config)),
        CacheAddress::Memory | CacheAddress::None => default.deployment.clone(),
    };
    let partitions = config.limits.partitions.unwrap_or(config.memory / 16);
    let options = EngineOptions { limits: cache_limits(config), partitions, read, deployment, ..default };
    let engine = Engine::new(model, store.store.clone(), cache, metrics, options);
    engine.prepared(store.changed.clone()).await;
    Arc::new(engine)
}

/// The configured bounds of the API.
pub(super) fn api_limits(config: &Config) -> ApiLimits {
    let (api, server, default) = (&config.api, &config.server, ApiLimits::default());
    let page_max = api.page_max.unwrap_or(default.page_max);
    ApiLimits {
        page_default: api.page_default.unwrap_or(default.page_default).min(page_max),
        page_max,
        depth: api.depth.map_or(default.depth, to_usize),
        complexity: api.complexity.map_or(default.complexity, to_usize),
        introspection: api.introspection.unwrap_or(default.introspection),
        answers: api.answers.unwrap_or(config.memory / 8),
        documents: config.memory / 8,
        memory: config.memory / 4,
        timeout: api.timeout.unwrap_or(default.timeout),
        executions: server.executions.map_or(default.executions, to_usize),
        queue: server.queue.map_or(default.queue, to_usize),
    }
}

/// The configured options of the server.
pub(super) fn server_options(config: &Config) -> ServerOptions {
    let (api, server, default) = (&config.api, &config.server, ServerOptions::default());
    let batching = api.batching.unwrap_or(false);
    ServerOptions {
        body_limit: api.body_limit.map_or(default.body_limit, to_usize),
        body_timeout: server.body_timeout.unwrap_or(default.body_timeout),
        write_timeout: server.write_timeout.unwrap_or(default.write_timeout),
        connections: server.connections.map_or(default.connections, to_usize),
        connections_per_address: server.connections_per_address.map(to_usize),
        bodies: to_usize(server.bodies.unwrap_or(config.memory / 16)),
        unread: to_usize(server.unread.unwrap_or(config.memory / 8)),
        persisted: api.persisted.unwrap_or(config.memory / 32),
        title: api.title.clone().unwrap_or(default.title),
        version: api.version.clone().unwrap_or(default.version),
        only_saved: api.operations == OperationsAllowed::Saved,
        batch_max: batching.then(|| to_usize(api.batch_max.unwrap_or(BATCH_MAX))),
        batch_answers: api.batch_answers.map_or(default.batch_answers, to_usize),
        cors_origins: config.cors_origins.clone(),
        cors_credentials: config.cors_credentials,
        grace: server.grace.unwrap_or(default.grace),
        allow_cache_override: config.allow_cache_override,
        ..default
    }
}

fn cache_limits(config: &Config) -> CacheLimits {
    let (limits, default) = (&config.limits, CacheLimits::default());
    // Only MongoDB keeps a record of changes.
    let followed = matches!(address(config), StoreAddress::Mongo(_)) && config.cache != CacheAddress::None;
    CacheLimits {
        freshness: followed.then(|| limits.freshness.unwrap_or(FRESHNESS)).filter(|time| !time.is_zero()),
        ttl: limits.ttl.unwrap_or(default.ttl),
        lease: limits.lease.unwrap_or(default.lease),
        rows: limits.rows.unwrap_or(default.rows),
        departed: limits.departed.unwrap_or(default.departed),
        deltas: limits.deltas.unwrap_or(default.deltas),
        batches: limits.batches.unwrap_or(default.batches),
        shapes: limits.shapes.unwrap_or(default.shapes),
        definition: limits.definition.map_or(default.definition, to_usize),
        row_key: limits.row_key.map_or(default.row_key, to_usize),
        entity: limits.entity.map_or(default.entity, to_usize),
        partition: limits.partition.map_or(default.partition, to_usize),
        matches: limits.matches.unwrap_or(default.matches),
        suspects: 0,
        memory: limits.memory.unwrap_or(config.memory / 4),
    }
    .with_suspects(config.cache == CacheAddress::Memory)
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
