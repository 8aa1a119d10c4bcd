//! Single writes.

use std::sync::Arc;

use bson::{Bson, Document, doc};
use oponn::query::Filter;
use oponn::store::{Condition, Patch, Store, StoreError, Write, Written};
use oponn::value::{Id, Image, Stamp, Time};

use super::models::{all, change, delete, fill, id, ids, insert, item, parsed, set, write_one};
use super::{Place, shop};

async fn stored(store: &dyn Store, name: &str) -> Option<Document> {
    let key = id(name);
    let mut found = store.get("Item", std::slice::from_ref(&key), Time(0)).await.expect("reads work");
    found.remove(&key).map(|doc| parsed(&doc))
}

pub async fn inserts_with_version_one(place: &dyn Place) {
    let store = shop(place).await;
    let done = change(&*store, insert("Item", item("a", doc! { "sku": "1", "name": "A" }))).await;
    assert_eq!(done.entity.id, id("a"));
    assert_eq!(&*done.entity.ty, "Item");
    assert_eq!(done.before, Image::Absent);
    assert_eq!(done.stamp.v, 1);
    let after = done.after.expect("an insert leaves a document");
    assert_eq!(after.version(), 1);
    assert_eq!(stored(&*store, "a").await, Some(parsed(&after)));
}

pub async fn refuses_a_second_document_of_an_id(place: &dyn Place) {
    let store = shop(place).await;
    change(&*store, insert("Item", item("a", doc! { "sku": "1" }))).await;
    match write_one(&*store, insert("Item", item("a", doc! { "sku": "2" }))).await {
        Err(StoreError::Duplicate { ty, key }) => assert_eq!((ty.as_str(), key.as_str()), ("Item", "id")),
        other => panic!("{other:?}"),
    }
    let kept = stored(&*store, "a").await.expect("the first document is still there");
    assert_eq!(kept.get_str("sku").ok(), Some("1"));
}

pub async fn names_the_unique_key_that_is_taken(place: &dyn Place) {
    let store = shop(place).await;
    let named = |id: &str, sku: &str, folded: &str| {
        let mut document = item(id, doc! { "sku": sku, "name": folded.to_uppercase() });
        document.insert("_oponn", doc! { "v": 1, "u": { "name": { "name": folded } } });
        document
    };
    let taken = |result| match result {
        Err(StoreError::Duplicate { key, .. }) => key,
        other => panic!("{other:?}"),
    };
    change(&*store, insert("Item", named("a", "1", "x y"))).await;
    change(&*store, insert("Item", named("b", "2", "z"))).await;
    assert_eq!(taken(write_one(&*store, insert("Item", named("c", "1", "c"))).await), "sku");
    assert_eq!(taken(write_one(&*store, insert("Item", named("c", "3", "x y"))).await), "name");
    assert_eq!(taken(write_one(&*store, set("Item", &id("b"), [("sku", "1".into())])).await), "sku");
    let fold = set("Item", &id("b"), [("_oponn.u.name.name", "x y".into())]);
    assert_eq!(taken(write_one(&*store, fold).await), "name");
    let note = |id: &str, owner: &str, alias: &str| {
        insert("Note", item(id, doc! { "owner": owner, "alias": alias }))
    };
    change(&*store, note("a", "o", "x")).await;
    change(&*store, note("b", "o", "y")).await;
    change(&*store, note("c", "p", "x")).await;
    assert_eq!(taken(write_one(&*store, note("d", "o", "y")).await), "ownerAlias");
    let unchanged = stored(&*store, "b").await.expect("it is there");
    assert_eq!(unchanged.get_str("sku").ok(), Some("2"));
}

pub async fn lets_nulls_share_a_unique_key(place: &dyn Place) {
    let store = shop(place).await;
    for name in ["a", "b"] {
        change(&*store, insert("Item", item(name, doc! { "sku": Bson::Null }))).await;
    }
    for name in ["c", "d"] {
        change(&*store, insert("Item", item(name, doc! {}))).await;
    }
    for name in ["a", "b"] {
        change(&*store, insert("Note", item(name, doc! { "owner": "o", "alias": Bson::Null }))).await;
    }
    assert_eq!(store.count("Item", &Filter::all(), Time(0)).await.ok(), Some(4));
}

pub async fn updates_fields_and_raises_the_version(place: &dyn Place) {
    let store = shop(place).await;
    let inserted = change(
        &*store,
        insert("Item", item("a", doc! { "sku": "1", "stock": 1, "info": { "x": 1, "y": 2 } })),
    )
    .await;
    let patch = Patch {
        set: vec![
            ("stock".into(), Bson::Int32(2)),
            ("info.x".into(), Bson::Null),
            ("deep.er".into(), Bson::Boolean(true)),
        ],
        unset: vec!["sku".into(), "info.y".into(), "nothing.here".into()],
    };
    let write = Write::Update { ty: "Item".into(), id: id("a"), patch, when: Condition::default() };
    let done = change(&*store, write).await;
    let before = done.before.into_doc().expect("an update knows the document as it was");
    assert_eq!(parsed(&before), parsed(&inserted.after.expect("an insert leaves a document")));
    let after = parsed(&done.after.expect("an update leaves a document"));
    assert_eq!(done.stamp.v, 2);
    assert!(done.stamp > inserted.stamp);
    assert_eq!(stored(&*store, "a").await.as_ref(), Some(&after));
    assert_eq!(after.get_i32("stock").ok(), Some(2));
    assert_eq!(after.get("sku"), None);
    assert_eq!(after.get_document("info").ok(), Some(&doc! { "x": Bson::Null }));
    assert_eq!(after.get_document("deep").ok(), Some(&doc! { "er": true }));
    match write_one(&*store, set("Item", &id("none"), [("stock", 1.into())])).await {
        Ok(Written::NotFound) => {}
        other => panic!("{other:?}"),
    }
}

pub async fn updates_a_document_without_bookkeeping(place: &dyn Place) {
    let store = shop(place).await;
    change(&*store, insert("Item", item("a", doc! { "stock": 1 }))).await;
    // As another program may leave it: without the bookkeeping.
    let strip = Patch { set: Vec::new(), unset: vec!["_oponn".into()] };
    let (touched, _) =
        store.update_many("Item", &Filter::eq("_id", "a"), &strip).await.expect("bulk updates work");
    assert_eq!(touched, 1);
    let before = stored(&*store, "a").await.expect("it is there");
    let version = before.get_document("_oponn").ok().map_or(0, |own| match own.get("v") {
        Some(Bson::Int32(v)) => i64::from(*v),
        Some(Bson::Int64(v)) => *v,
        _ => 0,
    });
    let done = change(&*store, set("Item", &id("a"), [("stock", 2.into())])).await;
    assert_eq!(done.stamp.v, version + 1);
}

pub async fn checks_the_condition_of_a_write(place: &dyn Place) {
    let store = shop(place).await;
    change(&*store, insert("Item", item("a", doc! { "stock": 5 }))).await;
    let update = |version, filter| Write::Update {
        ty: "Item".into(),
        id: id("a"),
        patch: Patch { set: vec![("stock".into(), Bson::Int32(6))], unset: Vec::new() },
        when: Condition { version, filter },
    };
    match write_one(&*store, update(Some(7), None)).await {
        Ok(Written::VersionMismatch(1)) => {}
        other => panic!("{other:?}"),
    }
    match write_one(&*store, update(None, Some(Filter::eq("stock", 4)))).await {
        Ok(Written::NotFound) => {}
        other => panic!("{other:?}"),
    }
    // A filter may hide the document, whose version is then nobody's business.
    match write_one(&*store, update(Some(7), Some(Filter::eq("stock", 4)))).await {
        Ok(Written::NotFound) => {}
        other => panic!("{other:?}"),
    }
    let done = change(&*store, update(Some(1), Some(Filter::eq("stock", 5)))).await;
    assert_eq!(done.stamp.v, 2);
    let remove = |version, filter| Write::Delete {
        ty: "Item".into(),
        id: id("a"),
        when: Condition { version, filter },
    };
    match write_one(&*store, remove(Some(1), None)).await {
        Ok(Written::VersionMismatch(2)) => {}
        other => panic!("{other:?}"),
    }
    match write_one(&*store, remove(None, Some(Filter::eq("stock", 5)))).await {
        Ok(Written::NotFound) => {}
        other => panic!("{other:?}"),
    }
    change(&*store, remove(Some(2), Some(Filter::eq("stock", 6)))).await;
}

pub async fn deletes_with_the_next_version(place: &dyn Place) {
    let store = shop(place).await;
    change(&*store, insert("Item", item("a", doc! { "stock": 1 }))).await;
    let updated = change(&*store, set("Item", &id("a"), [("stock", 2.into())])).await;
    let deleted = change(&*store, delete("Item", &id("a"))).await;
    assert_eq!(deleted.stamp.v, 3);
    assert!(deleted.stamp > updated.stamp);
    assert!(deleted.after.is_none());
    assert_eq!(deleted.before.doc().map(parsed), updated.after.map(|doc| parsed(&doc)));
    assert_eq!(stored(&*store, "a").await, None);
    match write_one(&*store, delete("Item", &id("a"))).await {
        Ok(Written::NotFound) => {}
        other => panic!("{other:?}"),
    }
    let again = change(&*store, insert("Item", item("a", doc! {}))).await;
    assert!(again.stamp > deleted.stamp, "the time decides when the version starts anew");
}

pub async fn one_failing_write_does_not_hurt_the_others(place: &dyn Place) {
    let store = shop(place).await;
    change(&*store, insert("Item", item("taken", doc! { "sku": "1" }))).await;
    let results = store
        .write(vec![
            insert("Item", item("a", doc! { "sku": "2" })),
            insert("Item", item("b", doc! { "sku": "1" })),
            set("Item", &id("none"), [("stock", 1.into())]),
            insert("Item", item("c", doc! { "sku": "3" })),
        ])
        .await;
    assert!(matches!(&results[0], Ok(Written::Changed(change)) if change.entity.id == id("a")));
    assert!(matches!(&results[1], Err(StoreError::Duplicate { key, .. }) if key == "sku"));
    assert!(matches!(&results[2], Ok(Written::NotFound)));
    assert!(matches!(&results[3], Ok(Written::Changed(change)) if change.entity.id == id("c")));
    assert_eq!(results.len(), 4);
    let rows = store.find(&all("Item"), Time(0)).await.expect("reads work");
    assert_eq!(ids(&rows), ["a", "c", "taken"]);
    assert!(store.write(Vec::new()).await.is_empty());
}

pub async fn stamps_of_one_document_grow(place: &dyn Place) {
    let store = shop(place).await;
    let mut last = Stamp::default();
    for round in 0..20 {
        let insert = insert("Item", item("a", doc! {}));
        let update = set("Item", &id("a"), [("stock", round.into())]);
        for write in [insert, update, delete("Item", &id("a"))] {
            let stamp = change(&*store, write).await.stamp;
            assert!(stamp > last && stamp.t > Time(0), "{stamp:?} comes after {last:?}");
            last = stamp;
        }
    }
}

pub async fn concurrent_updates_are_all_counted(place: &dyn Place) {
    let store = shop(place).await;
    change(&*store, insert("Item", item("a", doc! {}))).await;
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..8 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let mut stamps = Vec::new();
            for round in 0..10 {
                let write = set("Item", &id("a"), [("stock", (writer * 100 + round).into())]);
                stamps.push(change(&*store, write).await.stamp);
            }
            stamps
        });
    }
    let mut stamps: Vec<Stamp> = tasks.join_all().await.into_iter().flatten().collect();
    stamps.sort();
    let versions: Vec<i64> = stamps.iter().map(|stamp| stamp.v).collect();
    assert_eq!(versions, (2..=81).collect::<Vec<i64>>(), "a later version has a greater stamp");
}

pub async fn reads_see_what_was_acknowledged(place: &dyn Place) {
    let store = shop(place).await;
    change(&*store, insert("Item", item("a", doc! { "stock": 0 }))).await;
    for round in 1..=30 {
        let done = change(&*store, set("Item", &id("a"), [("stock", round.into())])).await;
        let by_id = store.get("Item", &[id("a")], done.stamp.t).await.expect("reads work");
        assert_eq!(parsed(&by_id[&id("a")]).get_i32("stock").ok(), Some(round));
        let count = store.count("Item", &Filter::eq("stock", round), done.stamp.t).await;
        assert_eq!(count.ok(), Some(1));
    }
}

pub async fn refuses_documents_that_are_too_large(place: &dyn Place) {
    let store = shop(place).await;
    let large = "x".repeat(17 * 1024 * 1024);
    match write_one(&*store, insert("Item", item("a", doc! { "name": &large }))).await {
        Err(StoreError::Unacceptable(message)) => assert!(message.contains("16"), "{message}"),
        other => panic!("{:?}", other.map(|_| "it was written")),
    }
    change(&*store, insert("Item", item("b", doc! { "name": "small" }))).await;
    match write_one(&*store, set("Item", &id("b"), [("name", large.into())])).await {
        Err(StoreError::Unacceptable(_)) => {}
        other => panic!("{:?}", other.map(|_| "it was written")),
    }
    assert_eq!(stored(&*store, "b").await.expect("it is there").get_str("name").ok(), Some("small"));
}

pub async fn keeps_every_value_as_it_was(place: &dyn Place) {
    let store = shop(place).await;
    let decimal: bson::Decimal128 = "12.340".parse().expect("a decimal");
    let document = item(
        "a",
        doc! {
            "double": -0.0, "int": 1_i32, "long": i64::MAX, "decimal": decimal, "text": "a\0é",
            "empty": [], "list": [1, Bson::Null, [2]], "embedded": { "x": { "y": true } },
            "date": bson::DateTime::from_millis(-1), "oid": bson::oid::ObjectId::from_bytes([7; 12]),
            "looks": { "$numberInt": "1" }, "like": [{ "$oid": "000000000000000000000000" }],
            "uuid": Id::Uuid(uuid::Uuid::from_bytes([9; 16])).to_bson(), "null": Bson::Null,
        },
    );
    change(&*store, insert("Item", document.clone())).await;
    // A write of something else keeps them too.
    change(&*store, set("Item", &id("a"), [("more", 1.into())])).await;
    let mut kept = stored(&*store, "a").await.expect("it is there");
    assert_eq!(kept.remove("more"), Some(Bson::Int32(1)));
    let mut given = document;
    // The width of the version number is the store's own business.
    for document in [&mut kept, &mut given] {
        document.remove("_oponn");
    }
    assert_eq!(kept, given);
    fill(&*store, "Item", [item("b", doc! {})]).await;
    for id in
        [Id::Int(5), Id::ObjectId(bson::oid::ObjectId::from_bytes([1; 12])), Id::Uuid(uuid::Uuid::nil())]
    {
        let done = change(&*store, insert("Item", doc! { "_id": id.to_bson() })).await;
        assert_eq!(done.entity.id, id);
        assert_eq!(done.after.map(|doc| doc.version()), Some(1));
        let found = store.get("Item", std::slice::from_ref(&id), done.stamp.t).await.expect("reads work");
        assert!(found.contains_key(&id));
    }
}
