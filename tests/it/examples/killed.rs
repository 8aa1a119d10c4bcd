//! `examples/watchlist` while its servers are killed under load: each event of an acknowledged write is delivered, in
//! order, and what comes again is known by its id.

use std::collections::{BTreeMap, BTreeSet};

use redis::aio::MultiplexedConnection;
use serde_json::{Value as Json, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{copied, token};
use crate::support::app::client;
use crate::support::program::{Folder, Serving};
use crate::support::proxy::Proxy;
use crate::support::redis_server::connected;
use crate::support::services::{MongoDatabase, redis_address, redis_prefix, redis_url};

/// Viewers, each with an asset of their own, by which events tell whose they are.
const VIEWERS: usize = 8;
/// Writes that are acknowledged between two deaths.
const WRITES: u64 = 120;

/// What a viewer knows of the writes of their progress.
#[derive(Default)]
struct Writes {
    acknowledged: BTreeSet<i64>,
    /// Those without an answer.
    unsure: BTreeSet<i64>,
    /// How often the asset has been taken off the watchlist, as acknowledged.
    removed: u64,
}

/// Load on whichever servers there are.
struct Load {
    servers: watch::Sender<Vec<String>>,
    stopping: watch::Sender<bool>,
    acknowledged: watch::Sender<u64>,
    viewers: JoinSet<(usize, Writes)>,
}

fn asset(viewer: usize) -> String {
    format!("00000000-0000-4000-8000-{viewer:012}")
}

impl Load {
    fn start() -> Load {
        let (servers, _) = watch::channel(Vec::new());
        let (stopping, _) = watch::channel(false);
        let (acknowledged, _) = watch::channel(0);
        let mut load = Load { servers, stopping, acknowledged, viewers: JoinSet::new() };
        for viewer in 0..VIEWERS {
            let (servers, stopping) = (load.servers.subscribe(), load.stopping.subscribe());
            load.viewers.spawn(watches(viewer, servers, stopping, load.acknowledged.clone()));
        }
        load
    }

    /// Has requests sent to these servers from now on.
    fn on(&self, servers: &[&Serving]) {
        self.servers.send_replace(servers.iter().map(|serving| serving.address.clone()).collect());
    }

    /// When so many more writes have been acknowledged.
    async fn going_on(&self) {
        let enough = *self.acknowledged.borrow() + WRITES;
        let mut acknowledged = self.acknowledged.subscribe();
        acknowledged.wait_for(|so_far| *so_far >= enough).await.expect("the test goes on");
    }

    async fn end(mut self) -> Vec<Writes> {
        self.stopping.send_replace(true);
        let mut all: Vec<(usize, Writes)> = Vec::new();
        while let Some(one) = self.viewers.join_next().await {
            all.push(one.expect("no panic"));
        }
        all.sort_by_key(|(viewer, _)| *viewer);
        all.into_iter().map(|(_, writes)| writes).collect()
    }
}

/// A viewer who watches an asset second by second, and keeps changing their mind about the watchlist.
async fn watches(
    viewer: usize,
    mut servers: watch::Receiver<Vec<String>>,
    stopping: watch::Receiver<bool>,
    acknowledged: watch::Sender<u64>,
) -> (usize, Writes) {
    let (mut writes, token) =
        (Writes::default(), token(&json!({ "sub": format!("v{viewer}"), "country": "SE" })));
    let (http, mut second) = (client(), 0);
    while !*stopping.borrow() {
        let known = servers.borrow_and_update().clone();
        let Some(server) = known.get((viewer + second as usize) % known.len().max(1)) else {
            servers.changed().await.expect("the test goes on");
            continue;
        };
        second += 1;
        let request = match second % 4 {
            0 => http.put(format!("http://{server}/v1/watchlist/{}", asset(viewer))),
            2 => http.delete(format!("http://{server}/v1/watchlist/{}", asset(viewer))),
            _ => http
                .put(format!("http://{server}/v1/progress/{}", asset(viewer)))
                .json(&json!({ "progress": second })),
        };
        let answer = request.bearer_auth(&token).send().await.ok();
        let status = answer.as_ref().map(|answer| answer.status().as_u16());
        // The body is what was there.
        let text = match answer {
            Some(answer) => answer.text().await.ok(),
            None => None,
        };
        let answer = status.filter(|_| text.is_some());
        let is_removal = text.as_deref().is_some_and(|text| text != "null");
        match (second % 4, answer) {
            (1 | 3, Some(200)) => drop(writes.acknowledged.insert(second)),
            (1 | 3, _) => drop(writes.unsure.insert(second)),
            (2, Some(200)) if is_removal => writes.removed += 1,
            _ => {}
        }
        match answer {
            Some(200) => acknowledged.send_modify(|so_far| *so_far += 1),
            // The server is busy with following the store anew, or stops.
            Some(503 | 504) => {}
            Some(status) => panic!("{status}: {text:?}"),
            None if servers.borrow().contains(server) => {
                // It is dead, and the test will say which ones there are.
                tokio::select! {
                    changed = servers.changed() => changed.expect("the test goes on"),
                    () = stopped(stopping.clone()) => {}
                }
            }
            None => {}
        }
    }
    (viewer, writes)
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// The stream that events go to.
struct Stream {
    connection: MultiplexedConnection,
    key: String,
    /// The id and the document of each event so far, and what it tells.
    entries: Vec<(String, String, Json)>,
    /// The id of the last entry.
    last: String,
}

impl Stream {
    /// Reads what there is beyond the last entry, waiting for something if there is nothing.
    async fn read(&mut self, waiting: bool) {
        type Entries = Vec<(String, BTreeMap<String, String>)>;
        let mut command = redis::cmd("XREAD");
        if waiting {
            command.arg("BLOCK").arg(0);
        }
        command.arg("STREAMS").arg(&self.key).arg(&self.last);
        let read: Option<Vec<(String, Entries)>> =
            command.query_async(&mut self.connection).await.expect("Redis answers");
        for (at, fields) in read.into_iter().flatten().flat_map(|(_, entries)| entries) {
            let told = serde_json::from_str(&fields["payload"]).expect("JSON");
            self.entries.push((fields["id"].clone(), fields["document"].clone(), told));
            self.last = at;
        }
    }

    /// Returns when an event has been delivered since.
    async fn goes_on(&mut self) {
        self.read(false).await;
        self.read(true).await;
    }
}

/// A watchlist with assets for the viewers, whose events go to a stream through a proxy.
async fn watchlist() -> (Folder, Stream, Proxy) {
    let folder = copied("watchlist");
    let assets: Vec<Json> = (0..VIEWERS)
        .map(
            |viewer| json!({ "id": asset(viewer), "title": "A", "duration": 1_000_000, "countries": ["SE"] }),
        )
        .collect();
    folder.write("watchlist/loaders/data/assets.json", &Json::Array(assets).to_string());
    let config = folder.path().join("watchlist/oponn.toml");
    let (text, key) = (std::fs::read_to_string(config).expect("settings"), redis_prefix());
    let proxy = Proxy::start(&redis_address()).await;
    let url = format!("redis://{}", proxy.address());
    let sink = format!("type = \"redis-stream\"\nurl = \"{url}\"\nstream = \"{key}\"\nlength = 0");
    folder.write("watchlist/oponn.toml", &text.replace("type = \"log\"", &sink));
    let connection = connected(&redis_url()).await;
    (folder, Stream { connection, key, entries: Vec::new(), last: "0".to_owned() }, proxy)
}

/// Asserts that the stream tells of each acknowledged write, in order, and of nothing that was not. How many entries are
/// repeats.
async fn judge(stream: &mut Stream, writes: &[Writes], outbox: impl Fn() -> String) -> usize {
    // The outbox becomes empty when all has been delivered.
    while !outbox().is_empty() {}
    stream.read(false).await;
    let entries = &stream.entries;
    let mut known = BTreeSet::new();
    // The events of each document, by asset: one of progress, and one for each time that it was put on the watchlist.
    let mut told: BTreeMap<(String, &str), Vec<&Json>> = BTreeMap::new();
    for (id, document, event) in entries {
        if known.insert(id.as_str()) {
            let asset = event["assetId"].as_str().expect("an asset").to_owned();
            told.entry((asset, document)).or_default().push(event);
        }
    }
    let mut writes_told = 0;
    for (viewer, writes) in writes.iter().enumerate() {
        let (mut seconds, mut times_listed) = (BTreeSet::new(), 0);
        for ((of, _), events) in &told {
            match events[0]["event"].as_str() {
                _ if *of != asset(viewer) => {}
                Some("viewed") => {
                    let mut last = &Json::Null;
                    for viewed in events {
                        let misses = "misses an event, or has it out of order";
                        assert_eq!(viewed["oldProgress"], *last, "viewer {viewer} {misses}");
                        last = &viewed["newProgress"];
                        seconds.insert(last.as_i64().expect("a number"));
                    }
                }
                _ => {
                    let kinds: Vec<&str> =
                        events.iter().filter_map(|event| event["event"].as_str()).collect();
                    let both = ["added-to-watchlist", "removed-from-watchlist"];
                    assert!(kinds == both || kinds == both[..1], "viewer {viewer}: {kinds:?}");
                    times_listed += 1;
                }
            }
        }
        let lost: Vec<_> = writes.acknowledged.difference(&seconds).collect();
        assert!(lost.is_empty(), "viewer {viewer} lost {lost:?}");
        let sent = |at: &&i64| writes.acknowledged.contains(at) || writes.unsure.contains(at);
        assert!(seconds.iter().all(|at| sent(&at)), "viewer {viewer} has not written that: {seconds:?}");
        // What is removed in between may be put there again.
        assert!(writes.removed <= times_listed, "viewer {viewer} lost what was added and removed");
        writes_told += seconds.len();
    }
    let unsure: usize = writes.iter().map(|writes| writes.unsure.len()).sum();
    let repeats = entries.len() - known.len();
    println!(
        "{} events, {repeats} repeats; {writes_told} of progress; {unsure} writes without an answer",
        known.len(),
    );
    repeats
}

#[tokio::test(flavor = "multi_thread")]
async fn no_event_is_lost_when_the_only_server_is_killed() {
    let (folder, mut stream, proxy) = watchlist().await;
    let arguments = ["--config", "watchlist/oponn.toml"];
    let load = Load::start();
    for life in 0..5 {
        let serving = folder.serve(&arguments);
        load.on(&[&serving]);
        stream.goes_on().await;
        // Events on their way do not come to the stream, or the server does not get to know that they have.
        if life % 2 == 0 {
            proxy.silence()
        } else {
            proxy.hold_answers()
        }
        load.going_on().await;
        drop(serving);
        load.on(&[]);
        proxy.restore();
    }
    let serving = folder.serve(&arguments);
    load.on(&[&serving]);
    load.going_on().await;
    let writes = load.end().await;
    let outbox = || folder.run(&["--config", "watchlist/oponn.toml", "events", "list", "--json"]).out();
    assert!(
        judge(&mut stream, &writes, outbox).await > 0,
        "what the server did not know of is delivered again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_event_is_lost_when_the_server_that_delivers_them_is_killed_or_another() {
    let (folder, mut stream, proxy) = watchlist().await;
    let (database, redis) = (MongoDatabase::new(), redis_url());
    let arguments = ["--config", "watchlist/oponn.toml", "--store", &database.url(), "--cache", &redis];
    folder.run(&[&arguments[..], &["import"]].concat()).assert(0, "", "");
    let load = Load::start();
    let mut servers = [folder.serve(&arguments), folder.serve(&arguments)];
    for kills_relay in [true, false, true] {
        let [first, second] = &servers;
        load.on(&[first, second]);
        load.going_on().await;
        // Somebody delivers before and after.
        stream.goes_on().await;
        let relaying =
            async |serving: &Serving| serving.metrics().await.value("oponn_events_relaying", &[]) == 1.0;
        let relay = match (relaying(first).await, relaying(second).await) {
            (true, _) => 0,
            (_, true) => 1,
            _ => panic!("events are delivered, but by none of the two"),
        };
        let dying = if kills_relay { relay } else { 1 - relay };
        if kills_relay {
            proxy.silence();
            load.going_on().await;
        }
        let [first, second] = servers;
        let (dead, alive) = if dying == 0 { (first, second) } else { (second, first) };
        drop(dead);
        proxy.restore();
        load.on(&[&alive]);
        load.going_on().await;
        stream.goes_on().await;
        servers = [alive, folder.serve(&arguments)];
    }
    let writes = load.end().await;
    let outbox = || folder.run(&[&arguments[..], &["events", "list", "--json"]].concat()).out();
    judge(&mut stream, &writes, outbox).await;
}
