//! A replica takes the place of Redis, on a machine whose clock may be another. For a while some servers are led to the one
//! and some to the other, and both take changes.

use futures_util::future::BoxFuture;

use crate::dice::Dice;
use crate::pace::pass_some;
use crate::world::World;

/// How far the clock of the replica may be off, in milliseconds.
const OFF: [i64; 5] = [-30_000, -1_000, 0, 1_000, 30_000];

pub fn step<'a>(world: &'a World, dice: &'a mut Dice) -> BoxFuture<'a, ()> {
    Box::pin(async move {
        let replica = world.redis_replica(dice.one_of(&OFF)).await;
        let first = dice.roll(world.servers());
        for number in 0..world.servers() {
            let server = &world.servers[(first + number) % world.servers()];
            server.redis.redirect(&replica.address());
            server.redis.cut();
            pass_some(dice, 1, 20).await;
            server.redis.restore();
            pass_some(dice, 50, 700).await;
            if number == 0 {
                replica.command(&["REPLICAOF", "NO", "ONE"]).await;
                pass_some(dice, 50, 1_500).await;
            }
        }
        let before = world.replace_redis(replica).await;
        pass_some(dice, 50, 300).await;
        drop(before);
        // It is some seconds before another process may be read.
        pass_some(dice, 100, 4_500).await;
    })
}
