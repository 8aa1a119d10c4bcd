//! Whether clients can ever see anything stale: oponn's own processes, with clients that read and write at random
//! while faults of one class after the other go on, and every answer judged by the history of writes.
//!
//! `cargo test --test history -- [CLASS...]`; `settings.rs` has what can be set.

mod ask;
mod classes;
mod client;
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

use classes::{CLASSES, Class};
use client::Client;
use dice::Dice;
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
    // Options are meant for the harness of the other tests.
    let (options, wanted): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with('-'));
    if options.iter().any(|option| option == "--list") {
        CLASSES.iter().for_each(|class| println!("{}: test", class.name));
        return ExitCode::SUCCESS;
    }
    proofs::known_histories_are_judged_right();
    let chosen = |class: &&Class| wanted.is_empty() || wanted.iter().any(|part| class.name.contains(part));
    let mut results: Vec<(&Class, Tally)> = Vec::new();
    for class in CLASSES.iter().filter(chosen) {
        let tally = run(&settings, class).await;
        report::tell(&settings, class, &tally, fails(&tally));
        results.push((class, tally));
    }
    report::table(&results);
    let failed = results.iter().any(|(_, tally)| fails(tally));
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// One class: its faults under load, then rest.
async fn run(settings: &Settings, class: &'static Class) -> Tally {
    let world = World::start(settings, class).await;
    let clients: Vec<_> =
        (0..settings.clients).map(|number| tokio::spawn(Client::new(world.clone(), number).run())).collect();
    let mut dice = Dice::new(settings.seed);
    let began = Instant::now();
    while began.elapsed() < settings.time {
        (class.step)(&world, &mut dice).await;
    }
    world.end();
    for client in clients {
        client.await.expect("a client does not panic");
    }
    let past = world.past_the_cache().await;
    rest::converge(&world, PATIENCE).await;
    let mut tally = std::mem::take(&mut *world.tally());
    tally.past_the_cache = past;
    tally
}

/// Whether a promise was broken, or nothing was checked that could have shown it.
fn fails(tally: &Tally) -> bool {
    tally.pairs == 0 || tally.violations() > 0
}
