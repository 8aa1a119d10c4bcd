//! Partitions: a map from documents to their latest states, however the changes come.

use oponn::cache::{
    Batch, Cache, CacheLimits, DropReason, Lease, PartitionRead, PartitionState, Reconcile, Reconciled,
    Topic, VoidReason,
};
use oponn::query::{BatchDef, Filter};
use oponn::value::{Doc, Stamp, Time};

use super::domain::{Kind, change, item, lease, limits, on, row, versioned, with_suspects, write};
use super::on_both;

on_both!(
    it_has_the_documents_of_the_fill_and_the_latest_changes,
    a_reader_need_not_read_again_what_it_has,
    writers_find_it_and_leave_deltas_while_it_is_filled,
    a_document_that_moves_leaves_one_and_comes_into_the_other,
    voiding_the_type_and_clearing_take_it_away,
    what_is_too_large_is_remembered_for_a_while,
    an_entity_of_a_partitioned_type_is_replaced_but_not_made,
    too_many_changes_and_too_large_documents_drop_it,
    deltas_beyond_the_bound_refuse_the_fill,
    suspects_are_told_and_too_many_make_it_doubtful,
);

fn partition(shelf: &str) -> Batch {
    Batch::new(BatchDef::partition("Item".into(), Filter::eq("shelf", shelf)))
}

async fn state(cache: &dyn Cache, batch: &Batch, known: Option<u64>) -> PartitionState {
    let read = PartitionRead { batch: batch.clone(), known };
    cache.read_partitions(&[read]).await.expect("the cache is there").pop().expect("one read, one state")
}

/// The documents that it has.
async fn held(cache: &dyn Cache, batch: &Batch) -> Option<Vec<Doc>> {
    match state(cache, batch, None).await {
        PartitionState::Held(partition, _) => {
            Some(partition.members().iter().map(|member| member.doc.clone()).collect())
        }
        _ => None,
    }
}

async fn commit(cache: &dyn Cache, lease: &Lease, docs: &[Doc]) -> bool {
    cache.commit_partition(lease, Some(docs)).await.expect("the cache is there")
}

async fn ready(cache: &dyn Cache, batch: &Batch, docs: &[Doc]) {
    let lease = lease(cache, batch).await;
    assert!(commit(cache, &lease, docs).await);
}

/// Brings one state of a document, which `None` has left.
async fn bring(
    cache: &dyn Cache,
    batch: &Batch,
    id: i64,
    doc: Option<&Doc>,
    stamp: (u64, i64),
) -> Reconciled {
    let row = doc.map(|doc| row(batch, doc));
    let stamp = Stamp { t: Time(stamp.0), v: stamp.1 };
    let change =
        Reconcile { batch: batch.clone(), entity: item(id), stamp, row, doc: doc.cloned(), until: None };
    cache.reconcile(cache.mark(), &[change]).await.expect("the cache is there").remove(0)
}

async fn it_has_the_documents_of_the_fill_and_the_latest_changes(kind: Kind) {
    let cache = kind.cache(limits()).await;
    let (cache, batch) = (&*cache, partition("a"));
    assert_eq!(state(cache, &batch, None).await, PartitionState::Miss);
    ready(cache, &batch, &[on("a", 1, 1), on("a", 2, 2)]).await;
    assert_eq!(held(cache, &batch).await, Some(vec![on("a", 1, 1), on("a", 2, 2)]));
    // In any order, and repeated.
    let (late, early) = (on("a", 3, 9), on("a", 3, 3));
    assert_eq!(bring(cache, &batch, 3, Some(&late), (7, 2)).await, Reconciled::Inserted);
    assert_eq!(bring(cache, &batch, 3, Some(&early), (5, 1)).await, Reconciled::Unchanged);
    assert_eq!(bring(cache, &batch, 3, Some(&late), (7, 2)).await, Reconciled::Unchanged);
    assert_eq!(bring(cache, &batch, 2, None, (6, 2)).await, Reconciled::Removed);
    assert_eq!(bring(cache, &batch, 2, Some(&on("a", 2, 5)), (5, 1)).await, Reconciled::Unchanged);
    assert_eq!(held(cache, &batch).await, Some(vec![on("a", 1, 1), late]));
}

async fn a_reader_need_not_read_again_what_it_has(kind: Kind) {
    let cache = kind.cache(limits()).await;
    let (cache, batch) = (&*cache, partition("a"));
    ready(cache, &batch, &[on("a", 1, 1)]).await;
    let PartitionState::Held(first, _) = state(cache, &batch, None).await else { panic!("it is there") };
    assert_eq!(state(cache, &batch, Some(first.version)).await, PartitionState::Same(Vec::new()));
    let place = cache.news(None).await.unwrap().unwrap().place;
    bring(cache, &batch, 1, Some(&on("a", 1, 7)), (4, 2)).await;
    let told = cache.news(Some(place)).await.unwrap().unwrap();
    assert_eq!(told.changed, Some(vec![Topic::batch(batch.key)]));
    let PartitionState::Held(second, _) = state(cache, &batch, Some(first.version)).await else {
        panic!("it has changed")
    };
    assert_eq!(second.members()[0].doc, on("a", 1, 7));
    // What changes nothing is not told.
    bring(cache, &batch, 1, Some(&on("a", 1, 7)), (4, 2)).await;
    assert_eq!(cache.news(Some(told.place)).await.unwrap().unwrap().changed, Some(Vec::new()));
    assert_eq!(state(cache, &batch, Some(second.version)).await, PartitionState::Same(Vec::new()));
}

async fn writers_find_it_and_leave_deltas_while_it_is_filled(kind: Kind) {
    let cache = kind.cache(limits()).await;
    let (cache, batch) = (&*cache, partition("a"));
    let lease = lease(cache, &batch).await;
    let change = change(1, Some(&on("a", 1, 1)), Some(&versioned("a", 1, 5, 2)), 8);
    assert_eq!(write(cache, change).await, [Reconciled::Deferred]);
    // The read of the store was too early for it.
    assert!(commit(cache, &lease, &[on("a", 1, 1), on("a", 2, 2)]).await);
    assert_eq!(held(cache, &batch).await, Some(vec![versioned("a", 1, 5, 2), on("a", 2, 2)]));
}

async fn a_document_that_moves_leaves_one_and_comes_into_the_other(kind: Kind) {
    let cache = kind.cache(limits()).await;
    let (cache, from, to) = (&*cache, partition("a"), partition("b"));
    ready(cache, &from, &[on("a", 1, 1)]).await;
    ready(cache, &to, &[]).await;
    let moved = versioned("b", 1, 1, 2);
    let mut done = write(cache, change(1, Some(&on("a", 1, 1)), Some(&moved), 5)).await;
    done.sort_by_key(|done| format!("{done:?}"));
    assert_eq!(done, [Reconciled::Inserted, Reconciled::Removed]);
    assert_eq!(held(cache, &from).await, Some(Vec::new()));
    assert_eq!(held(cache, &to).await, Some(vec![moved]));
}

async fn voiding_the_type_and_clearing_take_it_away(kind: Kind) {
    let cache = kind.cache(limits()).await;
    let (cache, batch) = (&*cache, partition("a"));
    for clears in [false, true] {
        ready(cache, &batch, &[on("a", 1, 1)]).await;
        let late = cache.mark();
        match clears {
            true => cache.clear().await.unwrap(),
            false => cache.drop_types(&["Item".into()], Time(9)).await.unwrap(),
        }
        assert_eq!(state(cache, &batch, None).await, PartitionState::Miss);
        if clears {
            ready(cache, &batch, &[]).await;
            let change = change(1, None, Some(&on("a", 1, 1)), 3);
            let noted = cache.note(late, std::slice::from_ref(&change)).await.unwrap().of_changes.remove(0);
            assert!(matches!(noted, oponn::cache::Noted::Voided(VoidReason::Mark)), "{noted:?}");
            assert_eq!(state(cache, &batch, None).await, PartitionState::Miss);
        }
    }
}

async fn what_is_too_large_is_remembered_for_a_while(kind: Kind) {
    let cache = kind.cache(limits()).await;
    let (cache, batch) = (&*cache, partition("a"));
    let lease = lease(cache, &batch).await;
    assert!(cache.commit_partition(&lease, None).await.unwrap());
    assert_eq!(state(cache, &batch, None).await, PartitionState::TooLarge);
    bring(cache, &batch, 1, Some(&on("a", 1, 1)), (5, 1)).await;
    assert_eq!(state(cache, &batch, None).await, PartitionState::TooLarge);
    cache.drop_types(&["Item".into()], Time(9)).await.unwrap();
    assert_eq!(state(cache, &batch, None).await, PartitionState::Miss);
}

async fn an_entity_of_a_partitioned_type_is_replaced_but_not_made(kind: Kind) {
    let cache = kind.cache(limits()).await;
    let cache = &*cache;
    cache.partitioned(&["Item".into()]);
    write(cache, change(1, None, Some(&on("a", 1, 1)), 5)).await;
    let read = cache.read_entities(&[item(1)]).await.unwrap();
    assert_eq!(read.entities, [None]);
    cache.fill_entities(&read.floor, &[(item(1), Some(on("a", 1, 1)))]).await.unwrap();
    write(cache, change(1, Some(&on("a", 1, 1)), Some(&versioned("a", 1, 9, 2)), 6)).await;
    let read = cache.read_entities(&[item(1)]).await.unwrap();
    assert_eq!(read.entities[0].as_ref().and_then(|known| known.doc.clone()), Some(versioned("a", 1, 9, 2)));
}

async fn too_many_changes_and_too_large_documents_drop_it(kind: Kind) {
    let cache = kind.cache(CacheLimits { departed: 2, entity: 200, partition: 64 * 200, ..limits() }).await;
    let (cache, batch) = (&*cache, partition("a"));
    ready(cache, &batch, &[on("a", 1, 1), on("a", 2, 1), on("a", 3, 1)]).await;
    for t in 3..9 {
        assert_eq!(
            bring(cache, &batch, 1, Some(&on("a", 1, 1)), (t, 1)).await,
            Reconciled::Inserted,
            "of one"
        );
    }
    assert_eq!(bring(cache, &batch, 2, None, (3, 1)).await, Reconciled::Removed);
    let dropped = bring(cache, &batch, 3, Some(&on("a", 3, 1)), (3, 1)).await;
    assert_eq!(dropped, Reconciled::Dropped(DropReason::Departed));
    assert_eq!(state(cache, &batch, None).await, PartitionState::Miss);
    ready(cache, &batch, &[on("a", 1, 1)]).await;
    let long = bson::doc! { "_id": 2_i64, "shelf": "a", "text": "x".repeat(300) };
    let long = Doc::encode(&long).expect("the names have no NUL");
    let dropped = bring(cache, &batch, 2, Some(&long), (9, 1)).await;
    assert_eq!(dropped, Reconciled::Dropped(DropReason::RowKey));
    assert_eq!(state(cache, &batch, None).await, PartitionState::Miss);
}

async fn deltas_beyond_the_bound_refuse_the_fill(kind: Kind) {
    let cache = kind.cache(CacheLimits { departed: 2, entity: 200, partition: 64 * 200, ..limits() }).await;
    let (cache, batch) = (&*cache, partition("a"));
    let lease = lease(cache, &batch).await;
    for id in 1..4 {
        assert_eq!(bring(cache, &batch, id, Some(&on("a", id, 1)), (5, 1)).await, Reconciled::Deferred);
    }
    assert!(!commit(cache, &lease, &[]).await);
    assert_eq!(state(cache, &batch, None).await, PartitionState::Miss);
}

async fn suspects_are_told_and_too_many_make_it_doubtful(kind: Kind) {
    let cache = kind.cache(with_suspects()).await;
    let (cache, batch) = (&*cache, partition("a"));
    ready(cache, &batch, &[on("a", 1, 1)]).await;
    // A write that knows nothing of the partition, as an earlier one has moved the document away.
    let elsewhere = change(1, Some(&versioned("b", 1, 1, 2)), Some(&versioned("b", 1, 2, 3)), 7);
    write(cache, elsewhere).await;
    let PartitionState::Held(partition, suspects) = state(cache, &batch, None).await else {
        panic!("it is there")
    };
    let doubted = partition.doubted(&suspects);
    assert_eq!(doubted.iter().map(|member| &member.doc).collect::<Vec<_>>(), [&on("a", 1, 1)]);
    // Once the earlier one has come, there is no doubt.
    bring(cache, &batch, 1, None, (6, 2)).await;
    let PartitionState::Held(partition, suspects) = state(cache, &batch, None).await else {
        panic!("it is there")
    };
    assert!(partition.doubted(&suspects).is_empty());
    for id in 10..200 {
        write(cache, change(id, None, Some(&on("z", id, 1)), 20)).await;
    }
    assert_eq!(state(cache, &batch, None).await, PartitionState::Doubtful);
}
