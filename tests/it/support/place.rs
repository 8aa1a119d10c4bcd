//! What the servers of one test share: the store and the cache, which no other test uses.

use std::sync::Arc;

use oponn::cache::{Cache, CacheLimits, MemoryCache, NoCache, RedisCache};
use oponn::engine::{self, EngineOptions};
use oponn::metrics::Metrics;
use oponn::schema::Model;
use oponn::store::{MongoStore, SqliteStore, Store};
use tempfile::TempDir;

use super::app::{CacheKind, Setup, StoreKind};
use super::services::{MongoDatabase, mongodb_address, redis_url};

/// What an application and those beside it share.
pub struct Place {
    pub documents: Documents,
    pub cached: Cached,
    pub engine: EngineOptions,
}

/// Gone with the last application that uses them.
pub enum Documents {
    /// One store for all: SQLite is for one process.
    Sqlite(Arc<SqliteStore>, #[allow(dead_code)] TempDir),
    Mongo(MongoDatabase),
}

pub enum Cached {
    /// The cache itself: it lives in the process.
    Here(Arc<dyn Cache>),
    /// The server's URL and the key prefix.
    Redis(String, String, CacheLimits),
}

impl Place {
    pub async fn new(setup: &Setup, model: &Arc<Model>) -> Place {
        let documents = match setup.store {
            StoreKind::Mongo => Documents::Mongo(MongoDatabase::new()),
            StoreKind::Sqlite => {
                let folder = tempfile::tempdir().expect("a temporary folder can be made");
                let store = SqliteStore::open(model.clone(), &folder.path().join("test.db"));
                let store = store.expect("the file can be made").with_emits(engine::emits(model));
                Documents::Sqlite(Arc::new(store), folder)
            }
        };
        let limits = setup.engine.limits.clone().with_suspects(setup.cache == CacheKind::Memory);
        let prefix = setup.engine.deployment.clone();
        let cached = match setup.cache {
            CacheKind::Memory => Cached::Here(Arc::new(MemoryCache::new(limits))),
            CacheKind::None => Cached::Here(Arc::new(NoCache)),
            CacheKind::Redis => Cached::Redis(setup.redis.clone().unwrap_or_else(redis_url), prefix, limits),
        };
        Place { documents, cached, engine: setup.engine.clone() }
    }

    /// The store, reached by its own address or another.
    pub async fn store(&self, model: &Arc<Model>, address: Option<&str>) -> Arc<dyn Store> {
        match &self.documents {
            Documents::Sqlite(store, _) => store.clone(),
            Documents::Mongo(database) => {
                let url = database.url();
                let url = address.map_or(url.clone(), |by| url.replace(&mongodb_address(), by));
                let store = MongoStore::connect(model.clone(), &url).await;
                Arc::new(store.expect("the test server's URL is valid").with_emits(engine::emits(model)))
            }
        }
    }

    pub async fn cache(&self, redis: Option<&str>, metrics: &Arc<Metrics>) -> Arc<dyn Cache> {
        match &self.cached {
            Cached::Here(cache) => cache.clone(),
            Cached::Redis(url, prefix, limits) => {
                let url = redis.unwrap_or(url);
                let cache = RedisCache::connect(url, prefix, limits.clone(), metrics.clone()).await;
                Arc::new(cache.expect("the test server's URL is valid"))
            }
        }
    }
}
