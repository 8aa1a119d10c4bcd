//! That saved operations have answers, plans and metrics as others have: shared however they are asked for, right after
//! a write on another server, and at hand whatever else is asked.

use serde_json::{Value as Json, json};

use super::{MEMBERS, file, hash, manifests, named, post, setup, stocked};
use crate::support::app::{CacheKind, StoreKind, TestApp};

#[tokio::test]
async fn an_answer_is_kept_for_all_ways_to_ask_for_it() {
    for only in [false, true] {
        let (app, _) = stocked(setup(only)).await;
        let text = file("shelf.graphql");
        let variables = json!({ "city": "Lund" });
        let mut asked = vec![
            json!({ "query": text, "variables": variables }),
            json!({ "query": text, "operationName": "CityShelf", "variables": variables }),
            json!({ "operationName": "CityShelf", "variables": variables }),
        ];
        asked.extend(MEMBERS.map(|member| named(member, &hash(&text), &variables)));
        let kept = async |result| {
            app.metric("oponn_graphql_kept_total", &[("what", "answer"), ("result", result)]).await
        };
        // Filling the cache changes what an answer was made from.
        let mut first = (0, Json::Null);
        for _ in 0..3 {
            first = post(&app, &asked[0]).await;
        }
        let (hits, misses) = (kept("hit").await, kept("miss").await);
        for body in &asked {
            assert_eq!(post(&app, body).await, first);
        }
        assert_eq!((kept("hit").await, kept("miss").await), (hits + asked.len() as u64, misses));
    }
}

#[tokio::test]
async fn servers_with_the_same_operations_share_what_is_cached() {
    for (store, cache) in [(StoreKind::Sqlite, CacheKind::Redis), (StoreKind::Mongo, CacheKind::Redis)] {
        let (one, shop) = stocked(setup(true).on(store, cache)).await;
        let other = TestApp::beside(&one).await;
        let shops = json!({ "operationName": "ShopNames" });
        let text = file("shelf.graphql");
        let shelf = named("documentId", &hash(&text), &json!({ "city": "Lund" }));
        for name in ["B", "C"] {
            let (renaming, _) =
                manifests().into_iter().find(|(_, text)| text.contains("mutation")).expect("one");
            let rename = named("documentId", &renaming, &json!({ "id": shop, "name": name }));
            assert_eq!(post(&other, &rename).await.0, 200);
            for app in [&one, &other] {
                let expected = json!({ "data": { "bookstores": { "nodes": [{ "name": name }] } } });
                assert_eq!(post(app, &shops).await, (200, expected));
                let (_, body) = post(app, &shelf).await;
                assert_eq!(body["data"]["bookstores"]["nodes"][0]["name"], name, "{body}");
            }
        }
    }
}

#[tokio::test]
async fn nothing_else_drives_saved_documents_and_their_plans_out() {
    let setup = setup(false).api(|limits| (limits.documents, limits.answers) = (64 << 10, 0));
    let (app, _) = stocked(setup).await;
    let saved = json!({ "operationName": "ShopNames" });
    let kept = async |what, result| {
        app.metric("oponn_graphql_kept_total", &[("what", what), ("result", result)]).await
    };
    for round in 0..200 {
        let (documents, plans) = (kept("document", "miss").await, kept("plan", "miss").await);
        assert_eq!(post(&app, &saved).await.0, 200);
        assert_eq!((kept("document", "miss").await, kept("plan", "miss").await), (documents, plans));
        let other = format!("{{ a{round}: __typename }}");
        assert_eq!(post(&app, &json!({ "query": other })).await.0, 200);
        assert_eq!(kept("document", "miss").await, documents + 1, "it is another text");
    }
}

#[tokio::test]
async fn ways_to_ask_are_counted() {
    let (app, _) = stocked(setup(false)).await;
    let (id, saved) = &manifests()[0];
    let variables = json!({ "city": "Lund" });
    let text = |text: &str| json!({ "query": text, "variables": variables });
    for (body, by) in [
        (named("documentId", id, &variables), "id"),
        (json!({ "operationName": "ShopNames" }), "name"),
        (text(saved), "text"),
        (named("sha256Hash", &hash("{ __typename }"), &Json::Null), "unknown"),
        (named("doc_id", "1", &Json::Null), "unknown"),
        (text("{ __typename }"), "other"),
    ] {
        let before = app.metric("oponn_graphql_saved_total", &[("by", by)]).await;
        let all = app.metric("oponn_graphql_saved_total", &[]).await;
        post(&app, &body).await;
        assert_eq!(app.metric("oponn_graphql_saved_total", &[("by", by)]).await, before + 1, "{body}");
        assert_eq!(app.metric("oponn_graphql_saved_total", &[]).await, all + 1, "{body}");
    }
}
