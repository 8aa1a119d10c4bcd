//! The promise itself: whatever the order in which writers, fillers and readers take their steps, a read
//! that begins after a write was acknowledged shows it.
//!
//! Each actor is a list of steps of the protocol, as the engine takes them; a schedule picks at random
//! whose turn it is. The store is a list of commits, so for every read it is known which states of each
//! document it may show. Schedules from which one mechanism is taken away must fail: that shows that the
//! model can see.

use std::sync::Arc;

use oponn::cache::Cache;

use super::domain::{Kind, cache_within, with_suspects};
use super::losses::Keys;
use crate::support::dice::Dice;
use crate::support::redis_server::Server;

mod actors;
mod world;

use actors::Actor;
use world::{Without, World};

/// Reads that show that a schedule has tested something.
#[derive(Default)]
struct Reads {
    /// Pages that the cache answered.
    hits: usize,
    /// Answers that had been kept.
    served: usize,
}

impl Reads {
    fn add(&mut self, more: Reads) {
        self.hits += more.hits;
        self.served += more.served;
    }

    fn are_more_than(&self, hits: usize, served: usize) {
        let Reads { hits: read, served: again } = self;
        assert!(*read > hits, "only {read} reads were hits: the schedules test nothing");
        assert!(*again > served, "only {again} kept answers were served: the schedules test nothing");
    }
}

/// Runs one schedule; says what was stale, if anything was.
async fn run(
    cache: Arc<dyn Cache>,
    mut keys: Option<Keys>,
    seed: u64,
    without: Without,
) -> Result<Reads, String> {
    let mut world = World::new(cache, without, keys.is_some());
    let mut dice = Dice::new(seed);
    let mut actors: Vec<Actor> = (0..12).map(|i| Actor::new(i, &mut dice)).collect();
    actors.extend((12..15).map(Actor::keeper));
    if dice.once_in(2) || without == Without::Reaching {
        actors.push(Actor::tailer(world.cache.mark()));
    }
    let mut losses = 3;
    let mut trace = Vec::new();
    while !actors.is_empty() {
        if let Some(keys) = &mut keys
            && losses > 0
            && dice.once_in(12)
        {
            losses -= 1;
            let which = dice.roll(keys.len() + 2).saturating_sub(2);
            trace.push(format!("lost {}", keys.lose(which).await));
        }
        if dice.once_in(60) {
            world.cache.clear().await.unwrap();
            trace.push("cleared".to_owned());
        }
        let at = dice.roll(actors.len());
        match actors[at].step(&mut world, &mut dice).await {
            Ok(Some(step)) => trace.push(format!("{}: {step}", actors[at].name)),
            Ok(None) => drop(actors.remove(at)),
            Err(fault) => {
                return Err(format!("seed {seed}: {}: {fault}\n{}", actors[at].name, trace.join("\n")));
            }
        }
    }
    Ok(Reads { hits: world.hits, served: world.served })
}

async fn in_memory(seed: u64, without: Without) -> Result<Reads, String> {
    run(Kind::Memory.cache(with_suspects()).await, None, seed, without).await
}

async fn on_redis_with_losses(server: &Server, seed: u64, without: Without) -> Result<Reads, String> {
    server.flush().await;
    let cache = Arc::new(cache_within(server, with_suspects()).await);
    let keys = Keys::of(server, &["a", "b"], &[1, 2]).await;
    run(cache, Some(keys), seed, without).await
}

#[tokio::test]
async fn no_read_is_stale_after_an_acknowledged_write() {
    let mut reads = Reads::default();
    for seed in 0..8_000 {
        match in_memory(seed, Without::Nothing).await {
            Ok(more) => reads.add(more),
            Err(fault) => panic!("{fault}"),
        }
    }
    reads.are_more_than(8_000, 5_000);
}

#[tokio::test]
async fn no_read_is_stale_when_redis_loses_keys() {
    let server = Server::start(&[]).await;
    let mut reads = Reads::default();
    for seed in 0..1_500 {
        match on_redis_with_losses(&server, seed, Without::Nothing).await {
            Ok(more) => reads.add(more),
            Err(fault) => panic!("{fault}"),
        }
    }
    reads.are_more_than(1_000, 600);
}

/// Some schedule in which the mechanism is missing must be stale.
async fn is_needed(without: Without) {
    for seed in 0..20_000 {
        if in_memory(seed, without).await.is_err() {
            return;
        }
    }
    panic!("no schedule without {without:?} was stale");
}

#[tokio::test]
async fn registering_before_reading_is_needed() {
    is_needed(Without::RegisteringFirst).await;
}

#[tokio::test]
async fn deltas_are_needed() {
    is_needed(Without::Deltas).await;
}

#[tokio::test]
async fn floors_are_needed() {
    is_needed(Without::Floors).await;
}

#[tokio::test]
async fn marks_are_needed() {
    is_needed(Without::Marks).await;
}

#[tokio::test]
async fn stamps_are_needed() {
    is_needed(Without::Stamps).await;
}

#[tokio::test]
async fn saying_only_what_was_read_is_needed() {
    is_needed(Without::Proof).await;
}

#[tokio::test]
async fn checking_rows_against_entities_is_needed() {
    is_needed(Without::RowChecks).await;
}

#[tokio::test]
async fn looking_after_the_request_has_come_is_needed() {
    is_needed(Without::FreshLooks).await;
}

#[tokio::test]
async fn knowing_an_answers_entities_is_needed() {
    is_needed(Without::EntityTopics).await;
}

#[tokio::test]
async fn knowing_an_answers_batches_is_needed() {
    is_needed(Without::BatchTopics).await;
}

#[tokio::test]
async fn knowing_an_answers_types_is_needed() {
    is_needed(Without::TypeTopics).await;
}

#[tokio::test]
async fn looking_at_counted_rows_is_needed() {
    is_needed(Without::Suspects).await;
}

#[tokio::test]
async fn reaching_only_what_was_brought_is_needed() {
    is_needed(Without::Reaching).await;
}
