//! Loaders that read an HTTP API.

use std::collections::HashMap;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json as Body, Router};
use parking_lot::Mutex;
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

/// A loader of books from an address, with more keys of its source.
fn books(url: &str, more: &str) -> String {
    format!(
        "[source]\nkind = 'http'\nurl = '{url}'\nretries = 1\nbackoff = '1ms'\n{more}\n\
         [target]\ntype = 'Book'\non = 'isbn'\n[fields]\nisbn = 'isbn'\ntitle = 'title'\n"
    )
}

/// A server that keeps the headers it is sent, and what it answers with.
async fn keeps_headers(answer: impl Fn() -> Response + Clone + Send + Sync + 'static) -> (SocketAddr, Seen) {
    let seen = Seen::default();
    let keep = seen.clone();
    let handler = async move |headers: HeaderMap| {
        keep.lock().push(headers);
        answer()
    };
    (serve(Router::new().fallback(get(handler))).await, seen)
}

type Seen = Arc<Mutex<Vec<HeaderMap>>>;

#[tokio::test]
async fn secrets_go_to_the_loaders_own_server_only() {
    let app = TestApp::new(SDL).await;
    let one = || Body(json!([{"isbn": "1", "title": "One"}])).into_response();
    for status in [301, 302, 303, 307, 308] {
        let (other, seen_there) = keeps_headers(one).await;
        let seen_here = Seen::default();
        let keep = seen_here.clone();
        let redirect = move |to: String| {
            let keep = keep.clone();
            get(async move |headers: HeaderMap| {
                keep.lock().push(headers);
                let status = StatusCode::from_u16(status).expect("a status");
                (status, [("location", to)], "")
            })
        };
        let router = Router::new()
            .route("/here", redirect("/there?x=1".to_owned()))
            .route("/there", redirect(format!("http://{other}/books")))
            .route("/loop", redirect("/loop".to_owned()))
            .route("/odd", redirect("ftp://x/y".to_owned()));
        let address = serve(router).await;
        let headers =
            "headers = { authorization = 'Bearer ${TOKEN}', x-api-key = '${TOKEN}', cookie = 'a=${TOKEN}' }";
        let folder =
            Folder::new(&[("books.toml", &books(&format!("http://u:p@{address}/here?key=secret"), headers))]);
        let summaries = folder.run(&app).await;
        assert!(summaries[0].is_clean(), "{summaries:?}");

        let own: Vec<HeaderMap> = std::mem::take(&mut *seen_here.lock());
        assert_eq!(own.len(), 2);
        for headers in own {
            assert_eq!(headers["x-api-key"], "secret", "the same server still needs it");
            assert!(!headers.contains_key("referer"));
        }
        let there = std::mem::take(&mut *seen_there.lock());
        assert_eq!(there.len(), 1);
        let text = format!("{:?}", there[0]);
        assert!(
            !text.contains("secret") && !text.contains("here") && !text.contains("authorization"),
            "{text}"
        );
        for (path, reason) in
            [("loop", "redirects more than 10 times"), ("odd", "to no address that can be read")]
        {
            folder.write("books.toml", &books(&format!("http://{address}/{path}"), headers));
            let summaries = folder.run(&app).await;
            assert!(
                summaries[0].failure.as_deref().is_some_and(|text| text.contains(reason)),
                "{summaries:?}"
            );
        }
    }
}

#[tokio::test]
async fn bodies_are_bounded_packed_or_not() {
    let app = TestApp::new(SDL).await;
    let book = |length: usize| {
        let mut text = json!([{"isbn": "1", "title": "One"}]).to_string();
        text += &" ".repeat(length - text.len());
        text
    };
    let packed = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(text.as_bytes()).expect("memory can be written");
        encoder.finish().expect("memory can be written")
    };
    let plain = |text: String| get(async move || text);
    let gzip = |text: String| get(async move || ([("content-encoding", "gzip")], packed(&text)));
    let endless = get(async || {
        let spaces = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 65_536]));
        axum::body::Body::from_stream(spaces)
    });
    let router = Router::new()
        .route("/fits", plain(book(100_000)))
        .route("/fits-packed", gzip(book(100_000)))
        .route("/large", plain(book(100_001)))
        .route("/large-packed", gzip(book(100_001)))
        .route("/bomb", gzip(book(50_000_000)))
        .route("/endless", endless);
    let address = serve(router).await;
    for (path, fits) in [
        ("fits", true),
        ("fits-packed", true),
        ("large", false),
        ("large-packed", false),
        ("bomb", false),
        ("endless", false),
    ] {
        let loader = books(&format!("http://{address}/{path}"), "max_body = '100KB'");
        let summaries = Folder::new(&[("books.toml", &loader)]).run(&app).await;
        let failure = summaries[0].failure.as_deref().unwrap_or_default();
        assert_eq!(failure.is_empty(), fits, "{path}: {summaries:?}");
        assert!(fits || failure.contains("more than 100000 bytes"), "{failure}");
    }
}

#[tokio::test]
async fn an_api_says_in_its_own_way_that_there_is_no_more() {
    let app = TestApp::new(SDL).await;
    let pages = |end: Response| {
        let end = Arc::new(Mutex::new(Some(end)));
        get(async move |Query(query): Query<Vec<(String, String)>>| {
            let pages: Vec<&str> =
                query.iter().filter(|(name, _)| name == "page").map(|(_, value)| value.as_str()).collect();
            match pages[..] {
                ["1"] => Body(json!([{"isbn": "1", "title": "One"}])).into_response(),
                ["2"] => Body(json!([{"isbn": "2", "title": "Two"}])).into_response(),
                ["3"] => end.lock().take().expect("it is asked for once"),
                _ => (StatusCode::IM_A_TEAPOT, "one page at a time").into_response(),
            }
        })
    };
    type Answer = fn() -> Response;
    let ends: [(&str, Answer); 4] = [
        ("404", || StatusCode::NOT_FOUND.into_response()),
        ("410", || StatusCode::GONE.into_response()),
        ("204", || StatusCode::NO_CONTENT.into_response()),
        ("'no body'", || " \n".into_response()),
    ];
    for (end, answer) in ends {
        for (stop_at, is_clean) in [(end, true), ("405", false)] {
            let address = serve(Router::new().route("/books", pages(answer()))).await;
            let more = format!("[source.pagination]\nstyle = 'page'\nstop_at = [{stop_at}]");
            // The page in the address is the first one only.
            let url = format!("http://{address}/books?page=7&x=%20&page=9");
            let summaries = Folder::new(&[("books.toml", &books(&url, &more))]).run(&app).await;
            assert_eq!(summaries[0].created + summaries[0].unchanged, 2, "{end}: {summaries:?}");
            assert_eq!(summaries[0].is_clean(), is_clean, "{end}: {summaries:?}");
            let failure = summaries[0].failure.as_deref().unwrap_or_default();
            assert!(is_clean || failure.contains("stop_at") || end == "410", "{failure}");
        }
    }
    for wrong in ["404", "[500]", "[429]", "[200]", "['empty']", "[404.0]"] {
        let more = format!("[source.pagination]\nstyle = 'page'\nstop_at = {wrong}");
        let faults = Folder::new(&[("books.toml", &books("http://a/b", &more))]).load(&app, &[]).err();
        let faults = faults.expect("faulty");
        assert!(
            faults[0].starts_with("books.toml: source.pagination.stop_at: this has to be a list"),
            "{faults:?}"
        );
    }
}
