//! Several servers: counting each for itself, together in Redis, and without it.

use redis::aio::MultiplexedConnection;
use serde_json::json;

use super::{LIST, SMALL, Told};
use crate::support::app::client;
use crate::support::program::{Folder, Serving};
use crate::support::proxy::Proxy;
use crate::support::redis_server::connected;
use crate::support::services::{redis_address, redis_prefix, redis_url};

/// A folder with settings for servers that have this Redis.
fn folder(redis: &str, quota: &str) -> Folder {
    let folder = Folder::with_books();
    let deployment = redis_prefix().replace("oponn_test_", "q");
    folder
        .write("oponn.toml", &format!("deployment = '{deployment}'\ncache = '{redis}'\n[quota]\n{quota}\n"));
    folder
}

async fn ask(server: &Serving, query: &str) -> Told {
    let request =
        client().post(format!("http://{}/graphql", server.address)).json(&json!({ "query": query }));
    Told::of(request.send().await.expect("the server answers")).await
}

async fn unshared(server: &Serving) -> f64 {
    server.metrics().await.value("oponn_quota_unshared_total", &[])
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_count_together_when_they_are_told_to() {
    let folder = folder(&redis_url(), "requests = '8/1h'\npoints = '200/1h'\nshared = true");
    let (one, other) = (folder.serve(&[]), folder.serve(&[]));
    let told = ask(&one, LIST).await.passes();
    assert_eq!(
        told.header("ratelimit"),
        Some("\"requests\";r=7;t=450, \"points\";r=159;t=738"),
        "as a server tells that counts for itself"
    );
    for (server, requests, points) in [(&other, 6, 118), (&one, 5, 77), (&other, 4, 36)] {
        let told = ask(server, LIST).await.passes();
        assert_eq!((told.left("requests"), told.left("points")), (requests, points));
    }
    for (server, requests) in [(&one, 3), (&other, 2)] {
        let told = ask(server, LIST).await;
        assert!((1..=90).contains(&told.refused()), "5 points are missing, 18 s each: {told:?}");
        assert_eq!((told.left("requests"), told.left("points")), (requests, 36));
    }
    for (server, requests) in [(&one, 1), (&other, 0)] {
        assert_eq!(ask(server, SMALL).await.passes().left("requests"), requests);
    }
    for server in [&one, &other] {
        assert!((1..=450).contains(&ask(server, SMALL).await.refused()));
        assert_eq!(unshared(server).await, 0.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn they_count_for_themselves_otherwise() {
    let folder = folder(&redis_url(), "requests = '2/1h'");
    let (one, other) = (folder.serve(&[]), folder.serve(&[]));
    for server in [&one, &other] {
        assert_eq!(ask(server, SMALL).await.passes().left("requests"), 1);
        assert_eq!(ask(server, SMALL).await.passes().left("requests"), 0);
        ask(server, SMALL).await.refused();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_goes_on_without_redis() {
    let proxy = Proxy::start(&redis_address()).await;
    let redis = format!("redis://{}", proxy.address());
    let folder = folder(&redis, "requests = '3/1h'\nshared = true");
    let (one, other) = (folder.serve(&[]), folder.serve(&[]));
    assert_eq!(ask(&one, SMALL).await.passes().left("requests"), 2);
    assert_eq!(ask(&other, SMALL).await.passes().left("requests"), 1);
    proxy.cut();
    for server in [&one, &other] {
        for left in [2, 1, 0] {
            assert_eq!(ask(server, SMALL).await.passes().left("requests"), left);
        }
        ask(server, SMALL).await.refused();
        assert_eq!(unshared(server).await, 4.0);
    }
}

/// A connection to Redis, and the keys of the accounts of the servers in a folder.
async fn accounts(folder: &Folder) -> (MultiplexedConnection, Vec<String>) {
    let mut raw = connected(&redis_url()).await;
    let settings = std::fs::read_to_string(folder.path().join("oponn.toml")).expect("the settings");
    let deployment = settings.split('\'').nth(1).expect("the deployment");
    let mut keys = redis::cmd("KEYS");
    let keys = keys.arg(format!("{{oponn:{deployment}.*}}:a:*")).query_async(&mut raw).await;
    (raw, keys.expect("an answer"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_redis_names_nobody_and_expires() {
    let folder = folder(&redis_url(), "requests = '3/1h'\npoints = '100/1h'\nshared = true");
    let server = folder.serve(&[]);
    ask(&server, SMALL).await.passes();
    let (mut raw, keys) = accounts(&folder).await;
    assert_eq!(keys.len(), 2, "{keys:?}");
    for key in keys {
        assert!(!key.contains("127.0.0.1"), "{key}");
        let left: i64 = redis::cmd("PTTL").arg(&key).query_async(&mut raw).await.expect("an answer");
        assert!((1..=1_202_000).contains(&left), "until the quota is whole again: {left}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_counted_in_redis_comes_back_evenly() {
    const HOUR: i64 = 3_600_000_000;
    let folder = folder(&redis_url(), "requests = '3/1h'\nshared = true");
    let server = folder.serve(&[]);
    ask(&server, SMALL).await.passes();
    let (mut raw, keys) = accounts(&folder).await;
    let [key] = &keys[..] else { panic!("one account: {keys:?}") };
    // As if so much time had passed since the last request; what is left after the next one.
    for (passed, left) in [
        (0, Some(1)),
        (0, Some(0)),
        (0, None),
        (HOUR / 3 - 60_000_000, None),
        (HOUR / 3, Some(0)),
        (2 * HOUR / 3, Some(1)),
        (100 * HOUR, Some(2)),
        // Redis' clock has gone back: nothing is taken away, and nothing comes.
        (-HOUR, Some(1)),
    ] {
        let known: String = redis::cmd("GET").arg(key).query_async(&mut raw).await.expect("an answer");
        let (owed, as_of) = known.split_once(':').expect("what is owed, and as of when");
        let as_of: i64 = as_of.parse().expect("a number");
        let mut set = redis::cmd("SET");
        set.arg(key).arg(format!("{owed}:{}", as_of - passed));
        set.exec_async(&mut raw).await.expect("an answer");
        let told = ask(&server, SMALL).await;
        match left {
            Some(left) => assert_eq!(told.passes().left("requests"), left, "{passed}"),
            None => assert!(told.refused() > 0, "{passed}"),
        }
    }
    // What nobody understands is as if nothing had been taken.
    redis::cmd("SET").arg(key).arg("nonsense").exec_async(&mut raw).await.expect("an answer");
    assert_eq!(ask(&server, SMALL).await.passes().left("requests"), 2);
    assert_eq!(unshared(&server).await, 0.0);
}
