//! Looks at the journal: each serves those who asked before it began, and nobody else.

use std::sync::Arc;

use futures_util::future::join_all;
use futures_util::poll;
use oponn::cache::{Changes, JOURNAL, MemoryCache, Place, Topic, Upkeep};
use oponn::engine::{Engine, EngineOptions};
use oponn::metrics::Metrics;
use oponn::store::SqliteStore;
use oponn::value::Time;

use crate::cache_contract::domain::{change, item, limits, on};
use crate::support::app::model;
use crate::support::gate::Gate;

/// An engine on a cache whose looks the test lets pass.
struct Watched {
    gate: Arc<Gate>,
    cache: Arc<MemoryCache>,
    engine: Engine,
    _folder: tempfile::TempDir,
}

impl Watched {
    fn new() -> Watched {
        let model = Arc::new(model("type Item @collection { id: ID! }"));
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let store = SqliteStore::open(model.clone(), &folder.path().join("test.db")).expect("it can be made");
        let cache = Arc::new(MemoryCache::new(limits()));
        let gate = Arc::new(Gate::new(cache.clone()));
        let (metrics, options) = (Arc::new(Metrics::default()), EngineOptions::default());
        let engine = Engine::new(model, Arc::new(store), gate.cache(), metrics, options);
        Watched { gate, cache, engine, _folder: folder }
    }

    /// The same, and nobody has to wait.
    fn open() -> Watched {
        let watched = Watched::new();
        watched.gate.pass(1_000);
        watched
    }

    async fn look(&self) -> Place {
        self.engine.look().await.expect("there is a journal")
    }

    /// Changes a document in the cache.
    async fn touch(&self, id: i64) {
        self.cache.note(self.cache.mark(), &[change(id, None, Some(&on("a", id, 1)), 1)]).await.unwrap();
    }

    fn unchanged(&self, id: i64, since: Place) -> bool {
        self.engine.unchanged(&[Topic::entity(&item(id))], since).is_some()
    }
}

#[tokio::test]
async fn a_look_that_has_begun_is_not_joined() {
    let watched = Watched::new();
    let mut before = Box::pin(watched.engine.look());
    assert!(poll!(&mut before).is_pending());
    watched.gate.begun(1).await;
    // What this look tells is settled; here somebody writes, is told so, and asks.
    watched.touch(1).await;
    let mut after = Box::pin(watched.engine.look());
    assert!(poll!(&mut after).is_pending());
    watched.gate.pass(1);
    let first = before.await.expect("there is a journal");
    assert!(poll!(&mut after).is_pending(), "the answer of the first look is not for this one");
    watched.gate.begun(2).await;
    watched.gate.pass(1);
    let second = after.await.expect("there is a journal");
    assert_eq!((second.number, second.mark), (first.number + 1, first.mark));
    assert!(!watched.unchanged(1, first) && watched.unchanged(2, first) && watched.unchanged(1, second));
    assert_eq!(watched.engine.place(), Some(second));
}

#[tokio::test]
async fn many_share_one_look() {
    let watched = Watched::new();
    let mut first = Box::pin(watched.engine.look());
    assert!(poll!(&mut first).is_pending());
    watched.gate.begun(1).await;
    let mut crowd = Box::pin(join_all((0..100).map(|_| watched.engine.look())));
    assert!(poll!(&mut crowd).is_pending());
    watched.gate.pass(2);
    let place = first.await;
    assert!(place.is_some());
    assert!(crowd.await.iter().all(|found| *found == place));
    assert_eq!(watched.gate.looks(), 2);
}

#[tokio::test]
async fn who_stops_to_wait_holds_nobody_up() {
    let watched = Watched::new();
    let mut impatient = Box::pin(watched.engine.look());
    assert!(poll!(&mut impatient).is_pending());
    watched.gate.begun(1).await;
    let mut gone = Box::pin(watched.engine.look());
    assert!(poll!(&mut gone).is_pending());
    let mut patient = Box::pin(watched.engine.look());
    assert!(poll!(&mut patient).is_pending());
    // The one that waits for the first look alone, and the one that asked for the second.
    drop((impatient, gone));
    watched.gate.pass(1);
    watched.gate.begun(2).await;
    watched.gate.pass(1);
    assert!(patient.await.is_some());
    // Nobody at all waits for this one: it is broken off.
    let mut gone = Box::pin(watched.engine.look());
    assert!(poll!(&mut gone).is_pending());
    drop(gone);
    let mut last = Box::pin(watched.engine.look());
    assert!(poll!(&mut last).is_pending());
    watched.gate.begun(3).await;
    watched.gate.pass(1);
    assert!(last.await.is_some());
    assert_eq!(watched.gate.looks(), 3);
}

#[tokio::test]
async fn a_look_that_panics_fails_those_who_wait_for_it_alone() {
    let watched = Watched::new();
    let mut first = Box::pin(watched.engine.look());
    assert!(poll!(&mut first).is_pending());
    watched.gate.begun(1).await;
    let mut second = Box::pin(watched.engine.look());
    assert!(poll!(&mut second).is_pending());
    watched.gate.break_one();
    watched.gate.pass(1);
    assert_eq!(first.await, None);
    watched.gate.begun(2).await;
    watched.gate.pass(2);
    assert!(second.await.is_some());
    assert!(watched.engine.look().await.is_some());
}

#[tokio::test]
async fn only_what_was_told_of_has_changed() {
    let watched = Watched::open();
    let start = watched.look().await;
    watched.touch(1).await;
    assert!(watched.unchanged(1, start), "nobody has looked since");
    let next = watched.look().await;
    watched.touch(2).await;
    watched.look().await;
    assert!(!watched.unchanged(1, start) && !watched.unchanged(2, start) && watched.unchanged(3, start));
    assert!(watched.unchanged(1, next) && !watched.unchanged(2, next));
    assert_eq!(watched.engine.unchanged(&[], start), watched.engine.place());
}

#[tokio::test]
async fn nothing_is_known_of_another_epoch() {
    let watched = Watched::open();
    watched.touch(1).await;
    let start = watched.look().await;
    watched.cache.clear().await.unwrap();
    assert!(watched.unchanged(2, start), "nobody has looked since");
    let cleared = watched.look().await;
    assert!(!watched.unchanged(2, start) && watched.unchanged(2, cleared));
    for _ in 0..3 {
        watched.touch(1).await;
        watched.look().await;
        assert!(!watched.unchanged(2, start));
    }
    assert!(!watched.unchanged(1, cleared) && watched.unchanged(2, cleared));
}

#[tokio::test]
async fn what_is_too_long_ago_cannot_be_judged() {
    let watched = Watched::open();
    let start = watched.look().await;
    let types = ["Item".into()];
    // In steps that the journal reaches back, further than this server remembers.
    for step in 1..=5 {
        for _ in 0..JOURNAL - 1 {
            watched.cache.drop_types(&types, Time(1)).await.unwrap();
        }
        watched.look().await;
        assert_eq!(watched.unchanged(1, start), step < 5, "after step {step}");
    }
    // In one step that it does not.
    let start = watched.look().await;
    for _ in 0..=JOURNAL {
        watched.cache.drop_types(&types, Time(1)).await.unwrap();
    }
    let now = watched.look().await;
    assert!(!watched.unchanged(1, start) && watched.unchanged(1, now));
}

#[tokio::test]
async fn a_place_beyond_the_end_is_not_one_that_nothing_has_changed_since() {
    let watched = Watched::open();
    let end = watched.look().await;
    let beyond = Place { number: end.number + 1, ..end };
    assert!(watched.unchanged(1, end) && !watched.unchanged(1, beyond));
}
