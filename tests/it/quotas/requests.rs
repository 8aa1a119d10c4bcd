//! Requests per time: what is counted, and what answers tell.

use super::{SDL, SMALL, app, ask, setup};
use crate::support::app::{CacheKind, StoreKind, TestApp};

#[tokio::test]
async fn answers_tell_what_is_left_and_the_last_one_is_refused() {
    let app = app("[quota]\nrequests = '3/1h'").await;
    for (left, until) in [(2, 1_200), (1, 2_400), (0, 3_600)] {
        let told = ask(&app, SMALL, &[]).await.passes();
        assert_eq!(told.header("ratelimit-policy"), Some("\"requests\";q=3;w=3600"));
        assert_eq!(told.header("ratelimit"), Some(&*format!("\"requests\";r={left};t={until}")));
    }
    let told = ask(&app, SMALL, &[]).await;
    let after = told.refused();
    assert!((1..=1_200).contains(&after), "a third of an hour, less the time since: {after}");
    assert_eq!(told.header("ratelimit"), Some(&*format!("\"requests\";r=0;t={after}")));
    assert_eq!(told.header("cache-control"), Some("no-store"));
    let message = told.error()["message"].as_str().expect("a message");
    assert!(message.contains("3 per 3600 s") && message.contains(&format!("{after} s.")), "{message}");
    assert_eq!(app.metric("oponn_quota_refused_total", &[("quota", "requests")]).await, 1);
    assert_eq!(app.metric("oponn_http_requests_total", &[("status", "429")]).await, 1);
    assert_eq!(app.metric("oponn_graphql_errors_total", &[("code", "RATE_LIMITED")]).await, 1);
    // What is not the API is not counted.
    for path in ["/", "/healthz", "/metrics"] {
        let response = app.http.get(app.url(path)).send().await.expect("the server answers");
        assert_eq!(response.status().as_u16(), 200, "{path}");
    }
}

#[tokio::test]
async fn what_is_refused_for_other_reasons_is_a_request_too() {
    let app = app("[quota]\nrequests = '4/1h'\npoints = '100/1h'").await;
    for (query, left) in [("{", 3), ("{ nothing }", 2), ("query($a: Int!) { __typename }", 1)] {
        let told = ask(&app, query, &[]).await;
        assert_eq!((told.status, told.left("requests")), (400, left), "{told:?}");
        assert_eq!(told.header("ratelimit").map(|told| told.contains("points")), Some(false), "{told:?}");
    }
    let told = ask(&app, SMALL, &[]).await.passes();
    assert_eq!((told.left("requests"), told.left("points")), (0, 99));
    ask(&app, "{", &[]).await.refused();
}

#[tokio::test]
async fn without_the_table_nothing_is_told() {
    let app = TestApp::new(SDL).await;
    for _ in 0..10 {
        let told = ask(&app, SMALL, &[]).await.passes();
        assert_eq!((told.header("ratelimit"), told.header("ratelimit-policy")), (None, None));
    }
}

#[tokio::test]
async fn a_server_that_counts_for_itself_does_not_ask_redis() {
    let with = setup("[quota]\nrequests = '100/1h'\npoints = '1000/1h'");
    let mut trips = Vec::new();
    for setup in [TestApp::with(SDL), with] {
        let app = setup.on(StoreKind::Sqlite, CacheKind::Redis).start().await;
        let before = app.metric("oponn_redis_round_trips_total", &[]).await;
        for _ in 0..20 {
            ask(&app, SMALL, &[]).await.passes();
        }
        trips.push(app.metric("oponn_redis_round_trips_total", &[]).await - before);
    }
    assert_eq!(trips[0], trips[1], "as many as without quotas");
}
