//! What routes answer, and when an answer is served again.

use serde_json::json;

use super::{get, put, send, setup};
use crate::support::app::{CacheKind, StoreKind};

#[tokio::test]
async fn routes_write_and_read_on_every_store_and_cache() {
    for (store, cache) in [(StoreKind::Sqlite, CacheKind::Memory), (StoreKind::Mongo, CacheKind::Redis)] {
        let app = setup().on(store, cache).start().await;
        let book = json!({ "isbn": "1", "title": "A", "author": "x", "year": -5, "sold": null });
        get(&app, "/v1/books/1").await.problem(404, "NOT_FOUND");
        let maybe = get(&app, "/v1/maybe/1").await;
        assert_eq!((maybe.status.as_u16(), &*maybe.text), (204, ""));
        let body = json!({ "title": "A", "author": "x", "year": -5 });
        // Put twice, it is there once.
        for _ in 0..2 {
            let made = put(&app, "/v1/books/1", body.clone()).await;
            assert_eq!((made.status.as_u16(), made.json()), (200, book.clone()), "{made:?}");
            assert_eq!(made.header("cache-control"), "no-store");
        }
        let input = json!({ "isbn": "2", "title": "B" });
        let made = send(&app, "POST", "/v1/books", &[], Some(input.clone())).await;
        assert_eq!((made.status.as_u16(), &made.json()["isbn"]), (201, &json!("2")), "{made:?}");
        send(&app, "POST", "/v1/books", &[], Some(input)).await.problem(409, "CONFLICT");
        assert_eq!(get(&app, "/v1/titles").await.json(), json!(["A", "B"]));
        assert_eq!(get(&app, "/v1/books?by=x&by=z").await.json(), json!([book]));
        assert_eq!(get(&app, "/v1/books?limit=1").await.json(), json!([book]));
        let found = send(&app, "POST", "/v1/search", &[], Some(json!({ "title": "A" }))).await;
        assert_eq!(found.json(), json!({ "books": { "totalCount": 1 } }), "{found:?}");
        let sold = send(&app, "POST", "/v1/books/1/sold", &[], Some(json!({ "note": "n" }))).await;
        let both = json!({ "updateBookByIsbn": { "sold": true }, "createNote": { "text": "n" } });
        assert_eq!(sold.json(), both, "{sold:?}");
        for _ in 0..2 {
            let gone = send(&app, "DELETE", "/v1/books/1", &[], None).await;
            assert_eq!((gone.status.as_u16(), &*gone.text), (204, ""));
        }
        assert_eq!(get(&app, "/v1/titles").await.json(), json!(["B"]));
    }
}

#[tokio::test]
async fn an_answer_that_the_client_has_is_not_sent_again() {
    let app = setup().start().await;
    put(&app, "/v1/books/1", json!({ "title": "A" })).await;
    let first = get(&app, "/v1/books/1").await;
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with("W/\""), "{first:?}");
    assert_eq!(first.header("cache-control"), "private, no-cache");
    let other = "\"other\"";
    for known in [tag.clone(), tag[2..].to_owned(), format!("{other}, {tag}"), "*".to_owned()] {
        for method in ["GET", "HEAD"] {
            let again = send(&app, method, "/v1/books/1", &[("if-none-match", &known)], None).await;
            assert_eq!((again.status.as_u16(), &*again.text), (304, ""), "{known}: {again:?}");
            assert_eq!(again.header("etag"), tag);
        }
    }
    let fresh = send(&app, "GET", "/v1/books/1", &[("if-none-match", other)], None).await;
    assert_eq!((fresh.status.as_u16(), &fresh.text), (200, &first.text));
    put(&app, "/v1/books/1", json!({ "title": "B" })).await;
    let changed = send(&app, "GET", "/v1/books/1", &[("if-none-match", &tag)], None).await;
    assert_eq!((changed.status.as_u16(), &changed.json()["title"]), (200, &json!("B")));
    assert_ne!(changed.header("etag"), tag);
}

#[tokio::test]
async fn a_route_shares_neither_its_answers_with_graphql_nor_those_of_other_parts() {
    let app = setup().start().await;
    put(&app, "/v1/books/1", json!({ "title": "A" })).await;
    let by_name = json!({ "operationName": "Titles" });
    for _ in 0..6 {
        assert_eq!(get(&app, "/v1/titles").await.json(), json!(["A"]));
        let told = send(&app, "POST", "/graphql", &[], Some(by_name.clone())).await;
        assert_eq!(told.json()["data"]["books"]["nodes"], json!([{ "title": "A" }]), "{told:?}");
    }
    // Read from the store, then from the cache, then kept.
    assert!(app.metric("oponn_graphql_kept_total", &[("what", "answer"), ("result", "hit")]).await >= 4);
}

#[tokio::test]
async fn large_answers_are_compressed_for_those_who_like_that() {
    let app = setup().start().await;
    for isbn in 0..60 {
        put(&app, &format!("/v1/books/{isbn:02}"), json!({ "title": format!("{isbn:0>100}") })).await;
    }
    let plain = get(&app, "/v1/titles").await;
    for _ in 0..3 {
        let packed = send(&app, "GET", "/v1/titles", &[("accept-encoding", "gzip")], None).await;
        assert_eq!(
            (packed.header("content-encoding"), packed.header("etag")),
            ("gzip", plain.header("etag"))
        );
        assert!(packed.header("vary").contains("accept-encoding"));
    }
}
