//! The same questions to servers with partitions and to one without, on one store: all answer alike, in every byte.

use std::time::Duration;

use oponn::engine::{Clock, EngineOptions};
use serde_json::{Value as Json, json};

use super::domain::{BACKENDS, around_now, expiring, partitioned, plain, profiles, query, reads, write};
use crate::support::app::{CacheKind, StoreKind, TestApp};
use crate::support::dice::Dice;

/// Questions of a run.
const ROUNDS: usize = 150;

/// Cursors in an answer.
fn cursors(json: &Json, into: &mut Vec<String>) {
    match json {
        Json::Array(items) => items.iter().for_each(|item| cursors(item, into)),
        Json::Object(fields) => {
            into.extend(fields.get("cursor").and_then(Json::as_str).map(str::to_owned));
            fields.values().for_each(|value| cursors(value, into));
        }
        _ => {}
    }
}

/// One run; with a clock, documents expire.
async fn run(
    (max, bulk): (usize, usize),
    (store, cache): (StoreKind, CacheKind),
    seed: u64,
    clock: Option<Clock>,
) -> [u64; 3] {
    let sdl = |sdl: String| if clock.is_some() { expiring(&sdl) } else { sdl };
    let now = |text: String| clock.as_ref().map_or(text.clone(), |clock| around_now(&text, clock));
    let options = |options: &mut EngineOptions| {
        options.bulk = bulk;
        options.clock = clock.clone().unwrap_or_default();
    };
    let one = TestApp::with(&sdl(partitioned(max))).on(store, cache).engine(options).start().await;
    let other = TestApp::beside_with(&one, &sdl(partitioned(max))).await;
    let without = TestApp::beside_with(&one, &sdl(plain())).await;
    let truth = TestApp::uncached_by(&one, clock.clone().unwrap_or_default()).await;
    let servers = [&one, &other, &without];
    let mut dice = Dice::new(seed);
    profiles(&one, &["p", "q", "r"]).await;
    let mut known = Vec::new();
    for round in 0..ROUNDS {
        let text = now(query(&mut dice, &known));
        let expected = truth.query(&text, json!({})).await.to_string();
        for (number, app) in servers.iter().enumerate() {
            // Twice: what was filled by one question is used by the next.
            for again in 0..2 {
                let answer = app.query(&text, json!({})).await;
                assert_eq!(answer.to_string(), expected, "{round}.{number}.{again} of seed {seed}: {text}");
                if known.len() < 500 {
                    cursors(&answer, &mut known);
                }
            }
        }
        for _ in 0..dice.roll(3) {
            let text = now(write(&mut dice));
            let at = dice.roll(servers.len());
            let answer = servers[at].query(&text, json!({})).await;
            let errors = answer["errors"].as_array().map_or(&[][..], Vec::as_slice);
            let internal = errors.iter().any(|error| error["extensions"]["code"] == "INTERNAL");
            assert!(!internal, "{text}: {answer}");
        }
        if let Some(clock) = clock.as_ref().filter(|_| dice.once_in(3)) {
            clock.advance(Duration::from_secs(1 + dice.roll(20) as u64));
        }
    }
    assert_eq!(reads(&without, "hit").await, 0);
    [reads(&one, "hit").await, reads(&one, "kept").await, reads(&one, "miss").await]
}

async fn agree(number: usize) {
    for (max, bulk) in [(5_000, 200), (4, 200), (5_000, 2)] {
        let seed = 1 + number as u64 * 10 + bulk as u64 + max as u64;
        for clock in [None, Some(Clock::standing())] {
            let [hits, kept, misses] = run((max, bulk), BACKENDS[number], seed, clock).await;
            assert!(hits > 5 && misses > 5 && kept + hits > 30, "{hits} hits, {kept} kept, {misses} misses");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_with_and_without_partitions_agree_on_sqlite_in_memory() {
    agree(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_with_and_without_partitions_agree_on_sqlite_through_redis() {
    agree(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_with_and_without_partitions_agree_on_mongodb_in_memory() {
    agree(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_with_and_without_partitions_agree_on_mongodb_through_redis() {
    agree(3).await;
}
