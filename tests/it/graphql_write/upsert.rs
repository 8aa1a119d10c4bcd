//! Upserts: create what is not there, change what is, once however many try at the same time.

use futures_util::future::join_all;
use serde_json::{Value as Json, json};

use super::{On, faults};
use crate::support::app::TestApp;

on_every_place!(
    by_a_unique_key_it_creates_then_changes,
    by_several_fields_it_goes_too,
    by_id_it_creates_with_the_id_of_the_client,
    without_update_what_is_there_stays,
    the_key_has_to_be_given,
    other_keys_conflict_as_always,
    many_at_once_make_one_document,
    many_at_once_by_id_make_one_document,
);

const SDL: &str = r#"
type Shop @collection @unique(fields: ["owner", "alias"], normalize: [TRIM, CASEFOLD]) {
  id: ID! @id(as: STRING, client: true)
  name: String @unique(normalize: [TRIM, COLLAPSE_SPACES, CASEFOLD])
  code: String @unique
  owner: String
  alias: String
  size: Int @default(value: 1)
  note: String
  version: Int! @version
}
"#;

const UPSERT: &str = "mutation($on: ShopUnique!, $input: ShopInput!) {
    upsertShop(on: $on, input: $input) { id name code size note version } }";

async fn by_a_unique_key_it_creates_then_changes(on: On) {
    let app = on.app(SDL).await;
    let upsert = async |input: Json| {
        app.data(UPSERT, json!({"on": "NAME", "input": input})).await["upsertShop"].take()
    };
    let made = upsert(json!({"name": "Foo  Bar", "note": "n"})).await;
    let id = made["id"].clone();
    let expected = json!({"id": id, "name": "Foo  Bar", "code": null, "size": 1, "note": "n", "version": 1});
    assert_eq!(made, expected);
    // What is left out stays, defaults too are for creating only.
    let changed = upsert(json!({"name": " foo bar", "size": 2})).await;
    let expected = json!({"id": id, "name": " foo bar", "code": null, "size": 2, "note": "n", "version": 2});
    assert_eq!(changed, expected);
    let changed = upsert(json!({"name": "FOO BAR", "note": null})).await;
    let expected = json!({"id": id, "name": "FOO BAR", "code": null, "size": 2, "note": null, "version": 3});
    assert_eq!(changed, expected);
    let found = app
        .data("{ shops { nodes { name size } } shopByName(name: \"foo BAR\") { version } }", json!({}))
        .await;
    assert_eq!(
        found,
        json!({"shops": {"nodes": [{"name": "FOO BAR", "size": 2}]}, "shopByName": {"version": 3}})
    );
    // The id of a document that is there does not change.
    let changed = upsert(json!({"name": "foo bar", "id": "other"})).await;
    assert_eq!(changed["id"], id);
}

async fn by_several_fields_it_goes_too(on: On) {
    let app = on.app(SDL).await;
    for (owner, alias, note) in [("o", "a", "1"), ("O ", "b", "2"), (" o", " A", "3")] {
        let input = json!({"owner": owner, "alias": alias, "note": note});
        app.data(UPSERT, json!({"on": "OWNER_ALIAS", "input": input})).await;
    }
    let found =
        app.data("{ shops(orderBy: [{field: NOTE}]) { nodes { alias note version } } }", json!({})).await;
    let expected =
        json!([{"alias": "b", "note": "2", "version": 1}, {"alias": " A", "note": "3", "version": 2}]);
    assert_eq!(found["shops"]["nodes"], expected);
}

async fn without_update_what_is_there_stays(on: On) {
    let app = on.app(SDL).await;
    let beside = TestApp::beside(&app).await;
    let text = "mutation($on: ShopUnique!, $input: ShopInput!, $update: Boolean!) {
        upsertShop(on: $on, input: $input, update: $update) { id name code note version } }";
    let upsert = async |app: &TestApp, update: bool, on: &str, input: Json| {
        app.query(text, json!({ "on": on, "input": input, "update": update })).await
    };
    let made = upsert(&app, false, "NAME", json!({"id": "x", "name": "Foo", "code": "1", "note": "n"})).await;
    let expected = json!({"id": "x", "name": "Foo", "code": "1", "note": "n", "version": 1});
    assert_eq!(made["data"]["upsertShop"], expected);
    for (on, input) in [
        ("NAME", json!({"name": " fOO", "code": "2", "note": "other"})),
        ("NAME", json!({"name": "foo"})),
        ("CODE", json!({"name": "Bar", "code": "1", "note": null})),
        ("ID", json!({"id": "x", "note": "other"})),
    ] {
        for app in [&app, &beside] {
            let kept = upsert(app, false, on, input.clone()).await;
            assert_eq!(kept["data"]["upsertShop"], expected, "{on} {input}: {kept}");
        }
    }
    // What could not be stored is refused all the same.
    let refused = upsert(&app, false, "NAME", json!({"name": "foo", "size": "large"})).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
    let changed = upsert(&beside, true, "NAME", json!({"name": "foo", "note": "other"})).await;
    assert_eq!(changed["data"]["upsertShop"]["version"], 2);
    let all = app.data("{ shops { nodes { name note version } } }", json!({})).await;
    assert_eq!(all["shops"]["nodes"], json!([{ "name": "foo", "note": "other", "version": 2 }]));
}

async fn by_id_it_creates_with_the_id_of_the_client(on: On) {
    let app = on.app(SDL).await;
    let upsert =
        async |input: Json| app.data(UPSERT, json!({"on": "ID", "input": input})).await["upsertShop"].take();
    // Whether it is there has been asked before, and is remembered.
    assert_eq!(app.data("{ shop(id: \"x\") { id } }", json!({})).await["shop"], json!(null));
    let made = upsert(json!({"id": "x", "note": "n"})).await;
    assert_eq!((&made["id"], &made["version"]), (&json!("x"), &json!(1)));
    let changed = upsert(json!({"id": "x", "size": 5})).await;
    let expected = json!({"id": "x", "name": null, "code": null, "size": 5, "note": "n", "version": 2});
    assert_eq!(changed, expected);
    assert_eq!(app.data("{ shop(id: \"x\") { size } }", json!({})).await["shop"]["size"], 5);
}

async fn the_key_has_to_be_given(on: On) {
    let app = on.app(SDL).await;
    let fault =
        |argument: Json| json!({"code": "BAD_USER_INPUT", "argument": argument, "path": ["upsertShop"]});
    for (key, input, expected) in [
        ("NAME", json!({}), json!([fault(json!(["input", "name"]))])),
        ("NAME", json!({"name": null}), json!([fault(json!(["input", "name"]))])),
        ("ID", json!({"name": "n"}), json!([fault(json!(["input", "id"]))])),
        (
            "OWNER_ALIAS",
            json!({"name": "n"}),
            json!([fault(json!(["input", "owner"])), fault(json!(["input", "alias"]))]),
        ),
        ("OWNER_ALIAS", json!({"owner": "n"}), json!([fault(json!(["input", "alias"]))])),
    ] {
        let refused = app.query(UPSERT, json!({"on": key, "input": input})).await;
        assert_eq!(faults(&refused), expected, "{key} {input}");
    }
    assert_eq!(app.data("{ shops { totalCount } }", json!({})).await["shops"]["totalCount"], 0);
}

async fn other_keys_conflict_as_always(on: On) {
    let app = on.app(SDL).await;
    let upsert = async |key: &str, input: Json| app.query(UPSERT, json!({"on": key, "input": input})).await;
    upsert("NAME", json!({"id": "1", "name": "a", "code": "1"})).await;
    upsert("NAME", json!({"id": "2", "name": "b", "code": "2"})).await;
    let conflict = |field: &str| json!([{"code": "CONFLICT", "field": field, "path": ["upsertShop"]}]);
    let changed = upsert("NAME", json!({"name": "A", "code": "2"})).await;
    assert_eq!(faults(&changed), conflict("code"));
    let created = upsert("NAME", json!({"name": "c", "code": "2"})).await;
    assert_eq!(faults(&created), conflict("code"));
    let created = upsert("NAME", json!({"name": "c", "id": "2"})).await;
    assert_eq!(faults(&created), conflict("id"));
    let found = app.data("{ shops { nodes { id name code version } } }", json!({})).await;
    let expected = json!([
        {"id": "1", "name": "a", "code": "1", "version": 1},
        {"id": "2", "name": "b", "code": "2", "version": 1},
    ]);
    assert_eq!(found["shops"]["nodes"], expected);
}

async fn many_at_once_make_one_document(on: On) {
    let app = on.app(SDL).await;
    for round in 0..4 {
        let look = format!("{{ shopByName(name: \"n {round}\") {{ id version }} shops {{ totalCount }} }}");
        let expected = json!({"shopByName": null, "shops": {"totalCount": round}});
        assert_eq!(app.data(&look, json!({})).await, expected);
        let input = |i: usize| json!({"name": format!("N  {round} "), "size": i});
        let tries = (0..16).map(|i| app.data(UPSERT, json!({"on": "NAME", "input": input(i)})));
        let answers = join_all(tries).await;
        let mut versions: Vec<u64> =
            answers.iter().filter_map(|answer| answer["upsertShop"]["version"].as_u64()).collect();
        versions.sort_unstable();
        assert_eq!(versions, (1..=16).collect::<Vec<_>>());
        let id = &answers[0]["upsertShop"]["id"];
        assert!(answers.iter().all(|answer| answer["upsertShop"]["id"] == *id));
        let expected = json!({"shopByName": {"id": id, "version": 16}, "shops": {"totalCount": round + 1}});
        assert_eq!(app.data(&look, json!({})).await, expected);
    }
}

async fn many_at_once_by_id_make_one_document(on: On) {
    let app = on.app(SDL).await;
    for round in 0..4 {
        let look = format!("{{ shop(id: \"{round}\") {{ version }} shops {{ totalCount }} }}");
        assert_eq!(app.data(&look, json!({})).await["shop"], json!(null));
        let input = |i: usize| json!({"id": format!("{round}"), "size": i});
        let tries = (0..16).map(|i| app.data(UPSERT, json!({"on": "ID", "input": input(i)})));
        join_all(tries).await;
        let expected = json!({"shop": {"version": 16}, "shops": {"totalCount": round + 1}});
        assert_eq!(app.data(&look, json!({})).await, expected);
    }
}
