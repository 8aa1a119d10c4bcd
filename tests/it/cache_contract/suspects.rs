//! Rows that are only counted: whose documents have been written since, without a writer that knew of them.

use std::sync::Arc;

use oponn::cache::{Cache, CacheLimits, PageRows, PageState, Topic, Window};
use oponn::query::{Direction, Filter};
use oponn::value::{Doc, Id, Time};

use super::domain::{
    Kind, change, fill, first, hit, item, list, of_type, on, read, row, shelf, versioned, with_suspects,
    write,
};
use super::on_both;

on_both!(
    a_counted_row_of_a_later_write_is_to_be_checked,
    a_row_that_is_as_late_as_the_write_is_not,
    a_write_that_was_reached_casts_no_doubt,
    one_of_another_mark_reaches_nothing,
    too_many_suspects_are_all_documents,
    suspects_of_each_type_of_a_list_are_looked_for,
    a_suspect_tells_the_journal_that_counts_are_doubtful,
    a_row_beside_the_page_is_there_when_it_is_wanted,
    a_list_filled_since_is_not_doubtful,
    a_name_that_no_list_can_have_casts_no_doubt,
);

fn total() -> Window {
    Window { total: true, ..first(1) }
}

/// A list of three, the last of which has been moved away and written again, while nobody took it out.
async fn moved_away(kind: Kind, limits: CacheLimits) -> (Arc<dyn Cache>, [Doc; 3]) {
    let cache = kind.cache(limits).await;
    let docs = [on("a", 1, 1), on("a", 2, 2), on("a", 3, 3)];
    fill(&*cache, &shelf("a"), &docs).await;
    let (away, again) = (versioned("b", 3, 3, 2), versioned("b", 3, 4, 3));
    write(&*cache, change(3, Some(&away), Some(&again), 9)).await;
    (cache, docs)
}

async fn a_counted_row_of_a_later_write_is_to_be_checked(kind: Kind) {
    let (cache, docs) = moved_away(kind, with_suspects()).await;
    let batch = shelf("a");
    let last = row(&batch, &docs[2]);
    for window in [total(), Window { offset: 1, ..first(1) }, Window { total: true, ..first(0) }] {
        let page = hit(&*cache, &batch, window.clone()).await;
        assert_eq!(page.unshown, std::slice::from_ref(&last), "{window:?}");
    }
    // What does not count needs none of that.
    assert_eq!(hit(&*cache, &batch, first(1)).await.unshown, []);
    // The repair of a reader ends it.
    write(&*cache, change(3, Some(&docs[2]), None, 9)).await;
    let page = hit(&*cache, &batch, total()).await;
    assert_eq!((page.total, page.unshown), (Some(2), vec![]));
}

async fn a_row_that_is_as_late_as_the_write_is_not(kind: Kind) {
    let (cache, batch) = (kind.cache(with_suspects()).await, shelf("a"));
    fill(&*cache, &batch, &[on("a", 1, 1)]).await;
    write(&*cache, change(1, Some(&on("a", 1, 1)), Some(&versioned("a", 1, 5, 2)), 4)).await;
    write(&*cache, change(2, None, Some(&on("a", 2, 2)), 5)).await;
    let page = hit(&*cache, &batch, total()).await;
    assert_eq!((page.total, page.unshown), (Some(2), vec![]));
    // Nor is one of a fill that has read the write.
    let later = shelf("b");
    write(&*cache, change(7, Some(&on("c", 7, 7)), Some(&on("c", 7, 8)), 6)).await;
    fill(&*cache, &later, &[on("b", 7, 7)]).await;
    assert_eq!(hit(&*cache, &later, total()).await.unshown, []);
}

async fn a_write_that_was_reached_casts_no_doubt(kind: Kind) {
    let (cache, docs) = moved_away(kind, with_suspects()).await;
    let unshown = || async { hit(&*cache, &shelf("a"), total()).await.unshown };
    cache.reached(cache.mark(), Time(8)).await.unwrap();
    assert_eq!(unshown().await, [row(&shelf("a"), &docs[2])]);
    cache.reached(cache.mark(), Time(9)).await.unwrap();
    assert_eq!(unshown().await, []);
    // Not even when it is noted after that.
    write(&*cache, change(3, Some(&on("b", 3, 4)), Some(&versioned("b", 3, 5, 3)), 9)).await;
    cache.reached(cache.mark(), Time(2)).await.unwrap();
    assert_eq!(unshown().await, []);
}

async fn one_of_another_mark_reaches_nothing(kind: Kind) {
    let cache = kind.cache(with_suspects()).await;
    let before = cache.mark();
    cache.clear().await.unwrap();
    fill(&*cache, &shelf("a"), &[on("a", 3, 3)]).await;
    write(&*cache, change(3, Some(&on("b", 3, 3)), Some(&versioned("b", 3, 4, 3)), 9)).await;
    cache.reached(before, Time(9)).await.unwrap();
    assert_eq!(hit(&*cache, &shelf("a"), total()).await.unshown.len(), 1);
}

async fn too_many_suspects_are_all_documents(kind: Kind) {
    let (cache, _) = moved_away(kind, CacheLimits { suspects: 200, ..with_suspects() }).await;
    let batch = shelf("a");
    for id in 10..30 {
        write(&*cache, change(id, None, Some(&on("c", id, id)), id as u64)).await;
    }
    assert_eq!(read(&*cache, &batch, total()).await, PageState::Doubtful);
    assert!(matches!(read(&*cache, &batch, first(3)).await, PageState::Hit(_)));
    // Other types count.
    let other = list("Thing", &["Thing"], Filter::all(), Direction::Asc);
    fill(&*cache, &other, &[]).await;
    assert_eq!(hit(&*cache, &other, total()).await.total, Some(0));
    cache.reached(cache.mark(), Time(29)).await.unwrap();
    assert_eq!(hit(&*cache, &batch, total()).await.total, Some(3));
    // As many as before are suspects again, one by one.
    write(&*cache, change(3, Some(&on("b", 3, 3)), Some(&versioned("b", 3, 4, 3)), 30)).await;
    assert_eq!(hit(&*cache, &batch, total()).await.unshown.len(), 1);
}

async fn suspects_of_each_type_of_a_list_are_looked_for(kind: Kind) {
    let cache = kind.cache(with_suspects()).await;
    let both = list("Any", &["Item", "Thing"], Filter::eq("shelf", "a"), Direction::Asc);
    fill(&*cache, &both, &[on("a", 1, 1), on("a", 2, 2)]).await;
    let mut new = change(4, None, Some(&on("a", 4, 4)), 3);
    new.entity.ty = "Thing".into();
    write(&*cache, new.clone()).await;
    new.stamp.t = Time(9);
    new.after = Some(on("b", 4, 4));
    new.before = Some(on("b", 4, 3)).into();
    write(&*cache, new).await;
    write(&*cache, change(1, Some(&on("b", 1, 1)), Some(&versioned("b", 1, 2, 3)), 9)).await;
    let names: Vec<_> = hit(&*cache, &both, total()).await.unshown;
    let names: Vec<_> = names.iter().map(|row| row.entity(&both.def.order).unwrap()).collect();
    assert_eq!(names, [item(1), of_type("Thing", 4)]);
}

async fn a_suspect_tells_the_journal_that_counts_are_doubtful(kind: Kind) {
    let cache = kind.cache(with_suspects()).await;
    write(&*cache, change(1, None, Some(&on("a", 1, 1)), 1)).await;
    let here = cache.news(None).await.unwrap().map(|news| news.place);
    write(&*cache, change(2, None, Some(&on("a", 2, 2)), 2)).await;
    let news = cache.news(here).await.unwrap().unwrap();
    assert_eq!(news.changed, Some(vec![Topic::entity(&item(2)), Topic::counts("Item")]));
    // A late note of a write that was reached casts no doubt.
    cache.reached(cache.mark(), Time(3)).await.unwrap();
    write(&*cache, change(3, None, Some(&on("a", 3, 3)), 3)).await;
    let news = cache.news(Some(news.place)).await.unwrap().unwrap();
    assert_eq!(news.changed, Some(vec![Topic::entity(&item(3))]));
}

async fn a_row_beside_the_page_is_there_when_it_is_wanted(kind: Kind) {
    let (cache, batch) = (kind.cache(with_suspects()).await, shelf("a"));
    let docs = [on("a", 1, 1), on("a", 2, 2), on("a", 3, 3)];
    fill(&*cache, &batch, &docs).await;
    let rows = docs.each_ref().map(|doc| row(&batch, doc));
    let middle = Window { offset: 1, previous: true, next: true, ..first(1) };
    let page = hit(&*cache, &batch, middle).await;
    let PageRows { rows: shown, unshown, .. } = page;
    assert_eq!(shown, rows[1..2]);
    assert_eq!(unshown, [rows[0].clone(), rows[2].clone()]);
}

async fn a_list_filled_since_is_not_doubtful(kind: Kind) {
    let cache = kind.cache(CacheLimits { suspects: 10, ..with_suspects() }).await;
    write(&*cache, change(1, None, Some(&on("a", 1, 1)), 7)).await;
    fill(&*cache, &shelf("a"), &[on("a", 1, 1)]).await;
    assert_eq!(hit(&*cache, &shelf("a"), total()).await.total, Some(1));
    write(&*cache, change(1, Some(&on("c", 1, 1)), Some(&on("c", 1, 2)), 8)).await;
    assert_eq!(read(&*cache, &shelf("a"), total()).await, PageState::Doubtful);
}

/// Other programs may use such ids.
async fn a_name_that_no_list_can_have_casts_no_doubt(kind: Kind) {
    let (cache, batch) = (kind.cache(with_suspects()).await, shelf("a"));
    fill(&*cache, &batch, &[on("a", 1, 1)]).await;
    let mut foreign = change(2, None, Some(&on("b", 2, 2)), 5);
    foreign.entity.id = Id::String("a".repeat(70_000).into());
    write(&*cache, foreign).await;
    let page = hit(&*cache, &batch, total()).await;
    assert_eq!((page.total, page.unshown), (Some(1), vec![]));
}
