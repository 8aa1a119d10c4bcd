//! A cache assembled from the parts of others: lets a decorator change one part of a cache and leave the rest
//! as it is, or wrap every operation.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use super::{
    Adoption, Batch, Cache, CacheError, Changes, EntitiesRead, Fills, Floor, Following, Journal, Lease,
    LeaseState, Mark, News, Notes, PageRead, PageState, PartitionRead, PartitionState, Place, Proved, Reads,
    Reconcile, Reconciled, Standing, TypeStats, Upkeep, Voucher,
};
use crate::metrics::CacheOp;
use crate::value::{Change, Doc, EntityRef, Time};

/// The parts of a cache, each from any source: `Parts { reads: Arc::new(others), ..Parts::of(cache) }`.
pub struct Parts<A = ()> {
    /// For readers.
    pub reads: Arc<dyn Reads>,
    /// For fills.
    pub fills: Arc<dyn Fills>,
    /// For writers.
    pub changes: Arc<dyn Changes>,
    /// For servers that keep answers.
    pub journal: Arc<dyn Journal>,
    /// For the tailer.
    pub following: Arc<dyn Following>,
    /// For operators.
    pub upkeep: Arc<dyn Upkeep>,
    /// A wrapper around each operation.
    pub around: A,
}

/// A wrapper around every operation of a cache, such as a timer.
pub trait Around: Send + Sync + 'static {
    /// Carries out an operation.
    fn operation<T: Send>(
        &self,
        op: CacheOp,
        work: impl Future<Output = Result<T, CacheError>> + Send,
    ) -> impl Future<Output = Result<T, CacheError>> + Send;

    /// Called with whether the cache answered a ping.
    fn pinged(&self, _answered: bool) {}
}

/// Wraps nothing.
impl Around for () {
    fn operation<T: Send>(
        &self,
        _: CacheOp,
        work: impl Future<Output = Result<T, CacheError>> + Send,
    ) -> impl Future<Output = Result<T, CacheError>> + Send {
        work
    }
}

impl Parts {
    /// The parts of a single cache.
    pub fn of(cache: Arc<dyn Cache>) -> Parts {
        Parts {
            reads: cache.clone(),
            fills: cache.clone(),
            changes: cache.clone(),
            journal: cache.clone(),
            following: cache.clone(),
            upkeep: cache,
            around: (),
        }
    }

    /// The same parts, with a wrapper around their operations.
    pub fn with<A: Around>(self, around: A) -> Parts<A> {
        let Parts { reads, fills, changes, journal, following, upkeep, around: () } = self;
        Parts { reads, fills, changes, journal, following, upkeep, around }
    }
}

#[async_trait]
impl<A: Around> Reads for Parts<A> {
    async fn read_entities(&self, entities: &[EntityRef]) -> Result<EntitiesRead, CacheError> {
        self.around.operation(CacheOp::ReadEntities, self.reads.read_entities(entities)).await
    }

    async fn read_pages(&self, reads: &[PageRead]) -> Result<Vec<PageState>, CacheError> {
        self.around.operation(CacheOp::ReadPages, self.reads.read_pages(reads)).await
    }

    async fn read_partitions(&self, reads: &[PartitionRead]) -> Result<Vec<PartitionState>, CacheError> {
        self.around.operation(CacheOp::ReadPartitions, self.reads.read_partitions(reads)).await
    }

    async fn latest(&self) -> Result<Time, CacheError> {
        self.around.operation(CacheOp::Latest, self.reads.latest()).await
    }
}

#[async_trait]
impl<A: Around> Fills for Parts<A> {
    async fn fill_entities(
        &self,
        floor: &Floor,
        entities: &[(EntityRef, Option<Doc>)],
    ) -> Result<(), CacheError> {
        self.around.operation(CacheOp::FillEntities, self.fills.fill_entities(floor, entities)).await
    }

    async fn lease(&self, batches: &[Batch]) -> Result<Vec<LeaseState>, CacheError> {
        self.around.operation(CacheOp::Lease, self.fills.lease(batches)).await
    }

    async fn commit(&self, lease: &Lease, proved: &Proved) -> Result<bool, CacheError> {
        self.around.operation(CacheOp::Commit, self.fills.commit(lease, proved)).await
    }

    async fn commit_partition(&self, lease: &Lease, docs: Option<&[Doc]>) -> Result<bool, CacheError> {
        self.around.operation(CacheOp::Commit, self.fills.commit_partition(lease, docs)).await
    }

    async fn release(&self, leases: &[Lease]) -> Result<(), CacheError> {
        self.around.operation(CacheOp::Release, self.fills.release(leases)).await
    }

    async fn filling(&self, batches: &[Batch]) -> Result<Vec<bool>, CacheError> {
        self.around.operation(CacheOp::Filling, self.fills.filling(batches)).await
    }
}

#[async_trait]
impl<A: Around> Changes for Parts<A> {
    fn mark(&self) -> Mark {
        self.changes.mark()
    }

    fn partitioned(&self, types: &[Arc<str>]) {
        self.changes.partitioned(types);
    }

    async fn note(&self, mark: Mark, changes: &[Change]) -> Result<Notes, CacheError> {
        self.around.operation(CacheOp::Note, self.changes.note(mark, changes)).await
    }

    async fn reconcile(&self, mark: Mark, rows: &[Reconcile]) -> Result<Vec<Reconciled>, CacheError> {
        self.around.operation(CacheOp::Reconcile, self.changes.reconcile(mark, rows)).await
    }

    async fn drop_types(&self, types: &[Arc<str>], at: Time) -> Result<(), CacheError> {
        self.around.operation(CacheOp::DropTypes, self.changes.drop_types(types, at)).await
    }
}

#[async_trait]
impl<A: Around> Journal for Parts<A> {
    async fn news(&self, since: Option<Place>) -> Result<Option<News>, CacheError> {
        self.around.operation(CacheOp::News, self.journal.news(since)).await
    }
}

#[async_trait]
impl<A: Around> Following for Parts<A> {
    fn shared(&self) -> bool {
        self.following.shared()
    }

    fn follows(&self, scope: &str) {
        self.following.follows(scope);
    }

    async fn clock(&self) -> Result<u64, CacheError> {
        self.around.operation(CacheOp::Follow, self.following.clock()).await
    }

    async fn standing(&self) -> Result<Standing, CacheError> {
        self.around.operation(CacheOp::Follow, self.following.standing()).await
    }

    async fn adopt(&self, adoption: &Adoption) -> Result<Mark, CacheError> {
        self.around.operation(CacheOp::Follow, self.following.adopt(adoption)).await
    }

    async fn vouch(&self, voucher: &Voucher) -> Result<bool, CacheError> {
        self.around.operation(CacheOp::Follow, self.following.vouch(voucher)).await
    }

    async fn vouched(&self) -> Result<bool, CacheError> {
        self.around.operation(CacheOp::Follow, self.following.vouched()).await
    }

    fn session(&self) -> u64 {
        self.following.session()
    }

    fn settled(&self, session: u64, mark: Mark, changes: &[(EntityRef, Time)]) {
        self.following.settled(session, mark, changes);
    }

    async fn reached(&self, mark: Mark, at: Time) -> Result<(), CacheError> {
        self.following.reached(mark, at).await
    }

    async fn unsettled(&self, mark: Mark, changes: Vec<Change>) -> Result<Vec<Change>, CacheError> {
        self.around.operation(CacheOp::Follow, self.following.unsettled(mark, changes)).await
    }
}

#[async_trait]
impl<A: Around> Upkeep for Parts<A> {
    fn name(&self) -> &'static str {
        self.upkeep.name()
    }

    async fn ping(&self) -> Result<(), CacheError> {
        let result = self.upkeep.ping().await;
        self.around.pinged(result.is_ok());
        result
    }

    async fn clear(&self) -> Result<(), CacheError> {
        self.around.operation(CacheOp::Clear, self.upkeep.clear()).await
    }

    async fn reset(&self) -> Result<(), CacheError> {
        self.around.operation(CacheOp::Clear, self.upkeep.reset()).await
    }

    async fn stats(&self) -> Result<BTreeMap<Arc<str>, TypeStats>, CacheError> {
        self.around.operation(CacheOp::Stats, self.upkeep.stats()).await
    }

    async fn make_room(&self, ty: &Arc<str>) -> Result<u64, CacheError> {
        self.around.operation(CacheOp::Sweep, self.upkeep.make_room(ty)).await
    }

    async fn sweep(&self) -> Result<u64, CacheError> {
        self.around.operation(CacheOp::Sweep, self.upkeep.sweep()).await
    }
}
