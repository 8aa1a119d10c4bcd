//! One server is cut off from Redis.

use futures_util::future::BoxFuture;

use crate::dice::Dice;
use crate::pace::pass_some;
use crate::world::World;

pub fn step<'a>(world: &'a World, dice: &'a mut Dice) -> BoxFuture<'a, ()> {
    Box::pin(async move {
        let server = &world.servers[dice.roll(world.servers())];
        pass_some(dice, 100, 400).await;
        server.redis.cut();
        pass_some(dice, 100, 1_000).await;
        server.redis.restore();
    })
}
