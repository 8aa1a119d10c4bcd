//! Bulk writes.

use bson::doc;
use oponn::query::{CmpOp, Filter};
use oponn::store::{Patch, StoreError};
use oponn::value::Time;

use super::models::{all, fill, id, ids, item, parsed};
use super::{Place, shop};

pub async fn inserts_many_and_tells_which_failed(place: &dyn Place) {
    let store = shop(place).await;
    let documents = vec![
        item("a", doc! { "sku": "1" }),
        item("b", doc! { "sku": "1" }),
        item("a", doc! { "sku": "2" }),
        item("c", doc! { "sku": "3" }),
    ];
    let (results, time) = store.insert_many("Item", documents).await.expect("bulk inserts work");
    assert_eq!(results.len(), 4);
    assert!(results[0].is_ok() && results[3].is_ok());
    assert!(matches!(&results[1], Err(StoreError::Duplicate { key, .. }) if key == "sku"));
    assert!(matches!(&results[2], Err(StoreError::Duplicate { key, .. }) if key == "id"));
    let rows = store.find(&all("Item"), time).await.expect("reads work");
    assert_eq!(ids(&rows), ["a", "c"]);
    assert!(rows.iter().all(|row| row.version() == 1));
    let (none, _) = store.insert_many("Item", Vec::new()).await.expect("nothing can be inserted");
    assert!(none.is_empty());
}

pub async fn updates_many_by_filter(place: &dyn Place) {
    let store = shop(place).await;
    fill(&*store, "Item", (0..1500).map(|n| item(&format!("{n:04}"), doc! { "stock": n }))).await;
    let few = Filter::Cmp("stock".into(), CmpOp::Gte, 100.into());
    let patch = Patch { set: vec![("name".into(), "many".into())], unset: vec!["stock".into()] };
    let (touched, time) = store.update_many("Item", &few, &patch).await.expect("bulk updates work");
    assert_eq!(touched, 1400);
    assert!(time > Time(0));
    assert_eq!(store.count("Item", &Filter::eq("name", "many"), time).await.ok(), Some(1400));
    let found = store.get("Item", &[id("0099"), id("0100")], time).await.expect("reads work");
    assert_eq!(found[&id("0099")].version(), 1);
    assert_eq!(found[&id("0100")].version(), 2);
    assert_eq!(parsed(&found[&id("0100")]).get("stock"), None);
    let (none, _) = store.update_many("Item", &Filter::none(), &patch).await.expect("bulk updates work");
    assert_eq!(none, 0);
}

pub async fn updates_many_even_when_the_patch_changes_the_filter(place: &dyn Place) {
    let store = shop(place).await;
    fill(&*store, "Item", (0..1200).map(|n| item(&format!("{n:04}"), doc! { "stock": 1 }))).await;
    let patch = Patch { set: vec![("stock".into(), 2.into())], unset: Vec::new() };
    let positive = Filter::Cmp("stock".into(), CmpOp::Gt, 0.into());
    let (touched, time) = store.update_many("Item", &positive, &patch).await.expect("bulk updates work");
    assert_eq!(touched, 1200);
    let rows = store.find(&all("Item"), time).await.expect("reads work");
    assert!(rows.iter().all(|row| row.version() == 2), "each was changed once");
}

pub async fn deletes_many_by_filter(place: &dyn Place) {
    let store = shop(place).await;
    fill(&*store, "Item", (0..1200).map(|n| item(&format!("{n:04}"), doc! { "stock": n % 3 }))).await;
    let (gone, time) = store.delete_many("Item", &Filter::eq("stock", 1)).await.expect("bulk deletes work");
    assert_eq!(gone, 400);
    assert_eq!(store.count("Item", &Filter::all(), time).await.ok(), Some(800));
    assert_eq!(store.count("Item", &Filter::eq("stock", 1), time).await.ok(), Some(0));
}
