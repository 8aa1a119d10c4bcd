//! A server that cannot reach Redis stops to trust it, and begins again with an empty cache.

use std::sync::Arc;

use oponn::cache::{CacheError, Changes, Fills, Noted, Reads, RedisCache, Upkeep, VoidReason};
use oponn::value::Time;

use super::domain::{
    Deployment, all_of, change, fill, item, lease, limits, on, redis_cache, shelf, whole, write,
};
use crate::support::proxy::Proxy;
use crate::support::redis_server::Server;
use crate::support::services;

/// A cache behind a proxy, and another client of the same deployment that always reaches it.
async fn behind_proxy() -> (Proxy, Arc<RedisCache>, Arc<RedisCache>) {
    let url = url::Url::parse(&services::redis_url()).unwrap();
    let target = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(6379));
    let proxy = Proxy::start(&target).await;
    let deployment = services::redis_prefix();
    let through = format!("redis://{}", proxy.address());
    let here = RedisCache::connect(&through, &deployment, limits(), Arc::default()).await.unwrap();
    (proxy, Arc::new(here), Arc::new(redis_cache(&deployment, limits()).await))
}

/// Waits until the cache is trusted again.
async fn trusted(cache: &RedisCache) {
    let trusted = async {
        while cache.ping().await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), trusted).await.expect("it reconnects in time");
}

fn unavailable<T: std::fmt::Debug>(result: Result<T, CacheError>) -> bool {
    matches!(result, Err(CacheError::Unavailable(_)))
}

#[tokio::test]
async fn a_cut_connection_ends_the_trust_and_a_new_one_begins_empty() {
    let (proxy, here, there) = behind_proxy().await;
    let batch = shelf("a");
    let doc = on("a", 1, 1);
    fill(&*here, &batch, &[]).await;
    write(&*here, change(2, None, Some(&on("b", 2, 1)), 2)).await;
    proxy.cut();
    // A write whose change nobody else hears of.
    let mark = here.mark();
    assert!(unavailable(here.note(mark, &[change(1, None, Some(&doc), 5)]).await));
    assert!(unavailable(here.read_entities(&[item(2)]).await));
    assert!(unavailable(here.read_pages(&[]).await));
    assert!(unavailable(here.lease(std::slice::from_ref(&batch)).await));
    assert!(unavailable(here.drop_types(&["Item".into()], Time(6)).await));
    assert!(unavailable(here.ping().await));
    // The others have not heard of it yet.
    assert_eq!(whole(&*there, &batch).await, Some(vec![]));
    let held = lease(&*there, &shelf("b")).await;
    proxy.restore();
    trusted(&here).await;
    assert_eq!(whole(&*here, &batch).await, None);
    assert_eq!(whole(&*there, &batch).await, None);
    assert_eq!(there.read_entities(&[item(2)]).await.unwrap().entities, [None]);
    assert!(!there.commit(&held, &all_of(vec![])).await.unwrap());
    // A write that began before voids once more instead of being merged in.
    fill(&*here, &batch, std::slice::from_ref(&doc)).await;
    let noted = here.note(mark, &[change(1, None, Some(&doc), 5)]).await.unwrap().of_changes.remove(0);
    assert!(matches!(noted, Noted::Voided(VoidReason::Mark)), "{noted:?}");
    assert_eq!(whole(&*there, &batch).await, None);
    fill(&*there, &batch, &[doc]).await;
    assert!(whole(&*here, &batch).await.is_some());
}

#[tokio::test]
async fn an_answer_that_does_not_come_in_time_ends_the_trust() {
    let (proxy, here, there) = behind_proxy().await;
    let batch = shelf("a");
    fill(&*here, &batch, &[]).await;
    proxy.silence();
    assert!(unavailable(here.read_pages(&[]).await) || unavailable(here.ping().await));
    assert!(unavailable(here.ping().await));
    proxy.restore();
    trusted(&here).await;
    assert_eq!(whole(&*there, &batch).await, None);
}

#[tokio::test]
async fn a_change_that_redis_refuses_ends_the_trust() {
    let deployment = Deployment::new().await;
    let (cache, mut raw) = (&deployment.cache, deployment.raw().await);
    let batch = shelf("a");
    fill(cache, &batch, &[]).await;
    let meta = deployment.key("m");
    let _: () = redis::pipe().del(&meta).set(&meta, "broken").query_async(&mut raw).await.unwrap();
    let doc = on("a", 1, 1);
    assert!(unavailable(cache.note(cache.mark(), &[change(1, None, Some(&doc), 2)]).await));
    trusted(cache).await;
    assert_eq!(whole(cache, &batch).await, None);
    fill(cache, &batch, &[doc]).await;
}

#[tokio::test]
async fn an_index_that_is_none_voids_its_type() {
    let deployment = Deployment::new().await;
    let (cache, mut raw) = (&deployment.cache, deployment.raw().await);
    let batch = shelf("a");
    fill(cache, &batch, &[]).await;
    let index = deployment.key("x:Item");
    let _: () = redis::pipe().del(&index).set(&index, "broken").query_async(&mut raw).await.unwrap();
    assert!(write(cache, change(1, None, Some(&on("a", 1, 1)), 2)).await.is_empty());
    assert_eq!(whole(cache, &batch).await, None);
    fill(cache, &batch, &[]).await;
}

#[tokio::test]
async fn a_server_that_is_away_is_no_cache_and_is_named_without_its_password() {
    let nobody = "redis://user:secret@127.0.0.1:1";
    let cache =
        RedisCache::connect(nobody, "test", limits(), Arc::default()).await.expect("it may come later");
    let message = cache.ping().await.expect_err("nobody listens there").to_string();
    assert!(message.contains("127.0.0.1:1") && !message.contains("secret"), "{message}");
    let wrong = "redis://user:secret@[nonsense";
    let message =
        RedisCache::connect(wrong, "test", limits(), Arc::default()).await.err().unwrap().to_string();
    assert!(!message.contains("secret"), "{message}");
}

#[tokio::test]
async fn a_replica_is_no_cache_before_it_is_promoted() {
    let server = Server::start(&[]).await;
    let to = |words: &'static [&'static str]| {
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        let server = &server;
        async move { command.exec_async(&mut server.raw().await).await.unwrap() }
    };
    // What replicas refuse by default is left to us.
    to(&["CONFIG", "SET", "replica-read-only", "no"]).await;
    to(&["REPLICAOF", "127.0.0.1", "1"]).await;
    let cache = RedisCache::connect(&server.url(), "test", limits(), Arc::default()).await.unwrap();
    assert!(unavailable(cache.ping().await));
    assert!(unavailable(cache.drop_types(&["Item".into()], Time(2)).await));
    to(&["REPLICAOF", "NO", "ONE"]).await;
    trusted(&cache).await;
}

#[tokio::test]
async fn tls_is_spoken() {
    // The server speaks none, so there is nothing but an error of the handshake.
    let url = services::redis_url().replacen("redis://", "rediss://", 1);
    let cache = RedisCache::connect(&url, "test", limits(), Arc::default()).await.expect("it may come later");
    assert!(unavailable(cache.ping().await));
}

#[tokio::test]
async fn the_name_of_a_deployment_cannot_leave_its_prefix() {
    for name in ["", "a}b", "a:b", "*", "a b", &"x".repeat(65)] {
        let error = RedisCache::connect(&services::redis_url(), name, limits(), Arc::default()).await.err();
        assert!(error.is_some_and(|error| error.to_string().contains("deployment")), "{name:?}");
    }
}
