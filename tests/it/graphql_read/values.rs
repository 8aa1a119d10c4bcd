//! Stored values: those of other programs, and those that do not fit their declared type.

use bson::doc;
use oponn::store::Write;
use serde_json::{Value as Json, json};

use super::{SDL, create};
use crate::support::app::{CacheKind, StoreKind, TestApp};

async fn insert(app: &TestApp, ty: &str, document: bson::Document) {
    let written = app.engine.store().write(vec![Write::Insert { ty: ty.into(), document }]).await;
    assert!(written.iter().all(Result::is_ok), "{written:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_does_not_fit_is_an_error_at_its_place() {
    for (store, cache) in [(StoreKind::Sqlite, CacheKind::Memory), (StoreKind::Mongo, CacheKind::Redis)] {
        let app = TestApp::with(SDL).on(store, cache).start().await;
        create(&app, "Book", "Books", json!([{ "id": "good", "title": "Good", "year": 1 }])).await;
        insert(
            &app,
            "Book",
            doc! { "_id": "nullable", "title": "Odd year", "year": "MCM", "tags": ["a", 1] },
        )
        .await;
        insert(&app, "Book", doc! { "_id": "required", "title": 5 }).await;
        app.engine.cache().clear().await.expect("the cache can be cleared");
        let response = app.query("{ books { nodes { id title year tags } } }", Json::Null).await;
        assert_eq!(
            response["data"]["books"]["nodes"],
            json!([
                { "id": "good", "title": "Good", "year": 1, "tags": null },
                { "id": "nullable", "title": "Odd year", "year": null, "tags": null },
                null,
            ])
        );
        let paths: Vec<&Json> =
            response["errors"].as_array().expect("errors").iter().map(|error| &error["path"]).collect();
        assert_eq!(
            paths,
            [
                &json!(["books", "nodes", 1, "year"]),
                &json!(["books", "nodes", 1, "tags", 1]),
                &json!(["books", "nodes", 2, "title"]),
            ]
        );
        assert_eq!(app.metric("oponn_values_misfit_total", &[("type", "Book"), ("field", "year")]).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_of_other_programs_are_read_and_updated() {
    let app = TestApp::with(SDL).on(StoreKind::Mongo, CacheKind::Redis).start().await;
    let database = app.database().await;
    let shop = doc! { "_id": "s", "name": " The  OLD Shop ", "extra": { "kept": true } };
    database.collection("shops").insert_one(shop).await.expect("a shop can be inserted");
    let book = doc! { "_id": "b", "title": "Bare", "year": 1999.0, "shopId": "s" };
    database.collection("books").insert_one(book).await.expect("a book can be inserted");
    app.engine.store().prepare().await.expect("normalised keys can be added");
    let text = r#"{ book(id: "b") { title year shop { name } } shopByName(name: "the old shop") { id } }"#;
    let seen = app.data(text, Json::Null).await;
    assert_eq!(seen["book"], json!({ "title": "Bare", "year": 1999, "shop": { "name": " The  OLD Shop " } }));
    assert_eq!(seen["shopByName"], json!({ "id": "s" }));
    let text = r#"mutation { updateShop(id: "s", set: {name: "New"}) { name } updateBook(id: "b", set: {year: 2000}, ifVersion: 0) { year } }"#;
    let changed = app.data(text, Json::Null).await;
    assert_eq!(changed["updateBook"]["year"], 2000);
    let seen = app
        .data(
            r#"{ old: shopByName(name: "the old shop") { id } new: shopByName(name: "NEW ") { id } }"#,
            Json::Null,
        )
        .await;
    assert_eq!(seen, json!({ "old": null, "new": { "id": "s" } }));
}

#[tokio::test(flavor = "multi_thread")]
async fn typename_aliases_fragments_and_directives() {
    let app = TestApp::new(SDL).await;
    create(&app, "Shop", "Shops", json!([{ "id": "s", "name": "S", "address": { "city": "Linz" } }])).await;
    create(&app, "Book", "Books", json!([{ "id": "b", "title": "B", "shopId": "s" }])).await;
    let text = r#"
        query Shelf($with: Boolean!, $without: Boolean = true) {
            __typename
            first: book(id: "b") { ...Parts title: id ... on Book { name: title } shop { __typename } }
            none: book(id: "nothing") { id }
            shop(id: "s") { address { city town: city __typename zip } books { __typename edges { __typename node { __typename } } } }
        }
        fragment Parts on Book { isbn @include(if: $with) year @skip(if: $without) shop { id ...Shop } }
        fragment Shop on Shop { name @include(if: $with) }
    "#;
    let seen = app.data(text, json!({ "with": true })).await;
    assert_eq!(
        seen,
        json!({
            "__typename": "Query",
            "first": { "isbn": null, "shop": { "id": "s", "name": "S", "__typename": "Shop" }, "title": "b", "name": "B" },
            "none": null,
            "shop": {
                "address": { "city": "Linz", "town": "Linz", "__typename": "Address", "zip": null },
                "books": { "__typename": "BookConnection", "edges": [{ "__typename": "BookEdge", "node": { "__typename": "Book" } }] },
            },
        })
    );
    let seen = app.data(text, json!({ "with": false, "without": false })).await;
    assert_eq!(
        seen["first"],
        json!({ "year": null, "shop": { "id": "s", "__typename": "Shop" }, "title": "b", "name": "B" })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_of_another_form_shares_the_batch() {
    let app = TestApp::new(SDL).await;
    let book = |n: usize| json!({ "id": format!("b{n}"), "title": format!("T{n}"), "year": n });
    create(&app, "Book", "Books", json!((0..9).map(book).collect::<Vec<_>>())).await;
    let forms = [
        (
            r#"{ books(where: {and: [{year: {gt: 2}}, {title: {in: ["T3", "T4"]}}]}) { nodes { id } } }"#,
            Json::Null,
        ),
        (
            r#"{ books(where: {title: {in: ["T4", "T3", "T4"]}, year: {gt: 2}}) { nodes { id } } }"#,
            Json::Null,
        ),
        (
            r#"query($w: BookWhere) { books(where: $w, orderBy: []) { nodes { id } } }"#,
            json!({ "w": { "and": [{ "title": { "in": ["T3", "T4"] } }, { "and": [{ "year": { "gt": 2 } }] }] } }),
        ),
    ];
    let mut operations = Vec::new();
    for (text, variables) in forms {
        let before = app.store_operations().await;
        let list = app.data(text, variables).await;
        assert_eq!(super::ids(&list["books"]), ["b3", "b4"]);
        operations.push(app.store_operations().await - before);
    }
    assert_eq!(operations, [1, 0, 0]);
}
