//! What routes refuse, and how they say so.

use serde_json::{Value as Json, json};

use super::{Told, get, put, send, setup};

#[tokio::test]
async fn methods_that_a_path_does_not_have_are_refused_with_those_that_it_has() {
    let app = setup().start().await;
    for (path, allowed) in [
        ("/v1/books/1", "DELETE, GET, HEAD, OPTIONS, PUT"),
        ("/v1/books", "GET, HEAD, OPTIONS, POST"),
        ("/v1/search", "OPTIONS, POST"),
    ] {
        let sorted = |told: &Told| {
            let mut all: Vec<String> = told.header("allow").split(", ").map(str::to_owned).collect();
            all.sort();
            all.join(", ")
        };
        let refused = send(&app, "PATCH", path, &[], None).await;
        refused.problem(405, "BAD_USER_INPUT");
        assert_eq!(sorted(&refused), allowed);
        let options = send(&app, "OPTIONS", path, &[], None).await;
        assert_eq!((options.status.as_u16(), sorted(&options)), (204, allowed.to_owned()));
    }
    let head = send(&app, "HEAD", "/v1/titles", &[], None).await;
    assert_eq!((head.status.as_u16(), &*head.text, head.header("content-length")), (200, "", "2"));
    let nowhere = get(&app, "/v1/nothing").await;
    assert_eq!(nowhere.status.as_u16(), 404);
}

#[tokio::test]
async fn media_types_are_negotiated() {
    let app = setup().start().await;
    let body = "{\"title\": \"A\"}";
    for (kind, status) in
        [("application/json; charset=utf-8", 200), ("text/plain", 415), ("application/xml", 415), ("", 415)]
    {
        let mut request = app.http.put(app.url("/v1/books/1")).body(body);
        if !kind.is_empty() {
            request = request.header("content-type", kind);
        }
        let told = request.send().await.expect("an answer");
        assert_eq!(told.status().as_u16(), status, "{kind}");
    }
    for (accept, status) in
        [("application/json", 200), ("*/*", 200), ("text/html", 406), ("application/json;q=0", 406)]
    {
        let told = send(&app, "GET", "/v1/books/1", &[("accept", accept)], None).await;
        assert_eq!(told.status.as_u16(), status, "{accept}");
    }
    // There is nothing to accept.
    let gone = send(&app, "DELETE", "/v1/books/1", &[("accept", "text/html")], None).await;
    assert_eq!(gone.status.as_u16(), 204);
}

/// Where the only fault of a problem is.
fn place(problem: &Json) -> (&str, &str) {
    let error = &problem["errors"][0];
    let text = |name: &str| error[name].as_str().unwrap_or_default();
    (text("in"), if error["pointer"].is_null() { text("parameter") } else { text("pointer") })
}

#[tokio::test]
async fn faults_have_their_places() {
    let app = setup().start().await;
    let long = "x".repeat(21);
    for (told, expected) in [
        (get(&app, "/v1/books?limit=a").await, ("query", "limit")),
        (get(&app, "/v1/books?limit=1&limit=2").await, ("query", "limit")),
        (get(&app, "/v1/books?limit=").await, ("query", "limit")),
        (get(&app, "/v1/books?limit=%201").await, ("query", "limit")),
        (get(&app, "/v1/books?limit=1.5").await, ("query", "limit")),
        (get(&app, "/v1/books?limit=-1").await, ("query", "limit")),
        (get(&app, "/v1/books?limit=99999999999").await, ("query", "limit")),
        (get(&app, "/v1/books/%ff").await, ("path", "isbn")),
        (put(&app, &format!("/v1/books/{long}"), json!({ "title": "A" })).await, ("path", "isbn")),
        (put(&app, "/v1/books/1", json!({})).await, ("body", "#/title")),
        (put(&app, "/v1/books/1", json!({ "title": null })).await, ("body", "#/title")),
        (put(&app, "/v1/books/1", json!({ "title": "" })).await, ("body", "#/title")),
        (put(&app, "/v1/books/1", json!({ "title": "A", "year": 3001 })).await, ("body", "#/year")),
        (put(&app, "/v1/books/1", json!({ "title": "A", "sold": "true" })).await, ("body", "#/sold")),
        // Over GraphQL it would be a list of one.
        (put(&app, "/v1/books/1", json!({ "title": "A", "tags": "a" })).await, ("body", "#/tags")),
        (
            send(&app, "POST", "/v1/books", &[], Some(json!({ "isbn": "1", "title": "A", "tags": "a" })))
                .await,
            ("body", "#/tags"),
        ),
        (
            send(&app, "POST", "/v1/books", &[], Some(json!({ "isbn": "1", "title": "" }))).await,
            ("body", "#/title"),
        ),
        (
            send(&app, "POST", "/v1/books", &[], Some(json!({ "isbn": "1", "title": "A", "x": 1 }))).await,
            ("body", "#/x"),
        ),
    ] {
        let problem = told.problem(400, "BAD_USER_INPUT");
        assert_eq!(place(&problem), expected, "{problem}");
        assert!(!problem["detail"].as_str().expect("a text").contains('$'), "{problem}");
    }
    // Nothing was written.
    assert_eq!(get(&app, "/v1/titles").await.json(), json!([]));
}

#[tokio::test]
async fn what_is_not_known_is_refused() {
    let app = setup().start().await;
    for (told, part) in [
        (get(&app, "/v1/books?limt=1").await, "did you mean `limit`?"),
        (get(&app, "/v1/titles?x=1").await, "there are none"),
        (put(&app, "/v1/books/1", json!({ "titel": "A" })).await, "did you mean `title`?"),
        (put(&app, "/v1/books/1", json!([])).await, "has to be a JSON object"),
    ] {
        let problem = told.problem(400, "BAD_USER_INPUT");
        assert!(problem["detail"].as_str().expect("a text").contains(part), "{problem}");
    }
    let broken = app.http.put(app.url("/v1/books/1")).header("content-type", "application/json").body("{");
    assert_eq!(broken.send().await.expect("an answer").status().as_u16(), 400);
}

#[tokio::test]
async fn statuses_are_those_of_the_errors() {
    let app = setup().start().await;
    let sell = |headers: &'static [(&str, &str)]| {
        send(&app, "POST", "/v1/books/1/sold", headers, Some(json!({ "note": "n" })))
    };
    sell(&[]).await.problem(404, "NOT_FOUND");
    put(&app, "/v1/books/1", json!({ "title": "A" })).await;
    let other = sell(&[("if-version", "7")]).await.problem(409, "VERSION_MISMATCH");
    assert_eq!(other["version"], 1, "{other}");
    let path = "/v1/books/1/sold";
    let twice = app
        .http
        .post(app.url(path))
        .header("if-version", "1")
        .header("if-version", "2")
        .json(&json!({ "note": "n" }));
    assert_eq!(twice.send().await.expect("an answer").status().as_u16(), 400);
    assert_eq!(sell(&[("if-version", "1")]).await.status.as_u16(), 200);
    let foreign = send(&app, "GET", "/v1/titles", &[("sec-fetch-site", "cross-site")], None).await;
    foreign.problem(403, "FORBIDDEN");
}
