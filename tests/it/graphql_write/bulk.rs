//! `updateBooks` and `deleteBooks`, below and beyond the bound up to which each document is reconciled
//! on its own.

use serde_json::{Value as Json, json};

use super::watch::Watch;
use super::{On, SHOP, faults, stock};
use crate::support::app::TestApp;

on_every_place!(
    counts_and_lists_are_right_below_and_beyond_the_bound,
    nothing_to_write_counts_nothing,
    faults_name_the_argument,
    a_unique_value_for_many_is_refused,
    normalised_keys_follow,
    bulk_changes_raise_versions,
);

const LISTS: &[&str] = &[
    "{ books(first: 100) { nodes { id price version } totalCount } }",
    "{ books(where: {price: {lt: 5}}, first: 100) { nodes { id } totalCount } }",
    "{ books(where: {price: {eq: 100}}, first: 100) { nodes { id } totalCount } }",
    "{ books(orderBy: [{field: PRICE, direction: DESC}], first: 7) { nodes { id price } } }",
    "{ shops { nodes { id books(first: 100, orderBy: [{field: PRICE}]) { nodes { id } totalCount } } } }",
    "{ book(id: \"03\") { price tags shopId version } }",
];

async fn counts_and_lists_are_right_below_and_beyond_the_bound(on: On) {
    let watch = Watch::start(on.with(SHOP).engine(|options| options.bulk = 5), LISTS).await;
    let names: Vec<String> =
        (0..20).map(|i| format!("{}/{i:02}", if i % 2 == 0 { "a" } else { "b" })).collect();
    let all: Vec<(&str, i64)> = names.iter().zip(0..).map(|(name, price)| (name.as_str(), price)).collect();
    stock(&watch.app, &["a", "b", "c"], &all).await;
    watch.right("the start").await;
    for (text, count) in [
        // 5 of them and 6 of them.
        ("updateBooks(where: {price: {lt: 5}}, set: {price: 100})", 5),
        ("updateBooks(where: {price: {lte: 10}}, set: {price: 101, tags: [\"x\"]})", 6),
        ("updateBooks(where: {}, all: true, set: {shopId: \"c\"})", 20),
        ("updateBooks(where: {shopId: {eq: \"c\"}}, set: {price: 100})", 20),
        ("updateBooks(where: {id: {lt: \"04\"}}, set: {price: 1})", 4),
        ("deleteBooks(where: {price: {eq: 1}})", 4),
        ("deleteBooks(where: {id: {lt: \"12\"}})", 8),
        ("deleteBooks(where: {}, all: true)", 8),
    ] {
        let done = watch.app.data(&format!("mutation {{ done: {text} {{ count }} }}"), json!({})).await;
        assert_eq!(done["done"]["count"], count, "{text}");
        watch.right(text).await;
    }
}

async fn nothing_to_write_counts_nothing(on: On) {
    let app = on.app(SHOP).await;
    stock(&app, &["a"], &[("a/1", 1)]).await;
    let text = r#"mutation {
        a: updateBooks(where: {price: {gt: 1}}, set: {price: 2}) { count }
        b: deleteBooks(where: {and: [{price: {eq: 1}}, {price: {eq: 2}}]}) { count }
        c: deleteBooks(where: {id: {in: []}}) { count __typename }
        d: deleteShops(where: {name: {eq: "b"}}) { count }
    }"#;
    let expected = json!({"a": {"count": 0}, "b": {"count": 0}, "c": {"count": 0, "__typename": "BulkResult"}, "d": {"count": 0}});
    assert_eq!(app.data(text, json!({})).await, expected);
    assert_eq!(
        app.data("{ books { nodes { version } } }", json!({})).await["books"]["nodes"],
        json!([{"version": 1}])
    );
}

async fn faults_name_the_argument(on: On) {
    let app = on.app("type A @collection { id: ID! n: Int @range(max: 3) s: String }").await;
    for (text, arguments) in [
        ("updateAs(where: {s: {matches: \"(\"}}, set: {n: 1})", json!([["where", "s", "matches"]])),
        ("updateAs(where: {}, all: true, set: {n: 4})", json!([["set", "n"]])),
        (
            "deleteAs(where: {id: {eq: \"nonsense\"}, s: {matches: \"[\"}})",
            json!([["where", "id", "eq"], ["where", "s", "matches"]]),
        ),
    ] {
        let refused = app.query(&format!("mutation {{ it: {text} {{ count }} }}"), json!({})).await;
        let found: Vec<Json> = refused["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|error| {
                assert_eq!(
                    (&error["extensions"]["code"], &error["path"]),
                    (&json!("BAD_USER_INPUT"), &json!(["it"])),
                    "{refused}"
                );
                error["extensions"]["argument"].clone()
            })
            .collect();
        assert_eq!(json!(found), arguments, "{text}");
        assert_eq!(refused["data"], json!(null));
    }
}

async fn a_unique_value_for_many_is_refused(on: On) {
    const UNIQUE: &str = "type Book @collection @unique(fields: [\"x\", \"y\"]) {
        id: ID! @id(as: STRING, client: true) isbn: String @unique x: Int y: Int }";
    for bulk in [0, 2, 200] {
        let app = on.with(UNIQUE).engine(|options| options.bulk = bulk).start().await;
        let plain = TestApp::uncached(&app).await;
        let text = "mutation { createBooks(inputs: [{id: \"1\", y: 1}, {id: \"2\", y: 1}, {id: \"3\", y: 2}]) { id } }";
        app.data(text, json!({})).await;
        let lists = "{ books { nodes { isbn x y } } of: books(where: {x: {eq: 1}}) { totalCount }
            bookByIsbn(isbn: \"x\") { isbn } bookByXY(x: 1, y: 1) { id } }";
        let before = app.data(lists, json!({})).await;
        let update = async |set: &str| {
            let text = format!("mutation {{ updateBooks(where: {{y: {{lt: 5}}}}, set: {set}) {{ count }} }}");
            app.query(&text, json!({})).await
        };
        let conflict = |field: &str| json!([{"code": "CONFLICT", "field": field, "path": ["updateBooks"]}]);
        assert_eq!(faults(&update("{isbn: \"x\"}").await), conflict("isbn"));
        assert_eq!(faults(&update("{x: 1, y: 1}").await), conflict("xY"));
        assert_eq!(app.data(lists, json!({})).await, before);
        // Here only the store can tell. One of the documents may have changed; the lists know.
        assert_eq!(faults(&update("{x: 1}").await), conflict("xY"));
        assert_eq!(app.data(lists, json!({})).await, plain.data(lists, json!({})).await);
        assert_eq!(update("{x: null, isbn: null}").await["data"]["updateBooks"]["count"], 3);
        assert_eq!(app.data(lists, json!({})).await, plain.data(lists, json!({})).await);
    }
}

async fn normalised_keys_follow(on: On) {
    const FILES: &str =
        "type File @collection @unique(fields: [\"owner\", \"alias\"], normalize: [TRIM, CASEFOLD]) {
        id: ID! @id(as: STRING, client: true) owner: String alias: String }";
    for bulk in [0, 200] {
        let app = on.with(FILES).engine(|options| options.bulk = bulk).start().await;
        let text = "mutation { createFiles(inputs: [{id: \"1\", owner: \"O\", alias: \"a\"},
            {id: \"2\", owner: \"p\", alias: \"b\"}, {id: \"3\"}]) { id } }";
        app.data(text, json!({})).await;
        let look = "{ old: fileByOwnerAlias(owner: \"o\", alias: \"a\") { id }
            a: fileByOwnerAlias(owner: \"q\", alias: \"A\") { id } b: fileByOwnerAlias(owner: \" Q \", alias: \"b\") { id } }";
        let before = json!({"old": {"id": "1"}, "a": null, "b": null});
        assert_eq!(app.data(look, json!({})).await, before);
        let text = "mutation { updateFiles(where: {owner: {exists: true}}, set: {owner: \"Q \"}) { count } }";
        assert_eq!(app.data(text, json!({})).await["updateFiles"]["count"], 2);
        let after = json!({"old": null, "a": {"id": "1"}, "b": {"id": "2"}});
        assert_eq!(app.data(look, json!({})).await, after);
    }
}

async fn bulk_changes_raise_versions(on: On) {
    let app = on.with(SHOP).engine(|options| options.bulk = 2).start().await;
    stock(&app, &["a"], &[("a/1", 1), ("a/2", 2), ("a/3", 3)]).await;
    let text = r#"mutation {
        few: updateBooks(where: {price: {lt: 3}}, set: {price: 0}) { count }
        many: updateBooks(where: {}, all: true, set: {price: 9}) { count }
        one: updateBook(id: "1", ifVersion: 3, set: {price: 1}) { version }
        two: updateBook(id: "3", ifVersion: 2, set: {price: 1}) { version }
    }"#;
    let expected =
        json!({"few": {"count": 2}, "many": {"count": 3}, "one": {"version": 4}, "two": {"version": 3}});
    assert_eq!(app.data(text, json!({})).await, expected);
}
