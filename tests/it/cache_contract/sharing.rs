//! One Redis, several users: two servers of a deployment, other programs, and no memory left.

use std::time::Duration;

use oponn::cache::{
    CacheLimits, Changes, Fills, LeaseState, MemoryCache, Noted, Reads, Reconciled, Upkeep, VoidReason,
};
use oponn::query::Filter;
use oponn::value::Doc;

use super::domain::{
    Deployment, all_of, ask_lease, cache_on, change, fill, hit, item, lease, limits, list, on, redis_cache,
    row, rows, shelf, versioned, whole, write,
};
use crate::support::redis_server::Server;
use crate::support::services;

#[tokio::test]
async fn two_servers_see_each_others_batches_and_writes() {
    let deployment = services::redis_prefix();
    let (one, two) = (redis_cache(&deployment, limits()).await, redis_cache(&deployment, limits()).await);
    let batch = shelf("a");
    // The second has learnt that there are no shapes before the first one makes some.
    write(&two, change(9, None, Some(&on("a", 9, 9)), 1)).await;
    let held = lease(&one, &batch).await;
    assert!(matches!(ask_lease(&two, &batch).await, LeaseState::Busy));
    let doc = on("a", 1, 1);
    assert_eq!(write(&two, change(1, None, Some(&doc), 2)).await, [Reconciled::Deferred]);
    assert!(one.commit(&held, &all_of(vec![])).await.unwrap());
    assert_eq!(whole(&two, &batch).await, Some(rows(&batch, std::slice::from_ref(&doc))));
    let other = list("Item", &["Item"], Filter::eq("rank", 4), oponn::query::Direction::Desc);
    fill(&two, &other, &[]).await;
    let moved = versioned("a", 1, 4, 2);
    let mut done = write(&one, change(1, Some(&doc), Some(&moved), 3)).await;
    done.sort_by_key(|done| format!("{done:?}"));
    assert_eq!(done, [Reconciled::Inserted, Reconciled::Moved]);
    assert_eq!(whole(&two, &other).await, Some(vec![row(&other, &moved)]));
    two.clear().await.unwrap();
    assert_eq!(whole(&one, &batch).await, None);
    // The first still has the mark from before: its next write voids, the one after that is as usual.
    fill(&one, &batch, &[]).await;
    write(&one, change(5, None, Some(&on("a", 5, 5)), 5)).await;
    fill(&one, &batch, &[]).await;
    assert_eq!(write(&one, change(6, None, Some(&on("a", 6, 6)), 6)).await, [Reconciled::Inserted]);
}

#[tokio::test]
async fn a_list_of_another_version_is_not_left_stale() {
    let deployment = Deployment::new().await;
    let (cache, mut raw) = (&deployment.cache, deployment.raw().await);
    let batch = shelf("a");
    fill(cache, &batch, &[]).await;
    let (meta, index) = (deployment.key("m"), deployment.key("x:Item"));
    let entries: Vec<String> =
        redis::cmd("ZRANGEBYLEX").arg(&index).arg("[#").arg("+").query_async(&mut raw).await.unwrap();
    // As a server of the version before and one of a version to come register it.
    for version in ["", "3", "4"] {
        let other = entries[0].replacen("|2{", &format!("|{version}{{"), 1);
        assert_ne!(other, entries[0]);
        fill(cache, &batch, &[]).await;
        let added: u64 =
            redis::cmd("ZADD").arg(&index).arg(0).arg(other).query_async(&mut raw).await.unwrap();
        let _: () =
            redis::cmd("HINCRBY").arg(&meta).arg("n:Item").arg(added).query_async(&mut raw).await.unwrap();
        // A write that does not concern it leaves it alone.
        assert_eq!(write(cache, change(2, None, Some(&on("b", 2, 2)), 2)).await, []);
        assert_eq!(whole(cache, &batch).await, Some(vec![]));
        // What it means for the other one cannot be told, so that must not be trusted any more.
        let noted = cache.note(cache.mark(), &[change(1, None, Some(&on("a", 1, 1)), 3)]).await.unwrap();
        assert!(matches!(noted.of_changes[..], [Noted::Voided(VoidReason::Unreadable)]), "{noted:?}");
        assert_eq!(whole(cache, &batch).await, None);
        let left: u64 = redis::cmd("EXISTS").arg(&index).query_async(&mut raw).await.unwrap();
        assert_eq!(left, 0);
    }
}

#[tokio::test]
async fn what_other_programs_keep_in_the_same_redis_is_left_alone() {
    let (deployment, neighbour) = (Deployment::new().await, Deployment::new().await);
    let (cache, other) = (&deployment.cache, &neighbour.cache);
    let mut raw = deployment.raw().await;
    let key = format!("oponn:{}:not ours", deployment.name);
    let _: () =
        redis::cmd("SET").arg(&key).arg("kept").arg("EX").arg(60).query_async(&mut raw).await.unwrap();
    let batch = shelf("a");
    for cache in [cache, other] {
        fill(cache, &batch, &[]).await;
        write(cache, change(1, None, Some(&on("a", 1, 1)), 2)).await;
    }
    cache.clear().await.unwrap();
    assert_eq!(whole(cache, &batch).await, None);
    assert!(whole(other, &batch).await.is_some());
    let kept: String = redis::cmd("GET").arg(&key).query_async(&mut raw).await.unwrap();
    assert_eq!(kept, "kept");
    // Only the meta hash is left, and all that there ever was has a time to live.
    let pattern = deployment.key("*");
    let left: Vec<String> = redis::cmd("KEYS").arg(&pattern).query_async(&mut raw).await.unwrap();
    assert_eq!(left, [deployment.key("m")]);
    fill(cache, &batch, &[]).await;
    write(cache, change(1, None, Some(&on("a", 1, 1)), 2)).await;
    lease(cache, &shelf("b")).await;
    let keys: Vec<String> = redis::cmd("KEYS").arg(&pattern).query_async(&mut raw).await.unwrap();
    assert_eq!(keys.len(), 5, "{keys:?}");
    for key in keys {
        let ttl: i64 = redis::cmd("PTTL").arg(&key).query_async(&mut raw).await.unwrap();
        assert!(ttl > 0, "{key} lives for ever");
    }
}

#[tokio::test]
async fn forgotten_scripts_are_loaded_again() {
    let server = Server::start(&[]).await;
    let cache = cache_on(&server).await;
    let batch = shelf("a");
    fill(&cache, &batch, &[]).await;
    let _: () = redis::cmd("SCRIPT").arg("FLUSH").query_async(&mut server.raw().await).await.unwrap();
    let doc = on("a", 1, 1);
    assert_eq!(write(&cache, change(1, None, Some(&doc), 2)).await, [Reconciled::Inserted]);
    assert_eq!(whole(&cache, &batch).await, Some(rows(&batch, &[doc])));
}

#[tokio::test]
async fn another_server_under_the_same_address_is_cleared_first() {
    let on_disk = ["--appendonly", "yes", "--appendfsync", "always"];
    let mut server = Server::start(&on_disk).await;
    let batch = shelf("a");
    {
        let cache = cache_on(&server).await;
        fill(&cache, &batch, &[]).await;
        // The same server: what is there stays.
        let again = cache_on(&server).await;
        assert_eq!(whole(&again, &batch).await, Some(vec![]));
    }
    server.restart(&on_disk).await;
    let keys: Vec<String> =
        redis::cmd("KEYS").arg("*b:*").query_async(&mut server.raw().await).await.unwrap();
    assert_eq!(keys.len(), 1, "the batch came back from the disk");
    let cache = cache_on(&server).await;
    assert_eq!(whole(&cache, &batch).await, None);
}

#[tokio::test]
async fn without_room_nothing_is_added_and_nothing_stale_stays() {
    let server = Server::start(&["--maxmemory-policy", "noeviction"]).await;
    let cache = cache_on(&server).await;
    let batch = shelf("a");
    let docs: Vec<Doc> = (0..20).map(|id| on("a", id, id)).collect();
    fill(&cache, &batch, &docs).await;
    let floor = cache.read_entities(&[item(1)]).await.unwrap().floor;
    cache.fill_entities(&floor, &[(item(1), Some(docs[1].clone()))]).await.unwrap();
    let held = lease(&cache, &shelf("b")).await;
    let mut raw = server.raw().await;
    let _: () = redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg(1).query_async(&mut raw).await.unwrap();
    // Fills are not kept, and that is no error.
    assert!(!cache.commit(&held, &all_of(rows(&shelf("b"), &[on("b", 1, 1)]))).await.unwrap());
    assert!(matches!(ask_lease(&cache, &shelf("c")).await, LeaseState::Refused));
    let floor = cache.read_entities(&[item(2)]).await.unwrap().floor;
    cache.fill_entities(&floor, &[(item(2), None)]).await.unwrap();
    assert_eq!(cache.read_entities(&[item(2)]).await.unwrap().entities, [None]);
    // Writes are brought there all the same.
    let moved = versioned("a", 1, 90, 2);
    assert_eq!(write(&cache, change(1, Some(&docs[1]), Some(&moved), 7)).await, [Reconciled::Moved]);
    assert_eq!(cache.read_entities(&[item(1)]).await.unwrap().entities, [None]);
    let page = hit(&cache, &batch, super::domain::last(1)).await;
    assert_eq!(page.rows, [row(&batch, &moved)]);
    cache.drop_types(&["Item".into()], oponn::value::Time(9)).await.unwrap();
    assert_eq!(whole(&cache, &batch).await, None);
    cache.clear().await.unwrap();
}

#[tokio::test]
async fn memory_lets_go_of_what_was_not_used() {
    let cache = MemoryCache::new(CacheLimits { memory: 40_000, ..limits() });
    let batch = shelf("kept");
    fill(&cache, &batch, &[]).await;
    for id in 0..1_000 {
        write(&cache, change(id, None, Some(&on("b", id, id)), 1 + id as u64)).await;
        assert!(whole(&cache, &batch).await.is_some(), "it is used all the time");
    }
    let stats = cache.stats().await.unwrap()["Item"];
    assert!((20..400).contains(&stats.entities), "{stats:?}");
    let some = (0..1_000).map(item).collect::<Vec<_>>();
    let found = cache.read_entities(&some).await.unwrap().entities;
    assert!(found[0].is_none() && found[999].is_some());
    for i in 0..1_000 {
        fill(&cache, &shelf(&format!("shelf {i}")), &[]).await;
    }
    // What was let go of is registered no more.
    let stats = cache.stats().await.unwrap()["Item"];
    assert!((10..200).contains(&stats.batches), "{stats:?}");
}

#[tokio::test]
async fn what_is_too_old_is_gone() {
    let cache = MemoryCache::new(CacheLimits { ttl: Duration::ZERO, ..limits() });
    let batch = shelf("a");
    fill(&cache, &batch, &[]).await;
    assert_eq!(whole(&cache, &batch).await, None);
    assert_eq!(write(&cache, change(1, None, Some(&on("a", 1, 1)), 2)).await, [Reconciled::Absent]);
    assert_eq!(cache.read_entities(&[item(1)]).await.unwrap().entities, [None]);
}
