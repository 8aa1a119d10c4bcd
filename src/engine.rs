//! Reads through the cache, writes to the store, and updates the cache after each write. Only the engine
//! knows both the cache and the store.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::cache::{Cache, CacheLimits, Topic};
use crate::metrics::Metrics;
use crate::probe::without::{Mechanism, without};
use crate::probe::{self, Point};
use crate::schema::Model;
use crate::store::Store;
use crate::value::Time;
use crate::viewer::Viewer;

mod access;
mod bulk;
mod by_key;
mod cascade;
mod commit;
mod direct;
mod emits;
mod entity;
mod error;
mod expiry;
mod fill;
mod footprint;
mod foreign;
mod gather;
pub mod input;
mod list;
mod load;
mod lookup;
mod observed;
mod page;
mod partition;
mod permit;
mod reconcile;
mod references;
mod remains;
mod rollup;
mod room;
mod tail;
mod tasks;
mod unsettled;
mod upsert;
mod view;
mod watch;
mod write;

pub use crate::cache::{Place, Strategy, Window};
pub use access::{Rights, Sight};
pub use emits::emits;
pub use error::{EngineError, InputFault, Step};
pub use expiry::Clock;
pub use footprint::Read;
pub use gather::Gather;
pub use list::List;
pub use load::load;
pub use observed::operation;
pub use page::{Page, Row};
pub use tasks::Tasks;
pub use upsert::{Expect, Upserted, Upserts};
pub use view::{Caller, View};

use access::Access;
use commit::Effect;
use expiry::{Expiries, LivingStore};
use fill::Flights;
use footprint::Footprint;
use observed::{ObservedStore, observed};
use partition::Partitions;
use tail::Tail;
use unsettled::Writing;
use view::Lane;
use watch::Watch;

/// A running application: its model, its store and its cache.
pub struct Engine {
    core: Arc<Core>,
    /// One per strategy, in the order of [`Strategy::ALL`].
    lanes: [Arc<Lane>; Strategy::ALL.len()],
    watch: Arc<Watch>,
}

/// Settings of an engine.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// The cache's bounds: the engine asks for no more than the cache keeps.
    pub limits: CacheLimits,
    /// How many documents one write may touch and still be reconciled one by one. Beyond that, the cached
    /// lists of their types are voided.
    pub bulk: usize,
    /// Bytes of partitions that this process keeps besides the cache.
    pub partitions: u64,
    /// How long one read of the store may take.
    pub read: Duration,
    /// Servers that share a cache over one store have the same; `memory` if they share none.
    pub deployment: String,
    /// By which documents expire, and are said to be made and changed.
    pub clock: Clock,
}

impl Default for EngineOptions {
    fn default() -> EngineOptions {
        EngineOptions {
            limits: CacheLimits::default(),
            bulk: 200,
            partitions: 16 << 20,
            read: Duration::from_secs(20),
            deployment: "memory".to_owned(),
            clock: Clock::default(),
        }
    }
}

/// The state that the parts of an engine share.
#[derive(Clone)]
struct Core {
    model: Arc<Model>,
    access: Arc<Access>,
    /// Without the documents that have expired.
    store: Arc<dyn Store>,
    /// With them.
    whole: Arc<dyn Store>,
    expiries: Arc<Expiries>,
    cache: Arc<dyn Cache>,
    metrics: Arc<Metrics>,
    options: EngineOptions,
    /// The time of the latest commit that this process has seen.
    latest: Arc<AtomicU64>,
    writing: Arc<Writing>,
    tasks: Tasks,
    tail: Arc<Tail>,
    /// Whether the cache is making room for lists.
    making_room: Arc<AtomicBool>,
}

impl Core {
    /// Passes a point at which a test may stop this server.
    async fn passes(&self, point: Point) {
        probe::point(&self.options.deployment, point).await;
    }

    /// Takes note of a commit.
    fn saw(&self, time: Time) {
        self.latest.fetch_max(time.0, Ordering::Relaxed);
    }

    /// The time that a read must not be older than: the later of the floor and the latest commit seen here.
    fn at(&self, floor: Time) -> Time {
        Time(floor.0.max(self.latest.load(Ordering::Relaxed)))
    }

    /// The same for a read that has no floor of its own, by what the cache has heard from other servers.
    async fn at_latest(&self) -> Time {
        if without(Mechanism::Latest) {
            return self.at(Time(0));
        }
        // If the cache is out of reach, nobody can tell more than this server knows.
        self.at(self.cache.latest().await.unwrap_or_default())
    }
}

impl Engine {
    /// Builds an engine. The store must already be prepared.
    pub fn new(
        model: Arc<Model>,
        store: Arc<dyn Store>,
        cache: Arc<dyn Cache>,
        metrics: Arc<Metrics>,
        options: EngineOptions,
    ) -> Engine {
        let cache = observed(cache, metrics.clone());
        let latest = Arc::new(AtomicU64::new(0));
        let tasks = Tasks::default();
        let forget = forget(cache.clone(), latest.clone(), tasks.clone());
        let whole: Arc<dyn Store> =
            Arc::new(ObservedStore::new(store, metrics.clone(), options.read, forget));
        let expiries = Arc::new(Expiries::new(&model, options.clock.clone()));
        let store = LivingStore::over(whole.clone(), &expiries);
        let watch = Watch::new(cache.clone(), metrics.clone());
        let (writing, tail) = (Arc::default(), Arc::default());
        let access = Arc::new(Access::new(model.clone()));
        let partitions = Partitions::new(&model, watch.clone(), options.partitions);
        let core = Core {
            model,
            access,
            store,
            whole,
            expiries,
            cache,
            metrics,
            options,
            latest,
            writing,
            tasks,
            tail,
            making_room: Arc::default(),
        };
        // All strategies share the cached data, the fills under way, and the latest commit seen.
        let flights: Arc<Flights> = Arc::default();
        core.cache.follows(&tail::scope(&core.model));
        if let Some(partitions) = &partitions {
            core.cache.partitioned(&partitions.types());
        }
        let lanes = Strategy::ALL.map(|strategy| {
            let cache: Arc<dyn Cache> = match strategy {
                Strategy::Reconcile => core.cache.clone(),
                other => other.over(core.cache.clone()),
            };
            Lane::new(Arc::new(Core { cache, ..core.clone() }), flights.clone(), partitions.clone(), strategy)
        });
        Engine { core: Arc::new(core), lanes, watch }
    }

    /// A view of the engine for one caller.
    pub fn view(&self, caller: &Caller) -> View {
        let (lane, rights) = (self.lanes[caller.strategy as usize].clone(), caller.rights.clone());
        View { lane, rights, footprint: Footprint::none() }
    }

    /// What a viewer may read and write.
    pub fn rights(&self, viewer: &Viewer) -> Arc<Rights> {
        self.core.access.rights(viewer)
    }

    /// The application's model.
    pub fn model(&self) -> &Arc<Model> {
        &self.core.model
    }

    /// The store, for probes and administration.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.core.store
    }

    /// The cache, for probes and administration.
    pub fn cache(&self) -> &Arc<dyn Cache> {
        &self.core.cache
    }

    /// How far this server has read the cache's journal. Anything read after this call is at least that recent.
    pub fn place(&self) -> Option<Place> {
        self.watch.place()
    }

    /// Reads the cache's journal, with a look that begins after this call. `None` when the cache has no
    /// journal or is out of reach.
    pub async fn look(&self) -> Option<Place> {
        self.watch.look().await
    }

    /// Checks that, as of the last look, none of these topics (which must be sorted) has changed since the
    /// place; returns the place up to which that is known.
    pub fn unchanged(&self, topics: &[Topic], since: Place) -> Option<Place> {
        self.watch.unchanged(topics, since)
    }

    /// Whether no document that was read has expired since.
    pub fn holds(&self, read: &Read) -> bool {
        read.until.is_none_or(|until| self.core.expiries.now() < until)
    }

    /// Resolves once no write is under way, in the store or from there to the cache.
    pub async fn settled(&self) {
        self.core.settled().await;
    }

    /// Spawns work that must come to its end when its caller goes away, such as a mutation.
    pub fn spawn<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        self.core.tasks.spawn(work)
    }

    /// Ends the engine: resolves when all spawned work has come to its end and no write is between the store and the
    /// cache. Call it when no more requests come.
    pub async fn end(&self) {
        self.core.tasks.end().await;
        self.core.settled().await;
    }

    /// Follows the store on behalf of the cache, for ever, if the cache is one that is followed.
    pub async fn follow(&self) {
        self.core.clone().follow().await;
    }

    /// Leaves the lead among the servers of the deployment, if this one has it. Call it when [`Engine::follow`]
    /// no longer runs.
    pub async fn resign(&self) {
        self.core.resign().await;
    }

    /// Whether the cache is one that is read only while the tailer vouches for it.
    pub fn is_followed(&self) -> bool {
        self.core.options.limits.freshness.is_some()
    }

    /// Whether the cache may be read now.
    pub async fn vouched(&self) -> bool {
        self.core.vouched().await
    }

    /// Voids the cached data of types whose documents the store changed by itself when it was prepared for the model.
    pub async fn prepared(&self, types: Vec<Arc<str>>) {
        let changed = async { ((), vec![Effect::Voided { types: types.clone(), at: Time(0) }]) };
        self.core.commit(types.iter().cloned(), changed).await;
    }

    /// Passes a point at which a test may stop this server.
    pub async fn passes(&self, point: Point) {
        self.core.passes(point).await;
    }

    /// The application's metrics.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.core.metrics
    }
}

/// Clears the cache when the store turns out to be older than the cache: then nothing cached holds.
fn forget(cache: Arc<dyn Cache>, latest: Arc<AtomicU64>, tasks: Tasks) -> impl Fn() + Send + Sync + 'static {
    // Many reads notice this at once; one clearing is enough for all of them.
    let clearing = Arc::new(AtomicBool::new(false));
    move || {
        if clearing.swap(true, Ordering::AcqRel) {
            return;
        }
        tracing::warn!("the store is older than the cache: it was restored or replaced; clearing the cache");
        latest.store(0, Ordering::Relaxed);
        let (cache, clearing) = (cache.clone(), clearing.clone());
        tasks.spawn(async move {
            let reset = cache.reset().await;
            clearing.store(false, Ordering::Release);
            reset
        });
    }
}
