//! `@skip` and `@include`: their condition is true or false, and never null.

use serde_json::{Value as Json, json};

use super::{all, app};

/// Where a condition can stand; `@if` is in its place.
const PLACES: &[&str] = &[
    r#"{ owner(id: "o1") @if { name } }"#,
    r#"{ owner(id: "o1") { name city @if } }"#,
    r#"{ owner(id: "o1") { name ... @if { city } } }"#,
    r#"{ owner(id: "o1") { name ... on Owner @if { city } } }"#,
    r#"{ owner(id: "o1") { name ...City @if } } fragment City on Owner { city }"#,
    r#"{ owner(id: "o1") { ...Name } } fragment Name on Owner { name ...City } fragment City on Owner { city @if }"#,
    r#"{ owner(id: "o1") { toys @if { totalCount } } }"#,
    r#"{ owners { totalCount @if nodes { id } } }"#,
    r#"{ owners { nodes { toys { nodes { owner { id name @if } } } } } }"#,
    r#"{ owners { edges { cursor node { toys { edges { node @if { id } } pageInfo { hasNextPage } } } } } }"#,
    r#"{ owners { pageInfo { hasNextPage endCursor @if } } }"#,
    r#"{ toy(id: "t1") { label { text @if __typename } } }"#,
    r#"{ pets { nodes { id ... on Dog { barks @if } ... on Cat { lives } } } }"#,
    r#"{ pets { nodes { id ... on Dog @if { barks } } } }"#,
    r#"{ __typename @if }"#,
    r#"{ __type(name: "Owner") { name fields { name @if } } }"#,
    r#"{ __schema @if { queryType { name } } owner(id: "o1") { id } }"#,
];

/// The text with a directive in its place, with a variable that is true or false unless it is said to be null.
fn with(place: &str, directive: &str, default: bool) -> String {
    format!("query($i: Boolean = {default}) {}", place.replace("@if", &format!("@{directive}(if: $i)")))
}

#[tokio::test(flavor = "multi_thread")]
async fn null_is_an_error() {
    let app = app().await;
    for place in PLACES {
        for (directive, default) in [("include", true), ("include", false), ("skip", true), ("skip", false)] {
            let text = with(place, directive, default);
            // Answers that are kept must not be taken for that of a null, nor that of a null for theirs.
            let shown = app.data(&place.replace("@if", ""), Json::Null).await;
            let plain = app.data(&text, json!({})).await;
            assert_eq!(plain == shown, (directive == "include") == default, "{text}\n{plain:#}");
            for _ in 0..2 {
                let answer = app.query(&text, json!({"i": null})).await;
                assert!(
                    answer["errors"][0]["message"].as_str().is_some_and(|text| !text.is_empty()),
                    "{text}\n{answer:#}"
                );
                assert!(answer["data"].is_null(), "{text}\n{answer:#}");
            }
            assert_eq!(app.data(&text, json!({})).await, plain, "{text}");
            assert_eq!(app.data(&text, json!({"i": directive == "include"})).await, shown, "{text}");
            assert_ne!(app.data(&text, json!({"i": directive != "include"})).await, shown, "{text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_when_a_condition_is_null() {
    let app = app().await;
    let before = all(&app).await;
    for text in [
        r#"mutation($i: Boolean = true) { createOwner(input: {id: "z", name: "z"}) { id name @include(if: $i) } }"#,
        r#"mutation($i: Boolean = true) { createOwner(input: {id: "z", name: "z"}) @include(if: $i) { id } }"#,
        r#"mutation($i: Boolean = false) { a: createOwner(input: {id: "z", name: "z"}) { id } b: deleteOwner(id: "o1") @skip(if: $i) { id } }"#,
        r#"mutation($i: Boolean = false) { deleteOwner(id: "o1") { ...F @skip(if: $i) } } fragment F on Owner { toys { totalCount } }"#,
        r#"mutation($i: Boolean = true) { updateOwners(where: {}, all: true, set: {name: "z"}) { count @include(if: $i) } }"#,
        r#"mutation($i: Boolean = true) { ... @include(if: $i) { deleteOwners(where: {}, all: true) { count } } }"#,
    ] {
        let answer = app.query(text, json!({"i": null})).await;
        assert!(answer["errors"][0].is_object() && answer["data"].is_null(), "{text}\n{answer:#}");
        assert_eq!(all(&app).await, before, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_that_can_only_be_null_are_refused() {
    let app = app().await;
    for place in PLACES {
        for directive in ["include", "skip"] {
            for condition in ["null", "\"true\"", "1", "[true]", "$none", "TRUE"] {
                let text = place.replace("@if", &format!("@{directive}(if: {condition})"));
                super::refused(&app, &text, Json::Null).await;
            }
            super::refused(&app, &place.replace("@if", &format!("@{directive}")), Json::Null).await;
            for definition in
                ["$i: Boolean", "$i: Boolean = null", "$i: String = \"true\"", "$i: [Boolean!] = true"]
            {
                let text = place.replace("@if", &format!("@{directive}(if: $i)"));
                super::refused(&app, &format!("query({definition}) {text}"), json!({"i": true})).await;
            }
            let text = place.replace("@if", &format!("@{directive}(if: $i)"));
            for given in [json!({}), json!({"i": null}), json!({"i": "true"}), json!({"i": 1})] {
                super::refused(&app, &format!("query($i: Boolean!) {text}"), given).await;
            }
            super::refused(&app, &format!("query($i: Boolean! = true) {text}"), json!({"i": null})).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_conditions_have_to_hold() {
    let app = app().await;
    for (skip, include) in [(false, false), (false, true), (true, false), (true, true)] {
        let given = json!({"s": skip, "i": include});
        let name = if include && !skip { json!({"id": "o1", "name": "Ada"}) } else { json!({"id": "o1"}) };
        for directives in ["@skip(if: $s) @include(if: $i)", "@include(if: $i) @skip(if: $s)"] {
            for place in
                [format!("name {directives}"), format!("... {directives} {{ ... on Owner {{ name }} }}")]
            {
                let text =
                    format!("query($s: Boolean!, $i: Boolean!) {{ owner(id: \"o1\") {{ id {place} }} }}");
                assert_eq!(app.data(&text, given.clone()).await, json!({ "owner": name }), "{text} {given}");
            }
        }
        // One that is asked for in one place is there, whatever another says.
        let text = "query($s: Boolean!, $i: Boolean!) { owner(id: \"o1\") { id name @skip(if: $s) name @include(if: $i) } }";
        let expected =
            if include || !skip { json!({"id": "o1", "name": "Ada"}) } else { json!({"id": "o1"}) };
        assert_eq!(app.data(text, given.clone()).await, json!({ "owner": expected }), "{text} {given}");
    }
    // A null that nobody comes to decides nothing.
    let text = "query($i: Boolean = true) { owner(id: \"o1\") { id ... @skip(if: true) { name @include(if: $i) } } }";
    assert_eq!(app.data(text, json!({"i": null})).await, json!({"owner": {"id": "o1"}}));
}
