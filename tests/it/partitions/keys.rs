//! What a partition costs: keys in Redis, reads of the cache and of the store.

use redis::AsyncCommands;
use serde_json::json;

use super::domain::{BACKENDS, history, profiles, reads, setup, watch};
use crate::support::app::{CacheKind, StoreKind, TestApp};

/// Keys in Redis that begin so.
async fn keys(app: &TestApp, part: &str) -> Vec<String> {
    let prefix = app.key("").replace(['{', '}'], "?");
    app.raw_redis().await.keys(format!("{prefix}{part}*")).await.expect("Redis answers")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_is_one_key_whatever_is_asked_of_it() {
    let app = setup(5_000, (StoreKind::Mongo, CacheKind::Redis)).start().await;
    profiles(&app, &["p", "q"]).await;
    for number in 0..40 {
        watch(&app, &format!("w{number}"), if number % 2 == 0 { "p" } else { "q" }, number).await;
    }
    for rank in 0..40 {
        let text = "query($rank: Int) {
            profiles { nodes { history(where: {rank: {gte: $rank}}, orderBy: [{field: TITLE}], first: 3) { totalCount nodes { id } } } }
        }";
        let data = app.data(text, json!({ "rank": rank })).await;
        assert_eq!(data["profiles"]["nodes"][0]["history"]["totalCount"], (40 - rank) / 2);
    }
    for number in 0..40 {
        let text = "mutation($id: ID!, $rank: Int) { updateWatch(id: $id, set: {rank: $rank}) { rank } }";
        app.data(text, json!({ "id": format!("w{number}"), "rank": 100 - number })).await;
    }
    assert_eq!(history(&app, "p").await.first().map(String::as_str), Some("w38"));
    assert_eq!(keys(&app, "h:").await.len(), 2, "{:?}", keys(&app, "").await);
    assert_eq!(keys(&app, "e:Watch:").await, [""; 0]);
    // The list of profiles.
    assert_eq!(keys(&app, "b:").await.len(), 1);
    // By id, a document has a key when it is asked for, and the key follows its changes.
    let text = "{ watch(id: \"w1\") { rank } }";
    assert_eq!(app.data(text, json!({})).await["watch"]["rank"], 99);
    assert_eq!(keys(&app, "e:Watch:").await.len(), 1);
    app.data("mutation { updateWatch(id: \"w1\", set: {rank: 5}) { rank } }", json!({})).await;
    let asked = app.store_operations().await;
    assert_eq!(app.data(text, json!({})).await["watch"]["rank"], 5);
    assert_eq!(app.store_operations().await, asked, "the entity was replaced");
    assert_eq!(keys(&app, "e:Watch:").await.len(), 1);
    for key in keys(&app, "h:").await {
        let ttl: i64 = app.raw_redis().await.ttl(&key).await.expect("Redis answers");
        assert!(ttl > 0, "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hot_partition_is_not_read_again_until_it_changes() {
    for backend in BACKENDS {
        let app = setup(5_000, backend).start().await;
        profiles(&app, &["p", "q"]).await;
        for number in 0..9 {
            watch(&app, &format!("w{number}"), "p", number).await;
        }
        assert_eq!(history(&app, "p").await.len(), 9);
        let ask = async |rank: i64| {
            let text = "query($rank: Int) { watches(where: {profileId: {eq: \"p\"}, rank: {lt: $rank}}) { totalCount } }";
            app.data(text, json!({ "rank": rank })).await["watches"]["totalCount"].clone()
        };
        assert_eq!(ask(100).await, 9);
        let trips = async |name| app.metric("oponn_cache_operation_seconds_count", &[("op", name)]).await;
        let (asked, read) = (app.store_operations().await, trips("read_partitions").await);
        for rank in 0..20 {
            assert_eq!(ask(rank).await, rank.min(9));
        }
        // A look at the journal tells that nothing has changed; the first may have had to find that out.
        assert!(trips("read_partitions").await <= read + 1, "on {backend:?}");
        assert!(reads(&app, "kept").await >= 19);
        watch(&app, "new", "p", 3).await;
        assert_eq!(ask(101).await, 10, "on {backend:?}");
        assert_eq!(trips("read_pages").await, 0);
        let writes = 2;
        assert!(app.store_operations().await <= asked + writes, "no list was read from the store");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_is_too_large_gives_way_to_lists_and_comes_back() {
    for backend in BACKENDS {
        let app = setup(3, backend).start().await;
        profiles(&app, &["p"]).await;
        for number in 0..3 {
            watch(&app, &format!("w{number}"), "p", number).await;
        }
        assert_eq!(history(&app, "p").await, ["w0", "w1", "w2"]);
        assert_eq!(history(&app, "p").await.len(), 3);
        let fits = reads(&app, "hit").await + reads(&app, "kept").await;
        watch(&app, "w3", "p", 3).await;
        for _ in 0..3 {
            assert_eq!(history(&app, "p").await, ["w0", "w1", "w2", "w3"], "on {backend:?}");
        }
        assert!(reads(&app, "bypass").await > 0, "on {backend:?}");
        if let CacheKind::Redis = backend.1 {
            assert_eq!(keys(&app, "b:").await.len(), 1);
        }
        // Writes repair the list that stands in for it.
        app.data("mutation { deleteWatch(id: \"w1\") { id } }", json!({})).await;
        assert_eq!(history(&app, "p").await, ["w0", "w2", "w3"], "on {backend:?}");
        app.engine.cache().clear().await.expect("the cache is there");
        crate::support::app::vouched(&app.engine).await;
        for _ in 0..2 {
            assert_eq!(history(&app, "p").await, ["w0", "w2", "w3"]);
            watch(&app, "x", "p", 9).await;
            app.data("mutation { deleteWatch(id: \"x\") { id } }", json!({})).await;
        }
        assert!(reads(&app, "hit").await + reads(&app, "kept").await > fits, "on {backend:?}");
    }
}
