//! When figures change: with every write, and when a row comes into the window or leaves it; and what they cost meanwhile.

use std::time::Duration;

use oponn::engine::Clock;
use serde_json::{Value as Json, json};

use super::domain::{moment, sdl, visit};
use crate::partitions::domain::BACKENDS;
use crate::support::app::TestApp;

const ASK: &str = r#"{ recent(user: "ann") { rows size } all(site: 1, user: "ann") { rows } }"#;

async fn shown(app: &TestApp) -> (Json, Json, Json) {
    let data = app.data(ASK, json!({})).await;
    (data["recent"]["rows"].clone(), data["recent"]["size"].clone(), data["all"]["rows"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_kept_until_a_row_enters_or_leaves_the_window() {
    for (store, cache) in BACKENDS {
        let clock = Clock::standing();
        let setup = TestApp::with(&sdl(5_000, false)).on(store, cache);
        let app = setup.engine(|options| options.clock = clock.clone()).start().await;
        let row = |millis: i64, size: i64| json!({ "user": "ann", "site": 1, "at": moment(&clock, millis), "size": size });
        visit(&app, "old", row(-3_600_001, 1)).await;
        visit(&app, "leaves", row(-3_599_000, 2)).await;
        visit(&app, "stays", row(0, 4)).await;
        visit(&app, "comes", row(5_000, 8)).await;
        visit(&app, "never", json!({ "user": "ann", "site": 1, "size": 16 })).await;
        assert_eq!(shown(&app).await, (json!(2), json!(6), json!(5)));
        let operations = app.store_operations().await;
        let at = |millis: u64| clock.advance(Duration::from_millis(millis));
        for (step, rows, size) in
            [(0, 2, 6), (999, 2, 6), (1, 1, 4), (3_999, 1, 4), (1, 2, 12), (3_594_999, 2, 12), (1, 1, 8)]
        {
            at(step);
            // The second answer is the one that is kept.
            for _ in 0..2 {
                assert_eq!(shown(&app).await, (json!(rows), json!(size), json!(5)), "after {step} ms more");
            }
        }
        assert_eq!(app.store_operations().await, operations);
        app.data("mutation { updateVisit(id: \"comes\", set: {size: 9}) { id } }", json!({})).await;
        assert_eq!(shown(&app).await, (json!(1), json!(9), json!(5)));
        app.data("mutation { updateVisit(id: \"comes\", set: {user: \"bob\"}) { id } }", json!({})).await;
        assert_eq!(shown(&app).await, (json!(0), json!(0), json!(4)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sum_beyond_its_type_is_an_error_and_no_other_number() {
    let app = TestApp::with(&sdl(5_000, false)).start().await;
    for id in ["a", "b"] {
        visit(&app, id, json!({ "user": "ann", "site": 1, "far": i64::MAX })).await;
    }
    let answer = app.query(r#"{ all(site: 1, user: "ann") { rows far } }"#, json!({})).await;
    assert_eq!(answer["data"], Json::Null);
    let message = "The stored value of All.far does not fit its type: expected a 64-bit integer.";
    assert_eq!(answer["errors"][0]["message"], message);
    let answer = app.data(r#"{ all(site: 1, user: "ann") { rows farthest } }"#, json!({})).await;
    assert_eq!(answer["all"], json!({ "rows": 2, "farthest": i64::MAX }));
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_that_fit_no_row_are_refused_or_find_none() {
    let app = TestApp::with(&sdl(5_000, false)).start().await;
    let empty = json!({ "user": "x", "rows": 0, "size": 0, "page": null, "meanPrice": null, "price": "0", "spent": 0 });
    let data =
        app.data(r#"{ recent(user: "x") { user rows size page meanPrice price spent } }"#, json!({})).await;
    assert_eq!(data["recent"], empty);
    for wrong in [
        r#"recent(user: 3) { rows }"#,
        "recent { rows }",
        "all(user: \"x\", site: \"1\") { rows }",
        "recent(user: null) { rows }",
    ] {
        let answer = app.query(&format!("{{ {wrong} }}"), json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{wrong}: {answer}");
    }
    let text = "query($user: String!) { all(user: $user, site: 3000000000) { rows } }";
    assert_ne!(app.query(text, json!({ "user": "x" })).await["errors"], Json::Null);
}
