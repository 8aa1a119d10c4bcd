//! What events mean, from a schema file to what they tell.

use std::str::FromStr;

use bson::{Bson, DateTime, Decimal128, Document, doc, oid::ObjectId};
use serde_json::{Value as Json, json};

use super::*;
use crate::engine::load;
use crate::query::emit::Changed;
use crate::schema::EmitOn;
use crate::value::{Doc, EntityRef, Id};

const FIELDS: &str = r#"
    id: ID! @id(as: STRING)
    name: String
    count: Int
    total: Long @default(value: 1)
    price: Decimal
    share: Float
    done: Boolean
    at: DateTime
    day: Date
    kind: Kind
    key: UUID
    any: JSON
    tags: [String!]
    days: [Date]
    place: Place
    places: [Place!]
    otherId: ID
    ownerId: ID
    owner: Owner @belongsTo(field: "ownerId")
    changed: DateTime! @updatedAt
    version: Int! @version
"#;

/// The events that a change is, of a type with these rules: their names and what they tell.
fn events(rules: &str, before: Option<Document>, after: Option<Document>) -> Vec<(String, Json)> {
    let text = format!(
        "type Thing @collection {rules} {{ {FIELDS} }} type Owner @collection {{ id: ID! }} enum Kind {{ A B }} \
         type Place {{ city: String floor: Int inner: Inner }} type Inner {{ eq: Int deep: String }}"
    );
    let model = load("test.graphql", text.as_bytes()).unwrap_or_else(|faults| {
        panic!("{}", faults.iter().map(|fault| fault.render(&text)).collect::<String>())
    });
    let emits = emits(&model);
    let encode = |document: Option<Document>| document.map(|document| Doc::encode(&document).expect("BSON"));
    let (before, after) = (encode(before), encode(after));
    let on = match (&before, &after) {
        (None, _) => EmitOn::Create,
        (_, None) => EmitOn::Delete,
        _ => EmitOn::Update,
    };
    let entity = EntityRef { ty: "Thing".into(), id: Id::String("t".into()) };
    let changed = Changed {
        entity: &entity,
        before: before.as_ref().map(Doc::raw),
        after: after.as_ref().map(Doc::raw),
    };
    let found = emits.of("Thing", on).map(|emits| emits.events(changed)).unwrap_or_default();
    let told = |event: crate::query::emit::Emitted| {
        (event.name.to_string(), serde_json::from_str(&event.payload).expect("JSON"))
    };
    found.into_iter().map(told).collect()
}

/// Whether a condition holds for a change.
fn holds(when: &str, before: Option<Document>, after: Option<Document>) -> bool {
    !events(&format!("@emit(name: \"e\", to: \"s\", when: {when})"), before, after).is_empty()
}

#[test]
fn conditions_mean_what_they_say() {
    let before = doc! {
        "_id": "t", "name": "n", "count": 3, "price": Decimal128::from_str("2.50").expect("a number"), "kind": "A",
        "tags": ["a"], "place": { "city": "x", "floor": 1, "inner": { "eq": 1 } }, "otherId": "t",
        "at": DateTime::from_millis(86_400_000), "day": DateTime::from_millis(86_400_000), "_oponn": { "v": 4_i64 },
    };
    let mut after = before.clone();
    after.insert("count", 5);
    after.insert("tags", vec!["a", "b"]);
    after.insert("place", doc! { "city": "x", "floor": 2, "inner": { "eq": 1 } });
    after.insert("_oponn", doc! { "v": 5_i64 });
    let cases = [
        (r#"{count: {gt: "$before.count"}}"#, true),
        (r#"{count: {lt: "$before.count"}}"#, false),
        (r#"{count: {gt: "$before.count", lt: 5}}"#, false),
        (r#"{count: {gt: "$before.count", lte: 5}}"#, true),
        (r#"{count: {gt: "$document.price"}}"#, true),
        (r#"{price: {eq: "$before.price"}, name: {eq: "n"}}"#, true),
        (r#"{price: {eq: "$before.price"}, name: {eq: "m"}}"#, false),
        (r#"{or: [{name: {eq: "m"}}, {count: {ne: "$before.count"}}]}"#, true),
        (r#"{and: [{name: {eq: "n"}}, {count: {eq: "$before.count"}}]}"#, false),
        (r#"{not: {count: {eq: "$before.count"}}}"#, true),
        (r#"{not: {and: [{count: {ne: "$before.count"}}, {name: {eq: "n"}}]}}"#, false),
        (r#"{count: {in: ["$before.count", "$after.total"]}}"#, false),
        (r#"{count: {nin: ["$before.count", "$after.total"]}}"#, true),
        (r#"{tags: {ne: "$before.tags"}}"#, true),
        (r#"{tags: {eq: "$before.tags"}}"#, false),
        (r#"{tags: {ne: "$before.tags", has: "b"}}"#, true),
        (r#"{place: {ne: "$before.place"}}"#, true),
        (r#"{place: {city: {eq: "$before.place.city"}, floor: {gt: "$before.place.floor"}}}"#, true),
        (r#"{place: {inner: {eq: {eq: "$before.place.inner.eq"}}}}"#, true),
        (r#"{place: {or: [{floor: {eq: 7}}, {floor: {eq: "$after.count"}}]}}"#, false),
        (r#"{at: {eq: "$after.day"}}"#, true),
        (r#"{otherId: {eq: "$after.id"}}"#, true),
        (r#"{id: {eq: "$before.otherId"}}"#, true),
        (r#"{version: {gt: "$before.version"}}"#, true),
        (r#"{kind: {eq: "$before.kind", in: [A]}}"#, true),
        (r#"{kind: {eq: "$before.kind", in: [B]}}"#, false),
        (r#"{name: {ne: "$$before.name", contains: "n"}}"#, true),
        (r#"{share: {eq: "$before.share"}}"#, true),
        (r#"{any: {ne: "$before.any"}}"#, false),
    ];
    for (when, expected) in cases {
        assert_eq!(holds(when, Some(before.clone()), Some(after.clone())), expected, "{when}");
    }
    for (when, created, deleted) in [
        (r#"{count: {gt: "$before.count"}}"#, true, false),
        (r#"{count: {eq: "$before.count"}}"#, false, true),
        (r#"{count: {eq: "$after.count"}}"#, true, false),
        (r#"{count: {eq: 5}}"#, true, true),
        (r#"{share: {eq: "$before.count"}}"#, true, false),
    ] {
        assert_eq!(holds(when, None, Some(after.clone())), created, "{when}");
        assert_eq!(holds(when, Some(after.clone()), None), deleted, "{when}");
    }
}

#[test]
fn values_look_as_in_the_api() {
    let uuid = uuid::Uuid::from_u128(7);
    let document = doc! {
        "_id": "t", "name": "n", "count": 3, "total": i64::MAX, "share": 0.5, "done": true, "kind": "B",
        "price": Decimal128::from_str("12.50").expect("a number"), "at": DateTime::from_millis(1_714_566_600_000),
        "day": DateTime::from_millis(1_714_521_600_000), "key": Id::Uuid(uuid).to_bson(),
        "any": { "a": [1, Bson::Null, "x"] }, "tags": ["a", "b"], "days": [Bson::Null, DateTime::from_millis(0)],
        "place": { "city": "c", "inner": { "deep": "d" } }, "places": [{ "floor": 2 }], "otherId": "o",
        "ownerId": ObjectId::from_bytes([1; 12]), "changed": DateTime::from_millis(0), "_oponn": { "v": 9_i64 },
        "secret": "of another program",
    };
    let whole = json!({
        "id": "t", "name": "n", "count": 3, "total": i64::MAX, "price": "12.50", "share": 0.5, "done": true,
        "at": "2024-05-01T12:30:00.000Z", "day": "2024-05-01", "kind": "B", "key": uuid.to_string(),
        "any": { "a": [1, null, "x"] }, "tags": ["a", "b"], "days": [null, "1970-01-01"],
        "place": { "city": "c", "floor": null, "inner": { "eq": null, "deep": "d" } },
        "places": [{ "city": null, "floor": 2, "inner": null }], "otherId": "o", "ownerId": "01".repeat(12),
        "changed": "1970-01-01T00:00:00.000Z", "version": 9,
    });
    let rule = |payload: &str| format!("@emit(name: \"e\", to: \"s\", payload: {payload})");
    let told = |payload: &str| events(&rule(payload), None, Some(document.clone())).remove(0).1;
    assert_eq!(told("\"$after\""), whole);
    assert_eq!(told("\"$document\""), whole);
    assert_eq!(told("\"$before\""), Json::Null);
    assert_eq!(
        told("[\"$after.place.inner.deep\", \"$before.name\", \"$$after\", A, 1.50, null]"),
        json!(["d", null, "$after", "A", serde_json::from_str::<Json>("1.50").expect("JSON"), null])
    );
    let told = events("@emit(name: \"e\", to: \"s\")", None, Some(document.clone())).remove(0).1;
    let expected = json!({ "event": "e", "type": "Thing", "id": "t", "change": "CREATE", "before": null, "after": whole });
    assert_eq!(told, expected);
    let odd = doc! { "_id": "t", "count": "three", "day": 5, "place": [1], "tags": "a", "kind": 3 };
    let told = events(&rule("\"$after\""), None, Some(odd)).remove(0).1;
    for field in ["count", "day", "place", "tags", "kind", "name"] {
        assert_eq!(told[field], Json::Null, "{field}: what does not fit its type is null");
    }
    assert_eq!(told["version"], 0, "documents of other programs have none");
}

#[test]
fn rules_tell_of_the_changes_that_they_name() {
    let rules = "@emit(name: \"c\", to: \"s\", on: [CREATE]) @emit(name: \"cu\", to: \"s\", on: [UPDATE, CREATE]) \
                 @emit(name: \"d\", to: \"s\", on: [DELETE]) @emit(name: \"all\", to: \"s\")";
    let document = || Some(doc! { "_id": "t" });
    let names = |before, after| {
        events(rules, before, after).into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(None, document()), "c cu all");
    assert_eq!(names(document(), document()), "cu all");
    assert_eq!(names(document(), None), "d all");
}
