//! Automatic persisted queries: the hash of a text, and the text only when the server does not know it.

use reqwest::Response;
use reqwest::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::support::app::TestApp;

const SDL: &str = "type Book @collection { id: ID! isbn: String! @unique title: String! }";
const QUERY: &str = "query($isbn: String!) { bookByIsbn(isbn: $isbn) { title } }";

fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

fn extensions(hash: &str) -> Json {
    json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } })
}

async fn post(app: &TestApp, body: &Json) -> Response {
    app.http.post(app.url("/graphql")).json(body).send().await.expect("the server answers")
}

async fn get(app: &TestApp, body: &Json) -> Response {
    let mut url = reqwest::Url::parse(&app.url("/graphql")).expect("an address");
    for (name, value) in body.as_object().expect("an object") {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        url.query_pairs_mut().append_pair(name, &text);
    }
    app.http.get(url).send().await.expect("the server answers")
}

async fn read(response: Response) -> (u16, Json) {
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.bytes().await.expect("whole")).expect("JSON"))
}

fn error(message: &str, code: &str) -> Json {
    json!({ "errors": [{ "message": message, "extensions": { "code": code } }] })
}

fn not_found() -> (u16, Json) {
    (200, error("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND"))
}

/// The text is known by its hash, for values of its variables.
async fn is_known(app: &TestApp, text: &str, variables: Json) -> bool {
    let (status, body) =
        read(post(app, &json!({ "variables": variables, "extensions": extensions(&hash(text)) })).await)
            .await;
    assert_eq!(status, 200, "{body}");
    body.get("data").is_some()
}

#[tokio::test]
async fn a_text_is_sent_once() {
    for by_get in [false, true] {
        let app = TestApp::new(SDL).await;
        let create = "mutation { createBook(input: {isbn: \"1\", title: \"A\"}) { id } }";
        app.data(create, Json::Null).await;
        let send = async |body: Json| match by_get {
            true => get(&app, &body).await,
            false => post(&app, &body).await,
        };
        let (variables, extensions) = (json!({ "isbn": "1" }), extensions(&hash(QUERY)));
        let short = json!({ "variables": variables, "extensions": extensions });
        let long = json!({ "query": QUERY, "variables": variables, "extensions": extensions });
        let answer = (200, json!({ "data": { "bookByIsbn": { "title": "A" } } }));
        let response = send(short.clone()).await;
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store", "the next answer is another");
        assert_eq!(read(response).await, not_found());
        assert_eq!(read(send(long).await).await, answer);
        for _ in 0..2 {
            assert_eq!(read(send(short.clone()).await).await, answer);
        }
        let other = json!({ "variables": { "isbn": "2" }, "extensions": short["extensions"] });
        assert_eq!(read(send(other).await).await, (200, json!({ "data": { "bookByIsbn": null } })));
        for (result, count) in [("hit", 3), ("miss", 1)] {
            let labels = [("what", "persisted"), ("result", result)];
            assert_eq!(app.metric("oponn_graphql_kept_total", &labels).await, count, "{result}");
        }
    }
}

#[tokio::test]
async fn the_forms_in_which_clients_leave_a_text_out() {
    let app = TestApp::new(SDL).await;
    let text = "{ __typename }";
    let known = json!({ "query": text, "extensions": extensions(&hash(text)) });
    post(&app, &known).await;
    let upper = hash(text).to_uppercase();
    for body in [
        json!({ "extensions": extensions(&hash(text)) }),
        json!({ "query": null, "extensions": extensions(&hash(text)) }),
        json!({ "query": "", "extensions": extensions(&hash(text)) }),
        json!({ "extensions": extensions(&upper) }),
    ] {
        assert_eq!(read(post(&app, &body).await).await, (200, json!({ "data": { "__typename": "Query" } })));
    }
    // Whatever type of answer is accepted, what is not known is told with 200.
    for accept in ["application/json", "application/graphql-response+json"] {
        let request = app.http.post(app.url("/graphql")).header(ACCEPT, accept);
        let body = json!({ "extensions": extensions(&hash("{ other: __typename }")) });
        let response = request.json(&body).send().await.expect("the server answers");
        assert!(response.headers()[CONTENT_TYPE].to_str().expect("text").starts_with(accept));
        assert_eq!(read(response).await, not_found());
    }
}

#[tokio::test]
async fn what_is_wrong_is_told() {
    let app = TestApp::new(SDL).await;
    let text = "{ __typename }";
    let other = hash("{ other: __typename }");
    let persisted = |persisted: Json| json!({ "query": text, "extensions": { "persistedQuery": persisted } });
    for (body, part) in [
        (persisted(json!({ "version": 1, "sha256Hash": other })), "is not the SHA-256 of `query`"),
        (persisted(json!({ "version": 2, "sha256Hash": hash(text) })), "version` has to be 1"),
        (persisted(json!({ "version": "1", "sha256Hash": hash(text) })), "version` has to be 1"),
        (persisted(json!({ "sha256Hash": hash(text) })), "version` has to be 1"),
        (persisted(json!({ "version": 1 })), "sha256Hash` has to be"),
        (persisted(json!({ "version": 1, "sha256Hash": "" })), "sha256Hash` has to be"),
        (persisted(json!({ "version": 1, "sha256Hash": &other[1..] })), "sha256Hash` has to be"),
        (persisted(json!({ "version": 1, "sha256Hash": "ö".repeat(32) })), "sha256Hash` has to be"),
        (persisted(json!([1, 2])), "persistedQuery` has to be an object"),
    ] {
        for response in [post(&app, &body).await, get(&app, &body).await] {
            let (status, answer) = read(response).await;
            assert_eq!((status, &answer["errors"][0]["extensions"]["code"]), (400, &json!("BAD_USER_INPUT")));
            assert!(answer["errors"][0]["message"].as_str().is_some_and(|it| it.contains(part)), "{answer}");
        }
    }
    assert!(
        !is_known(&app, "{ other: __typename }", Json::Null).await && !is_known(&app, text, Json::Null).await
    );
}

#[tokio::test]
async fn only_what_was_carried_out_is_kept() {
    let app = TestApp::new(SDL).await;
    let mutation = "mutation { createBook(input: {isbn: \"1\", title: \"A\"}) { title } }";
    for (text, variables) in [
        ("{", Json::Null),
        ("rubbish", Json::Null),
        ("{ nothing }", Json::Null),
        ("subscription { books { totalCount } }", Json::Null),
        (QUERY, json!({ "isbn": 1 })),
    ] {
        let body = json!({ "query": text, "variables": variables, "extensions": extensions(&hash(text)) });
        assert_eq!(post(&app, &body).await.status(), 400, "{text}");
        assert!(!is_known(&app, text, json!({ "isbn": "1" })).await, "{text}");
    }
    // Nor does a hash make a mutation out of a GET.
    let body = json!({ "query": mutation, "extensions": extensions(&hash(mutation)) });
    assert_eq!(get(&app, &body).await.status(), 405);
    assert!(!is_known(&app, mutation, Json::Null).await);
    assert_eq!(post(&app, &body).await.status(), 200);
    let short = json!({ "extensions": extensions(&hash(mutation)) });
    assert_eq!(get(&app, &short).await.status(), 405);
}

#[tokio::test]
async fn a_batch_may_have_some_that_are_not_known() {
    let app = TestApp::with(SDL).options(|options| options.batch_max = Some(3)).start().await;
    let text = "{ __typename }";
    let known = json!({ "query": text, "extensions": extensions(&hash(text)) });
    let short = json!({ "extensions": extensions(&hash(text)) });
    let unknown = json!({ "extensions": extensions(&hash("{ other: __typename }")) });
    let (status, body) = read(post(&app, &json!([known, unknown, short])).await).await;
    let data = json!({ "data": { "__typename": "Query" } });
    assert_eq!((status, body), (200, json!([data, not_found().1, data])));
}

#[tokio::test]
async fn the_room_is_bounded() {
    let app = TestApp::with(SDL).options(|options| options.persisted = 64 << 10).start().await;
    let text = |number: usize| format!("{{ a{number}: __typename }} #{}", " ".repeat(1_000));
    for number in 0..500 {
        let text = text(number);
        let body = json!({ "query": text, "extensions": extensions(&hash(&text)) });
        assert_eq!(post(&app, &body).await.status(), 200);
        assert!(is_known(&app, &text, Json::Null).await, "there is always room for one more");
    }
    let mut kept = 0;
    for number in 0..500 {
        kept += usize::from(is_known(&app, &text(number), Json::Null).await);
    }
    assert!((1..=64).contains(&kept), "{kept} texts of a kilobyte are in 64 KiB");
    // One that would push many others out is carried out, but not kept.
    let large = format!("{{ large: __typename }} #{}", " ".repeat(5_000));
    let body = json!({ "query": large, "extensions": extensions(&hash(&large)) });
    assert_eq!(post(&app, &body).await.status(), 200);
    assert!(!is_known(&app, &large, Json::Null).await);
}

#[tokio::test]
async fn they_can_be_turned_off() {
    let app = TestApp::with(SDL).options(|options| options.persisted = 0).start().await;
    let text = "{ __typename }";
    let short = json!({ "extensions": extensions(&hash(text)) });
    let expected = (200, error("PersistedQueryNotSupported", "PERSISTED_QUERY_NOT_SUPPORTED"));
    assert_eq!(read(post(&app, &short).await).await, expected);
    assert_eq!(read(get(&app, &short).await).await, expected);
    let long = json!({ "query": text, "extensions": extensions(&hash(text)) });
    assert_eq!(read(post(&app, &long).await).await, (200, json!({ "data": { "__typename": "Query" } })));
    assert_eq!(read(post(&app, &short).await).await, expected);
}
