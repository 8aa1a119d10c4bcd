//! Changing documents: absent and null, versions, ids that are not there.

use serde_json::{Value as Json, json};

use super::{On, SHOP, faults, stock};

on_every_place!(
    absent_fields_stay_and_null_clears,
    embedded_objects_are_replaced_as_a_whole,
    required_fields_cannot_be_cleared,
    all_faults_are_told_at_once,
    the_version_decides,
    unknown_ids_are_not_found,
    an_empty_patch_is_a_change_of_nothing,
    concurrent_changes_of_a_version_happen_once,
);

const NOTE: &str = r#"
type Note @collection {
  id: ID! @id(as: STRING, client: true)
  text: String! @length(min: 2, max: 5)
  stars: Int @range(min: 1, max: 5) @default(value: 3)
  tags: [String!]! @default(value: ["new"])
  place: Place
  version: Int! @version
}

type Place { name: String! zip: String kind: Int @default(value: 7) }
"#;

async fn absent_fields_stay_and_null_clears(on: On) {
    let app = on.app(NOTE).await;
    let text = r#"mutation {
        createNote(input: {id: "1", text: "ab", stars: 4, tags: ["x"]}) { version }
        none: updateNote(id: "1", set: {text: "cd"}) { text stars tags version }
        null: updateNote(id: "1", set: {stars: null, tags: []}) { text stars tags version }
    }"#;
    let done = app.data(text, json!({})).await;
    assert_eq!(done["none"], json!({"text": "cd", "stars": 4, "tags": ["x"], "version": 2}));
    assert_eq!(done["null"], json!({"text": "cd", "stars": null, "tags": [], "version": 3}));
    // Defaults are for creating.
    let text = "mutation($stars: Int, $set: NotePatch!) {
        left: updateNote(id: \"1\", set: {stars: $stars, text: \"ef\"}) { text stars }
        set: updateNote(id: \"1\", set: $set) { text stars } }";
    let done = app.data(text, json!({"set": {"stars": 2}})).await;
    assert_eq!(done, json!({"left": {"text": "ef", "stars": null}, "set": {"text": "ef", "stars": 2}}));
    let done = app.data(text, json!({"stars": null, "set": {}})).await;
    assert_eq!(done, json!({"left": {"text": "ef", "stars": null}, "set": {"text": "ef", "stars": null}}));
    let found = app.data("{ note(id: \"1\") { text stars tags version } }", json!({})).await;
    assert_eq!(found["note"], json!({"text": "ef", "stars": null, "tags": [], "version": 7}));
}

async fn embedded_objects_are_replaced_as_a_whole(on: On) {
    let app = on.app(NOTE).await;
    let text = r#"mutation {
        made: createNote(input: {id: "1", text: "ab", place: {name: "a", zip: "z", kind: 1}}) { ...place }
        changed: updateNote(id: "1", set: {place: {name: "b"}}) { ...place }
        null: updateNote(id: "1", set: {place: null}) { ...place }
    }
    fragment place on Note { place { name zip kind } }"#;
    let expected = json!({
        "made": {"place": {"name": "a", "zip": "z", "kind": 1}},
        "changed": {"place": {"name": "b", "zip": null, "kind": 7}},
        "null": {"place": null},
    });
    assert_eq!(app.data(text, json!({})).await, expected);
}

async fn required_fields_cannot_be_cleared(on: On) {
    let app = on.app(NOTE).await;
    let text = r#"mutation {
        createNote(input: {id: "1", text: "ab"}) { id }
        no: updateNote(id: "1", set: {text: null, tags: null, stars: 1}) { id }
        many: updateNotes(where: {}, all: true, set: {text: null}) { count }
    }"#;
    let refused = app.query(text, json!({})).await;
    let fault = |path: &str, field: &str| json!({"code": "BAD_USER_INPUT", "argument": ["set", field], "path": [path]});
    let mut found = faults(&refused);
    // The faults of one patch come in no order that anybody is promised.
    found.as_array_mut().expect("a list").sort_by_key(Json::to_string);
    let mut expected = [fault("no", "text"), fault("no", "tags"), fault("many", "text")];
    expected.sort_by_key(Json::to_string);
    assert_eq!(found, json!(expected));
    let found = app.data("{ note(id: \"1\") { text tags stars version } }", json!({})).await;
    assert_eq!(found["note"], json!({"text": "ab", "tags": ["new"], "stars": 3, "version": 1}));
}

async fn all_faults_are_told_at_once(on: On) {
    let app = on.app(NOTE).await;
    app.data("mutation { createNote(input: {id: \"1\", text: \"ab\"}) { id } }", json!({})).await;
    let text = "mutation { updateNote(id: \"1\", set: {text: \"toolong\", stars: 9}) { id } }";
    let fault =
        |field: &str| json!({"code": "BAD_USER_INPUT", "argument": ["set", field], "path": ["updateNote"]});
    assert_eq!(faults(&app.query(text, json!({})).await), json!([fault("text"), fault("stars")]));
    for set in ["{id: \"2\"}", "{version: 3}", "{other: 1}"] {
        let text = format!("mutation {{ updateNote(id: \"1\", set: {set}) {{ id }} }}");
        let refused = app.query(&text, json!({})).await;
        assert_eq!(refused["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{set}");
        assert!(refused.get("data").is_none(), "{refused}");
    }
}

async fn the_version_decides(on: On) {
    let app = on.app(NOTE).await;
    let text = r#"mutation {
        createNote(input: {id: "1", text: "ab"}) { version }
        a: updateNote(id: "1", ifVersion: 1, set: {text: "cd"}) { version }
        b: updateNote(id: "1", ifVersion: 1, set: {text: "ef"}) { version }
        c: updateNote(id: "1", ifVersion: null, set: {stars: 5}) { version }
        d: deleteNote(id: "1", ifVersion: 2) { version }
        e: updateNote(id: "1", ifVersion: "3", set: {stars: 4}) { text stars version }
        f: updateNote(id: "2", ifVersion: 1, set: {stars: 4}) { version }
        g: deleteNote(id: "1", ifVersion: 4) { text version }
    }"#;
    let response = app.query(text, json!({})).await;
    let expected = json!([
        {"code": "VERSION_MISMATCH", "version": 2, "path": ["b"]},
        {"code": "VERSION_MISMATCH", "version": 3, "path": ["d"]},
        {"code": "NOT_FOUND", "path": ["f"]},
    ]);
    assert_eq!(faults(&response), expected);
    assert_eq!(response["data"]["e"], json!({"text": "cd", "stars": 4, "version": 4}));
    assert_eq!(response["data"]["g"], json!({"text": "cd", "version": 4}));
    assert_eq!(app.data("{ note(id: \"1\") { id } }", json!({})).await["note"], json!(null));
}

async fn unknown_ids_are_not_found(on: On) {
    let app = on.app("type A @collection { id: ID! n: Int }").await;
    let text = r#"mutation {
        a: updateA(id: "0123456789abcdef01234567", set: {n: 1}) { id }
        b: deleteA(id: "0123456789abcdef01234567") { id }
        c: updateA(id: "nonsense", set: {n: 1}) { id }
        d: deleteA(id: "nonsense") { id }
    }"#;
    let response = app.query(text, json!({})).await;
    let missing = |path: &str| json!({"code": "NOT_FOUND", "path": [path]});
    let wrong = |path: &str| json!({"code": "BAD_USER_INPUT", "argument": ["id"], "path": [path]});
    assert_eq!(faults(&response), json!([missing("a"), missing("b"), wrong("c"), wrong("d")]));
    assert_eq!(response["data"], json!({"a": null, "b": null, "c": null, "d": null}));
}

async fn an_empty_patch_is_a_change_of_nothing(on: On) {
    let app = on.app(SHOP).await;
    stock(&app, &["a"], &[("a/1", 5)]).await;
    let text = "mutation { updateBook(id: \"1\", set: {}) { price version shop { id } }
        updateBooks(where: {}, all: true, set: {}) { count } }";
    let done = app.data(text, json!({})).await;
    assert_eq!(done["updateBook"], json!({"price": 5, "version": 2, "shop": {"id": "a"}}));
    assert_eq!(done["updateBooks"]["count"], 1);
}

async fn concurrent_changes_of_a_version_happen_once(on: On) {
    let app = on.app(NOTE).await;
    app.data("mutation { createNote(input: {id: \"1\", text: \"ab\"}) { id } }", json!({})).await;
    for version in 1..=3 {
        let text = "mutation($v: Long, $text: String) {
            updateNote(id: \"1\", ifVersion: $v, set: {text: $text}) { text version } }";
        let tries = (0..16).map(|i| app.query(text, json!({"v": version, "text": format!("w{i}")})));
        let answers = futures_util::future::join_all(tries).await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.get("errors").is_none());
        assert_eq!((won.len(), lost.len()), (1, 15));
        let expected = json!([{"code": "VERSION_MISMATCH", "version": version + 1, "path": ["updateNote"]}]);
        assert!(lost.iter().all(|answer| faults(answer) == expected), "{lost:#?}");
        let found = app.data("{ note(id: \"1\") { text version } }", json!({})).await;
        assert_eq!(found["note"], won[0]["data"]["updateNote"]);
    }
}
