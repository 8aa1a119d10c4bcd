//! Pages: Relay's connection rules, cursors, and the limits on them.

use serde_json::{Value as Json, json};

use super::{SDL, create, ids};
use crate::support::app::{CacheKind, StoreKind, TestApp};

const PAGE: &str = "query($first: Int, $after: String, $last: Int, $before: String, $offset: Int) {
    books(orderBy: [{field: YEAR, direction: DESC}], first: $first, after: $after, last: $last, before: $before, offset: $offset) {
        nodes { id } edges { cursor node { id } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";

/// 25 books, five of each year, so that most neighbours are tied.
async fn library(cache: CacheKind) -> (TestApp, Vec<String>) {
    let app = TestApp::with(SDL).on(StoreKind::Sqlite, cache).start().await;
    let book = |n: usize| json!({ "id": format!("b{n:02}"), "title": "t", "year": 2000 + n % 5 });
    create(&app, "Book", "Books", json!((0..25).map(book).collect::<Vec<_>>())).await;
    let mut order: Vec<usize> = (0..25).collect();
    order.sort_by_key(|n| (std::cmp::Reverse(n % 5), *n));
    (app, order.into_iter().map(|n| format!("b{n:02}")).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_forward_and_backward_tile_the_list() {
    for cache in [CacheKind::Memory, CacheKind::None] {
        let (app, all) = library(cache).await;
        for size in [1, 4, 7, 25, 26] {
            let mut forward = Vec::new();
            let mut after = Json::Null;
            loop {
                let list = app.data(PAGE, json!({ "first": size, "after": after })).await["books"].take();
                assert_eq!(list["pageInfo"]["hasPreviousPage"], !forward.is_empty());
                forward.extend(ids(&list));
                assert_eq!(list["pageInfo"]["hasNextPage"], forward.len() < all.len());
                after = list["pageInfo"]["endCursor"].clone();
                if list["pageInfo"]["hasNextPage"] == false {
                    break;
                }
            }
            assert_eq!(forward, all, "pages of {size} forward");
            let mut backward: Vec<String> = Vec::new();
            let mut before = Json::Null;
            loop {
                let list = app.data(PAGE, json!({ "last": size, "before": before })).await["books"].take();
                assert_eq!(list["pageInfo"]["hasNextPage"], !backward.is_empty());
                backward.splice(0..0, ids(&list));
                assert_eq!(list["pageInfo"]["hasPreviousPage"], backward.len() < all.len());
                before = list["pageInfo"]["startCursor"].clone();
                if list["pageInfo"]["hasPreviousPage"] == false {
                    break;
                }
            }
            assert_eq!(backward, all, "pages of {size} backward");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_combine() {
    for cache in [CacheKind::Memory, CacheKind::None] {
        let (app, all) = library(cache).await;
        let whole = app.data(PAGE, json!({ "first": 25 })).await["books"].take();
        let cursor = |n: usize| whole["edges"][n]["cursor"].clone();
        let cases = [
            (json!({ "first": 3, "offset": 5 }), 5..8),
            (json!({ "first": 3, "offset": 24 }), 24..25),
            (json!({ "first": 3, "offset": 25 }), 25..25),
            (json!({ "first": 10, "after": cursor(4), "before": cursor(9) }), 5..9),
            (json!({ "last": 2, "after": cursor(4), "before": cursor(9) }), 7..9),
            (json!({ "first": 2, "after": cursor(4), "offset": 2 }), 7..9),
            (json!({ "first": 0 }), 0..0),
            (json!({ "last": 3 }), 22..25),
            (json!({}), 0..20),
        ];
        for (arguments, expected) in cases {
            let list = app.data(PAGE, arguments.clone()).await["books"].take();
            assert_eq!(ids(&list), all[expected.clone()], "{arguments}");
            let rows = !expected.is_empty();
            if rows {
                assert_eq!(list["pageInfo"]["hasPreviousPage"], expected.start > 0, "{arguments}");
                assert_eq!(list["pageInfo"]["hasNextPage"], expected.end < all.len(), "{arguments}");
            }
            assert_eq!(list["pageInfo"]["startCursor"].is_null(), !rows);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_holds_its_place_when_its_row_is_gone() {
    let (app, all) = library(CacheKind::Memory).await;
    let list = app.data(PAGE, json!({ "first": 3 })).await["books"].take();
    let end = list["pageInfo"]["endCursor"].clone();
    app.data("mutation($id: ID!) { deleteBook(id: $id) { id } }", json!({ "id": all[2] })).await;
    let next = app.data(PAGE, json!({ "first": 3, "after": end })).await["books"].take();
    assert_eq!(ids(&next), all[3..6]);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_arguments_are_named() {
    let (app, _) = library(CacheKind::Memory).await;
    let other = app
        .data("{ books(first: 1, orderBy: [{field: TITLE}]) { pageInfo { endCursor } } }", Json::Null)
        .await;
    let foreign = other["books"]["pageInfo"]["endCursor"].clone();
    let cases = [
        (json!({ "first": -1 }), "first"),
        (json!({ "first": 1_001 }), "first"),
        (json!({ "first": 1, "last": 1 }), "last"),
        (json!({ "last": 1, "offset": 1 }), "offset"),
        (json!({ "after": "nonsense" }), "after"),
        (json!({ "before": "AAAAAAAAAAAA" }), "before"),
        (json!({ "after": foreign }), "after"),
    ];
    for (arguments, at) in cases {
        let response = app.query(PAGE, arguments.clone()).await;
        let error = &response["errors"][0];
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{arguments}: {response}");
        assert_eq!(error["extensions"]["argument"], json!([at]), "{arguments}: {response}");
        assert_eq!(error["path"], json!(["books"]));
    }
}

/// A list over several types has to read what it passes over.
#[tokio::test(flavor = "multi_thread")]
async fn an_offset_has_the_bound_that_the_api_tells() {
    let (app, _) = library(CacheKind::Memory).await;
    let text = "{ __type(name: \"Query\") { fields { name args { name description } } } }";
    let described = app.data(text, Json::Null).await;
    for (list, most, told) in [("books", i64::from(i32::MAX), false), ("fruits", 10_000, true)] {
        let named = |of: &Json, name: &str| {
            let all = of.as_array().expect("a list").clone();
            all.into_iter().find(|one| one["name"] == name).expect("it is there")
        };
        let offset = named(&named(&described["__type"]["fields"], list)["args"], "offset");
        let description = offset["description"].as_str().expect("it is described");
        assert_eq!(description.contains("10000"), told, "{description}");
        let at = |offset: i64| format!("{{ {list}(offset: {offset}) {{ nodes {{ id }} }} }}");
        assert_eq!(app.data(&at(most), Json::Null).await[list]["nodes"], json!([]));
        let refused = app.query(&at(most + 1), Json::Null).await;
        let error = &refused["errors"][0];
        assert!(refused["data"].is_null() && error.is_object(), "{refused}");
        if told {
            assert_eq!(error["extensions"]["argument"], json!(["offset"]));
            assert!(error["message"].as_str().is_some_and(|text| text.contains("10000")), "{error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_beyond_what_a_batch_holds_are_read_from_the_store() {
    let app = TestApp::with(SDL).engine(|engine| engine.limits.rows = 10).start().await;
    let book = |n: usize| json!({ "id": format!("b{n:02}"), "title": "t", "year": n });
    create(&app, "Book", "Books", json!((0..30).map(book).collect::<Vec<_>>())).await;
    let text = "query($after: String, $offset: Int) { books(first: 4, after: $after, offset: $offset) {
        totalCount nodes { id } pageInfo { hasNextPage hasPreviousPage endCursor } } }";
    let mut seen = Vec::new();
    let mut after = Json::Null;
    for page in 0..8 {
        let list = app.data(text, json!({ "after": after })).await["books"].take();
        assert_eq!(list["totalCount"], 30);
        assert_eq!(list["pageInfo"]["hasPreviousPage"], page > 0);
        after = list["pageInfo"]["endCursor"].clone();
        seen.extend(ids(&list));
    }
    assert_eq!(seen, (0..30).map(|n| format!("b{n:02}")).collect::<Vec<_>>());
    let far = app.data(text, json!({ "offset": 28 })).await["books"].take();
    assert_eq!(ids(&far), ["b28", "b29"]);
    assert!(app.metric("oponn_cache_reads_total", &[("kind", "batch"), ("result", "bypass")]).await > 0);
}
