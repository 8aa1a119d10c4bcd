//! The Redis scripts do what the memory cache does: random operations on both, every answer compared.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use oponn::cache::{
    Batch, Cache, CacheLimits, Floor, Lease, LeaseState, Mark, MemoryCache, Noted, PageRead, PartitionRead,
    PartitionState, Place, Proved, Reconcile, RedisCache, Window,
};
use oponn::query::{BatchDef, Direction, Filter, SortKey};
use oponn::value::{Change, Doc, EntityRef, Image, Stamp, Time};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::cache_contract::domain::{list, of_type, versioned};
use crate::support::redis_server::Server;

/// One operation. Numbers choose among what there is at the time.
#[derive(Clone, Debug)]
enum Op {
    ReadEntities(Vec<Name>),
    FillEntities(usize, Vec<(Name, Option<State>)>),
    ReadPage(usize, View),
    /// And whether the reader has the version that was read last.
    ReadPartition(usize, bool),
    Lease(usize),
    Commit(usize, Vec<(Name, State)>, u64, Option<i64>),
    Release(usize),
    Filling(usize),
    TakeMark,
    TakePlace,
    News(usize),
    Note(usize, Name, Before, Option<State>, u64),
    Reached(usize, u64),
    Reconcile(usize, usize, Name, Option<State>, u64, Option<i64>),
    DropTypes(usize, u64),
    Clear,
    Reset,
    Sweep,
    Stats,
}

/// A type and an id.
type Name = (bool, i64);

/// Shelf, rank and version of a document.
type State = (bool, i64, i64);

/// What a document was before a change; `None` when nobody can tell.
type Before = Option<Option<State>>;

/// A window: rows that bound it, offset, limit, from the end, with the total, with the rows beside it.
type View = (Option<State>, Option<State>, u64, u64, bool, bool, (bool, bool));

fn name() -> impl Strategy<Value = Name> {
    (prop::bool::weighted(0.2), 1..4_i64)
}

fn state() -> impl Strategy<Value = State> {
    (any::<bool>(), 0..4_i64, 0..3_i64)
}

fn view() -> impl Strategy<Value = View> {
    let bound = || prop::option::weighted(0.3, state());
    (bound(), bound(), 0..3_u64, 0..4_u64, any::<bool>(), prop::bool::weighted(0.2), any::<(bool, bool)>())
}

fn op() -> impl Strategy<Value = Op> {
    let any = any::<usize>;
    let maybe = || prop::option::weighted(0.8, state());
    let t = || 1..9_u64;
    let until = || prop::option::of(1..9_i64);
    prop_oneof![
        2 => prop::collection::vec(name(), 0..4).prop_map(Op::ReadEntities),
        3 => (any(), prop::collection::vec((name(), maybe()), 1..3)).prop_map(|(i, e)| Op::FillEntities(i, e)),
        6 => (any(), view()).prop_map(|(i, v)| Op::ReadPage(i, v)),
        4 => (any(), prop::bool::ANY).prop_map(|(batch, known)| Op::ReadPartition(batch, known)),
        5 => any().prop_map(Op::Lease),
        5 => (any(), prop::collection::vec((name(), state()), 0..5), 0..7_u64, until())
            .prop_map(|(i, rows, asked, until)| Op::Commit(i, rows, asked, until)),
        1 => any().prop_map(Op::Release),
        1 => any().prop_map(Op::Filling),
        1 => Just(Op::TakeMark),
        2 => Just(Op::TakePlace),
        4 => any().prop_map(Op::News),
        5 => (any(), name(), prop::option::weighted(0.9, maybe()), maybe(), t()).prop_map(|(m, n, b, a, t)| Op::Note(m, n, b, a, t)),
        8 => (any(), any(), name(), maybe(), t(), until())
            .prop_map(|(m, b, n, s, t, until)| Op::Reconcile(m, b, n, s, t, until)),
        1 => (any(), t()).prop_map(|(mark, t)| Op::Reached(mark, t)),
        1 => (any(), t()).prop_map(|(ty, t)| Op::DropTypes(ty, t)),
        1 => (0..6_u8).prop_map(|turn| [Op::Clear, Op::Reset].into_iter().nth(turn.into()).unwrap_or(Op::Stats)),
        1 => Just(Op::Sweep),
        1 => Just(Op::Stats),
    ]
}

fn bounds() -> impl Strategy<Value = CacheLimits> {
    let wide = CacheLimits { ttl: Duration::from_secs(300), suspects: 1_000, ..CacheLimits::default() };
    let tight = CacheLimits {
        rows: 3,
        departed: 2,
        deltas: 2,
        batches: 3,
        shapes: 2,
        definition: 160,
        row_key: 40,
        entity: 70,
        partition: 64 * 70,
        matches: 2,
        suspects: 110,
        ..wide.clone()
    };
    prop_oneof![Just(wide), Just(tight)]
}

const TYPES: [&str; 2] = ["Item", "Thing"];

fn entity((thing, id): Name) -> EntityRef {
    of_type(TYPES[usize::from(thing)], id)
}

/// A document; some are longer than the tight bounds allow.
fn document((_, id): Name, (shelf, rank, v): State) -> Doc {
    let shelf = if shelf { "low" } else { "a shelf with a name that takes some room" };
    versioned(shelf, id, rank, v)
}

fn batches() -> Vec<Batch> {
    let low = || Filter::eq("shelf", "low");
    vec![
        list("Item", &["Item"], low(), Direction::Asc),
        list("Item", &["Item"], low(), Direction::Desc),
        list("Item", &["Item"], Filter::all(), Direction::Asc),
        list("Item", &["Item"], Filter::eq("rank", 1), Direction::Asc),
        Batch::new(BatchDef::partition("Item".into(), low())),
        Batch::new(BatchDef::partition("Thing".into(), low().and(Filter::eq("rank", 1)))),
        list("Any", &TYPES, low(), Direction::Asc),
        list("Any", &TYPES, Filter::In("rank".into(), vec![1.into(), 2.into()]).and(low()), Direction::Asc),
    ]
}

/// The row that the state would have in the batch, whether or not it belongs to it.
fn row(batch: &Batch, name: Name, state: State) -> Option<SortKey> {
    let everything = list(&batch.def.on, &TYPES, Filter::all(), Direction::Asc);
    let def = oponn::query::BatchDef { order: batch.def.order.clone(), ..(*everything.def).clone() };
    def.row(&entity(name).ty, &document(name, state))
}

/// Both caches, and what each has given out so far.
struct Pair {
    caches: [Arc<dyn Cache>; 2],
    batches: Vec<Batch>,
    floors: Vec<[Floor; 2]>,
    leases: Vec<[Lease; 2]>,
    marks: Vec<[Mark; 2]>,
    places: Vec<[Place; 2]>,
    /// The version of each partition that was read last.
    versions: Vec<Option<[u64; 2]>>,
}

impl Pair {
    async fn new(server: &Server, limits: CacheLimits) -> Pair {
        server.flush().await;
        let redis = RedisCache::connect(&server.url(), "test", limits.clone(), Arc::default()).await.unwrap();
        let caches: [Arc<dyn Cache>; 2] = [Arc::new(MemoryCache::new(limits)), Arc::new(redis)];
        let marks = vec![[caches[0].mark(), caches[1].mark()]];
        let places = vec![[place(&*caches[0]).await, place(&*caches[1]).await]];
        let batches = batches();
        let versions = vec![None; batches.len()];
        Pair { caches, batches, floors: Vec::new(), leases: Vec::new(), marks, places, versions }
    }

    /// Does it on both; what is not opaque of the answers must be equal.
    async fn run(&mut self, op: &Op) -> Result<(), TestCaseError> {
        let mut seen = Vec::new();
        let mut floors = Vec::new();
        let mut leases = Vec::new();
        let mut versions = Vec::new();
        for at in 0..2 {
            let cache = &*self.caches[at];
            seen.push(match op {
                Op::ReadEntities(names) => {
                    let names: Vec<_> = names.iter().map(|name| entity(*name)).collect();
                    let read = cache.read_entities(&names).await.unwrap();
                    let types: Vec<_> = read.floor.generations.keys().cloned().collect();
                    assert_eq!(cache.latest().await.unwrap(), read.floor.time);
                    let seen = format!("{:?} {:?} {types:?}", read.entities, read.floor.time);
                    floors.push(read.floor);
                    seen
                }
                Op::FillEntities(floor, entities) => {
                    let Some(floors) = choose(&self.floors, *floor) else { return Ok(()) };
                    let entities: Vec<_> = entities
                        .iter()
                        .map(|(name, state)| (entity(*name), state.map(|state| document(*name, state))))
                        .collect();
                    format!("{:?}", cache.fill_entities(&floors[at], &entities).await.unwrap())
                }
                Op::ReadPage(batch, view) => {
                    let batch = &self.batches[batch % self.batches.len()];
                    let bound = |state: Option<State>| state.and_then(|state| row(batch, (false, 2), state));
                    let (after, before, offset, limit, from_end, total, (previous, next)) = *view;
                    let (after, before) = (bound(after), bound(before));
                    let window = Window { after, before, offset, limit, from_end, total, previous, next };
                    let read = PageRead { batch: batch.clone(), window };
                    format!("{:?}", cache.read_pages(&[read]).await.unwrap())
                }
                Op::ReadPartition(batch, known) => {
                    let batch = self.partition(*batch);
                    let known = self.versions[batch].filter(|_| *known).map(|versions| versions[at]);
                    let read = PartitionRead { batch: self.batches[batch].clone(), known };
                    match cache.read_partitions(&[read]).await.unwrap().remove(0) {
                        PartitionState::Held(partition, suspects) => {
                            versions.push(partition.version);
                            format!("{:?} {suspects:?}", partition.members())
                        }
                        other => format!("{other:?}"),
                    }
                }
                Op::Lease(batch) => {
                    let batch = self.batches[batch % self.batches.len()].clone();
                    match cache.lease(&[batch]).await.unwrap().remove(0) {
                        LeaseState::Granted(lease) => {
                            let seen = format!("granted {:?}", lease.floor.time);
                            floors.push(lease.floor.clone());
                            leases.push(lease);
                            seen
                        }
                        other => format!("{other:?}"),
                    }
                }
                Op::Commit(lease, rows, asked, until) => {
                    let Some(leases) = choose(&self.leases, *lease) else { return Ok(()) };
                    let lease = &leases[at];
                    if lease.batch.def.partition {
                        let documents: BTreeMap<_, _> =
                            rows.iter().map(|(name, state)| (name.1, document(*name, *state))).collect();
                        let documents: Vec<Doc> = documents.into_values().collect();
                        let all = Some(&*documents).filter(|_| *asked > 1);
                        let kept = cache.commit_partition(lease, all).await.unwrap();
                        seen.push(format!("{kept:?}"));
                        continue;
                    }
                    let mut kept: Vec<SortKey> =
                        rows.iter().filter_map(|(name, state)| row(&lease.batch, *name, *state)).collect();
                    kept.sort();
                    // Nothing is proved by no row, nor by one that comes twice.
                    let Some(proved) = Proved::by_reading(*asked, kept) else { return Ok(()) };
                    let proved = proved.until(*until);
                    format!("{:?}", cache.commit(lease, &proved).await.unwrap())
                }
                Op::Release(lease) => {
                    let Some(leases) = choose(&self.leases, *lease) else { return Ok(()) };
                    format!("{:?}", cache.release(&leases[at..=at]).await.unwrap())
                }
                Op::Filling(batch) => {
                    let batch = self.batches[batch % self.batches.len()].clone();
                    format!("{:?}", cache.filling(&[batch]).await.unwrap())
                }
                Op::TakeMark | Op::TakePlace => String::new(),
                Op::News(since) => {
                    let since = choose(&self.places, *since).map(|places| places[at]);
                    let news = cache.news(since).await.unwrap().expect("both have a journal");
                    let known = since.is_some_and(|since| since.mark == news.place.mark);
                    format!("{known} {:?}", news.changed)
                }
                Op::Reached(mark, t) => {
                    let mark = self.mark(*mark, at);
                    format!("{:?}", cache.reached(mark, Time(*t)).await.unwrap())
                }
                Op::Note(mark, name, before, after, t) => {
                    let mark = self.mark(*mark, at);
                    let doc = |state: &Option<State>| state.map(|state| document(*name, state));
                    let before = before.as_ref().map_or(Image::Unknown, |before| doc(before).into());
                    let after = doc(after);
                    let v = after.as_ref().map_or(9, Doc::version);
                    let stamp = Stamp { t: Time(*t), v };
                    let change = Change { entity: entity(*name), before, after, stamp };
                    match cache.note(mark, &[change]).await.unwrap().of_changes.remove(0) {
                        Noted::Found(found) => {
                            let texts = found.iter().map(|batch| batch.text.to_string());
                            format!("{:?}", texts.collect::<BTreeSet<String>>())
                        }
                        voided => format!("{voided:?}"),
                    }
                }
                Op::Reconcile(mark, batch, name, state, t, until) => {
                    let mark = self.mark(*mark, at);
                    let batch = self.batches[batch % self.batches.len()].clone();
                    let row = state.and_then(|state| row(&batch, *name, state));
                    let stamp = Stamp { t: Time(*t), v: state.map_or(9, |(_, _, v)| v) };
                    let doc = state.map(|state| document(*name, state)).filter(|_| batch.def.partition);
                    let (entity, until) = (entity(*name), *until);
                    let change = Reconcile { batch, entity, stamp, row, doc, until };
                    format!("{:?}", cache.reconcile(mark, &[change]).await.unwrap())
                }
                Op::DropTypes(types, t) => {
                    let types = match types % 4 {
                        0 => vec![],
                        1 => vec![TYPES[0].into()],
                        2 => vec![TYPES[1].into()],
                        _ => TYPES.map(Into::into).to_vec(),
                    };
                    format!("{:?}", cache.drop_types(&types, Time(*t)).await.unwrap())
                }
                Op::Reset => format!("{:?}", cache.reset().await.unwrap()),
                Op::Clear => format!("{:?}", cache.clear().await.unwrap()),
                Op::Sweep => format!("{:?}", cache.sweep().await.unwrap()),
                Op::Stats => format!("{:?}", cache.stats().await.unwrap()),
            });
        }
        prop_assert_eq!(&seen[0], &seen[1], "the answers to {:?} differ", op);
        if let (Ok(pair), true) = (<[Floor; 2]>::try_from(floors), seen.len() == 2) {
            self.floors.push(pair);
        }
        if let Ok(pair) = <[Lease; 2]>::try_from(leases) {
            self.leases.push(pair);
        }
        if let (Op::ReadPartition(batch, _), Ok(pair)) = (op, <[u64; 2]>::try_from(versions)) {
            let batch = self.partition(*batch);
            self.versions[batch] = Some(pair);
        }
        if matches!(op, Op::TakeMark) {
            self.marks.push([self.caches[0].mark(), self.caches[1].mark()]);
        }
        if matches!(op, Op::TakePlace) {
            self.places.push([place(&*self.caches[0]).await, place(&*self.caches[1]).await]);
        }
        Ok(())
    }

    /// The place of one of the partitions.
    fn partition(&self, choice: usize) -> usize {
        let partitions = self.batches.iter().enumerate().filter(|(_, batch)| batch.def.partition);
        let partitions: Vec<usize> = partitions.map(|(place, _)| place).collect();
        partitions[choice % partitions.len()]
    }

    /// Mostly the mark of now.
    fn mark(&self, choice: usize, at: usize) -> Mark {
        match choice % 4 {
            0 => choose(&self.marks, choice / 4).map_or_else(|| self.caches[at].mark(), |marks| marks[at]),
            _ => self.caches[at].mark(),
        }
    }
}

/// Where a journal ends.
async fn place(cache: &dyn Cache) -> Place {
    cache.news(None).await.unwrap().expect("both have a journal").place
}

fn choose<T>(items: &[T], choice: usize) -> Option<&T> {
    // Mostly one of the last.
    let recent = &items[items.len().saturating_sub(3)..];
    recent.get(choice % recent.len().max(1))
}

#[test]
fn random_operations_have_the_same_answers_on_redis_and_in_memory() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // Alone on it, because clearing and counting look at every key.
    let server = runtime.block_on(Server::start(&[]));
    let config = Config { cases: 2_500, failure_persistence: None, ..Config::default() };
    let sequences = (bounds(), prop::collection::vec(op(), 1..40));
    let same = TestRunner::new(config).run(&sequences, |(limits, ops)| {
        runtime.block_on(async {
            let mut pair = Pair::new(&server, limits).await;
            for op in &ops {
                pair.run(op).await?;
            }
            Ok(())
        })
    });
    if let Err(difference) = same {
        panic!("{difference}");
    }
}
