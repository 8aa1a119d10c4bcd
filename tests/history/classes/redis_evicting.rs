//! Redis has too little memory, evicts by each of its policies, and refuses what needs more.

use futures_util::future::BoxFuture;

use crate::dice::Dice;
use crate::pace::pass_some;
use crate::world::World;

const POLICIES: [&str; 8] = [
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
    "noeviction",
];

pub fn step<'a>(world: &'a World, dice: &'a mut Dice) -> BoxFuture<'a, ()> {
    Box::pin(async move {
        let used = used_memory(world).await;
        let bound = (used * (90 + dice.roll(12) as u64) / 100).to_string();
        let policy = POLICIES[dice.roll(POLICIES.len())];
        world.redis_command(&["CONFIG", "SET", "maxmemory-policy", policy]).await;
        world.redis_command(&["CONFIG", "SET", "maxmemory", &bound]).await;
        pass_some(dice, 50, 300).await;
        world.redis_command(&["CONFIG", "SET", "maxmemory", "0"]).await;
        pass_some(dice, 50, 150).await;
    })
}

async fn used_memory(world: &World) -> u64 {
    let info = world.redis_info("memory").await;
    let used = info.lines().find_map(|line| line.strip_prefix("used_memory:"));
    used.and_then(|bytes| bytes.trim().parse().ok()).expect("Redis tells its memory")
}
