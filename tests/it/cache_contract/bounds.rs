//! Bounds: past one, a batch is dropped or not made, never wrong.

use oponn::cache::{CacheLimits, DropReason, LeaseState, Noted, PageState, Reconciled, VoidReason};
use oponn::query::Filter;
use oponn::value::Doc;

use super::domain::{
    Kind, all_of, ask_lease, change, fill, first, hit, lease, limits, list, on, read, rows, shelf, versioned,
    whole, write,
};
use super::on_both;

on_both!(
    a_fill_keeps_no_more_rows_than_the_limit,
    a_batch_that_grows_too_long_is_dropped,
    a_batch_that_too_many_rows_left_is_dropped,
    a_fill_with_too_many_deltas_is_void,
    no_more_batches_than_the_limit,
    no_more_shapes_than_the_limit,
    a_long_definition_is_refused,
    a_long_row_drops_the_batch,
    a_change_that_touches_too_many_batches_voids_the_type,
    room_is_made_by_a_sweep,
    room_is_made_for_batches,
    room_is_made_for_shapes,
    what_is_being_filled_is_not_evicted,
);

fn some(count: i64) -> Vec<Doc> {
    (0..count).map(|id| on("a", id, id)).collect()
}

async fn a_fill_keeps_no_more_rows_than_the_limit(kind: Kind) {
    let (cache, batch) = (kind.cache(CacheLimits { rows: 8, ..limits() }).await, shelf("a"));
    fill(&*cache, &batch, &some(12)).await;
    assert_eq!(hit(&*cache, &batch, first(7)).await.rows, rows(&batch, &some(7)));
    assert_eq!(read(&*cache, &batch, first(8)).await, PageState::Miss { known: 8 });
}

async fn a_batch_that_grows_too_long_is_dropped(kind: Kind) {
    let (cache, batch) = (kind.cache(CacheLimits { rows: 8, ..limits() }).await, shelf("a"));
    fill(&*cache, &batch, &some(8)).await;
    assert_eq!(write(&*cache, change(20, None, Some(&on("a", 20, 0)), 2)).await, [Reconciled::Inserted]);
    assert_eq!(
        write(&*cache, change(21, None, Some(&on("a", 21, 0)), 3)).await,
        [Reconciled::Dropped(DropReason::Rows)]
    );
    assert_eq!(whole(&*cache, &batch).await, None);
    assert_eq!(
        write(&*cache, change(22, None, Some(&on("a", 22, 0)), 4)).await,
        [],
        "it is registered no more"
    );
}

async fn a_batch_that_too_many_rows_left_is_dropped(kind: Kind) {
    let (cache, batch) = (kind.cache(CacheLimits { departed: 2, ..limits() }).await, shelf("a"));
    let docs = some(4);
    fill(&*cache, &batch, &docs).await;
    for id in 0..2 {
        let gone = change(id, Some(&docs[id as usize]), None, 2 + id as u64);
        assert_eq!(write(&*cache, gone).await, [Reconciled::Removed]);
    }
    // One comes back and leaves again: it counts once.
    let back = versioned("a", 0, 0, 3);
    assert_eq!(write(&*cache, change(0, None, Some(&back), 5)).await, [Reconciled::Inserted]);
    assert_eq!(write(&*cache, change(0, Some(&back), None, 6)).await, [Reconciled::Removed]);
    assert_eq!(
        write(&*cache, change(2, Some(&docs[2]), None, 7)).await,
        [Reconciled::Dropped(DropReason::Departed)]
    );
    assert_eq!(whole(&*cache, &batch).await, None);
}

async fn a_fill_with_too_many_deltas_is_void(kind: Kind) {
    let (cache, batch) = (kind.cache(CacheLimits { deltas: 2, ..limits() }).await, shelf("a"));
    let held = lease(&*cache, &batch).await;
    for t in 1..=2 {
        let doc = on("a", 1, t);
        assert_eq!(write(&*cache, change(1, None, Some(&doc), t as u64)).await, [Reconciled::Deferred]);
    }
    assert_eq!(write(&*cache, change(2, None, Some(&on("a", 2, 0)), 3)).await, [Reconciled::Deferred]);
    assert_eq!(
        write(&*cache, change(3, None, Some(&on("a", 3, 0)), 4)).await,
        [Reconciled::Dropped(DropReason::Deltas)]
    );
    assert!(!cache.commit(&held, &all_of(vec![])).await.unwrap());
    assert_eq!(whole(&*cache, &batch).await, None);
    lease(&*cache, &batch).await;
}

async fn no_more_batches_than_the_limit(kind: Kind) {
    let cache = kind.cache(CacheLimits { batches: 2, ..limits() }).await;
    for name in ["a", "b"] {
        fill(&*cache, &shelf(name), &[]).await;
    }
    assert!(matches!(ask_lease(&*cache, &shelf("c")).await, LeaseState::Full));
    // Those that are there can be filled anew.
    fill(&*cache, &shelf("a"), &[]).await;
    let stats = cache.stats().await.unwrap();
    assert_eq!(stats["Item"].batches, 2);
}

async fn no_more_shapes_than_the_limit(kind: Kind) {
    let cache = kind.cache(CacheLimits { shapes: 2, ..limits() }).await;
    let by = |filter| list("Item", &["Item"], filter, oponn::query::Direction::Asc);
    fill(&*cache, &by(Filter::all()), &[]).await;
    fill(&*cache, &by(Filter::eq("shelf", "a")), &[]).await;
    assert!(matches!(ask_lease(&*cache, &by(Filter::eq("rank", 1))).await, LeaseState::Full));
    fill(&*cache, &by(Filter::eq("shelf", "b")), &[]).await;
}

async fn a_long_definition_is_refused(kind: Kind) {
    let cache = kind.cache(CacheLimits { definition: 120, ..limits() }).await;
    let states = cache.lease(&[shelf("a"), shelf(&"x".repeat(200)), shelf("b")]).await.unwrap();
    assert!(matches!(
        states.as_slice(),
        [LeaseState::Granted(a), LeaseState::Refused, LeaseState::Granted(b)]
            if a.batch.text == shelf("a").text && b.batch.text == shelf("b").text
    ));
}

async fn a_long_row_drops_the_batch(kind: Kind) {
    let cache = kind.cache(CacheLimits { row_key: 60, ..limits() }).await;
    let batch = {
        let order = oponn::query::Order::new([oponn::query::OrderBy {
            path: "shelf".into(),
            direction: oponn::query::Direction::Asc,
        }]);
        let def = oponn::query::BatchDef::new("Item".into(), vec!["Item".into()], Filter::all(), order);
        oponn::cache::Batch::new(def)
    };
    fill(&*cache, &batch, &[on("a", 1, 1)]).await;
    let long = on(&"x".repeat(100), 2, 1);
    assert_eq!(
        write(&*cache, change(2, None, Some(&long), 2)).await,
        [Reconciled::Dropped(DropReason::RowKey)]
    );
    assert_eq!(whole(&*cache, &batch).await, None);
    let held = lease(&*cache, &batch).await;
    assert!(!cache.commit(&held, &all_of(rows(&batch, &[long]))).await.unwrap());
}

async fn a_change_that_touches_too_many_batches_voids_the_type(kind: Kind) {
    let cache = kind.cache(CacheLimits { matches: 1, ..limits() }).await;
    let by = |direction| list("Item", &["Item"], Filter::eq("shelf", "a"), direction);
    let (up, down) = (by(oponn::query::Direction::Asc), by(oponn::query::Direction::Desc));
    let other = shelf("b");
    for batch in [&up, &down, &other] {
        fill(&*cache, batch, &[]).await;
    }
    assert_eq!(write(&*cache, change(1, None, Some(&on("b", 1, 1)), 2)).await, [Reconciled::Inserted]);
    let noted = cache
        .note(cache.mark(), &[change(2, None, Some(&on("a", 2, 1)), 3)])
        .await
        .unwrap()
        .of_changes
        .remove(0);
    assert!(matches!(noted, Noted::Voided(VoidReason::Matches)), "{noted:?}");
    for batch in [&up, &down, &other] {
        assert_eq!(whole(&*cache, batch).await, None);
    }
}

async fn room_is_made_by_a_sweep(kind: Kind) {
    // Nothing lives long enough to be seen.
    let none = std::time::Duration::ZERO;
    let cache = kind.cache(CacheLimits { batches: 1, shapes: 1, lease: none, ..limits() }).await;
    lease(&*cache, &shelf("a")).await;
    assert!(matches!(ask_lease(&*cache, &shelf("b")).await, LeaseState::Full));
    assert_eq!(cache.sweep().await.unwrap(), 1);
    assert_eq!(cache.sweep().await.unwrap(), 0);
    lease(&*cache, &list("Item", &["Item"], Filter::all(), oponn::query::Direction::Asc)).await;
}

async fn room_is_made_for_batches(kind: Kind) {
    let cache = kind.cache(CacheLimits { batches: 8, ..limits() }).await;
    let item: std::sync::Arc<str> = "Item".into();
    assert_eq!(cache.make_room(&item).await.unwrap(), 0, "there is nothing");
    let all: Vec<_> = (0..8).map(|n| shelf(&n.to_string())).collect();
    for batch in &all {
        fill(&*cache, batch, &[]).await;
    }
    for round in 0..20 {
        let new = shelf(&format!("new {round}"));
        if matches!(ask_lease(&*cache, &new).await, LeaseState::Full) {
            // The first one is read all the time.
            hit(&*cache, &all[0], first(1)).await;
            assert!(cache.make_room(&item).await.unwrap() > 0);
            assert_eq!(cache.make_room(&item).await.unwrap(), 0, "there is room already");
            fill(&*cache, &new, &[]).await;
        }
        assert!(cache.stats().await.unwrap()["Item"].batches <= 8);
        // Redis tells only seconds apart.
        if kind == Kind::Memory {
            hit(&*cache, &all[0], first(1)).await;
        }
    }
    // What is left is found by writers, and what is not found is not there.
    for (n, batch) in all.iter().enumerate() {
        let change = change(n as i64, None, Some(&on(&n.to_string(), n as i64, 1)), 2);
        let found = !write(&*cache, change).await.is_empty();
        assert_eq!(whole(&*cache, batch).await.is_some(), found);
    }
}

async fn room_is_made_for_shapes(kind: Kind) {
    let cache = kind.cache(CacheLimits { shapes: 2, ..limits() }).await;
    let by = |filter| list("Item", &["Item"], filter, oponn::query::Direction::Asc);
    let (all, ranked) = (by(Filter::all()), by(Filter::eq("rank", 1)));
    fill(&*cache, &all, &[]).await;
    for name in 0..300 {
        fill(&*cache, &shelf(&name.to_string()), &[]).await;
    }
    assert!(matches!(ask_lease(&*cache, &ranked).await, LeaseState::Full));
    assert!(cache.make_room(&"Item".into()).await.unwrap() > 0);
    fill(&*cache, &ranked, &[]).await;
    assert!(!write(&*cache, change(1, None, Some(&on("x", 1, 1)), 2)).await.is_empty());
    assert_eq!(whole(&*cache, &ranked).await, Some(rows(&ranked, &[on("x", 1, 1)])));
}

async fn what_is_being_filled_is_not_evicted(kind: Kind) {
    let cache = kind.cache(CacheLimits { batches: 2, ..limits() }).await;
    let held = [lease(&*cache, &shelf("a")).await, lease(&*cache, &shelf("b")).await];
    assert_eq!(cache.make_room(&"Item".into()).await.unwrap(), 0);
    for held in held {
        assert!(cache.commit(&held, &all_of(vec![])).await.unwrap());
    }
    assert_eq!(cache.make_room(&"Item".into()).await.unwrap(), 1);
}
