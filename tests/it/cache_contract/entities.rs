//! Entities: filled, replaced by writes, never older than a write that was seen.

use oponn::cache::{Cache, CacheLimits, CachedEntity, Floor};
use oponn::value::{Doc, EntityRef, Id, Stamp, Time};

use super::domain::{Kind, change, item, limits, on, versioned, write};
use super::on_both;

on_both!(
    what_was_filled_is_read_back,
    a_fill_that_began_before_a_write_is_refused,
    a_fill_that_began_before_a_write_is_refused_even_if_nothing_is_kept_of_it,
    a_write_replaces_what_is_older,
    a_late_write_does_not_bring_back_what_has_been_replaced,
    writes_in_any_order_and_repeated_end_the_same,
    a_cached_absence_ends_with_an_insert,
    a_document_that_was_deleted_can_come_back,
    ids_with_the_same_text_are_different_documents,
    an_id_of_any_length_is_kept,
    a_document_that_is_too_long_is_not_kept,
);

async fn read(cache: &dyn Cache, entity: EntityRef) -> (Option<CachedEntity>, Floor) {
    let mut read = cache.read_entities(&[entity]).await.unwrap();
    (read.entities.remove(0), read.floor)
}

async fn cached(cache: &dyn Cache, id: i64) -> Option<Option<Doc>> {
    read(cache, item(id)).await.0.map(|entity| entity.doc)
}

async fn what_was_filled_is_read_back(kind: Kind) {
    let cache = kind.cache(limits()).await;
    let doc = versioned("a", 1, 0, 7);
    let read = cache.read_entities(&[item(1), item(2), item(3)]).await.unwrap();
    assert_eq!(read.entities, [None, None, None]);
    assert_eq!(read.floor.time, Time(0));
    let filled = [(item(1), Some(doc.clone())), (item(3), None)];
    cache.fill_entities(&read.floor, &filled).await.unwrap();
    let read = cache.read_entities(&[item(3), item(2), item(1)]).await.unwrap();
    assert_eq!(read.entities[0].as_ref().map(|found| found.doc.clone()), Some(None));
    assert_eq!(read.entities[1], None);
    let stamp = Stamp { t: Time(0), v: 7 };
    assert_eq!(read.entities[2], Some(CachedEntity { stamp, doc: Some(doc) }));
    assert!(cache.read_entities(&[]).await.unwrap().entities.is_empty());
}

async fn a_fill_that_began_before_a_write_is_refused(kind: Kind) {
    let cache = kind.cache(limits()).await;
    let (old, new) = (on("a", 1, 0), versioned("a", 1, 5, 2));
    let (_, floor) = read(&*cache, item(1)).await;
    write(&*cache, change(1, Some(&old), Some(&new), 5)).await;
    cache.fill_entities(&floor, &[(item(1), Some(old.clone()))]).await.unwrap();
    assert_eq!(cached(&*cache, 1).await, Some(Some(new.clone())));
    // The next floor knows of the write.
    let (_, floor) = read(&*cache, item(2)).await;
    assert_eq!(floor.time, Time(5));
    cache.fill_entities(&floor, &[(item(2), None)]).await.unwrap();
    assert_eq!(cached(&*cache, 2).await, Some(None));
}

async fn a_fill_that_began_before_a_write_is_refused_even_if_nothing_is_kept_of_it(kind: Kind) {
    let cache = kind.cache(CacheLimits { entity: 120, ..limits() }).await;
    let (old, long) = (on("a", 1, 0), versioned(&"long".repeat(40), 1, 0, 2));
    let (_, floor) = read(&*cache, item(1)).await;
    write(&*cache, change(1, Some(&old), Some(&long), 5)).await;
    cache.fill_entities(&floor, &[(item(1), Some(old))]).await.unwrap();
    assert_eq!(cached(&*cache, 1).await, None);
}

async fn a_write_replaces_what_is_older(kind: Kind) {
    let cache = kind.cache(limits()).await;
    let (old, new) = (on("a", 1, 0), versioned("a", 1, 5, 2));
    let (_, floor) = read(&*cache, item(1)).await;
    cache.fill_entities(&floor, &[(item(1), Some(old.clone()))]).await.unwrap();
    write(&*cache, change(1, Some(&old), Some(&new), 3)).await;
    let (found, _) = read(&*cache, item(1)).await;
    assert_eq!(found, Some(CachedEntity { stamp: Stamp { t: Time(3), v: 2 }, doc: Some(new.clone()) }));
    // A fill whose floor is the time of the write has seen it and is as good.
    let (_, floor) = read(&*cache, item(1)).await;
    cache.fill_entities(&floor, &[(item(1), Some(old))]).await.unwrap();
    assert_eq!(cached(&*cache, 1).await, Some(Some(new)));
}

async fn a_late_write_does_not_bring_back_what_has_been_replaced(kind: Kind) {
    let cache = kind.cache(CacheLimits { entity: 120, ..limits() }).await;
    let long = versioned(&"long".repeat(40), 1, 0, 3);
    let (first, second) = (on("a", 1, 1), versioned("a", 1, 2, 2));
    // Too long to be kept, but it was seen.
    write(&*cache, change(1, Some(&second), Some(&long), 9)).await;
    assert_eq!(cached(&*cache, 1).await, None);
    write(&*cache, change(1, Some(&first), Some(&second), 8)).await;
    assert_eq!(cached(&*cache, 1).await, None);
}

async fn writes_in_any_order_and_repeated_end_the_same(kind: Kind) {
    let docs = [on("a", 1, 0), versioned("a", 1, 5, 2), versioned("b", 1, 5, 3)];
    let changes = [
        change(1, None, Some(&docs[0]), 3),
        change(1, Some(&docs[0]), Some(&docs[1]), 4),
        change(1, Some(&docs[1]), Some(&docs[2]), 6),
    ];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let cache = kind.cache(limits()).await;
        for at in order.into_iter().chain(order) {
            write(&*cache, changes[at].clone()).await;
        }
        let (found, floor) = read(&*cache, item(1)).await;
        let expected = CachedEntity { stamp: Stamp { t: Time(6), v: 3 }, doc: Some(docs[2].clone()) };
        assert_eq!((found, floor.time), (Some(expected), Time(6)), "{order:?}");
    }
}

async fn a_cached_absence_ends_with_an_insert(kind: Kind) {
    let cache = kind.cache(limits()).await;
    let (_, floor) = read(&*cache, item(1)).await;
    cache.fill_entities(&floor, &[(item(1), None)]).await.unwrap();
    let doc = on("a", 1, 0);
    write(&*cache, change(1, None, Some(&doc), 2)).await;
    assert_eq!(cached(&*cache, 1).await, Some(Some(doc)));
}

async fn a_document_that_was_deleted_can_come_back(kind: Kind) {
    let cache = kind.cache(limits()).await;
    let (doc, again) = (versioned("a", 1, 0, 8), versioned("a", 1, 0, 1));
    write(&*cache, change(1, None, Some(&doc), 2)).await;
    write(&*cache, change(1, Some(&doc), None, 3)).await;
    assert_eq!(cached(&*cache, 1).await, Some(None));
    write(&*cache, change(1, None, Some(&again), 4)).await;
    assert_eq!(cached(&*cache, 1).await, Some(Some(again)));
}

async fn ids_with_the_same_text_are_different_documents(kind: Kind) {
    let cache = kind.cache(limits()).await;
    let named = |id| EntityRef { ty: "Item".into(), id };
    let (number, text) = (named(Id::Int(5)), named(Id::String("5".into())));
    let (_, floor) = read(&*cache, number.clone()).await;
    cache.fill_entities(&floor, &[(number.clone(), None)]).await.unwrap();
    assert!(read(&*cache, number).await.0.is_some());
    assert!(read(&*cache, text).await.0.is_none());
}

async fn an_id_of_any_length_is_kept(kind: Kind) {
    let cache = kind.cache(limits()).await;
    let named = |text: String| EntityRef { ty: "Item".into(), id: Id::String(text.into()) };
    let (long, other) = (named("x".repeat(100_000)), named("x".repeat(100_001)));
    let (_, floor) = read(&*cache, long.clone()).await;
    cache.fill_entities(&floor, &[(long.clone(), None)]).await.unwrap();
    assert!(read(&*cache, long).await.0.is_some());
    assert!(read(&*cache, other).await.0.is_none());
}

async fn a_document_that_is_too_long_is_not_kept(kind: Kind) {
    let cache = kind.cache(CacheLimits { entity: 120, ..limits() }).await;
    let long = versioned(&"long".repeat(40), 1, 0, 3);
    let (_, floor) = read(&*cache, item(1)).await;
    cache.fill_entities(&floor, &[(item(1), Some(long.clone()))]).await.unwrap();
    assert_eq!(cached(&*cache, 1).await, None);
    let short = on("a", 1, 0);
    write(&*cache, change(1, None, Some(&short), 2)).await;
    assert_eq!(cached(&*cache, 1).await, Some(Some(short.clone())));
    write(&*cache, change(1, Some(&short), Some(&long), 3)).await;
    assert_eq!(cached(&*cache, 1).await, None);
}
