//! Answers that have changed are made anew once, however many ask; those that are sent often are compressed once.

use std::io::Read;

use flate2::read::GzDecoder;
use futures_util::future::join_all;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, VARY};
use serde_json::{Value as Json, json};

use super::{PLACES, SDL, stocked, warm};
use crate::support::app::TestApp;

const LIST: &str = "{ books(orderBy: [{field: PRICE}]) { nodes { id title price version shop { name } } } }";

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_while_an_answer_is_made_anew_waits_for_it() {
    for (store, cache) in PLACES {
        let app = stocked(TestApp::with(SDL).on(store, cache)).await;
        warm(&app, LIST, &Json::Null).await;
        let made =
            async || app.metric("oponn_graphql_kept_total", &[("what", "answer"), ("result", "miss")]).await;
        let before = made().await;
        for price in 0..20 {
            let text = format!("mutation {{ updateBook(id: \"b1\", set: {{price: {price}}}) {{ price }} }}");
            app.data(&text, Json::Null).await;
            let answers = join_all((0..32).map(|_| app.data(LIST, Json::Null))).await;
            for answer in &answers {
                assert_eq!(answer["books"]["nodes"][0]["price"], json!(price));
                assert_eq!(answer, &answers[0]);
            }
        }
        assert_eq!(made().await - before, 20, "each change has the answer made anew once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_answer_is_sent_compressed_and_is_the_same() {
    let app = stocked(TestApp::with(SDL)).await;
    let title = "A Title of Some Length ".repeat(20);
    let text = "mutation($t: String!) { updateBooks(where: {}, all: true, set: {title: $t}) { count } }";
    app.data(text, json!({ "t": title })).await;
    warm(&app, LIST, &Json::Null).await;
    let ask = async |encoding: &str| {
        let request = app.http.post(app.url("/graphql")).json(&json!({ "query": LIST }));
        let response = request.header(ACCEPT_ENCODING, encoding).send().await.expect("the server answers");
        let header =
            |name| response.headers().get_all(name).iter().map(|it| it.to_str().expect("text").to_owned());
        let (coding, vary) = (header(CONTENT_ENCODING).next(), header(VARY).collect::<Vec<_>>().join(","));
        (coding, vary, response.bytes().await.expect("it is whole"))
    };
    for price in [11, 12] {
        let text = format!("mutation {{ updateBook(id: \"b1\", set: {{price: {price}}}) {{ price }} }}");
        app.data(&text, Json::Null).await;
        warm(&app, LIST, &Json::Null).await;
        let (coding, _, plain) = ask("identity").await;
        assert_eq!(coding, None);
        let answer: Json = serde_json::from_slice(&plain).expect("it is JSON");
        assert_eq!(answer["data"]["books"]["nodes"][0]["price"], json!(price));
        for _ in 0..2 {
            let (coding, vary, packed) = ask("br, gzip").await;
            assert_eq!(coding.as_deref(), Some("gzip"));
            assert!(vary.contains("accept-encoding") && vary.contains("accept"), "{vary}");
            assert!(packed.len() < plain.len() / 2);
            let mut unpacked = Vec::new();
            GzDecoder::new(&*packed).read_to_end(&mut unpacked).expect("it is gzip");
            assert_eq!(unpacked, plain);
        }
    }
}
