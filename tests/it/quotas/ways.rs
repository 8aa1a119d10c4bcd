//! However an operation comes, it is counted.

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::{LIST, SMALL, Told, app, ask, setup};
use crate::support::app::TestApp;
use crate::support::http2::{Http2, whole};

const QUOTA: &str = "[quota]\nrequests = '100/1h'\npoints = '1000/1h'";

async fn post(app: &TestApp, body: &Json) -> Told {
    Told::of(app.http.post(app.url("/graphql")).json(body).send().await.expect("the server answers")).await
}

#[tokio::test]
async fn by_get_by_hash_and_over_http2() {
    let app = app(QUOTA).await;
    let told = ask(&app, LIST, &[]).await.passes();
    assert_eq!((told.left("requests"), told.left("points")), (99, 959));

    let mut url = reqwest::Url::parse(&app.url("/graphql")).expect("an address");
    url.query_pairs_mut().append_pair("query", LIST);
    let told = Told::of(app.http.get(url).send().await.expect("the server answers")).await.passes();
    assert_eq!((told.left("requests"), told.left("points")), (98, 918));

    let hash = hex::encode(Sha256::digest(LIST));
    let hash = json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
    // A text that is not known is a request, and costs nothing.
    let told = post(&app, &json!({ "extensions": hash })).await;
    assert_eq!((told.status, told.left("requests")), (200, 97), "{told:?}");
    let told = post(&app, &json!({ "query": LIST, "extensions": hash })).await.passes();
    assert_eq!((told.left("requests"), told.left("points")), (96, 877));
    let told = post(&app, &json!({ "extensions": hash })).await.passes();
    assert_eq!((told.left("requests"), told.left("points")), (95, 836));

    let mut http2 = Http2::connect(app.url("").trim_start_matches("http://")).await;
    let path = "/graphql?query=%7Bbooks(first:10)%7Bnodes%7Btitle%7D%7D%7D";
    let (status, body) = whole(http2.get(path, &[("oponn-cost", "true")]).await).await;
    let body: Json = serde_json::from_str(&body).expect("JSON");
    assert_eq!((status, &body["extensions"]["cost"]["remaining"]), (200, &json!(795)), "{body}");
    assert_eq!(ask(&app, SMALL, &[]).await.passes().left("requests"), 93);
}

#[tokio::test]
async fn saved_operations_cost_what_their_texts_cost() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let text = LIST.replacen('{', "query List {", 1);
    std::fs::write(folder.path().join("list.graphql"), &text).expect("the file can be written");
    let app = setup(QUOTA).saved(folder.path(), true).start().await;
    let told = post(&app, &json!({ "operationName": "List" })).await.passes();
    assert_eq!((told.left("requests"), told.left("points")), (99, 959));
    let told = ask(&app, &text, &[]).await.passes();
    assert_eq!((told.left("requests"), told.left("points")), (98, 918));
    // What is not saved is a request all the same.
    let told = ask(&app, SMALL, &[]).await;
    assert_eq!((told.status, told.left("requests")), (403, 97), "{told:?}");
}

#[tokio::test]
async fn http2_is_refused_as_well() {
    let app = app("[quota]\nrequests = '1/1h'").await;
    let mut http2 = Http2::connect(app.url("").trim_start_matches("http://")).await;
    assert_eq!(whole(http2.query(SMALL).await).await.0, 200);
    let response = http2.query(SMALL).await.await.expect("the server answers");
    assert_eq!(response.status().as_u16(), 429);
    assert!(response.headers().contains_key("retry-after") && response.headers().contains_key("ratelimit"));
}

#[tokio::test]
async fn each_operation_of_a_batch_is_counted() {
    let app = setup("[quota]\nrequests = '5/1h'\npoints = '50/1h'")
        .options(|options| options.batch_max = Some(10))
        .start()
        .await;
    let batch =
        |queries: &[&str]| Json::Array(queries.iter().map(|query| json!({ "query": query })).collect());
    let codes = |told: &Told| -> Vec<Json> {
        let all = told.body.as_array().expect("a list").iter();
        all.map(|one| one["errors"][0]["extensions"]["code"].clone()).collect()
    };
    // The third costs more than is left, and the fourth does not.
    let told = post(&app, &batch(&[LIST, SMALL, LIST, SMALL])).await;
    assert_eq!(told.status, 200);
    assert_eq!(codes(&told), [json!(null), json!(null), json!("RATE_LIMITED"), json!(null)]);
    assert_eq!((told.left("requests"), told.left("points")), (1, 7));
    // The first of these is the last request.
    let told = post(&app, &batch(&[SMALL, SMALL, SMALL])).await;
    assert_eq!(codes(&told), [json!(null), json!("RATE_LIMITED"), json!("RATE_LIMITED")]);
    // None of these is one.
    post(&app, &batch(&[SMALL, SMALL])).await.refused();
}

#[tokio::test]
async fn a_batch_whose_first_operation_costs_too_much_is_refused_as_a_whole() {
    let app =
        setup("[quota]\npoints = '50/1h'").options(|options| options.batch_max = Some(10)).start().await;
    ask(&app, LIST, &[]).await.passes();
    let create = "mutation { createBook(input: {isbn: \"1\", title: \"A\"}) { __typename } }";
    let told = post(&app, &json!([{ "query": create }, { "query": SMALL }])).await;
    told.refused();
    assert_eq!(ask(&app, "{ books(first: 1) { __typename } }", &[]).await.status, 429);
    assert_eq!(app.metric("oponn_store_operations_total", &[("op", "insert")]).await, 0);
}
