//! Pages: every window, on batches that know all of their list or only its beginning.

use oponn::cache::{PageRows, PageState, Window};
use oponn::query::{Direction, Filter, SortKey};
use oponn::value::Doc;

use super::domain::{
    Kind, all_of, fill, fill_to_last, first, hit, last, lease, limits, list, of_type, on, read, row, rows,
    shelf, whole,
};
use super::on_both;

on_both!(
    every_window_of_a_complete_batch_is_the_page,
    every_window_of_a_known_beginning_is_the_page_or_a_miss,
    an_empty_list_is_cached,
    a_descending_list_is_read_in_its_order,
    a_list_of_two_types_is_one_order,
    many_rows_with_the_same_place_are_all_there,
    no_batch_is_a_miss_of_nothing,
);

/// The page by the definition of a window, from the whole list.
fn page(list: &[SortKey], window: &Window) -> PageRows {
    let within = |row: &&SortKey| {
        window.after.as_ref().is_none_or(|after| *row > after)
            && window.before.as_ref().is_none_or(|before| *row < before)
    };
    let first =
        list.iter().take_while(|row| window.after.as_ref().is_some_and(|after| *row <= after)).count();
    let count = list.iter().filter(within).count();
    let (offset, limit) = (window.offset as usize, window.limit as usize);
    let (from, to) = if window.from_end {
        let to = count.saturating_sub(offset);
        (to.saturating_sub(limit), to)
    } else {
        (offset.min(count), (offset + limit).min(count))
    };
    let (from, to) = (first + from, first + to);
    PageRows {
        rows: list[from..to].to_vec(),
        has_previous: from > 0,
        has_next: to < list.len(),
        total: Some(list.len() as u64),
        until: None,
        unshown: neighbours(list, window, from, to),
    }
}

/// The rows before and after the page, as far as they are wanted.
fn neighbours(list: &[SortKey], window: &Window, from: usize, to: usize) -> Vec<SortKey> {
    let before = from.checked_sub(1).filter(|_| window.previous);
    let after = Some(to).filter(|_| window.next);
    [before, after].into_iter().flatten().filter_map(|at| list.get(at)).cloned().collect()
}

/// All windows that a list of rows can have, with bounds on rows and between them.
fn windows(places: &[SortKey]) -> Vec<Window> {
    let bounds: Vec<Option<SortKey>> =
        std::iter::once(None).chain(places.iter().cloned().map(Some)).collect();
    let mut windows = Vec::new();
    for after in &bounds {
        for before in &bounds {
            for offset in [0, 1, 4, 9] {
                for limit in [0, 1, 3, 20] {
                    for (from_end, total) in [(false, false), (true, false), (false, true)] {
                        let (after, before) = (after.clone(), before.clone());
                        let (previous, next) = (limit % 2 == 1, offset % 2 == 0);
                        windows.push(Window {
                            after,
                            before,
                            offset,
                            limit,
                            from_end,
                            total,
                            previous,
                            next,
                        });
                    }
                }
            }
        }
    }
    windows
}

/// Documents at the odd ranks up to `2 * count`, and all places from 0 on.
fn odd(count: i64) -> (Vec<Doc>, Vec<SortKey>) {
    let batch = shelf("a");
    let docs = (0..count).map(|i| on("a", i, 2 * i + 1)).collect();
    let places = (0..=2 * count).map(|rank| row(&batch, &on("a", rank / 2, rank))).collect();
    (docs, places)
}

async fn every_window_of_a_complete_batch_is_the_page(kind: Kind) {
    let (cache, batch) = (kind.cache(limits()).await, shelf("a"));
    let (docs, places) = odd(4);
    fill(&*cache, &batch, &docs).await;
    let list = rows(&batch, &docs);
    for window in windows(&places) {
        assert_eq!(hit(&*cache, &batch, window.clone()).await, page(&list, &window), "{window:?}");
    }
}

async fn every_window_of_a_known_beginning_is_the_page_or_a_miss(kind: Kind) {
    let (cache, batch) = (kind.cache(limits()).await, shelf("a"));
    let (docs, places) = odd(5);
    let known = 3;
    fill_to_last(&*cache, &batch, &docs[..known]).await;
    let list = rows(&batch, &docs);
    let (mut hits, mut misses) = (0, 0);
    for window in windows(&places) {
        let whole = page(&list, &window);
        match read(&*cache, &batch, window.clone()).await {
            PageState::Hit(found) => {
                hits += 1;
                assert_eq!(found, PageRows { total: None, ..whole }, "{window:?}");
                assert!(!window.total, "{window:?}");
            }
            PageState::Doubtful => panic!("{window:?}: there are no suspects"),
            PageState::Miss { known: said } => {
                misses += 1;
                assert_eq!(said, known as u64);
                // It must be one that the beginning cannot tell: it ends with or after the last known
                // row, or counts from an end that is not known.
                let end = list.iter().rposition(|row| whole.rows.last() == Some(row)).map_or(0, |at| at + 1);
                let bound = window.before.as_ref().is_some_and(|before| *before <= list[known - 1]);
                let start = window.offset
                    + window
                        .after
                        .as_ref()
                        .map_or(0, |after| list.iter().filter(|row| *row <= after).count() as u64);
                assert!(
                    window.total
                        || end >= known
                        || (window.from_end && !bound)
                        || start.saturating_add(window.limit) >= known as u64,
                    "{window:?} could be known"
                );
            }
        }
    }
    assert!(hits > 100 && misses > 100, "{hits} hits, {misses} misses");
}

async fn an_empty_list_is_cached(kind: Kind) {
    let (cache, batch) = (kind.cache(limits()).await, shelf("a"));
    fill(&*cache, &batch, &[]).await;
    let empty = PageRows {
        rows: Vec::new(),
        has_previous: false,
        has_next: false,
        total: Some(0),
        until: None,
        unshown: Vec::new(),
    };
    assert_eq!(hit(&*cache, &batch, first(10)).await, empty);
    assert_eq!(hit(&*cache, &batch, last(10)).await, empty);
}

async fn a_descending_list_is_read_in_its_order(kind: Kind) {
    let cache = kind.cache(limits()).await;
    let batch = list("Item", &["Item"], Filter::eq("shelf", "a"), Direction::Desc);
    let docs: Vec<Doc> = (0..5).map(|i| on("a", i, i)).collect();
    fill(&*cache, &batch, &docs).await;
    let page = hit(&*cache, &batch, first(2)).await;
    assert_eq!(page.rows, [row(&batch, &docs[4]), row(&batch, &docs[3])]);
    assert!(page.has_next && !page.has_previous);
}

async fn a_list_of_two_types_is_one_order(kind: Kind) {
    let cache = kind.cache(limits()).await;
    let batch = list("Any", &["Item", "Thing"], Filter::all(), Direction::Asc);
    let place = |ty: &str, id: i64, rank: i64| batch.def.row(ty, &on("a", id, rank)).unwrap();
    let rows = vec![place("Thing", 1, 1), place("Item", 1, 2), place("Item", 2, 3), place("Thing", 2, 3)];
    let lease = lease(&*cache, &batch).await;
    assert_eq!(lease.floor.generations.len(), 2);
    assert!(cache.commit(&lease, &all_of(rows.clone())).await.unwrap());
    let page = hit(&*cache, &batch, first(10)).await;
    assert_eq!(page.rows, rows);
    assert_eq!(page.rows[3].entity(&batch.def.order), Some(of_type("Thing", 2)));
}

async fn many_rows_with_the_same_place_are_all_there(kind: Kind) {
    let (cache, batch) = (kind.cache(limits()).await, shelf("a"));
    let docs: Vec<Doc> = (0..1_000).map(|id| on("a", id, 7)).collect();
    fill(&*cache, &batch, &docs).await;
    let mut found: Vec<SortKey> = Vec::new();
    loop {
        let page = hit(&*cache, &batch, Window { after: found.last().cloned(), ..first(77) }).await;
        found.extend(page.rows);
        if !page.has_next {
            break;
        }
    }
    assert_eq!(found, rows(&batch, &docs));
}

async fn no_batch_is_a_miss_of_nothing(kind: Kind) {
    let (cache, batch) = (kind.cache(limits()).await, shelf("a"));
    assert_eq!(read(&*cache, &batch, first(1)).await, PageState::Miss { known: 0 });
    assert_eq!(whole(&*cache, &batch).await, None);
    // Registered and not yet ready.
    lease(&*cache, &batch).await;
    assert_eq!(read(&*cache, &batch, first(1)).await, PageState::Miss { known: 0 });
}
