//! `examples/pageviews`: each sentence of its specification that a client can see, and a computation of the figures by an
//! independent program.

use std::collections::HashMap;
use std::fs;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::{StreamExt as _, stream};
use serde_json::{Value as Json, json};

use super::{copied, on_both, send};
use crate::support::dice::Dice;
use crate::support::fuzz::assert_described_but_for;
use crate::support::program::Serving;
use crate::support::python::computed;
use crate::support::services::{MongoDatabase, redis_url};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).expect("it is not so late yet")
}

fn rfc3339(millis: i64) -> String {
    bson::DateTime::from_millis(millis).try_to_rfc3339_string().expect("it is a moment of our time")
}

async fn post(serving: &Serving, user: &str, name: &str, millis: i64) {
    let page = json!({ "user_id": user, "name": name, "timestamp": rfc3339(millis) });
    assert_eq!(send(serving, "", ("POST", "/v1/page"), Some(page)).await, (204, Json::Null));
}

async fn user(serving: &Serving, user: &str) -> Json {
    let (status, body) = send(serving, "", ("GET", &format!("/v1/user/{user}")), None).await;
    assert_eq!(status, 200, "{body}");
    body
}

fn figures(user: &str, pages: u64, minutes: u64, days: u64, most: Option<&str>) -> Json {
    json!({
        "user_id": user,
        "number_pages_viewed_the_last_7_days": pages,
        "time_spent_on_site_last_7_days": minutes,
        "number_of_days_active_last_7_days": days,
        "most_viewed_page_last_7_days": most,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_is_that_of_its_specification() {
    on_both("pageviews", |serving| async move {
        let serving = &serving;
        // Nobody knows the user: zeros.
        assert_eq!(user(serving, "nobody").await, figures("nobody", 0, 0, 0, None));

        // The figures of the specification.
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pageviews/sample.sh");
        let sample =
            Command::new(script).arg(format!("http://{}", serving.address)).output().expect("it runs");
        assert!(sample.status.success(), "{}", String::from_utf8_lossy(&sample.stderr));
        let blog = Some("Blog: better B2B customer experience");
        assert_eq!(user(serving, "019mr8mf4r").await, figures("019mr8mf4r", 21, 18, 3, blog));

        // A view of long ago is taken, and is in no figures.
        post(serving, "u", "Pricing Page", 1_354_408_212_984).await;
        assert_eq!(user(serving, "u").await, figures("u", 0, 0, 0, None));

        // Half an hour is the same session, a millisecond more is another one.
        let noon = now() / DAY * DAY - DAY + 12 * HOUR;
        for (at, pages, minutes) in
            [(0, 1, 1), (HOUR / 2, 2, 31), (HOUR + 1, 3, 32), (HOUR + 60_000, 4, 32), (HOUR + 60_001, 5, 33)]
        {
            post(serving, "u", if pages < 3 { "a" } else { "b" }, noon + at).await;
            let most = if pages < 4 { "a" } else { "b" };
            assert_eq!(user(serving, "u").await, figures("u", pages, minutes, 1, Some(most)), "{at}");
        }
        // Of two pages that were seen equally often it is the one that was seen last.
        post(serving, "u", "a", noon + 2 * HOUR).await;
        assert_eq!(user(serving, "u").await["most_viewed_page_last_7_days"], "a");
        // The same moment again is ignored.
        let before = user(serving, "u").await;
        post(serving, "u", "other", noon).await;
        post(serving, "u", "a", noon).await;
        assert_eq!(user(serving, "u").await, before);
        // ... of the same user.
        post(serving, "v", "other", noon).await;
        assert_eq!(user(serving, "v").await, figures("v", 1, 1, 1, Some("other")));

        // Seven days are over.
        post(serving, "w", "in", now() - 7 * DAY + 5 * 60_000).await;
        post(serving, "w", "out", now() - 7 * DAY - 1).await;
        assert_eq!(user(serving, "w").await, figures("w", 1, 1, 1, Some("in")));

        // All about a user goes, and nothing about others; and it may go again.
        for _ in 0..2 {
            assert_eq!(send(serving, "", ("DELETE", "/v1/user/u"), None).await, (204, Json::Null));
            assert_eq!(user(serving, "u").await, figures("u", 0, 0, 0, None));
        }
        assert_eq!(user(serving, "v").await["number_pages_viewed_the_last_7_days"], 1);

        // What is refused.
        for body in [
            json!({ "user_id": "u", "name": "a" }),
            json!({ "user_id": "u", "name": "a", "timestamp": "yesterday" }),
            json!({ "user_id": "u", "name": "a", "timestamp": 1_354_408_212 }),
            json!({ "user_id": 7, "name": "a", "timestamp": rfc3339(noon) }),
            json!({ "user_id": "", "name": "a", "timestamp": rfc3339(noon) }),
            json!({ "user_id": "u", "name": "", "timestamp": rfc3339(noon) }),
            json!({ "user_id": "u", "name": "a", "timestamp": rfc3339(noon), "more": 1 }),
            json!([]),
        ] {
            let (status, told) = send(serving, "", ("POST", "/v1/page"), Some(body.clone())).await;
            assert_eq!(status, 400, "{body}: {told}");
        }
        assert_eq!(user(serving, "u").await, figures("u", 0, 0, 0, None));

        // A user of whom everything is deleted is one of whom nothing is known, and not none.
        let description = format!("http://{}/openapi.json", serving.address);
        assert_described_but_for(description, &[], &["use_after_free"]).await;
    })
    .await;
}

/// Random views, as a file of lines; none is so close to an end of the window that it matters when one asks.
fn views(users: usize) -> String {
    let (now, mut dice) = (now(), Dice::new(2012));
    let mut lines = String::new();
    for user in 0..users {
        // A few users do very much, and most do little.
        let count = if dice.once_in(50) { 300 } else { dice.roll(25) };
        let mut at = now - 9 * DAY + dice.roll(86_400) as i64 * 1_000;
        for _ in 0..count {
            at += match dice.roll(6) {
                0 => dice.roll(20 * 3_600) as i64 * 1_000,
                1 => HOUR / 2 + dice.roll(3) as i64 - 1,
                2 => 0,
                _ => dice.roll(600_000) as i64,
            };
            let close = |moment: i64| (at - moment).abs() < HOUR / 2;
            if close(now) || close(now - 7 * DAY) {
                continue;
            }
            let name = dice.one_of(&["Start", "Pricing Page", "Blog", "Contact", "ß", " "]);
            let line = json!({ "user_id": format!("user {user}"), "name": name, "timestamp": rfc3339(at) });
            lines.push_str(&format!("{line}\n"));
        }
    }
    lines
}

const LOADER: &str = r#"
[source]
kind = "ndjson"
path = "views.ndjson"

[target]
type = "PageView"
on = "userIdTimestamp"

[fields]
userId = "user_id"
name = "name"
timestamp = "timestamp"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn an_independent_computation_agrees_on_a_thousand_users() {
    const USERS: usize = 1_000;
    let folder = copied("pageviews");
    let views = views(USERS);
    fs::create_dir_all(folder.path().join("loaders")).expect("a folder can be made");
    fs::write(folder.path().join("loaders/views.toml"), LOADER).expect("a loader can be written");
    fs::write(folder.path().join("loaders/views.ndjson"), &views).expect("a file can be written");
    let config = ["--config", "pageviews/oponn.toml"];
    let (database, redis) = (MongoDatabase::new(), redis_url());
    let url = database.url();
    let servers = [&config[..], &["--store", &url, "--cache", &redis]].concat();
    for places in [&config[..], &servers] {
        folder.run(&[places, &["import"]].concat()).assert(0, "", "");
        let serving = &folder.serve(places);
        let expected: HashMap<String, Json> =
            serde_json::from_str(&computed("examples/pageviews.py", &views)).expect("it writes JSON");
        assert!(expected.len() > USERS * 9 / 10, "{}", expected.len());
        let checks = stream::iter(0..USERS).map(|number| {
            let expected = &expected;
            async move {
                let name = format!("user {number}");
                let none = figures(&name, 0, 0, 0, None);
                // Once from the store, and once from the cache.
                for _ in 0..2 {
                    assert_eq!(
                        &user(serving, &format!("user%20{number}")).await,
                        expected.get(&name).unwrap_or(&none)
                    );
                }
            }
        });
        checks.buffer_unordered(8).collect::<()>().await;
    }
}
