//! Preparing a store: indexes, keys, and data that were there before.

use std::sync::Arc;

use bson::{Document, doc};
use oponn::query::Filter;
use oponn::store::{StoreError, Write};
use oponn::value::Time;

use super::models::{
    all, bare_shop, change, fill, id, ids, insert, item, parsed, set, shop as model, write_one,
};
use super::{Place, shop};

/// As another program may have written it: without bookkeeping.
fn foreign(id: &str, fields: Document) -> Document {
    let mut document = item(id, fields);
    document.remove("_oponn");
    document
}

pub async fn prepares_twice(place: &dyn Place) {
    let store = shop(place).await;
    change(&*store, insert("Item", item("a", doc! { "sku": "1" }))).await;
    store.prepare().await.expect("what is there is fine");
    store.ping().await.expect("the store answers");
    assert_eq!(ids(&store.find(&all("Item"), Time(0)).await.expect("reads work")), ["a"]);
}

pub async fn keeps_documents_when_opened_again(place: &dyn Place) {
    let first = shop(place).await;
    let done = change(&*first, insert("Item", item("a", doc! { "sku": "1" }))).await;
    drop(first);
    let second = shop(place).await;
    let rows = second.find(&all("Item"), done.stamp.t).await.expect("reads work");
    assert_eq!(ids(&rows), ["a"]);
    match write_one(&*second, insert("Item", item("b", doc! { "sku": "1" }))).await {
        Err(StoreError::Duplicate { key, .. }) => assert_eq!(key, "sku"),
        other => panic!("{other:?}"),
    }
}

pub async fn adds_what_a_larger_model_needs(place: &dyn Place) {
    let small = place.open(Arc::new(bare_shop())).await.expect("the store opens");
    small.prepare().await.expect("the store can be prepared");
    fill(&*small, "Item", [item("a", doc! { "sku": "1" }), item("b", doc! { "sku": "2" })]).await;
    drop(small);
    let large = shop(place).await;
    change(&*large, insert("Note", item("n", doc! { "owner": "o" }))).await;
    match write_one(&*large, set("Item", &id("b"), [("sku", "1".into())])).await {
        Err(StoreError::Duplicate { key, .. }) => assert_eq!(key, "sku"),
        other => panic!("{other:?}"),
    }
}

pub async fn names_the_duplicates_that_forbid_a_unique_key(place: &dyn Place) {
    let small = place.open(Arc::new(bare_shop())).await.expect("the store opens");
    small.prepare().await.expect("the store can be prepared");
    let double = |id: &str| item(id, doc! { "sku": "double" });
    fill(&*small, "Item", [double("a"), double("b"), item("c", doc! { "sku": "single" })]).await;
    drop(small);
    let large = place.open(Arc::new(model())).await.expect("the store opens");
    match large.prepare().await {
        Err(StoreError::Refused(message)) => {
            for part in ["items", "sku", "double"] {
                assert!(message.contains(part), "{message:?} names {part}");
            }
        }
        other => panic!("{other:?}"),
    }
}

pub async fn fills_normalised_keys_that_are_missing(place: &dyn Place) {
    let small = place.open(Arc::new(bare_shop())).await.expect("the store opens");
    small.prepare().await.expect("the store can be prepared");
    let names = [("a", "  Straße   des 17. Juni "), ("b", "Other")];
    fill(&*small, "Item", names.map(|(id, name)| foreign(id, doc! { "name": name }))).await;
    fill(&*small, "Item", [foreign("c", doc! {}), foreign("d", doc! { "name": 5 })]).await;
    drop(small);
    let large = shop(place).await;
    let key = |document: &Document| {
        let kept = document.get_document("_oponn").and_then(|own| own.get_document("u"));
        kept.and_then(|keys| keys.get_document("name")).ok().and_then(|key| key.get("name").cloned())
    };
    let found = large.get("Item", &["a", "b", "c"].map(id), Time(0)).await.expect("reads work");
    assert_eq!(key(&parsed(&found[&id("a")])), Some("strasse des 17. juni".into()));
    assert_eq!(key(&parsed(&found[&id("b")])), Some("other".into()));
    let taken = Filter::eq("_oponn.u.name.name", "other");
    assert_eq!(large.count("Item", &taken, Time(0)).await.ok(), Some(1));
    let mut copy = item("e", doc! { "name": "OTHER" });
    copy.insert("_oponn", doc! { "v": 1, "u": { "name": { "name": "other" } } });
    match write_one(&*large, Write::Insert { ty: "Item".into(), document: copy }).await {
        Err(StoreError::Duplicate { key, .. }) => assert_eq!(key, "name"),
        other => panic!("{other:?}"),
    }
}

pub async fn time_goes_on_when_opened_again(place: &dyn Place) {
    let mut last = Time(0);
    for round in 0..3 {
        let store = shop(place).await;
        let done = change(&*store, insert("Item", item(&format!("{round}"), doc! {}))).await;
        assert!(done.stamp.t > last);
        last = done.stamp.t;
    }
}
