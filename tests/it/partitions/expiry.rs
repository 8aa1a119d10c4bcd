//! Partitions of documents that expire: each is judged as it is read, and a partition that is mostly remains is read anew.

use std::time::Duration;

use oponn::engine::Clock;
use serde_json::json;

use super::domain::{BACKENDS, expiring, history, partitioned, profiles, reads};
use crate::support::app::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_outlives_its_documents() {
    for (store, cache) in BACKENDS {
        let clock = Clock::standing();
        let setup = TestApp::with(&expiring(&partitioned(5))).on(store, cache);
        let app = setup.engine(|options| options.clock = clock.clone()).start().await;
        profiles(&app, &["p"]).await;
        let at = |seconds: i64| {
            let moment = bson::DateTime::from_millis(clock.now() + seconds * 1_000);
            moment.try_to_rfc3339_string().expect("it is a moment of our time")
        };
        let watch = async |id: &str, rank: i64, seconds: i64| {
            let text = "mutation($input: WatchInput!) { createWatch(input: $input) { id } }";
            let input = json!({ "id": id, "profileId": "p", "rank": rank, "at": at(seconds) });
            app.data(text, json!({ "input": input })).await;
        };
        for number in 0..4 {
            watch(&format!("w{number}"), number, number * 10).await;
        }
        assert_eq!(history(&app, "p").await, ["w0", "w1", "w2", "w3"]);
        let (filled, operations) = (reads(&app, "miss").await, app.store_operations().await);
        clock.advance(Duration::from_millis(59_999));
        assert_eq!(history(&app, "p").await, ["w0", "w1", "w2", "w3"]);
        clock.advance(Duration::from_millis(1));
        assert_eq!(history(&app, "p").await, ["w1", "w2", "w3"], "one moment later");
        clock.advance(Duration::from_secs(10));
        assert_eq!(history(&app, "p").await, ["w2", "w3"]);
        assert_eq!((reads(&app, "miss").await, app.store_operations().await), (filled, operations));
        // More than half of it are remains.
        clock.advance(Duration::from_secs(10));
        assert_eq!(history(&app, "p").await, ["w3"]);
        assert_eq!(reads(&app, "miss").await, filled + 1);
        // With them, it would be larger than it may be.
        for number in 4..8 {
            watch(&format!("w{number}"), number, 0).await;
        }
        assert_eq!(history(&app, "p").await, ["w3", "w4", "w5", "w6", "w7"]);
        assert_eq!(reads(&app, "miss").await, filled + 1);
        clock.advance(Duration::from_secs(60));
        assert_eq!(history(&app, "p").await, [""; 0]);
        watch("w8", 8, 0).await;
        assert_eq!(history(&app, "p").await, ["w8"]);
    }
}
