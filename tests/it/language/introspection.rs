//! `__schema` and `__type` are fields of the query like others: beside data, in fragments, with variables.

use serde_json::{Value as Json, json};

use super::{all_refused, app};

#[tokio::test(flavor = "multi_thread")]
async fn they_stand_beside_data() {
    let app = app().await;
    let (ada, both) = (json!({"name": "Ada"}), json!([{"name": "Ada"}, {"name": "Ben"}]));
    let query = json!({"queryType": {"name": "Query"}});
    for (text, given, expected) in [
        (
            "{ __schema { queryType { name } } owners { nodes { ...F } } } fragment F on Owner { name }",
            json!({}),
            json!({"__schema": query, "owners": {"nodes": both}}),
        ),
        (
            "{ owners { nodes { ...F } } __schema { queryType { ...T } } } fragment T on __Type { name } fragment F on Owner { name }",
            json!({}),
            json!({"owners": {"nodes": both}, "__schema": query}),
        ),
        (
            "query($id: ID!, $n: String!) { __type(name: $n) { name } owner(id: $id) { name } }",
            json!({"id": "o1", "n": "Owner"}),
            json!({"__type": {"name": "Owner"}, "owner": ada}),
        ),
        (
            "query($id: ID!) { owner(id: $id) { name } __schema { queryType { name } } }",
            json!({"id": "o1"}),
            json!({"owner": ada, "__schema": query}),
        ),
        (
            "query($n: String!) { owner(id: \"o1\") { name } __type(name: $n) { kind } }",
            json!({"n": "Size"}),
            json!({"owner": ada, "__type": {"kind": "ENUM"}}),
        ),
        (
            "query($n: String = \"Pet\") { __type(name: $n) { kind ofType { name } } pets { totalCount } }",
            json!({}),
            json!({"__type": {"kind": "INTERFACE", "ofType": null}, "pets": {"totalCount": 2}}),
        ),
        (
            "{ ...All } fragment All on Query { ...Schema owner(id: \"o1\") { ...F } } fragment F on Owner { name }
             fragment Schema on Query { s: __schema { queryType { name } } o: __type(name: \"Owner\") { ...T }
                 c: __type(name: \"Cat\") { ...T interfaces { ...T } } }
             fragment T on __Type { name kind }",
            json!({}),
            json!({
                "s": query, "o": {"name": "Owner", "kind": "OBJECT"},
                "c": {"name": "Cat", "kind": "OBJECT", "interfaces": [{"name": "Pet", "kind": "INTERFACE"}]},
                "owner": ada,
            }),
        ),
        (
            "query($n: String!) { ...A owner(id: \"o1\") { name } } fragment A on Query { ...B } fragment B on Query { __type(name: $n) { name } }",
            json!({"n": "Toy"}),
            json!({"__type": {"name": "Toy"}, "owner": ada}),
        ),
        (
            "{ a: __typename __schema { __typename queryType { __typename } } owner(id: \"o1\") { __typename } }",
            json!({}),
            json!({
                "a": "Query", "__schema": {"__typename": "__Schema", "queryType": {"__typename": "__Type"}},
                "owner": {"__typename": "Owner"},
            }),
        ),
        (
            "{ __type(name: \"Nothing\") { name } owner(id: \"o9\") { name } }",
            json!({}),
            json!({"__type": null, "owner": null}),
        ),
        (
            "query($d: Boolean! = false, $y: Boolean!) { __type(name: \"OwnerUnique\") { enumValues(includeDeprecated: $d) { name } name @skip(if: $y) }
                __schema @include(if: $d) { queryType { name } } owner(id: \"o1\") @include(if: $y) { name } }",
            json!({"y": true}),
            json!({"__type": {"enumValues": [{"name": "ID"}]}, "owner": ada}),
        ),
        (
            "{ __schema { queryType { name } } ... on Query { __schema { mutationType { name } } } owner(id: \"o1\") { name } }",
            json!({}),
            json!({"__schema": {"queryType": {"name": "Query"}, "mutationType": {"name": "Mutation"}}, "owner": ada}),
        ),
    ] {
        assert_eq!(app.data(text, given).await, expected, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operation_of_the_name_is_the_one() {
    let app = app().await;
    let text = "query A { __schema { queryType { ...N } } ...O } query B($n: String!) { __type(name: $n) { ...N } }
        query C { owner(id: \"o1\") { name } } fragment N on __Type { name } fragment O on Query { owner(id: \"o2\") { name } }";
    for (name, expected) in [
        ("A", json!({"__schema": {"queryType": {"name": "Query"}}, "owner": {"name": "Ben"}})),
        ("B", json!({"__type": {"name": "Cat"}})),
        ("C", json!({"owner": {"name": "Ada"}})),
    ] {
        let body = json!({"query": text, "operationName": name, "variables": {"n": "Cat"}});
        let response =
            app.http.post(app.url("/graphql")).json(&body).send().await.expect("the server answers");
        let answer: Json = response.json().await.expect("it is JSON");
        assert_eq!(answer, json!({ "data": expected }), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_beside_them_leaves_them() {
    let app = app().await;
    let text =
        "{ __type(name: \"Owner\") { name } toy(id: \"t1\") { owner { toys(first: -1) { totalCount } } } }";
    let answer = app.query(text, Json::Null).await;
    assert_eq!(answer["errors"].as_array().map(Vec::len), Some(1), "{answer:#}");
    assert_eq!(answer["data"], json!({"__type": {"name": "Owner"}, "toy": null}));
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_judged_like_others() {
    let requests = [
        "mutation { __schema { queryType { name } } }",
        "mutation { deleteOwner(id: \"o1\") { name } __type(name: \"Owner\") { name } }",
        "{ owner(id: \"o1\") { __schema { queryType { name } } } }",
        "{ owner(id: \"o1\") { __type(name: \"Owner\") { name } } }",
        "{ __schema }",
        "{ __type { name } owner(id: \"o1\") { name } }",
        "{ __type(name: 1) { name } }",
        "{ __type(name: null) { name } }",
        "{ __type(name: \"Owner\") { nothing } owner(id: \"o1\") { name } }",
        "{ __schema { queryType { name } } owner(id: \"o1\") { nothing } }",
        "{ __type(name: \"Owner\") { ...F } } fragment F on Owner { name }",
        "{ __schema { queryType { name } } } fragment Unused on __Type { name }",
        "query($n: String) { __type(name: $n) { name } owner(id: \"o1\") { name } }",
        "query($n: String!, $unused: Int) { __type(name: $n) { name } }",
        "{ __type(name: $none) { name } owner(id: \"o1\") { name } }",
        "{ __type(name: \"Owner\") { name } __type(name: \"Toy\") { name } }",
        "{ __schema { queryType { name } } ... { __schema { queryType { name: kind } } } }",
    ];
    all_refused(&app().await, requests, json!({"n": "Owner"})).await;
}
