//! Reads.

use bson::{Bson, doc};
use oponn::query::{CmpOp, Direction, Filter, Order, OrderBy, Pattern, SortKey, row_key};
use oponn::store::{Find, Store, StoreError};
use oponn::value::{Doc, Id, Time};

use super::models::{all, change, fill, id, ids, insert, item};
use super::{Place, shop};

fn by(parts: &[(&str, Direction)]) -> Order {
    let part =
        |(path, direction): &(&str, Direction)| OrderBy { path: (*path).into(), direction: *direction };
    Order::new(parts.iter().map(part))
}

async fn rows(store: &dyn Store, find: &Find) -> Vec<Doc> {
    store.find(find, Time(0)).await.expect("reads work")
}

/// Documents whose stocks tie, are null, missing and of odd types.
async fn mixed(store: &dyn Store) -> Time {
    let decimal: bson::Decimal128 = "2.5".parse().expect("a decimal");
    let stocks = [
        Some(Bson::Int32(3)),
        Some(Bson::Int32(1)),
        None,
        Some(Bson::Double(3.0)),
        Some(Bson::Null),
        Some(Bson::String("many".into())),
        Some(Bson::Decimal128(decimal)),
        Some(Bson::Int64(1 << 60)),
        Some(Bson::Boolean(true)),
    ];
    let documents = stocks.into_iter().zip("abcdefghi".chars()).map(|(stock, name)| {
        let mut document = item(&name.to_string(), doc! { "name": if name < 'e' { "x" } else { "y" } });
        if let Some(stock) = stock {
            document.insert("stock", stock);
        }
        document
    });
    fill(store, "Item", documents).await
}

pub async fn gets_by_id_and_leaves_out_what_is_not_there(place: &dyn Place) {
    let store = shop(place).await;
    let time = fill(&*store, "Item", ["a", "b", "c"].map(|name| item(name, doc! {}))).await;
    let found = store.get("Item", &["c", "x", "a"].map(id), time).await.expect("reads work");
    let mut keys: Vec<String> = found.keys().map(Id::to_string).collect();
    keys.sort();
    assert_eq!(keys, ["a", "c"]);
    for (id, doc) in &found {
        assert_eq!(doc.id().as_ref(), Some(id));
    }
    assert!(store.get("Item", &[], time).await.expect("reads work").is_empty());
    assert!(store.get("Note", &[id("a")], time).await.expect("reads work").is_empty());
}

pub async fn finds_in_order_with_the_id_last(place: &dyn Place) {
    let store = shop(place).await;
    mixed(&*store).await;
    let ordered = |parts: &[(&str, Direction)]| Find { order: by(parts), ..all("Item") };
    let listed = |find: Find| {
        let store = &store;
        async move { ids(&rows(&**store, &find).await).concat() }
    };
    assert_eq!(listed(all("Item")).await, "abcdefghi");
    assert_eq!(listed(ordered(&[("_id", Direction::Desc)])).await, "ihgfedcba");
    assert_eq!(listed(ordered(&[("stock", Direction::Asc)])).await, "cebgadhfi");
    assert_eq!(listed(ordered(&[("stock", Direction::Desc)])).await, "ifhadgbce");
    let two = [("name", Direction::Desc), ("stock", Direction::Asc)];
    assert_eq!(listed(ordered(&two)).await, "eghficbad");
    let window = Find { offset: 2, limit: 3, ..ordered(&[("stock", Direction::Asc)]) };
    assert_eq!(listed(window.clone()).await, "bga");
    assert_eq!(listed(Find { from_end: true, ..window.clone() }).await, "adh");
    assert_eq!(listed(Find { limit: 0, ..window }).await, "");
}

pub async fn pages_through_every_order_in_both_directions(place: &dyn Place) {
    let store = shop(place).await;
    mixed(&*store).await;
    let (asc, desc) = (Direction::Asc, Direction::Desc);
    let orders: [&[(&str, Direction)]; 7] = [
        &[],
        &[("_id", desc)],
        &[("stock", asc)],
        &[("stock", desc)],
        &[("name", desc), ("stock", asc)],
        &[("name", asc), ("stock", desc)],
        &[("stock", desc), ("_id", desc)],
    ];
    for parts in orders {
        let find = Find { order: by(parts), ..all("Item") };
        let whole = ids(&rows(&*store, &find).await);
        assert_eq!(whole.len(), 9);
        let key = |doc: &Doc| -> SortKey { row_key(&find.order, "Item", doc.raw()).expect("it has an id") };
        for from_end in [false, true] {
            let mut page = Find { limit: 2, from_end, ..find.clone() };
            let mut seen = Vec::new();
            loop {
                let found = rows(&*store, &page).await;
                let Some(edge) = (if from_end { found.first() } else { found.last() }) else { break };
                let bound = key(edge).bound(&find.order, "Item", !from_end);
                if from_end {
                    seen.splice(0..0, ids(&found));
                    page.before = bound;
                } else {
                    seen.extend(ids(&found));
                    page.after = bound;
                }
            }
            assert_eq!(seen, whole, "{parts:?}, from the end: {from_end}");
        }
        let all_rows = rows(&*store, &find).await;
        let between = Find {
            after: key(&all_rows[1]).bound(&find.order, "Item", true),
            before: key(&all_rows[5]).bound(&find.order, "Item", false),
            ..find.clone()
        };
        assert_eq!(ids(&rows(&*store, &between).await), whole[2..5], "{parts:?}");
        // A type before this one in the alphabet ends before the rows of this type with the same id.
        let inclusive = Find {
            after: key(&all_rows[1]).bound(&find.order, "Items", true),
            before: key(&all_rows[5]).bound(&find.order, "Ite", false),
            ..find.clone()
        };
        assert_eq!(ids(&rows(&*store, &inclusive).await), whole[1..6], "{parts:?}");
    }
}

pub async fn filters_as_the_filter_language_says(place: &dyn Place) {
    let store = shop(place).await;
    let document = |name: &str, fields| item(name, fields);
    fill(
        &*store,
        "Item",
        [
            document(
                "a",
                doc! { "n": 1, "s": "Apple", "l": ["x", "y"], "e": [{ "k": 1, "q": 5 }, { "k": 2 }] },
            ),
            document("b", doc! { "n": 2.5, "s": "banana", "l": [], "e": [] }),
            document("c", doc! { "n": Bson::Null, "s": "straße", "l": "x", "e": { "k": 1 } }),
            document("d", doc! { "s": "", "l": [["x"]], "e": [{ "k": Bson::Null }] }),
            document("e", doc! { "n": [1, 9], "l": [Bson::Null] }),
        ],
    )
    .await;
    let cmp = |path: &str, op, value: Bson| Filter::Cmp(path.into(), op, value);
    let some = |inner| Filter::Some("e".into(), Box::new(inner));
    let literal =
        |text, start, end, loose| Filter::Matches("s".into(), Pattern::literal(text, start, end, loose));
    let negated = |inner: Filter| Filter::Not(Box::new(inner));
    let cases = [
        (Filter::all(), "abcde"),
        (Filter::none(), ""),
        (Filter::eq("n", 1), "ae"),
        (Filter::eq("n", Bson::Null), "cd"),
        (negated(Filter::eq("n", 1)), "bcd"),
        (Filter::In("n".into(), vec![1.into(), 2.5.into(), Bson::Null]), "abcde"),
        (Filter::In("n".into(), vec![Bson::Array(vec![1.into(), 9.into()])]), "e"),
        (cmp("n", CmpOp::Gt, 1.into()), "be"),
        (cmp("n", CmpOp::Gte, 1.into()), "abe"),
        (cmp("n", CmpOp::Lt, 2.into()), "ae"),
        (negated(cmp("n", CmpOp::Lte, 1.into())), "bcd"),
        (cmp("s", CmpOp::Gte, "b".into()), "bc"),
        (Filter::Exists("n".into()), "abce"),
        (Filter::Exists("e.k".into()), "acd"),
        (literal("ap", true, false, true), "a"),
        (literal("a", false, true, false), "b"),
        (literal("STRAßE", true, true, true), "c"),
        (literal("", true, true, false), "d"),
        (Filter::HasAny("l".into(), vec!["x".into(), Bson::Null]), "ae"),
        (Filter::IsEmpty("l".into()), "bc"),
        (some(Filter::eq("k", 1).and(Filter::eq("q", 5))), "a"),
        (some(Filter::eq("k", 2).and(Filter::eq("q", 5))), ""),
        (some(Filter::eq("k", Bson::Null)), "d"),
        (Filter::eq("e.k", Bson::Null), "de"),
        (Filter::eq("e.k", 1), "ac"),
        (Filter::Or(vec![Filter::eq("_id", "b"), Filter::eq("_id", "d")]), "bd"),
    ];
    for (filter, expected) in cases {
        let found = ids(&rows(&*store, &Find { filter: filter.clone(), ..all("Item") }).await).concat();
        assert_eq!(found, expected, "{filter:?}");
        let counted = store.count("Item", &filter, Time(0)).await.expect("counts work");
        assert_eq!(counted, expected.len() as u64, "{filter:?}");
    }
}

/// Twelve notes of three items, and one that belongs to none.
async fn notes(store: &dyn Store) -> Time {
    let note = |n: i32| item(&format!("n{n:02}"), doc! { "itemId": format!("{}", n % 3), "rank": 20 - n });
    fill(store, "Note", (0..12).map(note).chain([item("loose", doc! { "rank": 0 })])).await
}

pub async fn finds_for_each_value_in_their_order(place: &dyn Place) {
    let store = shop(place).await;
    let time = notes(&*store).await;
    let find = Find {
        order: by(&[("rank", Direction::Asc)]),
        filter: Filter::Cmp("rank".into(), CmpOp::Lt, 20.into()),
        limit: 2,
        offset: 1,
        ..all("Note")
    };
    let values: Vec<Bson> = ["2", "none", "0", "2"].into_iter().map(Bson::from).chain([Bson::Null]).collect();
    let lists = store.find_each(&find, "itemId", &values, time).await.expect("reads work");
    let lists: Vec<Vec<String>> = lists.iter().map(|list| ids(list)).collect();
    let none: [&str; 0] = [];
    assert_eq!(lists.len(), 5);
    assert_eq!(lists[0], ["n08", "n05"]);
    assert_eq!(lists[1], none);
    assert_eq!(lists[2], ["n06", "n03"]);
    assert_eq!(lists[3], ["n08", "n05"]);
    assert_eq!(lists[4], none, "the one row is passed over");
    for from_end in [false, true] {
        let find = Find { from_end, ..find.clone() };
        let lists = store.find_each(&find, "itemId", &values, time).await.expect("reads work");
        for (value, list) in values.iter().zip(lists) {
            let filter = find.filter.clone().and(Filter::eq("itemId", value.clone()));
            let single = Find { filter, ..find.clone() };
            assert_eq!(ids(&list), ids(&rows(&*store, &single).await), "{value}");
        }
    }
    assert!(store.find_each(&find, "itemId", &[], time).await.expect("reads work").is_empty());
}

pub async fn counts_for_each_value_in_their_order(place: &dyn Place) {
    let store = shop(place).await;
    let time = notes(&*store).await;
    let values: Vec<Bson> = ["2", "none", "0", "2"].into_iter().map(Bson::from).chain([Bson::Null]).collect();
    let filter = Filter::Cmp("rank".into(), CmpOp::Lt, 20.into());
    let counts = store.count_each("Note", &filter, "itemId", &values, time).await.expect("counts work");
    assert_eq!(counts, [4, 0, 3, 4, 1]);
}

pub async fn refuses_a_time_it_does_not_know(place: &dyn Place) {
    let store = shop(place).await;
    let done = change(&*store, insert("Item", item("a", doc! {}))).await;
    // Far beyond any clock, as a cache remembers it of a store that is gone.
    let future = Time(done.stamp.t.0 + (1 << 60));
    match store.get("Item", &[id("a")], future).await {
        Err(StoreError::Behind(_)) => {}
        other => panic!("{other:?}"),
    }
    match store.find(&all("Item"), future).await {
        Err(StoreError::Behind(_)) => {}
        other => panic!("{other:?}"),
    }
}

pub async fn passes_over_ids_of_unknown_kinds(place: &dyn Place) {
    let store = shop(place).await;
    fill(&*store, "Item", [item("a", doc! {})]).await;
    // A store may refuse to take such a document, or hold it and not show it.
    let _ = store.insert_many("Item", vec![doc! { "_id": 1.5 }, doc! { "_id": { "x": 1 } }]).await;
    assert_eq!(ids(&rows(&*store, &all("Item")).await), ["a"]);
    assert_eq!(store.count("Item", &Filter::all(), Time(0)).await.ok(), Some(1));
}
