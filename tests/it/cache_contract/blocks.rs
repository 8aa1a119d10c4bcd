//! Redis keeps short and long lists, and short and long names, in different ways; whatever the length, lists are
//! those of the memory cache.

use std::sync::Arc;

use bson::doc;
use oponn::cache::{Batch, Cache, MemoryCache, Proved, Reconcile, Window};
use oponn::query::{Direction, Filter, SortKey};
use oponn::value::{Doc, EntityRef, Id, Stamp, Time};

use super::domain::{change, first, last, lease, limits, list, on, read, redis_cache, write};
use crate::support::dice::Dice;
use crate::support::services;

/// Types of which one's name is the beginning of the other's.
const TYPES: [&str; 2] = ["Item", "Items"];
/// Parts of ids that come before, after and between the marks in a member, and of every length that matters.
const IDS: [&str; 10] =
    ["", ".", "+", "/", "0", "\0", "\u{1}", "a name of about thirty bytes, so", "Item", "é"];

struct Document {
    entity: EntityRef,
    rank: i64,
}

impl Document {
    /// The document of a number is always the same; the two types have documents of the same ids.
    fn of(number: usize) -> Document {
        let half = number / 2;
        let id = format!("{}{half}", IDS[half % IDS.len()].repeat(1 + half / 7 % 3));
        let id = if half.is_multiple_of(3) { Id::Int(half as i64) } else { Id::String(id.into()) };
        Document { entity: EntityRef { ty: TYPES[number % 2].into(), id }, rank: (number * 7) as i64 % 90 }
    }

    fn row(&self, batch: &Batch, rank: i64) -> SortKey {
        let document = doc! { "_id": self.entity.id.to_bson(), "shelf": "a", "rank": rank };
        let document = Doc::encode(&document).expect("the names have no NUL");
        batch.def.row(&self.entity.ty, &document).expect("it is on the shelf")
    }
}

/// What is asked of a list after each change: all of it, and what is beside a row.
fn windows(row: SortKey) -> [Window; 4] {
    let beside = Window { after: Some(row.clone()), limit: 5, ..Window::default() };
    [
        first(1_000),
        last(3),
        beside,
        Window { before: Some(row), limit: 5, from_end: true, ..Window::default() },
    ]
}

/// Fills a list of so many rows, of which all are asked for or more than there are, on both caches; then
/// changes it at random.
async fn changes_of_a_list(rows: usize, complete: bool, dice: &mut Dice) {
    let redis = redis_cache(&services::redis_prefix(), limits()).await;
    let caches: [Arc<dyn Cache>; 2] = [Arc::new(MemoryCache::new(limits())), Arc::new(redis)];
    let batch = list("Both", &TYPES, Filter::eq("shelf", "a"), Direction::Asc);
    let mut kept: Vec<SortKey> = (0..rows).map(Document::of).map(|doc| doc.row(&batch, doc.rank)).collect();
    kept.sort();
    let mut leases = Vec::new();
    for cache in &caches {
        // Changes up to this time are part of the fill.
        write(&**cache, change(1, None, Some(&on("b", 1, 1)), 10)).await;
        leases.push(lease(&**cache, &batch).await);
    }
    let deltas = dice.roll(6);
    for step in 0..120 {
        if step == deltas {
            for (cache, held) in caches.iter().zip(&leases) {
                let asked = rows as u64 + u64::from(complete);
                let proved = Proved::by_reading(asked, kept.clone()).expect("rows in order");
                assert!(cache.commit(held, &proved).await.unwrap());
            }
        }
        let document = Document::of(dice.roll(rows + 9));
        let rank = if dice.once_in(2) { document.rank } else { dice.roll(100) as i64 };
        let changed = Reconcile {
            batch: batch.clone(),
            entity: document.entity.clone(),
            stamp: Stamp { t: Time(8 + dice.roll(40) as u64), v: dice.roll(3) as i64 - 1 },
            row: (!dice.once_in(4)).then(|| document.row(&batch, rank)),
            until: None,
            doc: None,
        };
        let mut answers = Vec::new();
        for cache in &caches {
            let done = cache.reconcile(cache.mark(), std::slice::from_ref(&changed)).await.unwrap();
            let mut pages = Vec::new();
            for window in windows(document.row(&batch, rank)) {
                pages.push(read(&**cache, &batch, window).await);
            }
            answers.push((done, pages));
        }
        assert_eq!(answers[0], answers[1], "{rows} rows, complete: {complete}, step {step}: {changed:?}");
    }
}

#[tokio::test]
async fn lists_of_all_lengths_are_those_of_the_memory_cache() {
    let mut dice = Dice::new(7);
    for rows in [0, 1, 2, 20, 62, 63, 64, 65, 95, 96, 97, 300] {
        changes_of_a_list(rows, true, &mut dice).await;
        // Nobody proves anything by asking for nothing.
        if rows > 0 {
            changes_of_a_list(rows, false, &mut dice).await;
        }
    }
}
