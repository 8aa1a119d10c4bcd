//! Several mutations in one operation, variables, and mutations that are none.

use reqwest::StatusCode;
use serde_json::{Value as Json, json};

use super::{On, SHOP, faults, stock};

on_every_place!(
    mutations_run_in_their_order,
    one_that_fails_leaves_the_others,
    answers_have_their_relations,
    a_mutation_by_get_is_refused,
    skipped_mutations_do_not_run,
);

async fn mutations_run_in_their_order(on: On) {
    let app = on.app(SHOP).await;
    stock(&app, &["a"], &[]).await;
    let text = r#"mutation($id: ID!, $price: Int = 3) {
        first: createBook(input: {id: $id, title: "t", price: 1, shopId: "a"}) { price version }
        ...second
        ... on Mutation { third: updateBook(id: $id, set: {price: $price}) { price version } }
        fourth: deleteBook(id: $id) { price version }
        fifth: createBook(input: {id: $id, title: "u", shopId: "a"}) { price version }
    }
    fragment second on Mutation { second: updateBook(id: $id, set: {price: 2}) { price version } }"#;
    let done = app.data(text, json!({"id": "1"})).await;
    let book = |price: Json, version: i64| json!({"price": price, "version": version});
    let expected = json!({
        "first": book(json!(1), 1), "second": book(json!(2), 2), "third": book(json!(3), 3),
        "fourth": book(json!(3), 3), "fifth": book(json!(null), 1),
    });
    assert_eq!(done, expected);
    let keys: Vec<&String> = done.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["first", "second", "third", "fourth", "fifth"]);
    // Each of many, in turn.
    let aliases: String = (0..30)
        .map(|i| {
            format!("m{i}: updateBook(id: \"1\", ifVersion: {}, set: {{price: {i}}}) {{ version }} ", i + 1)
        })
        .collect();
    let done = app.data(&format!("mutation {{ {aliases} }}"), json!({})).await;
    assert_eq!(done["m29"]["version"], 31);
}

async fn one_that_fails_leaves_the_others(on: On) {
    let app = on.app(SHOP).await;
    stock(&app, &["a"], &[("a/1", 1)]).await;
    let text = r#"mutation {
        a: createBook(input: {id: "2", title: "t", shopId: "a"}) { id }
        b: createBook(input: {id: "2", title: "t", shopId: "a"}) { id }
        c: updateBook(id: "9", set: {price: 2}) { id }
        d: updateBook(id: "1", set: {price: 2}) { price }
        e: upsertBook(on: ISBN, input: {title: "t", shopId: "a"}) { id }
        f: updateBooks(where: {id: {eq: "1"}}, set: {title: "u"}) { count }
    }"#;
    let response = app.query(text, json!({})).await;
    let expected =
        json!({"a": {"id": "2"}, "b": null, "c": null, "d": {"price": 2}, "e": null, "f": {"count": 1}});
    assert_eq!(response["data"], expected);
    let expected = json!([
        {"code": "CONFLICT", "field": "id", "path": ["b"]},
        {"code": "NOT_FOUND", "path": ["c"]},
        {"code": "BAD_USER_INPUT", "argument": ["input", "isbn"], "path": ["e"]},
    ]);
    assert_eq!(faults(&response), expected);
    let found = app.data("{ books { nodes { id title price } } }", json!({})).await;
    let expected = json!([{"id": "1", "title": "u", "price": 2}, {"id": "2", "title": "t", "price": null}]);
    assert_eq!(found["books"]["nodes"], expected);
}

async fn answers_have_their_relations(on: On) {
    let app = on.app(SHOP).await;
    stock(&app, &["a", "b"], &[("a/1", 1), ("a/2", 2)]).await;
    let text = r#"mutation {
        made: createBook(input: {id: "3", title: "t", price: 3, shopId: "a"}) { ...shop }
        moved: updateBook(id: "1", set: {shopId: "b"}) { ...shop }
        gone: deleteBook(id: "2") { id ...shop }
        last: deleteShop(id: "b") { name books { totalCount } }
    }
    fragment shop on Book { shop { id books(orderBy: [{field: PRICE, direction: DESC}]) { nodes { id shop { id } } } } }"#;
    let done = app.data(text, json!({})).await;
    let shop = |id: &str, books: &[&str]| {
        let books: Vec<Json> = books.iter().map(|book| json!({"id": book, "shop": {"id": id}})).collect();
        json!({"id": id, "books": {"nodes": books}})
    };
    let expected = json!({
        "made": {"shop": shop("a", &["3", "2", "1"])},
        "moved": {"shop": shop("b", &["1"])},
        "gone": {"id": "2", "shop": shop("a", &["3"])},
        "last": {"name": "b", "books": {"totalCount": 0}},
    });
    assert_eq!(done, expected);
}

async fn a_mutation_by_get_is_refused(on: On) {
    let app = on.app(SHOP).await;
    stock(&app, &["a"], &[("a/1", 1)]).await;
    let get = async |query: &str, name: &str| {
        let mut url = reqwest::Url::parse(&app.url("/graphql")).expect("an address");
        url.query_pairs_mut().extend_pairs([("query", query), ("operationName", name)]);
        app.http.get(url).send().await.expect("the server answers")
    };
    let text = "query Q { books { totalCount } } mutation M { deleteBook(id: \"1\") { id } }";
    let refused = get(text, "M").await;
    assert_eq!(refused.status(), StatusCode::METHOD_NOT_ALLOWED);
    let read = get(text, "Q").await;
    assert_eq!(read.status(), StatusCode::OK);
    let body = read.text().await.expect("a body");
    assert_eq!(body, "{\"data\":{\"books\":{\"totalCount\":1}}}");
}

async fn skipped_mutations_do_not_run(on: On) {
    let app = on.app(SHOP).await;
    stock(&app, &["a"], &[("a/1", 1)]).await;
    let text = "mutation($yes: Boolean!) {
        gone: deleteBook(id: \"1\") @skip(if: $yes) { id }
        moved: updateBook(id: \"1\", set: {price: 2}) @include(if: $yes) { price } }";
    assert_eq!(app.data(text, json!({"yes": true})).await, json!({"moved": {"price": 2}}));
    assert_eq!(app.data(text, json!({"yes": false})).await, json!({"gone": {"id": "1"}}));
}
