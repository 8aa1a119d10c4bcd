//! Whether clients can ever see anything stale: oponn's own processes, with clients that read and write at random
//! while faults of one class after the other go on, and every answer judged by the history of writes.
//!
//! `cargo test --test history -- [CLASS...]`, or `-- --ablations [MECHANISM...]` for runs that have to find something;
//! `settings.rs` has what can be set.

mod ablations;
mod ask;
mod classes;
mod client;
mod clock;
mod domain;
mod history;
mod judge;
mod pace;
mod program;
mod proofs;
mod redis;
mod report;
mod rest;
mod server;
mod settings;
mod store;
mod tally;
mod world;
mod writer;

// The other test binary uses the rest of them.
#[path = "../it/support/dice.rs"]
mod dice;
#[allow(dead_code)]
#[path = "../it/support/proxy.rs"]
mod proxy;
#[allow(dead_code)]
#[path = "../it/support/redis_server.rs"]
mod redis_server;
#[allow(dead_code)]
#[path = "../it/support/scrape.rs"]
mod scrape;
#[allow(dead_code)]
#[path = "../it/support/services.rs"]
mod services;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use ablations::{ABLATIONS, Ablation};
use classes::{CLASSES, Class};
use client::Client;
use dice::Dice;
use oponn::probe::without::Mechanism;
use settings::Settings;
use tally::Tally;
use world::World;

/// How long the servers have to agree with the store at rest.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> ExitCode {
    // Fails when it is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let settings = Settings::from_environment();
    // All other options are meant for the harness of the other tests.
    let (options, wanted): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with('-'));
    let given = |option: &str| options.iter().any(|given| given == option);
    let chosen = |name: &str| wanted.is_empty() || wanted.iter().any(|part| name.contains(part));
    let classes = CLASSES.iter().filter(|class| !given("--ablations") && chosen(class.name));
    let ablations: Vec<&Ablation> = ABLATIONS
        .iter()
        .filter(|ablation| ablation.always || given("--ablations"))
        .filter(|ablation| chosen(&ablation.name()))
        .collect();
    if given("--list") {
        classes.for_each(|class| println!("{}: test", class.name));
        ablations.iter().for_each(|ablation| println!("{}: test", ablation.name()));
        return ExitCode::SUCCESS;
    }
    proofs::known_histories_are_judged_right();
    assert!(ablations::are_complete(), "a mechanism is missing in `ablations.rs`");
    let mut results: Vec<(&Class, Tally)> = Vec::new();
    for class in classes {
        let tally = run(&settings, class, None).await;
        report::tell(&settings, class, &tally, fails(&tally));
        results.push((class, tally));
    }
    report::table(&results);
    let mut lacks = Vec::new();
    for ablation in ablations {
        let clients = settings.clients.max(ablations::CLIENTS);
        let settings = Settings { time: ablation.time, pairs: 0, clients, ..settings.clone() };
        let tally = run(&settings, ablation.class(), Some(ablation.without)).await;
        println!("{}", report::lack(ablation, &tally));
        lacks.push((ablation, tally));
    }
    report::lacks(&lacks);
    let failed = results.iter().any(|(_, tally)| fails(tally));
    let unseen = lacks.iter().any(|(_, tally)| tally.violations() == 0);
    if failed || unseen { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// One class: its faults under load, then rest. Without a mechanism, the first violation ends it.
async fn run(settings: &Settings, class: &'static Class, without: Option<Mechanism>) -> Tally {
    let world = World::start(settings, class, without).await;
    let clients: Vec<_> =
        (0..settings.clients).map(|number| tokio::spawn(Client::new(world.clone(), number).run())).collect();
    let mut dice = Dice::new(settings.seed);
    let began = Instant::now();
    let found = || without.is_some() && world.tally().violations() > 0;
    let enough = || began.elapsed() >= settings.time && world.tally().pairs >= settings.pairs;
    while !enough() && !found() {
        (class.step)(&world, &mut dice).await;
    }
    world.end();
    for client in clients {
        client.await.expect("a client does not panic");
    }
    let past = world.past_the_cache().await;
    if !found() {
        rest::converge(&world, PATIENCE).await;
    }
    let mut tally = std::mem::take(&mut *world.tally());
    tally.past_the_cache = past;
    tally.began = Some(began);
    tally
}

/// Whether a promise was broken, or nothing was checked that could have shown it.
fn fails(tally: &Tally) -> bool {
    tally.pairs == 0 || tally.violations() > 0
}
