//! Ready batches take changes in: in any order, any number of times, with the same end.

use oponn::cache::{Cache, Noted, PageState, Reconcile, Reconciled};
use oponn::query::SortKey;
use oponn::value::{Doc, Stamp, Time};

use super::domain::{
    Kind, change, fill, fill_to_last, first, hit, item, limits, on, read, row, rows, shelf, versioned, whole,
    write,
};
use super::on_both;

on_both!(
    each_kind_of_change_has_its_answer,
    changes_in_any_order_and_repeated_end_the_same,
    a_row_beyond_the_extent_is_remembered_and_not_shown,
    a_page_that_lost_its_last_known_row_is_a_miss,
    a_batch_that_is_gone_is_found_no_more,
    the_version_decides_between_changes_of_one_time,
);

async fn each_kind_of_change_has_its_answer(kind: Kind) {
    let (cache, batch) = (kind.cache(limits()).await, shelf("a"));
    let doc = on("a", 1, 1);
    fill(&*cache, &batch, std::slice::from_ref(&doc)).await;
    let (same, moved) = (versioned("a", 1, 1, 2), versioned("a", 1, 4, 3));
    let new = on("a", 2, 2);
    assert_eq!(write(&*cache, change(1, Some(&doc), Some(&same), 2)).await, [Reconciled::Unchanged]);
    assert_eq!(write(&*cache, change(1, Some(&same), Some(&moved), 3)).await, [Reconciled::Moved]);
    assert_eq!(write(&*cache, change(2, None, Some(&new), 4)).await, [Reconciled::Inserted]);
    assert_eq!(whole(&*cache, &batch).await, Some(rows(&batch, &[new.clone(), moved.clone()])));
    assert_eq!(write(&*cache, change(1, Some(&moved), None, 5)).await, [Reconciled::Removed]);
    assert_eq!(whole(&*cache, &batch).await, Some(rows(&batch, &[new])));
    assert_eq!(write(&*cache, change(9, Some(&on("a", 9, 9)), None, 6)).await, [Reconciled::Unchanged]);
    assert_eq!(write(&*cache, change(9, None, Some(&on("z", 9, 9)), 7)).await, []);
}

async fn merge(cache: &dyn Cache, batch: &oponn::cache::Batch, id: i64, stamp: Stamp, row: Option<SortKey>) {
    let rows = [Reconcile { batch: batch.clone(), entity: item(id), stamp, row, doc: None, until: None }];
    cache.reconcile(cache.mark(), &rows).await.unwrap();
}

fn at(t: u64, v: i64) -> Stamp {
    Stamp { t: Time(t), v }
}

async fn changes_in_any_order_and_repeated_end_the_same(kind: Kind) {
    let batch = shelf("a");
    let place = |rank| Some(row(&batch, &on("a", 1, rank)));
    let changes = [(at(3, 2), place(7)), (at(4, 3), None), (at(6, 4), place(2)), (at(7, 5), place(5))];
    let mut order = [0, 1, 2, 3];
    for turn in 0..24 {
        // Heap's way through all orders.
        let (i, j) = [(0, 1), (0, 2), (0, 1), (0, 2), (0, 1), (turn / 6 % 3, 3)][turn % 6];
        order.swap(i, j);
        for upto in 1..=4 {
            let cache = kind.cache(limits()).await;
            fill(&*cache, &batch, &[on("a", 1, 1)]).await;
            let applied = &order[..upto];
            for &i in applied.iter().chain(applied).chain(applied.iter().rev()) {
                merge(&*cache, &batch, 1, changes[i].0, changes[i].1.clone()).await;
            }
            let newest = applied.iter().max().expect("one at the least");
            let expected: Vec<SortKey> = changes[*newest].1.iter().cloned().collect();
            assert_eq!(whole(&*cache, &batch).await, Some(expected), "{applied:?}");
        }
    }
}

async fn a_row_beyond_the_extent_is_remembered_and_not_shown(kind: Kind) {
    let (cache, batch) = (kind.cache(limits()).await, shelf("a"));
    let docs: Vec<Doc> = (1..=3).map(|i| on("a", i, 10 * i)).collect();
    fill_to_last(&*cache, &batch, &docs).await;
    // Out of sight, and a late older change does not bring it back into sight.
    let (near, far) = (versioned("a", 2, 15, 2), versioned("a", 2, 99, 3));
    assert_eq!(write(&*cache, change(2, Some(&near), Some(&far), 6)).await, [Reconciled::Removed]);
    assert_eq!(write(&*cache, change(2, Some(&docs[1]), Some(&near), 5)).await, [Reconciled::Unchanged]);
    assert_eq!(write(&*cache, change(8, None, Some(&on("a", 8, 98)), 7)).await, [Reconciled::Unchanged]);
    let PageState::Miss { known } = read(&*cache, &batch, first(2)).await else { panic!("it ends there") };
    assert_eq!(known, 2);
    let page = hit(&*cache, &batch, first(1)).await;
    assert_eq!(page.rows, rows(&batch, &docs[..1]));
    let back = versioned("a", 2, 11, 4);
    assert_eq!(write(&*cache, change(2, Some(&far), Some(&back), 8)).await, [Reconciled::Inserted]);
    assert_eq!(hit(&*cache, &batch, first(2)).await.rows, rows(&batch, &[docs[0].clone(), back]));
}

async fn a_page_that_lost_its_last_known_row_is_a_miss(kind: Kind) {
    let (cache, batch) = (kind.cache(limits()).await, shelf("a"));
    let docs: Vec<Doc> = (1..=3).map(|i| on("a", i, i)).collect();
    fill_to_last(&*cache, &batch, &docs).await;
    assert_eq!(hit(&*cache, &batch, first(2)).await.rows, rows(&batch, &docs[..2]));
    write(&*cache, change(1, Some(&docs[0]), None, 5)).await;
    assert_eq!(read(&*cache, &batch, first(2)).await, PageState::Miss { known: 2 });
    // A longer fill finds it all.
    fill(&*cache, &batch, &docs[1..]).await;
    assert_eq!(hit(&*cache, &batch, first(2)).await.total, Some(2));
}

async fn a_batch_that_is_gone_is_found_no_more(kind: Kind) {
    let (cache, batch) = (kind.cache(limits()).await, shelf("a"));
    let doc = on("a", 1, 1);
    let found = {
        fill(&*cache, &batch, &[]).await;
        cache.note(cache.mark(), &[change(1, None, Some(&doc), 2)]).await.unwrap().of_changes
    };
    let found: Vec<_> = found.into_iter().flat_map(Noted::batches).collect();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].text, batch.text);
    cache.drop_types(&["Item".into()], Time(3)).await.unwrap();
    let late = [Reconcile {
        batch: batch.clone(),
        entity: item(1),
        stamp: at(2, 1),
        row: Some(row(&batch, &doc)),
        until: None,
        doc: None,
    }];
    assert_eq!(cache.reconcile(cache.mark(), &late).await.unwrap(), [Reconciled::Absent]);
    let found = cache.note(cache.mark(), &[change(1, None, Some(&doc), 4)]).await.unwrap().of_changes;
    assert!(matches!(&found[..], [Noted::Found(batches)] if batches.is_empty()));
}

async fn the_version_decides_between_changes_of_one_time(kind: Kind) {
    let (cache, batch) = (kind.cache(limits()).await, shelf("a"));
    fill(&*cache, &batch, &[]).await;
    let place = |rank| Some(row(&batch, &on("a", 1, rank)));
    for stamp_and_row in [(at(5, 2), place(2)), (at(5, 3), place(3)), (at(5, 1), place(1)), (at(5, -1), None)]
    {
        merge(&*cache, &batch, 1, stamp_and_row.0, stamp_and_row.1).await;
    }
    assert_eq!(whole(&*cache, &batch).await, Some(place(3).into_iter().collect()));
}
