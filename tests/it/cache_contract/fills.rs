//! Fills: whoever registers first and reads afterwards misses no write.

use std::time::Duration;

use oponn::cache::{CacheLimits, LeaseState, PageState, Proved, Reconciled, Window};
use oponn::query::Filter;
use oponn::value::{Doc, Time};

use super::domain::{
    Kind, all_of, ask_lease, change, fill, first, lease, limits, list, on, read, row, rows, shelf, versioned,
    whole, write,
};
use super::on_both;

on_both!(
    a_write_during_a_fill_is_joined,
    a_write_before_the_lease_raises_the_floor,
    a_write_that_the_fill_has_seen_is_ignored_when_it_comes_late,
    a_write_that_is_overtaken_by_a_later_one_is_ignored,
    a_batch_stays_readable_and_right_while_it_is_filled_anew,
    one_fill_at_a_time,
    a_lease_that_was_given_back_is_worth_nothing,
    a_lease_that_has_expired_is_worth_nothing,
    a_fill_of_rows_that_are_none_is_refused,
    a_fill_says_what_was_read_and_no_more,
    an_interface_is_found_from_each_of_its_types,
    a_batch_that_allows_several_values_is_found_by_each,
);

async fn a_write_during_a_fill_is_joined(kind: Kind) {
    let (cache, batch) = (kind.cache(limits()).await, shelf("a"));
    let docs: Vec<Doc> = (0..3).map(|i| on("a", i, i)).collect();
    let (moved, gone, new) = (versioned("a", 0, 9, 2), versioned("b", 1, 1, 2), on("a", 7, 1));
    let lease = lease(&*cache, &batch).await;
    // The store was read before these.
    assert_eq!(write(&*cache, change(0, Some(&docs[0]), Some(&moved), 5)).await, [Reconciled::Deferred]);
    assert_eq!(write(&*cache, change(1, Some(&docs[1]), Some(&gone), 6)).await, [Reconciled::Deferred]);
    assert_eq!(write(&*cache, change(7, None, Some(&new), 7)).await, [Reconciled::Deferred]);
    assert!(cache.commit(&lease, &all_of(rows(&batch, &docs))).await.unwrap());
    let expected = vec![row(&batch, &new), row(&batch, &docs[2]), row(&batch, &moved)];
    assert_eq!(whole(&*cache, &batch).await, Some(expected));
}

async fn a_write_before_the_lease_raises_the_floor(kind: Kind) {
    let (cache, batch) = (kind.cache(limits()).await, shelf("a"));
    write(&*cache, change(1, None, Some(&on("a", 1, 1)), 41)).await;
    assert_eq!(lease(&*cache, &batch).await.floor.time, Time(41));
}

async fn a_write_that_the_fill_has_seen_is_ignored_when_it_comes_late(kind: Kind) {
    let (cache, batch) = (kind.cache(limits()).await, shelf("a"));
    let doc = on("a", 1, 1);
    // Inserted at 3, deleted at 4; the delete was faster, and the fill has seen neither row.
    write(&*cache, change(1, Some(&doc), None, 4)).await;
    fill(&*cache, &batch, &[]).await;
    assert_eq!(write(&*cache, change(1, None, Some(&doc), 3)).await, [Reconciled::Unchanged]);
    assert_eq!(whole(&*cache, &batch).await, Some(vec![]));
}

async fn a_write_that_is_overtaken_by_a_later_one_is_ignored(kind: Kind) {
    let (cache, batch) = (kind.cache(limits()).await, shelf("a"));
    fill(&*cache, &batch, &[]).await;
    let doc = on("a", 1, 1);
    write(&*cache, change(1, Some(&doc), None, 4)).await;
    assert_eq!(write(&*cache, change(1, None, Some(&doc), 3)).await, [Reconciled::Unchanged]);
    assert_eq!(whole(&*cache, &batch).await, Some(vec![]));
}

async fn a_batch_stays_readable_and_right_while_it_is_filled_anew(kind: Kind) {
    let (cache, batch) = (kind.cache(limits()).await, shelf("a"));
    let (one, two) = (on("a", 1, 1), on("a", 2, 2));
    fill(&*cache, &batch, std::slice::from_ref(&one)).await;
    let lease = lease(&*cache, &batch).await;
    assert_eq!(write(&*cache, change(2, None, Some(&two), 5)).await, [Reconciled::Inserted]);
    let both = rows(&batch, &[one.clone(), two]);
    assert_eq!(whole(&*cache, &batch).await, Some(both.clone()));
    assert!(cache.commit(&lease, &all_of(rows(&batch, &[one]))).await.unwrap());
    assert_eq!(whole(&*cache, &batch).await, Some(both));
}

async fn one_fill_at_a_time(kind: Kind) {
    let (cache, batch) = (kind.cache(limits()).await, shelf("a"));
    let other = shelf("b");
    let first = lease(&*cache, &batch).await;
    assert!(matches!(ask_lease(&*cache, &batch).await, LeaseState::Busy));
    assert_eq!(cache.filling(&[batch.clone(), other]).await.unwrap(), [true, false]);
    assert!(cache.commit(&first, &all_of(vec![])).await.unwrap());
    assert_eq!(cache.filling(std::slice::from_ref(&batch)).await.unwrap(), [false]);
    let second = lease(&*cache, &batch).await;
    assert_ne!(first.token, second.token);
    // The first lease was used up.
    let doc = on("a", 1, 1);
    assert!(!cache.commit(&first, &all_of(rows(&batch, &[doc]))).await.unwrap());
    assert_eq!(whole(&*cache, &batch).await, Some(vec![]));
    assert!(cache.commit(&second, &all_of(vec![])).await.unwrap());
}

async fn a_lease_that_was_given_back_is_worth_nothing(kind: Kind) {
    let (cache, batch) = (kind.cache(limits()).await, shelf("a"));
    let first = lease(&*cache, &batch).await;
    cache.release(std::slice::from_ref(&first)).await.unwrap();
    assert!(!cache.commit(&first, &all_of(vec![])).await.unwrap());
    assert_eq!(whole(&*cache, &batch).await, None);
    let doc = on("a", 1, 1);
    assert_eq!(write(&*cache, change(1, None, Some(&doc), 2)).await, [], "it is registered no more");
    let second = lease(&*cache, &batch).await;
    // Giving the first one back again does not touch the second.
    cache.release(&[first]).await.unwrap();
    assert!(cache.commit(&second, &all_of(rows(&batch, &[doc]))).await.unwrap());
}

async fn a_lease_that_has_expired_is_worth_nothing(kind: Kind) {
    let (cache, batch) = (kind.cache(CacheLimits { lease: Duration::ZERO, ..limits() }).await, shelf("a"));
    let first = lease(&*cache, &batch).await;
    let second = lease(&*cache, &batch).await;
    assert!(!cache.commit(&first, &all_of(vec![])).await.unwrap());
    assert!(!cache.commit(&second, &all_of(vec![])).await.unwrap());
    assert_eq!(whole(&*cache, &batch).await, None);
}

async fn a_fill_of_rows_that_are_none_is_refused(kind: Kind) {
    let (cache, batch) = (kind.cache(limits()).await, shelf("a"));
    let twice = vec![row(&batch, &on("a", 1, 1)), row(&batch, &on("a", 1, 5))];
    let nonsense = vec![oponn::query::SortKey(vec![255, 1, 2])];
    for rows in [twice, nonsense] {
        let lease = lease(&*cache, &batch).await;
        assert!(!cache.commit(&lease, &all_of(rows)).await.unwrap());
        assert_eq!(whole(&*cache, &batch).await, None);
        assert_eq!(cache.filling(std::slice::from_ref(&batch)).await.unwrap(), [false]);
    }
}

async fn a_fill_says_what_was_read_and_no_more(kind: Kind) {
    let (cache, batch) = (kind.cache(limits()).await, shelf("a"));
    let all = rows(&batch, &[on("a", 1, 1), on("a", 2, 2), on("a", 3, 3)]);
    assert_eq!(Proved::by_reading(0, vec![]), None, "reading nothing proves nothing");
    let twisted = vec![all[1].clone(), all[0].clone()];
    for asked in [1, 2, 3] {
        assert_eq!(Proved::by_reading(asked, twisted.clone()), None, "rows out of order prove nothing");
    }
    // How far the first rows are all there is, for a list of three of which so many were asked for.
    for asked in 1..6 {
        let given = &all[..all.len().min(asked)];
        let held = lease(&*cache, &batch).await;
        let proved = Proved::by_reading(asked as u64, given.to_vec()).expect("rows prove something");
        assert!(cache.commit(&held, &proved).await.unwrap());
        for limit in 0..6 {
            let window = Window { total: limit == 5, ..first(limit) };
            let known = (limit as usize) < given.len() || asked > all.len();
            match read(&*cache, &batch, window.clone()).await {
                PageState::Hit(page) => {
                    assert!(known, "asked for {asked} rows, and {limit} of them are {page:?}");
                    assert_eq!(page.rows, all[..all.len().min(limit as usize)]);
                    assert_eq!(page.has_next, (limit as usize) < all.len());
                    assert_eq!(page.total, (asked > all.len()).then_some(3));
                }
                PageState::Doubtful => panic!("there are no suspects"),
                PageState::Miss { .. } => assert!(!known, "asked for {asked} rows, {limit} are not known"),
            }
            let cut = proved.page(&window);
            assert_eq!(cut.is_some(), known, "what is read and what is cached are cut alike");
        }
    }
}

async fn an_interface_is_found_from_each_of_its_types(kind: Kind) {
    let cache = kind.cache(limits()).await;
    let both = ["Item", "Thing"];
    let batch = list("Any", &both, Filter::eq("shelf", "a"), oponn::query::Direction::Asc);
    fill(&*cache, &batch, &[on("a", 1, 1)]).await;
    for (ty, t) in [("Item", 3), ("Thing", 4)] {
        let mut new = change(2, None, Some(&on("a", 2, 2)), t);
        new.entity.ty = ty.into();
        assert_eq!(write(&*cache, new).await, [Reconciled::Inserted], "{ty}");
    }
    assert_eq!(whole(&*cache, &batch).await.map(|rows| rows.len()), Some(3));
    cache.drop_types(&["Thing".into()], Time(9)).await.unwrap();
    assert_eq!(whole(&*cache, &batch).await, None);
}

async fn a_batch_that_allows_several_values_is_found_by_each(kind: Kind) {
    let cache = kind.cache(limits()).await;
    let filter = Filter::In("shelf".into(), vec!["a".into(), "b".into()]);
    let batch = list("Item", &["Item"], filter, oponn::query::Direction::Asc);
    fill(&*cache, &batch, &[]).await;
    let (a, b, c) = (on("a", 1, 1), on("b", 2, 2), on("c", 3, 3));
    assert_eq!(write(&*cache, change(1, None, Some(&a), 2)).await, [Reconciled::Inserted]);
    assert_eq!(write(&*cache, change(2, None, Some(&b), 3)).await, [Reconciled::Inserted]);
    assert_eq!(write(&*cache, change(3, None, Some(&c), 4)).await, []);
    // Found under both of its values, and reconciled once.
    let moved = versioned("b", 1, 1, 2);
    assert_eq!(write(&*cache, change(1, Some(&a), Some(&moved), 5)).await, [Reconciled::Unchanged]);
    assert_eq!(cache.stats().await.unwrap()["Item"].batches, 1);
}
