//! Fields of one response key: the same field with the same arguments, merged to any depth, or refused.

use serde_json::{Value as Json, json};

use super::{all_refused, app};

#[tokio::test(flavor = "multi_thread")]
async fn fields_that_cannot_merge_are_refused() {
    let requests = [
        // Arguments.
        r#"{ owner(id: "o1") { name } owner(id: "o2") { name } }"#,
        r#"{ owner(id: "o1") { name } ... on Query { owner(id: "o2") { city } } }"#,
        r#"{ owner(id: "o1") { name } ...F } fragment F on Query { ...G } fragment G on Query { owner(id: "o2") { city } }"#,
        r#"query($a: ID!, $b: ID!) { owner(id: $a) { name } owner(id: $b) { name } }"#,
        r#"query($a: ID!) { owner(id: $a) { name } owner(id: "o1") { name } }"#,
        r#"{ owners { totalCount } owners(first: 20) { totalCount } }"#,
        r#"{ owners(first: 1, offset: 1) { totalCount } owners(offset: 1) { totalCount } }"#,
        r#"{ owners(where: {name: {eq: "a"}}) { totalCount } owners(where: {name: {ne: "a"}}) { totalCount } }"#,
        r#"{ owners(where: {name: {in: ["a", "b"]}}) { totalCount } owners(where: {name: {in: ["b", "a"]}}) { totalCount } }"#,
        r#"{ owner(id: "o1") { toys(first: 1) { nodes { id } } ... on Owner { toys(first: 2) { nodes { id } } } } }"#,
        r#"{ owner(id: "o1") @skip(if: true) { name } owner(id: "o2") { name } }"#,
        // Fields.
        r#"{ owner(id: "o1") { x: name x: city } }"#,
        r#"{ owner(id: "o1") { x: name ... on Owner { x: city } } }"#,
        r#"{ owner(id: "o1") { name: city name } }"#,
        r#"{ owner(id: "o1") { x: name ...F } } fragment F on Owner { ... { x: city } }"#,
        r#"{ x: owner(id: "o1") { name } x: toy(id: "t1") { id } }"#,
        r#"{ owner(id: "o1") { x: name @include(if: false) x: city @include(if: false) } }"#,
        r#"{ owner(id: "o1") { x: __typename x: name } }"#,
        // Of what has been merged, one, two and three levels further down.
        r#"{ owner(id: "o1") { name } owner(id: "o1") { name: city } }"#,
        r#"{ owner(id: "o1") { toys { nodes { x: id } } } owner(id: "o1") { toys { nodes { x: count } } } }"#,
        r#"{ owners { nodes { toys { nodes { owner { x: name } } } } } owners { nodes { toys { nodes { owner { x: city } } } } } }"#,
        r#"{ owners { ...A } owners { ...B } } fragment A on OwnerConnection { nodes { toys { nodes { owner { toys(first: 1) { totalCount } } } } } }
           fragment B on OwnerConnection { nodes { toys { nodes { ...C } } } } fragment C on Toy { owner { toys(last: 1) { totalCount } } }"#,
        r#"{ owners { edges { node { id } } } owners { edges { node { id: name } } } }"#,
        r#"{ toy(id: "t1") { label { x: text } label { x: note } } }"#,
        r#"{ owners { pageInfo { x: endCursor } ... { pageInfo { x: startCursor } } } }"#,
        // Interfaces and their types.
        r#"{ pets { nodes { x: name ... on Dog { x: tag } } } }"#,
        r#"{ pets { nodes { ... on Dog { x: tag } x: name } } }"#,
        r#"{ pets { nodes { ... on Dog { x: name } ... on Dog { x: tag } } } }"#,
        r#"{ pets { nodes { ... on Pet { x: name } ... on Cat { x: tag } } } }"#,
        r#"{ pets { nodes { ...A ...B } } } fragment A on Pet { ... on Dog { x: id } } fragment B on Pet { x: name }"#,
        // Of types that are never the same document, but whose answers have other shapes.
        r#"{ pets { nodes { ... on Dog { x: barks } ... on Cat { x: tag } } } }"#,
        r#"{ pets { nodes { ... on Dog { x: barks } ... on Cat { x: lives } } } }"#,
        r#"{ pets { nodes { ... on Dog { size } ... on Cat { size } } } }"#,
        r#"{ pets { nodes { ... on Dog { tricks } ... on Cat { tricks } } } }"#,
        r#"{ pets { nodes { ... on Dog { x: name } ... on Cat { x: id } } } }"#,
        r#"{ pets { edges { node { ...A } } edges { node { ... on Cat { x: tricks } } } } } fragment A on Dog { x: barks }"#,
        // Mutations: the second would be lost.
        r#"mutation { createOwner(input: {id: "z", name: "A"}) { id } createOwner(input: {id: "y", name: "B"}) { id } }"#,
        r#"mutation { createOwner(input: {id: "z", name: "A"}) { id } ... on Mutation { createOwner(input: {id: "y", name: "B"}) { id } } }"#,
        r#"mutation { deleteOwner(id: "o1") { id } ...F } fragment F on Mutation { deleteOwner(id: "o2") { id } }"#,
        r#"mutation { x: deleteOwner(id: "o1") { id } x: deleteToy(id: "t1") { id } }"#,
        r#"mutation { deleteOwners(where: {id: {eq: "o1"}}) { count } deleteOwners(where: {id: {eq: "o2"}}) { count } }"#,
    ];
    all_refused(&app().await, requests, json!({"a": "o1", "b": "o1"})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_that_merge_are_one() {
    let app = app().await;
    let ada = json!({"owner": {"name": "Ada", "city": "Bern"}});
    for (text, expected) in [
        (r#"{ owner(id: "o1") { name } owner(id: "o1") { city } }"#, ada.clone()),
        (r#"{ owner(id: "o1") { name name } ... { owner(id: "o1") { name city } } }"#, ada.clone()),
        (
            r#"{ ...A ...B ...A } fragment A on Query { owner(id: "o1") { ...N } } fragment B on Query { owner(id: "o1") { ... { city } } }
               fragment N on Owner { name ... on Owner { name } }"#,
            ada.clone(),
        ),
        (r#"query($i: ID! = "o1") { owner(id: $i) { name } owner(id: $i) { city } }"#, ada.clone()),
        (
            r#"{ owners(first: 1, offset: 1) { nodes { id } } owners(offset: 1, first: 1) { nodes { name } } }"#,
            json!({"owners": {"nodes": [{"id": "o2", "name": "Ben"}]}}),
        ),
        (
            r#"{ owners(where: {name: {eq: "Ada"}, city: {}}) { totalCount } owners(where: {city: {}, name: {eq: "Ada"}}) { nodes { id } } }"#,
            json!({"owners": {"totalCount": 1, "nodes": [{"id": "o1"}]}}),
        ),
        (
            r#"{ owner(id: "o1") { toys(first: 1) { nodes { id } } } owner(id: "o1") { ... on Owner { toys(first: 1) { nodes { owner { name } } totalCount } } } }"#,
            json!({"owner": {"toys": {"nodes": [{"id": "t1", "owner": {"name": "Ada"}}], "totalCount": 2}}}),
        ),
        (
            r#"{ owner(id: "o2") { toys { nodes { owner { toys { nodes { id } } } } } toys { nodes { owner { toys { nodes { count } } name } } } } }"#,
            json!({"owner": {"toys": {"nodes": [{"owner": {"toys": {"nodes": [{"id": "t3", "count": 3}]}, "name": "Ben"}}]}}}),
        ),
        (
            r#"{ toy(id: "t1") { label { text } label { note text } } }"#,
            json!({"toy": {"label": {"text": "ball", "note": null}}}),
        ),
        (
            r#"{ pets(orderBy: {field: NAME}) { nodes { x: name ... on Dog { x: name bark: barks } ... on Pet { x: name } } } }"#,
            json!({"pets": {"nodes": [{"x": "Rex", "bark": 3}, {"x": "Tom"}]}}),
        ),
        // Of types that are never the same document, other fields and arguments may have one key.
        (
            r#"{ pets(orderBy: {field: NAME}) { nodes { ... on Dog { x: name y: tag } ... on Cat { x: name y: tricks } } } }"#,
            json!({"pets": {"nodes": [{"x": "Rex", "y": "x"}, {"x": "Tom", "y": null}]}}),
        ),
        (
            r#"{ owner(id: "o1") { name @skip(if: true) } owner(id: "o1") { city name @include(if: true) } }"#,
            json!({"owner": {"city": "Bern", "name": "Ada"}}),
        ),
    ] {
        let found = app.data(text, Json::Null).await;
        // Also the order of the keys.
        assert_eq!(found.to_string(), expected.to_string(), "{text}");
    }
    let text = r#"mutation { createOwner(input: {id: "z", name: "Z"}) { id } createOwner(input: {name: "Z", id: "z"}) { name } }"#;
    assert_eq!(app.data(text, Json::Null).await, json!({"createOwner": {"id": "z", "name": "Z"}}));
}
