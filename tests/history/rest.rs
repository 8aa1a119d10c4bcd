//! At rest: every list and every document, through every server, as the store itself has them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bson::doc;
use futures_util::future::ready;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::Value as Json;

use super::ask::{Ask, Cursors};
use super::domain::{Fields, Kind, List, Name};
use super::history::{History, Span};
use super::judge::{Fault, Judge, Verdict};
use super::world::{World, tell};

/// Questions under way at the same time.
const AT_ONCE: usize = 4;

/// Asks again for what differs from the store, until nothing does or time is up.
pub async fn converge(world: &World, patience: Duration) {
    let began = Instant::now();
    let stored = stored(world).await;
    let history = History::at_rest(&world.names, stored);
    let mut open: Vec<(usize, Ask)> = Vec::new();
    for server in 0..world.servers() {
        let asked = questions(&world.asked).into_iter().filter(|ask| world.servers[server].has(&ask.kinds()));
        open.extend(asked.map(|ask| (server, ask)));
    }
    loop {
        let asking = open.into_iter().map(async |(server, ask)| {
            let told = differs(world, &history, server, &ask).await?;
            Some((server, ask, told))
        });
        let unlike: Vec<_> = stream::iter(asking).buffer_unordered(AT_ONCE).filter_map(ready).collect().await;
        if unlike.is_empty() {
            world.tally().converged = Some(began.elapsed());
            return;
        }
        if began.elapsed() > patience {
            return add(world, unlike);
        }
        open = unlike.into_iter().map(|(server, ask, _)| (server, ask)).collect();
    }
}

/// What is in the store, asked directly.
async fn stored(world: &World) -> BTreeMap<Name, (Fields, i64)> {
    let mut stored = BTreeMap::new();
    for kind in Kind::ALL {
        let found = world.collection(kind).find(doc! {}).await.expect("the store answers at rest");
        let found: Vec<bson::Document> = found.try_collect().await.expect("the store answers at rest");
        for document in found {
            let name = Name::of(kind, document.get_str("_id").expect("ids are strings"));
            let values = Fields::from_bson(&document).expect("documents are whole");
            stored.insert(name.expect("only known documents are made"), values);
        }
    }
    stored
}

/// Everything that can be asked for, each on its own, as clients may have asked for it.
fn questions(names: &[Name]) -> Vec<Ask> {
    let mut all: Vec<Ask> = List::all().into_iter().map(Ask::whole).collect();
    all.push(Ask::below_shelves());
    all.extend(names.iter().copied().map(Ask::one));
    all
}

/// What differs from the store, with the writes that led there; `None`: nothing.
async fn differs(world: &World, history: &History, server: usize, ask: &Ask) -> Option<Vec<String>> {
    let text = ask.text();
    let begin = history.now();
    let Some(data) = world.ask(server, &text, Json::Null).await else {
        return Some(vec![format!("{:?}: no answer through server {server}: {text}", Fault::Unlike)]);
    };
    let span = Span { begin, end: history.now() };
    let judge = Judge { history, span };
    let Verdict { violations, .. } = ask.judge(&judge, &data, &mut Cursors::default());
    let written = world.history();
    let told =
        |violation| tell(&written, violation, &format!("at rest, through server {server}: {text}\n  {data}"));
    (!violations.is_empty()).then(|| violations.iter().map(told).collect())
}

fn add(world: &World, unlike: Vec<(usize, Ask, Vec<String>)>) {
    let mut tally = world.tally();
    tally.found(Fault::Unlike, unlike.len() as u64);
    tally.told.extend(unlike.into_iter().flat_map(|(_, _, told)| told).take(2));
}
