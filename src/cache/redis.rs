//! The cache in Redis, shared by all servers of a deployment. Each step is one Lua script on keys of one hash
//! tag; `docs/cache.md` has the keys and why the steps are right.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use tokio_util::task::AbortOnDropHandle;

use super::{
    Adoption, Batch, CacheError, CacheLimits, Changes, EntitiesRead, Fills, Floor, Following, Journal, Lease,
    LeaseState, Mark, News, Notes, PageRead, PageState, PartitionRead, PartitionState, Place, Proved, Reads,
    Reconcile, Reconciled, Standing, TypeStats, Upkeep, Voucher,
};
use crate::metrics::Metrics;
use crate::probe::without::{Mechanism, without};
use crate::value::{Change, Doc, EntityRef, Time};

mod batches;
mod changes;
mod connect;
mod entities;
mod epoch;
mod following;
mod journal;
mod keys;
mod known;
mod link;
mod members;
mod mend;
mod partitions;
mod phase;
mod reply;
mod room;
mod scripts;
mod send;
mod tally;
mod traffic;
mod trust;
mod upkeep;

use changes::Reconciler;
use connect::Connector;
use keys::Tag;
use link::Link;
use upkeep::Sweeper;

pub use tally::{SharedTally, TallyAnswer};

/// A cache in Redis 7.0 or newer.
pub struct RedisCache {
    link: Arc<Link>,
    changes: Reconciler,
    sweeper: Sweeper,
    /// Mends the connection for as long as there is this cache.
    _keeper: AbortOnDropHandle<()>,
}

impl RedisCache {
    /// Connects to the Redis at the URL (`redis://`, or `rediss://` for TLS). All keys belong to the deployment:
    /// servers of the same schema over the same store share one deployment; other servers must not use it.
    pub async fn connect(
        url: &str,
        deployment: &str,
        limits: CacheLimits,
        metrics: Arc<Metrics>,
    ) -> Result<RedisCache, CacheError> {
        let (link, keeper) = mend::open(Connector::new(url)?, Tag::of(deployment)?, limits, metrics).await?;
        Ok(RedisCache {
            changes: Reconciler::new(link.clone()),
            sweeper: Sweeper::new(link.clone()),
            link,
            _keeper: keeper,
        })
    }

    /// The accounts that all servers of the deployment share. They can be reached as long as there is this cache.
    pub fn tally(&self) -> SharedTally {
        SharedTally::new(self.link.clone())
    }
}

#[async_trait]
impl Reads for RedisCache {
    async fn read_entities(&self, entities: &[EntityRef]) -> Result<EntitiesRead, CacheError> {
        self.link.read_entities(entities).await
    }

    async fn read_pages(&self, reads: &[PageRead]) -> Result<Vec<PageState>, CacheError> {
        self.link.read_pages(reads).await
    }

    async fn read_partitions(&self, reads: &[PartitionRead]) -> Result<Vec<PartitionState>, CacheError> {
        self.link.read_partitions(reads).await
    }

    async fn latest(&self) -> Result<Time, CacheError> {
        self.link.latest().await
    }
}

#[async_trait]
impl Fills for RedisCache {
    async fn fill_entities(
        &self,
        floor: &Floor,
        entities: &[(EntityRef, Option<Doc>)],
    ) -> Result<(), CacheError> {
        if without(Mechanism::Floor) {
            let names: Vec<EntityRef> = entities.iter().map(|(entity, _)| entity.clone()).collect();
            let late = self.link.read_entities(&names).await?.floor;
            return self.link.fill_entities(&late, entities).await;
        }
        self.link.fill_entities(floor, entities).await
    }

    async fn lease(&self, batches: &[Batch]) -> Result<Vec<LeaseState>, CacheError> {
        self.link.lease(batches).await
    }

    async fn commit(&self, lease: &Lease, proved: &Proved) -> Result<bool, CacheError> {
        if without(Mechanism::Registration) {
            self.link.release(std::slice::from_ref(lease)).await?;
            return match self.link.lease(std::slice::from_ref(&lease.batch)).await?.pop() {
                Some(LeaseState::Granted(late)) => self.link.commit(&late, proved).await,
                _ => Ok(false),
            };
        }
        self.link.commit(lease, proved).await
    }

    async fn commit_partition(&self, lease: &Lease, docs: Option<&[Doc]>) -> Result<bool, CacheError> {
        self.link.commit_partition(lease, docs).await
    }

    async fn release(&self, leases: &[Lease]) -> Result<(), CacheError> {
        self.link.release(leases).await
    }

    async fn filling(&self, batches: &[Batch]) -> Result<Vec<bool>, CacheError> {
        self.link.filling(batches).await
    }
}

#[async_trait]
impl Changes for RedisCache {
    fn mark(&self) -> Mark {
        Mark(self.link.epoch.mark())
    }

    fn partitioned(&self, types: &[Arc<str>]) {
        self.link.partitioned(types);
    }

    async fn note(&self, mark: Mark, changes: &[Change]) -> Result<Notes, CacheError> {
        self.changes.note(mark, changes).await
    }

    async fn reconcile(&self, mark: Mark, rows: &[Reconcile]) -> Result<Vec<Reconciled>, CacheError> {
        self.changes.reconcile(mark, rows).await
    }

    async fn drop_types(&self, types: &[Arc<str>], at: Time) -> Result<(), CacheError> {
        self.changes.drop_types(types, at).await
    }
}

#[async_trait]
impl Journal for RedisCache {
    async fn news(&self, since: Option<Place>) -> Result<Option<News>, CacheError> {
        self.link.news(since).await
    }
}

#[async_trait]
impl Following for RedisCache {
    fn shared(&self) -> bool {
        true
    }

    fn follows(&self, scope: &str) {
        self.link.follows(scope);
    }

    async fn clock(&self) -> Result<u64, CacheError> {
        self.link.clock().await
    }

    async fn standing(&self) -> Result<Standing, CacheError> {
        self.link.standing().await
    }

    async fn adopt(&self, adoption: &Adoption) -> Result<Mark, CacheError> {
        self.link.adopt(adoption).await
    }

    async fn vouch(&self, voucher: &Voucher) -> Result<bool, CacheError> {
        self.link.vouch(voucher).await
    }

    async fn vouched(&self) -> Result<bool, CacheError> {
        self.link.vouched().await
    }

    fn session(&self) -> u64 {
        self.link.trust().current().map_or(0, |session| session.number)
    }

    fn settled(&self, session: u64, mark: Mark, changes: &[(EntityRef, Time)]) {
        self.link.settled(session, mark, changes);
    }

    async fn reached(&self, mark: Mark, at: Time) -> Result<(), CacheError> {
        self.link.reached(mark, at).await
    }

    async fn unsettled(&self, mark: Mark, changes: Vec<Change>) -> Result<Vec<Change>, CacheError> {
        self.link.unsettled(mark, changes).await
    }
}

#[async_trait]
impl Upkeep for RedisCache {
    fn name(&self) -> &'static str {
        "redis"
    }

    async fn ping(&self) -> Result<(), CacheError> {
        self.link.ask(vec![redis::cmd("PING")]).await.map(drop)
    }

    async fn clear(&self) -> Result<(), CacheError> {
        self.link.clear().await
    }

    async fn reset(&self) -> Result<(), CacheError> {
        self.link.reset().await
    }

    async fn stats(&self) -> Result<BTreeMap<Arc<str>, TypeStats>, CacheError> {
        self.link.stats().await
    }

    async fn make_room(&self, ty: &Arc<str>) -> Result<u64, CacheError> {
        self.link.make_room(ty).await
    }

    async fn sweep(&self) -> Result<u64, CacheError> {
        self.sweeper.sweep().await
    }
}
