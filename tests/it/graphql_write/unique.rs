//! Unique keys: what is the same, what may stand twice, and finding by them after a change.

use futures_util::future::join_all;
use serde_json::{Value as Json, json};

use super::{On, faults};

on_every_place!(
    values_are_compared_normalised,
    keys_of_several_fields_are_compared_together,
    nulls_do_not_conflict,
    a_change_moves_the_document_to_its_new_value,
    a_refused_change_leaves_everything_as_it_was,
    one_of_many_concurrent_creates_succeeds,
    one_of_many_concurrent_changes_succeeds,
);

const SDL: &str = r#"
type Shop @collection
  @unique(fields: ["owner", "alias"], normalize: [TRIM, CASEFOLD])
  @unique(fields: ["x", "y"]) {
  id: ID! @id(as: STRING, client: true)
  name: String @unique(normalize: [TRIM, COLLAPSE_SPACES, CASEFOLD])
  code: String @unique
  mail: UUID @unique
  price: Decimal @unique
  owner: String
  alias: String
  x: Int
  y: Int
}
"#;

const CREATE: &str = "mutation($input: ShopInput!) { createShop(input: $input) { id } }";

fn conflict(field: &str, path: &str) -> Json {
    json!([{"code": "CONFLICT", "field": field, "path": [path]}])
}

async fn values_are_compared_normalised(on: On) {
    let app = on.app(SDL).await;
    for name in ["  Foo   BAR ", "Straße", "\u{fb01}n", "a\u{a0}b"] {
        app.data(CREATE, json!({"input": {"name": name}})).await;
    }
    for (name, same) in [
        ("foo bar", "  Foo   BAR "),
        ("FOO\t\n bar", "  Foo   BAR "),
        ("STRASSE", "Straße"),
        ("FIN", "\u{fb01}n"),
        ("A B", "a\u{a0}b"),
    ] {
        let refused = app.query(CREATE, json!({"input": {"name": name}})).await;
        assert_eq!(faults(&refused), conflict("name", "createShop"), "{name}");
        let text = "query($name: String!) { shopByName(name: $name) { name } }";
        assert_eq!(app.data(text, json!({"name": name})).await["shopByName"]["name"], same, "{name}");
    }
    app.data(CREATE, json!({"input": {"name": "foobar"}})).await;
    // Without normalising, other letters are another value.
    for code in ["a", "A", " a"] {
        app.data(CREATE, json!({"input": {"code": code}})).await;
    }
    let refused = app.query(CREATE, json!({"input": {"code": "a"}})).await;
    assert_eq!(faults(&refused), conflict("code", "createShop"));
    // Equal values written differently.
    let uuid = "01890a5d-ac96-774b-bcce-b302099a8057";
    app.data(CREATE, json!({"input": {"mail": uuid, "price": "1.5"}})).await;
    let refused = app.query(CREATE, json!({"input": {"mail": uuid.to_uppercase()}})).await;
    assert_eq!(faults(&refused), conflict("mail", "createShop"));
    let refused = app.query(CREATE, json!({"input": {"price": "1.50"}})).await;
    assert_eq!(faults(&refused), conflict("price", "createShop"));
    let found = app.data("{ shopByPrice(price: \"1.500\") { price } }", json!({})).await;
    assert_eq!(found["shopByPrice"]["price"], "1.5");
}

async fn keys_of_several_fields_are_compared_together(on: On) {
    let app = on.app(SDL).await;
    for input in [
        json!({"owner": "o", "alias": "a", "x": 1, "y": 1}),
        json!({"owner": "o", "alias": "b", "x": 1, "y": 2}),
        json!({"owner": "p", "alias": "a", "x": 2, "y": 1}),
    ] {
        app.data(CREATE, json!({"input": input})).await;
    }
    let refused = app.query(CREATE, json!({"input": {"owner": " O", "alias": "A "}})).await;
    assert_eq!(faults(&refused), conflict("ownerAlias", "createShop"));
    let refused = app.query(CREATE, json!({"input": {"x": 2, "y": 1}})).await;
    assert_eq!(faults(&refused), conflict("xY", "createShop"));
    let text = "{ a: shopByOwnerAlias(owner: \"O\", alias: \" B\") { x y }
        b: shopByXY(x: 2, y: 1) { owner alias } c: shopByXY(x: 2, y: 2) { owner } }";
    let expected = json!({"a": {"x": 1, "y": 2}, "b": {"owner": "p", "alias": "a"}, "c": null});
    assert_eq!(app.data(text, json!({})).await, expected);
    // A change of one of the fields changes the key.
    let text = "mutation($id: ID!, $set: ShopPatch!) { updateShop(id: $id, set: $set) { id } }";
    let id = app.data("{ shopByXY(x: 2, y: 1) { id } }", json!({})).await["shopByXY"]["id"].take();
    let refused = app.query(text, json!({"id": id, "set": {"owner": "O"}})).await;
    assert_eq!(faults(&refused), conflict("ownerAlias", "updateShop"));
    app.data(text, json!({"id": id, "set": {"alias": "C"}})).await;
    let text = "{ a: shopByOwnerAlias(owner: \"p\", alias: \"c\") { x }
        b: shopByOwnerAlias(owner: \"p\", alias: \"a\") { x } }";
    assert_eq!(app.data(text, json!({})).await, json!({"a": {"x": 2}, "b": null}));
}

async fn nulls_do_not_conflict(on: On) {
    let app = on.app(SDL).await;
    for input in [
        json!({}),
        json!({}),
        json!({"name": null, "code": null, "owner": null, "alias": null}),
        json!({"name": null, "code": null, "owner": null, "alias": null}),
        json!({"owner": "o"}),
        json!({"owner": "o"}),
        json!({"owner": "o", "alias": null, "x": 1}),
        json!({"owner": "o", "alias": null, "x": 1, "y": null}),
    ] {
        app.data(CREATE, json!({"input": input})).await;
    }
    assert_eq!(app.data("{ shops { totalCount } }", json!({})).await["shops"]["totalCount"], 8);
    // A value that is cleared is free, and one that is filled in is taken.
    let text = r#"mutation {
        a: createShop(input: {id: "a", name: "n", owner: "q", alias: "r"}) { id }
        b: updateShop(id: "a", set: {name: null, alias: null}) { id }
        b2: createShop(input: {id: "c"}) { id }
        c: updateShop(id: "c", set: {name: "N", owner: "q", alias: "r"}) { id }
        d: updateShop(id: "a", set: {name: " n "}) { id }
        e: updateShop(id: "a", set: {alias: "R"}) { id }
    }"#;
    let response = app.query(text, json!({})).await;
    let expected = json!([
        {"code": "CONFLICT", "field": "name", "path": ["d"]},
        {"code": "CONFLICT", "field": "ownerAlias", "path": ["e"]},
    ]);
    assert_eq!(faults(&response), expected);
    assert_eq!(response["data"]["c"], json!({"id": "c"}));
}

async fn a_change_moves_the_document_to_its_new_value(on: On) {
    let app = on.app(SDL).await;
    let look =
        "{ old: shopByName(name: \"OLD name\") { id name } new: shopByName(name: \"new NAME\") { id name }
        code: shopByCode(code: \"1\") { id } other: shopByCode(code: \"2\") { id } }";
    let nothing = json!({"old": null, "new": null, "code": null, "other": null});
    assert_eq!(app.data(look, json!({})).await, nothing);
    app.data(CREATE, json!({"input": {"id": "1", "name": " Old  Name", "code": "1"}})).await;
    let found =
        json!({"old": {"id": "1", "name": " Old  Name"}, "new": null, "code": {"id": "1"}, "other": null});
    assert_eq!(app.data(look, json!({})).await, found);
    let text = "mutation { updateShop(id: \"1\", set: {name: \"New name \", code: \"2\"}) { id } }";
    app.data(text, json!({})).await;
    let found =
        json!({"old": null, "new": {"id": "1", "name": "New name "}, "code": null, "other": {"id": "1"}});
    assert_eq!(app.data(look, json!({})).await, found);
    // The old value is free again.
    app.data(CREATE, json!({"input": {"id": "2"}})).await;
    let text = "mutation { updateShop(id: \"2\", set: {name: \"OLD NAME\", code: \"1\"}) { id } }";
    app.data(text, json!({})).await;
    let found = json!({"old": {"id": "2", "name": "OLD NAME"}, "new": {"id": "1", "name": "New name "},
        "code": {"id": "2"}, "other": {"id": "1"}});
    assert_eq!(app.data(look, json!({})).await, found);
    app.data(
        "mutation { deleteShop(id: \"1\") { id } deleteShops(where: {id: {eq: \"2\"}}) { count } }",
        json!({}),
    )
    .await;
    assert_eq!(app.data(look, json!({})).await, nothing);
}

async fn a_refused_change_leaves_everything_as_it_was(on: On) {
    let app = on.app(SDL).await;
    app.data(CREATE, json!({"input": {"id": "1", "name": "one", "code": "1"}})).await;
    app.data(CREATE, json!({"input": {"id": "2", "name": "two", "code": "2", "x": 1}})).await;
    let look = "{ shops(orderBy: [{field: CODE, direction: ASC}]) { nodes { name code x } }
        one: shopByName(name: \"one\") { id } two: shopByName(name: \"two\") { id } }";
    let before = app.data(look, json!({})).await;
    let text = r#"mutation {
        a: updateShop(id: "2", set: {name: "ONE", code: "3", x: 2}) { id }
        b: updateShop(id: "2", set: {code: "1", x: 2}) { id }
        c: createShop(input: {id: "3", name: "three", code: "1"}) { id }
        d: createShop(input: {id: "2", name: "three", code: "4"}) { id }
    }"#;
    let refused = app.query(text, json!({})).await;
    let fault = |field: &str, path: &str| json!({"code": "CONFLICT", "field": field, "path": [path]});
    let expected = json!([fault("name", "a"), fault("code", "b"), fault("code", "c"), fault("id", "d")]);
    assert_eq!(faults(&refused), expected);
    assert_eq!(app.data(look, json!({})).await, before);
}

async fn one_of_many_concurrent_creates_succeeds(on: On) {
    let app = on.app(SDL).await;
    let spellings = ["Foo bar", " foo BAR", "FOO  bar ", "foo\tbar"];
    for round in 0..4 {
        let look = format!("{{ shopByName(name: \"foo bar {round}\") {{ id }} }}");
        assert_eq!(app.data(&look, json!({})).await["shopByName"], json!(null));
        let input =
            |i: usize| json!({"id": format!("{round}/{i}"), "name": format!("{} {round}", spellings[i % 4])});
        let tries = (0..16).map(|i| app.query(CREATE, json!({"input": input(i)})));
        let answers = join_all(tries).await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.get("errors").is_none());
        assert_eq!((won.len(), lost.len()), (1, 15));
        assert!(lost.iter().all(|answer| faults(answer) == conflict("name", "createShop")), "{lost:#?}");
        let found = app.data(&look, json!({})).await;
        assert_eq!(found["shopByName"], won[0]["data"]["createShop"]);
    }
    assert_eq!(app.data("{ shops { totalCount } }", json!({})).await["shops"]["totalCount"], 4);
}

async fn one_of_many_concurrent_changes_succeeds(on: On) {
    let app = on.app(SDL).await;
    let inputs: Vec<Json> = (0..16).map(|i| json!({"id": format!("{i}"), "code": format!("c{i}")})).collect();
    let text = "mutation($inputs: [ShopInput!]!) { createShops(inputs: $inputs) { id } }";
    app.data(text, json!({"inputs": inputs})).await;
    let look = "{ shopByCode(code: \"one\") { id } shops(where: {code: {eq: \"one\"}}) { totalCount } }";
    assert_eq!(app.data(look, json!({})).await["shopByCode"], json!(null));
    let text = "mutation($id: ID!) { updateShop(id: $id, set: {code: \"one\"}) { id } }";
    let answers = join_all((0..16).map(|i| app.query(text, json!({"id": format!("{i}")})))).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.get("errors").is_none());
    assert_eq!((won.len(), lost.len()), (1, 15));
    assert!(lost.iter().all(|answer| faults(answer) == conflict("code", "updateShop")), "{lost:#?}");
    let found = app.data(look, json!({})).await;
    assert_eq!(found, json!({"shopByCode": won[0]["data"]["updateShop"], "shops": {"totalCount": 1}}));
}
