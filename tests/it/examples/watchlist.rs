//! `examples/watchlist`: each sentence of its specification that a client can see.

use serde_json::{Value as Json, json};

use super::{on_both, send, token};
use crate::support::fuzz::assert_described;
use crate::support::program::Serving;

const HARBOUR: &str = "37fc12f8-5c7f-4a0d-bcdb-32890b3911de";
const FERRY: &str = "ccb380b2-115b-4197-8c6c-977582f08d99";
const SALT: &str = "c7a859bd-603c-415c-8f47-dcac1aaed5bf";
const UNKNOWN: &str = "00000000-0000-4000-8000-000000000000";

/// The next event in the log, as it was sent.
fn event(serving: &mut Serving) -> Json {
    let line = serving.until_logged("event");
    match &line["payload"] {
        Json::String(text) => serde_json::from_str(text).expect("a payload is JSON"),
        payload => payload.clone(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_is_that_of_its_specification() {
    on_both("watchlist", |mut serving| async move {
        let ann = token(&json!({ "sub": "ann", "country": "SE" }));
        let bob = token(&json!({ "sub": "bob", "country": "US" }));
        let serving = &mut serving;
        let progress = |id: &str| format!("/v1/progress/{id}");
        let entry = |id: &str| format!("/v1/watchlist/{id}");

        // Nobody is somebody.
        assert_eq!(send(serving, "", ("GET", "/v1/progress"), None).await.0, 401);

        // Progress: put, put again, put back; the last one wins.
        assert_eq!(send(serving, &ann, ("GET", "/v1/progress"), None).await, (200, json!([])));
        assert_eq!(send(serving, &ann, ("GET", &progress(HARBOUR)), None).await.0, 404);
        for (at, previous, is_told) in
            [(1135, json!(null), true), (1135, json!(1135), false), (2000, json!(1135), true), (7, json!(2000), false)]
        {
            let put = send(serving, &ann, ("PUT", &progress(HARBOUR)), Some(json!({ "progress": at }))).await;
            let expected = json!({ "asset": HARBOUR, "progress": at });
            assert_eq!(put, (200, expected.clone()));
            assert_eq!(send(serving, &ann, ("GET", &progress(HARBOUR)), None).await, (200, expected.clone()));
            assert_eq!(send(serving, &ann, ("GET", "/v1/progress"), None).await, (200, json!([expected])));
            if is_told {
                let viewed = json!({ "event": "viewed", "assetId": HARBOUR, "oldProgress": previous, "newProgress": at });
                assert_eq!(event(serving), viewed);
            }
        }
        // Everybody has their own.
        assert_eq!(send(serving, &bob, ("GET", "/v1/progress"), None).await, (200, json!([])));
        assert_eq!(send(serving, &bob, ("DELETE", &progress(HARBOUR)), None).await.0, 200);
        assert_eq!(send(serving, &ann, ("GET", &progress(HARBOUR)), None).await.0, 200);

        // What is refused.
        for (id, body, status) in [
            ("nonsense", json!({ "progress": 1 }), 400),
            (HARBOUR, json!({ "progress": "1" }), 400),
            (HARBOUR, json!({ "progress": -1 }), 400),
            (HARBOUR, json!({}), 400),
            (HARBOUR, json!([]), 400),
            (UNKNOWN, json!({ "progress": 1 }), 404),
            // Not available where she is.
            (FERRY, json!({ "progress": 1 }), 404),
            (HARBOUR, json!({ "progress": 5401 }), 416),
        ] {
            let (got, told) = send(serving, &ann, ("PUT", &progress(id)), Some(body.clone())).await;
            assert_eq!(got, status, "{id} {body}: {told}");
        }
        assert_eq!(send(serving, &ann, ("PUT", &progress(HARBOUR)), Some(json!({ "progress": 5400 }))).await.0, 200);
        assert_eq!(event(serving)["newProgress"], 5400);

        // Deletes never look at the asset, and may be repeated.
        for id in [HARBOUR, HARBOUR, UNKNOWN, FERRY] {
            assert_eq!(send(serving, &ann, ("DELETE", &progress(id)), None).await.0, 200, "{id}");
        }
        assert_eq!(send(serving, &ann, ("DELETE", &progress("nonsense")), None).await.0, 400);
        assert_eq!(send(serving, &ann, ("GET", "/v1/progress"), None).await, (200, json!([])));

        // The watchlist: repeats are no events.
        for id in [HARBOUR, HARBOUR, SALT] {
            assert_eq!(send(serving, &ann, ("PUT", &entry(id)), None).await, (200, json!(id)));
        }
        assert_eq!(send(serving, &ann, ("PUT", &entry(FERRY)), None).await.0, 404);
        assert_eq!(send(serving, &bob, ("PUT", &entry(FERRY)), None).await.0, 200);
        assert_eq!(send(serving, &ann, ("GET", "/v1/watchlist"), None).await, (200, json!([HARBOUR, SALT])));
        for id in [HARBOUR, HARBOUR, UNKNOWN] {
            assert_eq!(send(serving, &ann, ("DELETE", &entry(id)), None).await.0, 200, "{id}");
        }
        assert_eq!(send(serving, &ann, ("GET", "/v1/watchlist"), None).await, (200, json!([SALT])));
        let mut told: Vec<(Json, Json)> = Vec::new();
        for _ in 0..4 {
            let event = event(serving);
            told.push((event["event"].clone(), event["assetId"].clone()));
        }
        told.sort_by_key(|(event, asset)| format!("{event}{asset}"));
        let added = json!("added-to-watchlist");
        assert_eq!(
            told,
            [
                (added.clone(), json!(HARBOUR)),
                (added.clone(), json!(SALT)),
                (added, json!(FERRY)),
                (json!("removed-from-watchlist"), json!(HARBOUR)),
            ]
        );

        // These routes, and nothing else.
        assert_eq!(send(serving, &ann, ("POST", &progress(HARBOUR)), None).await.0, 405);
        let query = json!({ "query": "{ assets { totalCount } }" });
        assert_eq!(send(serving, &ann, ("POST", "/graphql"), Some(query)).await.0, 403);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn its_description_is_true() {
    on_both("watchlist", |serving| async move {
        let ann = token(&json!({ "sub": "ann", "country": "SE" }));
        let headers = [format!("Authorization: Bearer {ann}")];
        assert_described(format!("http://{}/openapi.json", serving.address), &headers).await;
    })
    .await;
}
