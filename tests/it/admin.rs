//! The admin listener: probes and metrics apart from what is for clients.

use serde_json::{Value as Json, json};

use crate::bounds::until;
use crate::support::app::client;
use crate::support::program::{Folder, Ran, Serving};
use crate::support::raw::Raw;

const PROBES: [&str; 3] = ["/healthz", "/readyz", "/metrics"];
const CLIENTS: [&str; 3] = ["/", "/graphql?query=%7B__typename%7D", "/graphiql/start.js"];

/// A server with an admin listener, and where that is.
fn apart(settings: &str) -> (Folder, Serving, String) {
    let folder = Folder::with_books();
    folder.write("oponn.toml", &format!("[admin]\nlisten = '127.0.0.1:0'\n{settings}"));
    let serving = folder.serve(&[]);
    let ready = serving.lines.iter().find(|line| line["message"] == "ready").expect("it is ready");
    let admin = ready["admin"].as_str().expect("an address").to_owned();
    (folder, serving, admin)
}

async fn get(address: &str, path: &str) -> (u16, String) {
    let response = client().get(format!("http://{address}{path}")).send().await.expect("the server answers");
    (response.status().as_u16(), response.text().await.expect("text"))
}

#[tokio::test]
async fn each_listener_has_its_own_paths() {
    let (_folder, serving, admin) = apart("");
    for (here, there, paths) in [(&admin, &serving.address, PROBES), (&serving.address, &admin, CLIENTS)] {
        for path in paths {
            assert_eq!(get(here, path).await.0, 200, "{path}");
            let (status, body) = get(there, path).await;
            assert_eq!(status, 404, "{path}: {body}");
            let body: Json = serde_json::from_str(&body).expect("JSON");
            assert_eq!(body["errors"][0]["extensions"]["code"], "NOT_FOUND", "{path}: {body}");
        }
    }
    let wrong = client().post(format!("http://{admin}/metrics")).send().await.expect("the server answers");
    assert_eq!(wrong.status(), 405);
    let requests = get(&admin, "/metrics").await.1;
    assert!(requests.contains(r#"oponn_http_requests_total{route="graphql",status="200"} 1"#), "{requests}");
    assert_eq!(serving.stop().0, Some(0));
}

#[tokio::test]
async fn connections_of_both_are_bounded_together_and_probes_get_through() {
    let (_folder, serving, admin) = apart("[server]\nconnections = 2\nconnections_per_address = 2\n");
    let (mut client, mut operator) = (Raw::connect(&serving.address).await, Raw::connect(&admin).await);
    client.query("{ __typename }").await;
    assert_eq!(client.answer().await.expect("an answer").status, 200);
    assert_eq!(operator.get("/healthz").await.status, 200);
    for path in PROBES {
        let answer = Raw::connect(&admin).await.get(path).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.head.contains("connection: close\r\n"), "{answer:?}");
    }
    for path in PROBES.into_iter().chain(CLIENTS) {
        assert_eq!(Raw::connect(&serving.address).await.get(path).await.status, 503, "{path}");
    }
    drop(client);
    until(async || {
        let mut raw = Raw::connect(&serving.address).await;
        raw.query("{ __typename }").await;
        raw.answer().await.is_some_and(|answer| answer.status == 200)
    })
    .await;
}

#[tokio::test]
async fn both_stop_together() {
    let (_folder, serving, admin) = apart("");
    let (mut client, mut operator) = (Raw::connect(&serving.address).await, Raw::connect(&admin).await);
    client.query("{ __typename }").await;
    assert_eq!(client.answer().await.expect("an answer").status, 200);
    assert_eq!(operator.get("/healthz").await.status, 200);
    let (code, log) = serving.stop();
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("cut off"), "idle connections are closed at once: {log}");
    assert!(operator.answer().await.is_none() && client.answer().await.is_none());
}

#[test]
fn an_address_that_cannot_be_used_is_told() {
    let folder = Folder::with_books();
    let admin = |address: &str| {
        let mut command = folder.command(&["--listen=127.0.0.1:0"]);
        Ran(command.env("OPONN_ADMIN_LISTEN", address).output().expect("the program runs"))
    };
    admin("nowhere").assert(
        2,
        "",
        "environment variable OPONN_ADMIN_LISTEN is `nowhere`; it has to be a host and",
    );
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let taken = taken.local_addr().expect("a bound socket has an address").to_string();
    let ran = admin(&taken);
    ran.assert(1, "", &format!("admin.listen: {taken} cannot be used"));
    ran.assert(1, "", "Set another address with OPONN_ADMIN_LISTEN or `admin.listen`");
}

#[tokio::test]
async fn without_it_everything_is_at_one_address() {
    let folder = Folder::with_books();
    let serving = folder.serve(&[]);
    for path in PROBES.into_iter().chain(CLIENTS) {
        assert_eq!(get(&serving.address, path).await.0, 200, "{path}");
    }
    let ready = serving.lines.iter().find(|line| line["message"] == "ready").expect("it is ready");
    assert_eq!(ready.get("admin"), None, "{ready}");
    let answer = serving.query("{ books { totalCount } }").await;
    assert_eq!(answer, json!({"data": {"books": {"totalCount": 2}}}));
}

#[tokio::test]
async fn the_cache_is_looked_at_and_emptied_at_the_admin_listener_only() {
    let (_folder, serving, admin) = apart("");
    let cache = format!("http://{admin}/cache");
    let at = async |method: reqwest::Method, url: &str| {
        let response = client().request(method, url).send().await.expect("the server answers");
        let (status, allow) = (response.status().as_u16(), response.headers().get("allow").cloned());
        let body: Json = response.json().await.unwrap_or_default();
        (status, allow.map(|allow| allow.to_str().expect("text").to_owned()), body)
    };
    let (get, delete) = (reqwest::Method::GET, reqwest::Method::DELETE);
    let books = async || at(get.clone(), &cache).await.2["types"]["Book"]["batches"].clone();
    assert_eq!(books().await, 0);
    let list = "{ books { totalCount } }";
    for part in ["", "?type=Book"] {
        serving.query(list).await;
        assert_eq!(books().await, 1);
        let (status, _, emptied) = at(delete.clone(), &format!("{cache}{part}")).await;
        assert_eq!((status, emptied), (200, json!({ "emptied": ["Book"] })));
        assert_eq!(books().await, 0);
    }
    serving.query(list).await;
    for (part, status, says) in [("?type=Bok", 404, "did you mean `Book`?"), ("?typ=Book", 400, "`type`")] {
        let (got, _, body) = at(delete.clone(), &format!("{cache}{part}")).await;
        let message = body["errors"][0]["message"].as_str().expect("a message");
        assert!(got == status && message.contains(says), "{got} {message}");
    }
    // What a form of another site can send is no way to empty it.
    for method in [reqwest::Method::POST, reqwest::Method::PUT] {
        let (status, allow, _) = at(method, &cache).await;
        assert_eq!((status, allow.as_deref()), (405, Some("GET, HEAD, DELETE")));
    }
    for method in [get.clone(), delete] {
        let (status, ..) = at(method, &format!("http://{}/cache", serving.address)).await;
        assert_eq!(status, 404);
    }
    assert_eq!(books().await, 1);
}
