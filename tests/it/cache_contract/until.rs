//! Until when a batch is to be believed: no longer than its fill and every change since have said.

use oponn::cache::{Batch, Cache, Noted, Reconcile, Reconciled};
use oponn::value::{Doc, Stamp, Time};

use super::domain::{
    Kind, all_of, change, fill, fill_to_last, first, hit, item, lease, limits, on, row, rows, shelf,
    versioned, whole,
};
use super::on_both;

on_both!(
    a_fill_says_it,
    changes_shorten_it_and_never_prolong_it,
    what_a_batch_does_not_show_does_not_shorten_it,
    a_shorter_life_is_told,
    changes_during_a_fill_shorten_it,
    it_survives_any_change_of_a_long_list,
);

async fn fill_until(cache: &dyn Cache, batch: &Batch, docs: &[Doc], until: Option<i64>) {
    let lease = lease(cache, batch).await;
    assert!(cache.commit(&lease, &all_of(rows(batch, docs)).until(until)).await.expect("the cache is there"));
}

async fn until(cache: &dyn Cache, batch: &Batch) -> Option<i64> {
    hit(cache, batch, first(0)).await.until
}

/// Brings a document, as of a time, to a batch.
async fn put(
    cache: &dyn Cache,
    batch: &Batch,
    id: i64,
    t: u64,
    doc: Option<&Doc>,
    until: Option<i64>,
) -> Reconciled {
    let row = doc.map(|doc| row(batch, doc));
    let rows = [Reconcile {
        batch: batch.clone(),
        entity: item(id),
        stamp: Stamp { t: Time(t), v: 1 },
        row,
        doc: None,
        until,
    }];
    cache.reconcile(cache.mark(), &rows).await.expect("the cache is there")[0]
}

async fn a_fill_says_it(kind: Kind) {
    let (cache, batch) = (kind.cache(limits()).await, shelf("a"));
    for moment in
        [None, Some(1), Some(1_800_000_000_000), Some((1 << 32) - 1), Some(1 << 32), Some(1 << 53), None]
    {
        fill_until(&*cache, &batch, &[on("a", 1, 1), on("a", 2, 2)], moment).await;
        assert_eq!(until(&*cache, &batch).await, moment);
        assert_eq!(whole(&*cache, &batch).await.map(|rows| rows.len()), Some(2));
    }
    fill_until(&*cache, &batch, &[], None).await;
    assert_eq!(until(&*cache, &batch).await, None);
}

async fn changes_shorten_it_and_never_prolong_it(kind: Kind) {
    let (cache, batch) = (kind.cache(limits()).await, shelf("a"));
    fill(&*cache, &batch, &[on("a", 1, 1)]).await;
    let new = on("a", 2, 2);
    assert_eq!(put(&*cache, &batch, 2, 5, Some(&new), Some(900)).await, Reconciled::Inserted);
    assert_eq!(until(&*cache, &batch).await, Some(900));
    assert_eq!(put(&*cache, &batch, 3, 5, Some(&on("a", 3, 3)), Some(950)).await, Reconciled::Inserted);
    assert_eq!(put(&*cache, &batch, 4, 5, Some(&on("a", 4, 4)), None).await, Reconciled::Inserted);
    assert_eq!(until(&*cache, &batch).await, Some(900));
    assert_eq!(put(&*cache, &batch, 2, 6, Some(&new), Some(800)).await, Reconciled::Aged);
    assert_eq!(until(&*cache, &batch).await, Some(800));
    assert_eq!(put(&*cache, &batch, 2, 7, Some(&new), Some(990)).await, Reconciled::Unchanged);
    assert_eq!(put(&*cache, &batch, 2, 8, None, None).await, Reconciled::Removed);
    assert_eq!(until(&*cache, &batch).await, Some(800));
    assert_eq!(
        put(&*cache, &batch, 3, 9, Some(&versioned("a", 3, 7, 2)), Some(700)).await,
        Reconciled::Moved
    );
    assert_eq!(until(&*cache, &batch).await, Some(700));
}

async fn what_a_batch_does_not_show_does_not_shorten_it(kind: Kind) {
    let (cache, batch) = (kind.cache(limits()).await, shelf("a"));
    fill_to_last(&*cache, &batch, &[on("a", 1, 10), on("a", 2, 20)]).await;
    // Beyond its end, and older than what is known.
    assert_eq!(put(&*cache, &batch, 9, 5, Some(&on("a", 9, 99)), Some(5)).await, Reconciled::Unchanged);
    assert_eq!(put(&*cache, &batch, 1, 6, Some(&on("a", 1, 10)), None).await, Reconciled::Unchanged);
    assert_eq!(put(&*cache, &batch, 1, 5, Some(&on("a", 1, 10)), Some(5)).await, Reconciled::Unchanged);
    assert_eq!(until(&*cache, &batch).await, None);
}

async fn a_shorter_life_is_told(kind: Kind) {
    let (cache, batch) = (kind.cache(limits()).await, shelf("a"));
    let doc = on("a", 1, 1);
    fill(&*cache, &batch, std::slice::from_ref(&doc)).await;
    let place = cache.news(None).await.expect("the cache is there").expect("it has a journal").place;
    let told = async || {
        let news = cache.news(Some(place)).await.expect("the cache is there").expect("it has a journal");
        news.changed.map(|changed| changed.len())
    };
    put(&*cache, &batch, 1, 5, Some(&doc), None).await;
    assert_eq!(told().await, Some(0));
    put(&*cache, &batch, 1, 6, Some(&doc), Some(900)).await;
    assert_eq!(told().await, Some(1), "an answer that was kept would count the document for too long");
}

async fn changes_during_a_fill_shorten_it(kind: Kind) {
    let (cache, batch) = (kind.cache(limits()).await, shelf("a"));
    let lease = lease(&*cache, &batch).await;
    put(&*cache, &batch, 2, 5, Some(&on("a", 2, 2)), Some(800)).await;
    put(&*cache, &batch, 3, 6, Some(&on("a", 3, 3)), Some(850)).await;
    put(&*cache, &batch, 4, 7, Some(&on("a", 4, 4)), None).await;
    let proved = all_of(rows(&batch, &[on("a", 1, 1)])).until(Some(900));
    assert!(cache.commit(&lease, &proved).await.expect("the cache is there"));
    assert_eq!(until(&*cache, &batch).await, Some(800));
    assert_eq!(whole(&*cache, &batch).await.map(|rows| rows.len()), Some(4));
}

async fn it_survives_any_change_of_a_long_list(kind: Kind) {
    let (cache, batch) = (kind.cache(limits()).await, shelf("a"));
    let docs: Vec<Doc> = (0..200).map(|n| on("a", n, n)).collect();
    fill_until(&*cache, &batch, &docs, Some(900)).await;
    for n in (0..200).step_by(3) {
        let gone = change(n, Some(&docs[usize::try_from(n).expect("it is small")]), None, 10);
        let mut found = cache.note(cache.mark(), &[gone]).await.expect("the cache is there").of_changes;
        let found = found.pop().map(Noted::batches);
        assert_eq!(found.map(|found| found.len()), Some(1));
        assert_eq!(put(&*cache, &batch, n, 10, None, None).await, Reconciled::Removed);
    }
    let page = hit(&*cache, &batch, first(500)).await;
    assert_eq!((page.rows.len(), page.total, page.until), (133, Some(133), Some(900)));
}
