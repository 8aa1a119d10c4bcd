//! That a saved document is found by every id that it has, in every place where clients put it, by its name and its text.

use serde_json::{Value as Json, json};

use super::{MEMBERS, assert_refused, file, get, hash, manifests, named, post, setup, stocked};
use crate::support::app::TestApp;

/// Values for the variables of the operations in manifests.
fn variables(text: &str, shop: &str) -> Json {
    match text.contains("mutation") {
        true => json!({ "id": shop, "name": "A" }),
        false => json!({ "city": "Lund" }),
    }
}

async fn by_text(app: &TestApp, text: &str, variables: &Json) -> Json {
    let (status, body) = post(app, &json!({ "query": text, "variables": variables })).await;
    assert_eq!(status, 200, "{text}: {body}");
    assert!(body["data"].as_object().is_some_and(|data| !data.is_empty()), "{body}");
    body
}

#[tokio::test]
async fn documents_of_every_manifest_are_found_wherever_clients_put_their_ids() {
    assert_eq!(manifests().len(), 7);
    for only in [false, true] {
        let (app, shop) = stocked(setup(only)).await;
        for (id, text) in manifests() {
            let variables = variables(&text, &shop);
            let answer = by_text(&app, &text, &variables).await;
            let digest = hash(&text);
            // Every text has its hash as an id too, with the prefix of GraphQL over HTTP and without.
            for id in [&id, &digest, &format!("sha256:{digest}")] {
                for member in MEMBERS {
                    let body = named(member, id, &variables);
                    assert_eq!(post(&app, &body).await, (200, answer.clone()), "{member}: {id}");
                    let by_get = get(&app, &body).await;
                    match text.contains("mutation") {
                        true => assert_eq!(by_get.0, 405, "{member}: {id}"),
                        false => assert_eq!(by_get, (200, answer.clone()), "{member}: {id}"),
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn operations_in_files_are_found_by_their_names() {
    for only in [false, true] {
        let (app, shop) = stocked(setup(only)).await;
        let request = json!({ "operationName": "CityShelf", "variables": { "city": "Lund" } });
        let (status, body) = post(&app, &request).await;
        assert_eq!((status, &body["data"]["bookstores"]["nodes"][0]["name"]), (200, &json!("A")), "{body}");
        assert_eq!(
            body["data"]["bookstores"]["nodes"][0]["books"]["nodes"].as_array().map(Vec::len),
            Some(2)
        );
        assert_eq!(get(&app, &request).await, (200, body));
        let rename = json!({ "operationName": "RenameShop", "variables": { "id": shop, "name": "B" } });
        assert_eq!(get(&app, &rename).await.0, 405);
        let renamed = json!({ "data": { "updateBookstore": { "name": "B" } } });
        assert_eq!(post(&app, &rename).await, (200, renamed));
        // Manifests have ids, and no names that all of them share.
        let other = json!({ "operationName": "Shelf", "variables": { "city": "Lund" } });
        assert_refused(
            &post(&app, &other).await,
            (404, "PERSISTED_QUERY_NOT_IN_LIST"),
            "of the name `Shelf`",
        );
    }
}

#[tokio::test]
async fn a_file_that_is_one_document_can_be_sent_as_it_is() {
    let (app, _) = stocked(setup(true)).await;
    let whole = file("shelf.graphql");
    by_text(&app, &whole, &json!({ "city": "Lund" })).await;
    // Others are an operation and the fragments that it uses.
    let (shops, fragments) = (file("shops.graphql"), file("fragments.graphql"));
    let names = &shops[shops.find("query ShopNames").expect("it is there")..].trim_end();
    let fragment = &fragments[fragments.find("\"What").expect("it is there")..].trim_end();
    by_text(&app, &format!("{names}\n\n{fragment}"), &Json::Null).await;
    for text in [&shops, &fragments, &format!("{shops}{fragments}")] {
        let answer = post(&app, &json!({ "query": text, "operationName": "ShopNames" })).await;
        assert_refused(&answer, (403, "QUERY_NOT_IN_SAFELIST"), "byte for byte");
    }
}

#[tokio::test]
async fn conditions_are_those_of_the_request() {
    let (app, _) = stocked(setup(true)).await;
    for (with, shop) in [(true, json!({ "name": "A", "city": "Lund" })), (false, json!({ "name": "A" }))] {
        let request = json!({ "operationName": "Shops", "variables": { "withCity": with } });
        for _ in 0..2 {
            let expected = json!({ "data": { "bookstores": { "nodes": [shop] } } });
            assert_eq!(post(&app, &request).await, (200, expected));
        }
    }
    let request = json!({ "operationName": "Shops" });
    assert_refused(&post(&app, &request).await, (400, "BAD_USER_INPUT"), "$withCity");
}

#[tokio::test]
async fn ids_that_disagree_are_refused() {
    for only in [false, true] {
        let (app, _) = stocked(setup(only)).await;
        let all = manifests();
        let (id, text) = &all[0];
        let (other, _) = &all[1];
        let variables = json!({ "city": "Lund" });
        for member in MEMBERS {
            let mut body = named(member, id, &variables);
            body["query"] = text.as_str().into();
            assert_eq!(post(&app, &body).await.0, 200, "{member}");
            let mut body = named(member, other, &variables);
            body["query"] = text.as_str().into();
            assert_refused(&post(&app, &body).await, (400, "BAD_USER_INPUT"), member);
        }
        for member in MEMBERS.into_iter().filter(|member| *member != "documentId") {
            let mut body = named(member, id, &variables);
            body["documentId"] = other.as_str().into();
            assert_refused(&post(&app, &body).await, (400, "BAD_USER_INPUT"), "are different ids");
            body["documentId"] = id.as_str().into();
            assert_eq!(post(&app, &body).await.0, 200, "{member}");
        }
        let body = json!({ "documentId": 1, "variables": variables });
        assert_refused(&post(&app, &body).await, (400, "BAD_USER_INPUT"), "`documentId` has to be a string");
        // Other clients number their requests.
        for number in [json!(7), json!("7")] {
            let body = json!({ "id": number, "query": text, "variables": variables });
            assert_eq!(post(&app, &body).await.0, 200);
        }
        let body = json!({ "id": id, "operationName": "Other", "variables": variables });
        assert_refused(&post(&app, &body).await, (400, "BAD_USER_INPUT"), "no operation Other");
    }
}
