//! Loaders that read an HTTP API.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use axum::{Json as Body, Router};
use serde_json::{Value as Json, json};

use super::{Folder, SDL, SHOPS, SHOPS_DATA, counts};
use crate::support::app::TestApp;

#[tokio::test]
async fn http_pages_are_read_to_the_end_in_spite_of_hiccups() {
    let app = TestApp::new(SDL).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let address = serve(
        Router::new()
            .route(
                "/books",
                get(
                    |State(asked): State<Arc<AtomicUsize>>,
                     headers: HeaderMap,
                     Query(query): Query<HashMap<String, String>>| async move {
                        // Every other request fails.
                        if asked.fetch_add(1, Ordering::SeqCst) % 2 == 0 {
                            return Err((StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "0")]));
                        }
                        assert_eq!(headers["authorization"], "Bearer secret");
                        assert_eq!((query["lang"].as_str(), query["n"].as_str()), ("en", "2"));
                        let page: usize = query["page"].parse().expect("a number");
                        let books: Vec<Json> =
                            (1..=5).map(|n| json!({"isbn": n, "title": format!("Book {n}")})).collect();
                        let items = books.chunks(2).nth(page - 1).unwrap_or_default();
                        Ok(Body(json!({"items": items})))
                    },
                ),
            )
            .with_state(asked.clone()),
    )
    .await;
    let loader = |stop: &str| {
        format!(
            "[source]\nkind = 'http'\nurl = 'http://{address}/books?lang=en'\nitems = '/items'\nbackoff = '1ms'\n\
             headers = {{ authorization = 'Bearer ${{TOKEN}}' }}\n\
             [source.pagination]\nstyle = 'page'\nsize_param = 'n'\nsize = 2\nstop = '{stop}'\n\
             [target]\ntype = 'Book'\non = 'isbn'\n[fields]\nisbn = 'isbn'\ntitle = 'title'\n"
        )
    };
    let folder = Folder::new(&[("books.toml", &loader("empty"))]);
    let summaries = folder.run(&app).await;
    assert_eq!(counts(&summaries), [("books", 5, 0, 0, 0)], "{summaries:?}");
    assert_eq!(asked.swap(0, Ordering::SeqCst), 8, "four pages, each asked for twice");

    folder.write("books.toml", &loader("short"));
    let summaries = folder.run(&app).await;
    assert_eq!(counts(&summaries), [("books", 0, 0, 5, 0)], "{summaries:?}");
    assert_eq!(asked.load(Ordering::SeqCst), 6, "the third page is short");
}

#[tokio::test]
async fn an_api_that_fails_ends_the_import() {
    let app = TestApp::new(SDL).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let failing = |status: StatusCode| {
        let asked = asked.clone();
        get(async move || {
            asked.fetch_add(1, Ordering::SeqCst);
            status
        })
    };
    let router = Router::new()
        .route("/busy", failing(StatusCode::BAD_GATEWAY))
        .route("/denied", failing(StatusCode::FORBIDDEN))
        .route("/odd", get(async || Body(json!({"books": []}))));
    let address = serve(router).await;
    for (path, times, message) in [
        ("busy?key=hidden", 3, "failed 3 times: the server answered 502 Bad Gateway"),
        ("denied", 1, "the server answered 403 Forbidden; check `headers`"),
        ("odd", 0, "is not a list"),
    ] {
        let loader = format!(
            "[source]\nkind = 'http'\nurl = 'http://{address}/{path}'\nretries = 2\nbackoff = '1ms'\n\
             [target]\ntype = 'Book'\non = 'isbn'\n[fields]\nisbn = 'isbn'\ntitle = 'title'\n"
        );
        asked.store(0, Ordering::SeqCst);
        let after = SHOPS.replacen('\n', "\nafter = ['books']\n", 1);
        let folder =
            Folder::new(&[("books.toml", &loader), ("shops.toml", &after), ("shops.json", SHOPS_DATA)]);
        let summaries = folder.run(&app).await;
        assert_eq!(summaries.len(), 1, "what comes after is not run");
        let failure = summaries[0].failure.as_deref().expect("it failed");
        assert!(failure.contains(message) && !failure.contains("hidden"), "{failure}");
        assert_eq!(asked.load(Ordering::SeqCst), times, "{path}");
    }
}

#[tokio::test]
async fn what_was_read_before_a_failure_is_written() {
    let app = TestApp::new(SDL).await;
    let page = get(async |Query(asked): Query<HashMap<String, u64>>| match asked["page"] {
        1 => Ok(Body(json!([{"isbn": "1", "title": "One"}, {"isbn": "2", "title": "Two"}]))),
        _ => Err(StatusCode::FORBIDDEN),
    });
    let address = serve(Router::new().route("/books", page)).await;
    let loader = format!(
        "[source]\nkind = 'http'\nurl = 'http://{address}/books'\n[source.pagination]\nstyle = 'page'\nsize = 2\n\
         [target]\ntype = 'Book'\non = 'isbn'\n[fields]\nisbn = 'isbn'\ntitle = 'title'\n"
    );
    let summaries = Folder::new(&[("books.toml", &loader)]).run(&app).await;
    assert_eq!(counts(&summaries), [("books", 2, 0, 0, 0)], "{summaries:?}");
    assert!(summaries[0].failure.as_deref().is_some_and(|failure| failure.contains("403")), "{summaries:?}");
}

async fn serve(router: Router) -> std::net::SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let address = listener.local_addr().expect("a bound socket has an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}
