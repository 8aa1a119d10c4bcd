//! What an input object says twice, or leaves to a null that cannot stand there.

use serde_json::{Value as Json, json};

use super::{all, all_refused, app};

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_stands_twice_is_refused() {
    let requests = [
        // Filters and orders, at every depth.
        r#"{ owners(where: {name: {eq: "Ada", eq: "Bob"}}) { totalCount } }"#,
        r#"{ owners(where: {name: {eq: "Bob"}, name: {eq: "Ada"}}) { totalCount } }"#,
        r#"{ owners(where: {name: {eq: "Ada"}, name: {eq: "Ada"}}) { totalCount } }"#,
        r#"{ owners(where: {and: [], and: []}) { totalCount } }"#,
        r#"{ owners(where: {and: [{name: {}}, {or: [{not: {city: {lt: "a", gt: "a", lt: "b"}}}]}]}) { totalCount } }"#,
        r#"{ toys(where: {label: {text: {eq: "a"}, text: {ne: "a"}}}) { totalCount } }"#,
        r#"{ toys(where: {labels: {some: {note: {}, note: {}}}}) { totalCount } }"#,
        r#"{ toys(orderBy: [{field: ID}, {field: COUNT, field: ID}]) { totalCount } }"#,
        r#"{ toys(orderBy: {field: ID, direction: ASC, direction: DESC}) { totalCount } }"#,
        r#"{ owners { nodes { toys(where: {count: {in: [1], in: [2]}}) { totalCount } } } }"#,
        // Inputs.
        r#"mutation { createOwner(input: {id: "z", name: "first", name: "second"}) { name } }"#,
        r#"mutation { createOwner(input: {id: "z", name: "first", name: "first"}) { name } }"#,
        r#"mutation { createOwners(inputs: [{id: "y", name: "y"}, {id: "z", name: "z", id: "z"}]) { name } }"#,
        r#"mutation { updateOwner(id: "o1", set: {city: "a", city: null}) { name } }"#,
        r#"mutation { updateToy(id: "t1", set: {label: {text: "a", text: "b"}}) { id } }"#,
        r#"mutation { updateToy(id: "t1", set: {labels: [{text: "a"}, {text: "a", note: "b", note: "c"}]}) { id } }"#,
        r#"mutation { upsertOwner(on: ID, input: {id: "o1", id: "o2", name: "z"}) { id } }"#,
        r#"mutation { deleteOwners(where: {id: {eq: "none"}, id: {ne: "none"}}) { count } }"#,
        r#"mutation { updateOwners(where: {id: {eq: "o1"}}, set: {name: "a", city: "c", name: "b"}) { count } }"#,
        // Wherever they stand.
        r#"{ owners @skip(if: true) { totalCount } ...F } fragment F on Query { toys(where: {count: {}, count: {}}) @skip(if: true) { totalCount } }"#,
        r#"query($w: OwnerWhere = {name: {eq: "a", eq: "a"}}) { owners(where: $w) { totalCount } }"#,
        r#"query($w: [OwnerWhere!] = [{id: {}, id: {}}]) { owners(where: {and: $w}) { totalCount } }"#,
        r#"query($c: Int, $d: Int) { toys(where: {count: {eq: $c, eq: $d}}) { totalCount } }"#,
        // Arguments and variables are unique as well.
        r#"{ owners(first: 1, first: 1) { totalCount } }"#,
        r#"{ owner(id: "o1", id: "o2") { name } }"#,
        r#"mutation { deleteOwner(id: "o1", id: "o1") { name } }"#,
        r#"{ owner(id: "o1") { name @include(if: true, if: true) } }"#,
        r#"query($a: ID!, $a: ID!) { owner(id: $a) { name } }"#,
        r#"{ owner(id: "o1") { name @skip(if: false) @skip(if: false) } }"#,
    ];
    all_refused(&app().await, requests, json!({"a": "o1", "c": 1, "d": 1})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_operation_that_is_not_valid_makes_the_whole_document_so() {
    let app = app().await;
    let before = all(&app).await;
    let text =
        r#"query A { __typename } mutation B { createOwner(input: {id: "z", name: "a", name: "b"}) { id } }"#;
    let request = app.http.post(app.url("/graphql")).json(&json!({"query": text, "operationName": "A"}));
    let answer: Json = request.send().await.expect("the server answers").json().await.expect("it is JSON");
    assert!(answer.get("data").is_none() && answer["errors"][0].is_object(), "{answer}");
    assert_eq!(all(&app).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_field_in_other_objects_is_not_the_same() {
    let app = app().await;
    for (text, expected) in [
        (
            r#"{ owners(where: {name: {eq: "Ada"}, city: {eq: "Bern"}, and: [{name: {ne: "x"}}, {name: {ne: "x"}}]}) { totalCount } }"#,
            json!({"owners": {"totalCount": 1}}),
        ),
        (
            r#"mutation { createToys(inputs: [{id: "x", ownerId: "o1", labels: [{text: "a"}, {text: "a"}], label: {text: "a"}, extra: {text: 1, b: {text: 2}}}]) { extra } }"#,
            json!({"createToys": [{"extra": {"text": 1, "b": {"text": 2}}}]}),
        ),
        (
            r#"{ a: owner(id: "o1") { id } b: owner(id: "o2") { id } }"#,
            json!({"a": {"id": "o1"}, "b": {"id": "o2"}}),
        ),
    ] {
        assert_eq!(app.data(text, Json::Null).await, expected);
    }
}

/// Objects in literals of JSON are objects too.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_stands_twice_in_json_is_refused() {
    let app = app().await;
    for json in [
        "{a: 1, a: 2}",
        "{a: 1, a: 1}",
        "[1, {b: [{a: 1, b: 2, a: 1}]}]",
        "{a: {a: {a: {}, a: {}}}}",
        "{a: $v, a: 1}",
    ] {
        let requests = [
            format!(
                "mutation($v: Int) {{ updateToy(id: \"t1\", set: {{extra: {json}, count: $v}}) {{ id }} }}"
            ),
            format!(
                "mutation($v: Int) {{ createToy(input: {{id: \"z\", ownerId: \"o1\", extra: {json}, count: $v}}) {{ id }} }}"
            ),
        ];
        all_refused(&app, requests, json!({"v": 1})).await;
    }
    let text = "mutation($j: JSON = {a: 1, a: 2}) { updateToy(id: \"t1\", set: {extra: $j}) { id } }";
    all_refused(&app, [text], json!({})).await;
}

/// A variable with a default may stand where null may not, so null has to be refused when it comes.
#[tokio::test(flavor = "multi_thread")]
async fn a_null_in_place_of_a_default_is_an_error() {
    let app = app().await;
    let before = all(&app).await;
    let null = json!({"v": null});
    for (text, given) in [
        (r#"query($v: ID = "o1") { owner(id: $v) { name } }"#, "owner"),
        (
            r#"query($v: Direction = DESC) { owners(orderBy: {field: NAME, direction: $v}) { nodes { id } } }"#,
            "owners",
        ),
        (
            r#"query($v: Direction) { owners(orderBy: [{field: NAME, direction: $v}]) { nodes { id } } }"#,
            "owners",
        ),
        (r#"query($v: OwnerOrderField = NAME) { owners(orderBy: {field: $v}) { nodes { id } } }"#, "owners"),
        (r#"query($v: OwnerWhere = {}) { owners(where: {and: [$v]}) { totalCount } }"#, "owners"),
        (
            r#"query($v: Int = 1) { toys(where: {labels: {some: {or: [{text: {in: []}}], not: {note: {}}}}, count: {lt: $v}}) { totalCount } }"#,
            "toys",
        ),
        (r#"mutation($v: ID = "o1") { deleteOwner(id: $v) { id } }"#, "deleteOwner"),
        (
            r#"mutation($v: OwnerInput = {id: "z", name: "z"}) { createOwner(input: $v) { id } }"#,
            "createOwner",
        ),
        (r#"mutation($v: String = "z") { createOwner(input: {id: "z", name: $v}) { id } }"#, "createOwner"),
        (
            r#"mutation($v: OwnerInput = {id: "z", name: "z"}) { createOwners(inputs: [$v]) { id } }"#,
            "createOwners",
        ),
        (r#"mutation($v: String = "z") { updateOwner(id: "o1", set: {name: $v}) { id } }"#, "updateOwner"),
        (
            r#"mutation($v: OwnerPatch = {name: "z"}) { updateOwner(id: "o1", set: $v) { id } }"#,
            "updateOwner",
        ),
        (
            r#"mutation($v: String = "z") { updateToy(id: "t1", set: {label: {text: $v}}) { id } }"#,
            "updateToy",
        ),
        (
            r#"mutation($v: String = "z") { updateToy(id: "t1", set: {labels: [{text: $v}]}) { id } }"#,
            "updateToy",
        ),
        (
            r#"mutation($v: LabelInput = {text: "z"}) { updateToy(id: "t1", set: {labels: [$v]}) { id } }"#,
            "updateToy",
        ),
        (
            r#"mutation($v: OwnerWhere = {id: {eq: "o1"}}) { deleteOwners(where: $v) { count } }"#,
            "deleteOwners",
        ),
        (
            r#"mutation($v: OwnerPatch = {name: "z"}) { updateOwners(where: {}, all: true, set: $v) { count } }"#,
            "updateOwners",
        ),
        (r#"mutation($v: WishInput = {text: "z"}) { createWish(input: $v) { id } }"#, "createWish"),
        (
            r#"mutation($v: WishInput = {text: "z"}) { createWishes(inputs: [{text: "a"}, $v]) { id } }"#,
            "createWishes",
        ),
        (r#"mutation($v: [WishInput!] = []) { createWishes(inputs: $v) { id } }"#, "createWishes"),
        (r#"mutation($v: WishInput = {text: "z"}) { upsertWish(on: TEXT, input: $v) { id } }"#, "upsertWish"),
        (r#"query($v: String = "z") { wishByText(text: $v) { id } }"#, "wishByText"),
        (r#"query($v: String = "Owner") { __type(name: $v) { name } }"#, "__type"),
        (
            r#"mutation($v: OwnerUnique = ID) { upsertOwner(on: $v, input: {id: "o1", name: "z"}) { id } }"#,
            "upsertOwner",
        ),
    ] {
        let answer = app.query(text, null.clone()).await;
        let errors = answer["errors"].as_array().map_or(0, Vec::len);
        let nothing =
            answer["data"].is_null() || answer["data"][given].is_null() || answer["data"][given][0].is_null();
        assert!(errors > 0 && nothing, "{text}\n{answer:#}");
        assert_eq!(all(&app).await, before, "{text}");
    }
    // What is not given is the default.
    let seen = app.data(r#"query($v: ID = "o1") { owner(id: $v) { name } }"#, Json::Null).await;
    assert_eq!(seen, json!({"owner": {"name": "Ada"}}));
    let text = r#"query($v: Direction) { owners(orderBy: {field: NAME, direction: $v}) { nodes { id } } }"#;
    assert_eq!(app.data(text, Json::Null).await["owners"]["nodes"], json!([{"id": "o1"}, {"id": "o2"}]));
}
