//! The description of routes, and a fuzzer that looks for differences between it and what the routes do.

use serde_json::json;

use super::{get, put, setup};
use crate::support::fuzz::assert_described;

#[tokio::test]
async fn routes_are_described_for_programs_and_for_people() {
    let app = setup().start().await;
    let told = get(&app, "/openapi.json").await;
    assert_eq!((told.status.as_u16(), told.header("content-type")), (200, "application/json"));
    let openapi = told.json();
    assert_eq!(openapi["openapi"], "3.1.0");
    let paths: Vec<&String> = openapi["paths"].as_object().expect("paths").keys().collect();
    assert_eq!(paths.len(), 6, "{paths:?}");
    let put = &openapi["paths"]["/v1/books/{isbn}"]["put"];
    let body = &put["requestBody"]["content"]["application/json"]["schema"];
    let year = json!({ "type": ["integer", "null"], "format": "int32", "minimum": -3000, "maximum": 3000 });
    assert_eq!((&body["properties"]["year"], &body["required"]), (&year, &json!(["title"])));
    let isbn = json!({ "type": "string", "minLength": 1, "maxLength": 20 });
    assert_eq!(put["parameters"][0]["schema"], isbn, "{put}");
    let row = &put["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(row["properties"]["sold"], json!({ "type": ["boolean", "null"] }), "{row}");
    let page = get(&app, "/openapi").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.text.contains("/v1/books/{isbn}") && page.text.contains("RemoveBook"), "{}", page.text);
    // Without routes there is nothing to describe.
    let bare = crate::support::app::TestApp::new(super::SDL).await;
    assert_eq!(get(&bare, "/openapi.json").await.status.as_u16(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fuzzer_finds_no_difference_between_the_description_and_the_routes() {
    let app = setup().start().await;
    put(&app, "/v1/books/1", json!({ "title": "A" })).await;
    assert_described(app.url("/openapi.json"), &[]).await;
}
