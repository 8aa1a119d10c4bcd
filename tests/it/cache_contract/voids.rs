//! Voiding: types, everything, and what a write may still do that began before.

use std::time::Duration;

use oponn::cache::{CacheLimits, DropReason, Noted, Reconciled, VoidReason};
use oponn::query::{Direction, Filter};
use oponn::value::{Change, Image, Time};

use super::domain::{
    Kind, all_of, change, fill, item, lease, limits, list, meaning, of_type, on, row, shelf, versioned,
    whole, write,
};
use super::on_both;

on_both!(
    dropping_a_type_voids_all_of_it_and_nothing_else,
    a_fill_that_began_before_a_drop_is_refused,
    clearing_voids_everything,
    resetting_forgets_the_time_too,
    the_latest_change_is_told_however_it_was_heard_of,
    a_write_that_began_before_a_clear_voids_its_type,
    a_change_without_an_image_before_leaves_nothing_stale,
    what_is_cached_is_counted,
);

async fn dropping_a_type_voids_all_of_it_and_nothing_else(kind: Kind) {
    let cache = kind.cache(limits()).await;
    let batch = shelf("a");
    let names = [item(1), of_type("Thing", 1)];
    let floor = cache.read_entities(&names).await.unwrap().floor;
    cache.fill_entities(&floor, &names.clone().map(|name| (name, None))).await.unwrap();
    fill(&*cache, &batch, &[]).await;
    cache.drop_types(&["Item".into()], Time(30)).await.unwrap();
    let read = cache.read_entities(&names).await.unwrap();
    assert!(read.entities[0].is_none() && read.entities[1].is_some());
    assert_eq!(read.floor.time, Time(30));
    assert_eq!(whole(&*cache, &batch).await, None);
    assert_eq!(lease(&*cache, &batch).await.floor.time, Time(30));
}

async fn a_fill_that_began_before_a_drop_is_refused(kind: Kind) {
    let cache = kind.cache(limits()).await;
    let batch = shelf("a");
    let held = lease(&*cache, &batch).await;
    cache.drop_types(&["Item".into()], Time(30)).await.unwrap();
    assert!(!cache.commit(&held, &all_of(vec![])).await.unwrap());
    cache.fill_entities(&held.floor, &[(item(1), Some(on("a", 1, 1)))]).await.unwrap();
    assert_eq!(cache.read_entities(&[item(1)]).await.unwrap().entities, [None]);
    assert_eq!(whole(&*cache, &batch).await, None);
    fill(&*cache, &batch, &[]).await;
}

async fn clearing_voids_everything(kind: Kind) {
    let cache = kind.cache(limits()).await;
    let batch = shelf("a");
    let doc = on("a", 1, 1);
    fill(&*cache, &batch, &[]).await;
    write(&*cache, change(1, None, Some(&doc), 8)).await;
    let held = lease(&*cache, &shelf("b")).await;
    cache.clear().await.unwrap();
    assert_eq!(whole(&*cache, &batch).await, None);
    assert!(!cache.commit(&held, &all_of(vec![])).await.unwrap());
    let read = cache.read_entities(&[item(1)]).await.unwrap();
    assert_eq!(read.entities, [None]);
    // What has been seen of the store's time stays.
    assert_eq!(read.floor.time, Time(8));
    assert!(cache.stats().await.unwrap().is_empty());
    fill(&*cache, &batch, &[doc]).await;
}

async fn the_latest_change_is_told_however_it_was_heard_of(kind: Kind) {
    let cache = kind.cache(limits()).await;
    let latest = async || cache.latest().await.unwrap();
    assert_eq!(latest().await, Time(0));
    write(&*cache, change(1, None, Some(&on("a", 1, 1)), 8)).await;
    assert_eq!(latest().await, Time(8));
    write(&*cache, change(2, None, Some(&on("a", 2, 2)), 5)).await;
    assert_eq!(latest().await, Time(8));
    cache.drop_types(&["Item".into()], Time(9)).await.unwrap();
    assert_eq!(latest().await, Time(9));
    cache.clear().await.unwrap();
    assert_eq!(latest().await, Time(9));
    // Of one that may not be read: nobody has vouched for it.
    let unvouched = CacheLimits { freshness: Some(Duration::from_secs(3)), ..limits() };
    let cache = kind.cache(unvouched).await;
    cache.drop_types(&["Item".into()], Time(9)).await.unwrap();
    assert!(cache.read_entities(&[item(1)]).await.is_err());
    assert_eq!(cache.latest().await.unwrap(), Time(9));
}

async fn resetting_forgets_the_time_too(kind: Kind) {
    let cache = kind.cache(limits()).await;
    write(&*cache, change(1, None, Some(&on("a", 1, 1)), 8)).await;
    cache.reset().await.unwrap();
    let read = cache.read_entities(&[item(1)]).await.unwrap();
    assert_eq!((read.entities, read.floor.time), (vec![None], Time(0)));
}

async fn a_write_that_began_before_a_clear_voids_its_type(kind: Kind) {
    let cache = kind.cache(limits()).await;
    let batch = shelf("a");
    let (doc, gone) = (on("a", 1, 1), item(1));
    let mark = cache.mark();
    // Inserted at 3, deleted at 4. The insert's way to the cache is longer than a clear.
    write(&*cache, change(1, Some(&doc), None, 4)).await;
    cache.clear().await.unwrap();
    let floor = cache.read_entities(std::slice::from_ref(&gone)).await.unwrap().floor;
    cache.fill_entities(&floor, &[(gone.clone(), None)]).await.unwrap();
    fill(&*cache, &batch, &[]).await;
    let insert = change(1, None, Some(&doc), 3);
    let late = meaning(&batch, &insert).expect("it is about this batch");
    assert_eq!(cache.reconcile(mark, &[late]).await.unwrap(), [Reconciled::Dropped(DropReason::Mark)]);
    let noted = cache.note(mark, &[insert]).await.unwrap().of_changes.remove(0);
    assert!(matches!(noted, Noted::Voided(VoidReason::Mark)), "{noted:?}");
    assert_eq!(cache.read_entities(&[gone]).await.unwrap().entities, [None]);
    assert_eq!(whole(&*cache, &batch).await, None);
    // One that begins now is as good as ever.
    fill(&*cache, &batch, &[]).await;
    let back = versioned("a", 1, 2, 1);
    assert_eq!(write(&*cache, change(1, None, Some(&back), 9)).await, [Reconciled::Inserted]);
    assert_eq!(whole(&*cache, &batch).await, Some(vec![row(&batch, &back)]));
}

async fn a_change_without_an_image_before_leaves_nothing_stale(kind: Kind) {
    let (here, there) = (shelf("a"), shelf("b"));
    let (old, moved) = (on("a", 1, 1), versioned("b", 1, 1, 2));
    for after in [Some(&moved), None] {
        let cache = kind.cache(limits()).await;
        fill(&*cache, &here, std::slice::from_ref(&old)).await;
        fill(&*cache, &there, &[]).await;
        let held = lease(&*cache, &list("Item", &["Item"], Filter::eq("rank", 1), Direction::Asc)).await;
        let change = Change { before: Image::Unknown, ..change(1, Some(&old), after, 5) };
        let noted = cache.note(cache.mark(), &[change]).await.unwrap().of_changes.remove(0);
        assert!(matches!(noted, Noted::Voided(VoidReason::NoImage)), "{noted:?}");
        // Neither the list that the document was in, which nobody could name, nor a fill that has read it there.
        assert_eq!(whole(&*cache, &here).await, None);
        assert_eq!(whole(&*cache, &there).await, None);
        assert!(!cache.commit(&held, &all_of(vec![row(&held.batch, &old)])).await.unwrap());
        // The document itself is known.
        let read = cache.read_entities(&[item(1)]).await.unwrap();
        assert_eq!(read.entities[0].as_ref().map(|found| found.doc.as_ref()), Some(after));
        assert_eq!(read.floor.time, Time(5));
    }
}

async fn what_is_cached_is_counted(kind: Kind) {
    let cache = kind.cache(limits()).await;
    assert!(cache.stats().await.unwrap().is_empty());
    fill(&*cache, &shelf("a"), &[]).await;
    lease(&*cache, &shelf("b")).await;
    for id in 1..=3 {
        write(&*cache, change(id, None, Some(&on("a", id, 1)), 1 + id as u64)).await;
    }
    let stats = cache.stats().await.unwrap();
    assert_eq!(stats.len(), 1);
    assert_eq!((stats["Item"].entities, stats["Item"].batches), (3, 2));
    assert_eq!(cache.sweep().await.unwrap(), 0);
}
