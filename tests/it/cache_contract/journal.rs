//! The journal: every step that can change what a read finds tells of it, and no other.

use std::time::Duration;

use oponn::cache::{
    Cache, CacheLimits, Changes, DropReason, JOURNAL, Journal, MemoryCache, News, Place, Reconciled,
    RedisCache, Topic, Upkeep,
};
use oponn::query::{Direction, Filter};
use oponn::value::{Change, Time};

use super::domain::{
    Kind, all_of, ask_lease, cache_on, change, fill, item, lease, limits, list, meaning, of_type, on, rows,
    shelf, versioned, whole, write,
};
use super::losses::Keys;
use super::on_both;
use crate::support::redis_server::Server;

on_both!(
    a_note_tells_its_entity,
    a_reconcile_tells_its_batch_unless_that_was_right,
    a_batch_that_is_gone_or_being_filled_is_told_too,
    a_fill_tells_what_it_replaces,
    a_batch_made_ready_is_told,
    an_entry_taken_out_of_the_index_is_told,
    a_drop_tells_its_types,
    a_change_that_voids_its_type_tells_both,
    reading_and_leasing_tell_nothing,
    a_journal_ends_with_its_epoch,
    a_journal_does_not_reach_back_for_ever,
);

/// A look at the journal.
async fn news(cache: &dyn Cache, since: Option<Place>) -> News {
    cache.news(since).await.expect("the cache is there").expect("it has a journal")
}

/// Where the journal ends.
async fn end(cache: &dyn Cache) -> Place {
    news(cache, None).await.place
}

/// What has been told since, each topic once.
async fn told(cache: &dyn Cache, since: Place) -> Vec<Topic> {
    let mut changed = news(cache, Some(since)).await.changed.expect("it reaches back that far");
    changed.sort();
    changed.dedup();
    changed
}

/// These topics in the order of [`told`].
fn topics<const N: usize>(mut topics: [Topic; N]) -> [Topic; N] {
    topics.sort();
    topics
}

async fn a_note_tells_its_entity(kind: Kind) {
    let cache = kind.cache(limits()).await;
    let doc = on("a", 1, 1);
    for (before, after, t) in [(None, Some(&doc), 5), (Some(&doc), None, 6), (None, Some(&doc), 5)] {
        let since = end(&*cache).await;
        let change = change(1, before, after, t);
        cache.note(cache.mark(), &[change.clone(), Change { entity: item(2), ..change }]).await.unwrap();
        assert_eq!(told(&*cache, since).await, topics([Topic::entity(&item(1)), Topic::entity(&item(2))]));
    }
}

async fn a_reconcile_tells_its_batch_unless_that_was_right(kind: Kind) {
    let (cache, batch) = (kind.cache(limits()).await, shelf("a"));
    fill(&*cache, &batch, &[]).await;
    let (one, moved) = (on("a", 1, 1), versioned("a", 1, 2, 2));
    let changes = [
        (change(1, None, Some(&one), 2), Reconciled::Inserted),
        (change(1, Some(&one), Some(&moved), 3), Reconciled::Moved),
        (change(1, None, Some(&one), 2), Reconciled::Unchanged),
        (change(1, Some(&moved), Some(&versioned("a", 1, 2, 3)), 4), Reconciled::Unchanged),
        (change(1, Some(&moved), None, 5), Reconciled::Removed),
    ];
    for (change, expected) in changes {
        let since = end(&*cache).await;
        let row = meaning(&batch, &change).expect("it is about this batch");
        assert_eq!(cache.reconcile(cache.mark(), &[row]).await.unwrap(), [expected]);
        let expected: &[Topic] = match expected {
            Reconciled::Unchanged => &[],
            _ => &[Topic::batch(batch.key)],
        };
        assert_eq!(told(&*cache, since).await, expected);
    }
}

async fn a_batch_that_is_gone_or_being_filled_is_told_too(kind: Kind) {
    let (cache, batch) = (kind.cache(limits()).await, shelf("a"));
    let row = |t| meaning(&batch, &change(1, None, Some(&on("a", 1, 1)), t)).expect("it is about it");
    let (topic, mark) = (topics([Topic::batch(batch.key)]), cache.mark());
    let since = end(&*cache).await;
    assert_eq!(cache.reconcile(mark, &[row(2)]).await.unwrap(), [Reconciled::Absent]);
    assert_eq!(told(&*cache, since).await, topic);
    lease(&*cache, &batch).await;
    let since = end(&*cache).await;
    assert_eq!(cache.reconcile(mark, &[row(3)]).await.unwrap(), [Reconciled::Deferred]);
    assert_eq!(told(&*cache, since).await, topic);
    cache.clear().await.unwrap();
    fill(&*cache, &batch, &[]).await;
    let since = end(&*cache).await;
    assert_eq!(cache.reconcile(mark, &[row(4)]).await.unwrap(), [Reconciled::Dropped(DropReason::Mark)]);
    assert_eq!(told(&*cache, since).await, topic);
}

async fn a_fill_tells_what_it_replaces(kind: Kind) {
    let cache = kind.cache(limits()).await;
    let (old, new) = ((item(1), Some(on("a", 1, 1))), (item(1), Some(versioned("a", 1, 2, 2))));
    let floor = cache.read_entities(&[item(1)]).await.unwrap().floor;
    let since = end(&*cache).await;
    cache.fill_entities(&floor, &[old.clone(), (item(2), None)]).await.unwrap();
    assert_eq!(told(&*cache, since).await, [], "nobody can have read what was not there");
    cache.fill_entities(&floor, &[old]).await.unwrap();
    assert_eq!(told(&*cache, since).await, [], "it was there already");
    cache.fill_entities(&floor, &[new]).await.unwrap();
    assert_eq!(told(&*cache, since).await, [Topic::entity(&item(1))]);
}

async fn a_batch_made_ready_is_told(kind: Kind) {
    let (cache, batch) = (kind.cache(limits()).await, shelf("a"));
    for _ in 0..2 {
        let held = lease(&*cache, &batch).await;
        let since = end(&*cache).await;
        assert!(cache.commit(&held, &all_of(vec![])).await.unwrap());
        assert_eq!(told(&*cache, since).await, [Topic::batch(batch.key)]);
        let since = end(&*cache).await;
        assert!(!cache.commit(&held, &all_of(vec![])).await.unwrap());
        assert_eq!(told(&*cache, since).await, [], "the lease was used up");
    }
}

async fn an_entry_taken_out_of_the_index_is_told(kind: Kind) {
    let bounds = CacheLimits { row_key: 40, ..limits() };
    let (cache, batch) = (kind.cache(bounds).await, shelf("a"));
    let topic = [Topic::batch(batch.key)];
    let held = lease(&*cache, &batch).await;
    let since = end(&*cache).await;
    cache.release(std::slice::from_ref(&held)).await.unwrap();
    assert_eq!(told(&*cache, since).await, topic);
    let since = end(&*cache).await;
    cache.release(&[held]).await.unwrap();
    assert_eq!(told(&*cache, since).await, [], "it is out already");
    // A fill that is refused.
    let long = list("Item", &["Item"], Filter::eq("shelf", "a"), Direction::Desc);
    let held = lease(&*cache, &long).await;
    let since = end(&*cache).await;
    let row = oponn::query::SortKey([rows(&long, &[on("a", 1, 1)])[0].0.clone(), vec![0; 40]].concat());
    assert!(!cache.commit(&held, &all_of(vec![row])).await.unwrap());
    assert_eq!(told(&*cache, since).await, [Topic::batch(long.key)]);
    // A lease that has run out, and a sweep after it.
    let cache = kind.cache(CacheLimits { lease: Duration::ZERO, ..limits() }).await;
    lease(&*cache, &batch).await;
    let since = end(&*cache).await;
    assert_eq!(cache.sweep().await.unwrap(), 1);
    assert_eq!(told(&*cache, since).await, topic);
    let since = end(&*cache).await;
    assert_eq!(cache.sweep().await.unwrap(), 0);
    assert_eq!(told(&*cache, since).await, []);
}

async fn a_drop_tells_its_types(kind: Kind) {
    let cache = kind.cache(limits()).await;
    let since = end(&*cache).await;
    cache.drop_types(&["Item".into(), "Thing".into()], Time(3)).await.unwrap();
    assert_eq!(told(&*cache, since).await, topics([Topic::ty("Item"), Topic::ty("Thing")]));
}

async fn a_change_that_voids_its_type_tells_both(kind: Kind) {
    let cache = kind.cache(CacheLimits { matches: 1, ..limits() }).await;
    let both = topics([Topic::entity(&item(1)), Topic::ty("Item")]);
    let doc = on("a", 1, 1);
    // It touches too many batches.
    for direction in [Direction::Asc, Direction::Desc] {
        let batch = list("Item", &["Item"], Filter::eq("shelf", "a"), direction);
        fill(&*cache, &batch, &[]).await;
    }
    let since = end(&*cache).await;
    cache.note(cache.mark(), &[change(1, None, Some(&doc), 2)]).await.unwrap();
    assert_eq!(told(&*cache, since).await, both);
    // It began before the cache lost its place.
    let mark = cache.mark();
    cache.clear().await.unwrap();
    let since = end(&*cache).await;
    cache.note(mark, &[change(1, None, Some(&doc), 3)]).await.unwrap();
    assert_eq!(told(&*cache, since).await, both);
}

async fn reading_and_leasing_tell_nothing(kind: Kind) {
    let (cache, batch) = (kind.cache(limits()).await, shelf("a"));
    fill(&*cache, &batch, &[on("a", 1, 1)]).await;
    let since = end(&*cache).await;
    cache.read_entities(&[item(1), of_type("Thing", 1)]).await.unwrap();
    whole(&*cache, &batch).await;
    whole(&*cache, &shelf("b")).await;
    lease(&*cache, &batch).await;
    lease(&*cache, &shelf("b")).await;
    ask_lease(&*cache, &batch).await;
    cache.filling(&[batch]).await.unwrap();
    cache.stats().await.unwrap();
    cache.sweep().await.unwrap();
    assert_eq!(news(&*cache, Some(since)).await, News { place: since, changed: Some(vec![]) });
}

async fn a_journal_ends_with_its_epoch(kind: Kind) {
    let cache = kind.cache(limits()).await;
    let doc = on("a", 1, 1);
    for round in 0..2 {
        write(&*cache, change(1, None, Some(&doc), 2)).await;
        let since = end(&*cache).await;
        if round == 0 { cache.clear().await } else { cache.reset().await }.unwrap();
        // As many entries as before do not make it the same journal.
        for _ in 0..3 {
            cache.drop_types(&["Item".into()], Time(4)).await.unwrap();
            let now = news(&*cache, Some(since)).await;
            assert!(now.changed.is_none() && now.place.mark != since.mark, "{now:?}");
        }
    }
}

async fn a_journal_does_not_reach_back_for_ever(kind: Kind) {
    let cache = kind.cache(limits()).await;
    let start = end(&*cache).await;
    let beyond = Place { number: start.number + 1, ..start };
    assert_eq!(news(&*cache, Some(beyond)).await, News { place: start, changed: None });
    let changes: Vec<Change> =
        (0..JOURNAL as i64).map(|id| change(id, None, Some(&on("a", id, id)), 1 + id as u64)).collect();
    cache.note(cache.mark(), &changes).await.unwrap();
    let all: Vec<Topic> = changes.iter().map(|change| Topic::entity(&change.entity)).collect();
    let now = news(&*cache, Some(start)).await;
    assert_eq!(now.place, Place { number: start.number + JOURNAL, ..start });
    assert_eq!(now.changed, Some(all.clone()), "in the order in which it came");
    cache.drop_types(&["Item".into()], Time(9)).await.unwrap();
    assert_eq!(news(&*cache, Some(start)).await.changed, None);
    let next = Place { number: start.number + 1, ..start };
    let last = [&all[1..], &[Topic::ty("Item")]].concat();
    assert_eq!(news(&*cache, Some(next)).await.changed, Some(last));
}

#[tokio::test]
async fn what_is_let_go_of_for_want_of_room_is_told() {
    let cache = MemoryCache::new(CacheLimits { memory: 4_096, ..limits() });
    let batch = shelf("a");
    fill(&cache, &batch, &[on("a", 1, 1)]).await;
    let since = end(&cache).await;
    // Entities alone push it out.
    let mut id = 0;
    while registered(&cache).await > 0 {
        id += 1;
        cache.note(cache.mark(), &[change(id, None, Some(&on("b", id, id)), 1)]).await.unwrap();
    }
    assert!(told(&cache, since).await.contains(&Topic::batch(batch.key)));
}

/// How many batches are registered; counting them is not a use.
async fn registered(cache: &dyn Cache) -> u64 {
    cache.stats().await.unwrap().get("Item").map_or(0, |stats| stats.batches)
}

async fn with_keys() -> (Server, RedisCache, Keys) {
    let server = Server::start(&[]).await;
    let cache = cache_on(&server).await;
    let keys = Keys::of(&server, &["a"], &[1]).await;
    (server, cache, keys)
}

#[tokio::test]
async fn without_its_meta_hash_redis_has_no_journal_and_then_another() {
    let (_server, cache, mut keys) = with_keys().await;
    write(&cache, change(1, None, Some(&on("a", 1, 1)), 2)).await;
    let since = end(&cache).await;
    assert!(keys.lose(0).await.ends_with(":m"));
    assert_eq!(cache.news(Some(since)).await.unwrap(), None);
    write(&cache, change(1, None, Some(&on("a", 1, 1)), 2)).await;
    let now = news(&cache, Some(since)).await;
    assert!(now.changed.is_none() && now.place.mark != since.mark, "{now:?}");
}

#[tokio::test]
async fn a_lost_index_is_told_by_the_next_who_looks() {
    let (_server, cache, mut keys) = with_keys().await;
    let batch = shelf("a");
    for turn in 0..3 {
        fill(&cache, &batch, &[]).await;
        let since = end(&cache).await;
        assert!(keys.lose(1).await.ends_with(":x:Item"));
        // It can still be read, until a writer would not find it.
        assert!(whole(&cache, &batch).await.is_some());
        match turn {
            0 => drop(cache.note(cache.mark(), &[change(1, None, None, 3)]).await.unwrap()),
            1 => drop(lease(&cache, &shelf("b")).await),
            _ => drop(cache.sweep().await.unwrap()),
        }
        assert!(told(&cache, since).await.contains(&Topic::ty("Item")));
    }
}

#[tokio::test]
async fn a_write_tells_a_batch_that_redis_has_lost() {
    let (_server, cache, mut keys) = with_keys().await;
    let batch = shelf("a");
    fill(&cache, &batch, &[]).await;
    let since = end(&cache).await;
    assert!(keys.lose(2).await.contains(":b:"));
    assert_eq!(told(&cache, since).await, [], "the next write finds it");
    assert_eq!(write(&cache, change(1, None, Some(&on("a", 1, 1)), 2)).await, [Reconciled::Absent]);
    assert_eq!(told(&cache, since).await, topics([Topic::entity(&item(1)), Topic::batch(batch.key)]));
}
