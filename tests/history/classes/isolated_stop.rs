//! A server is cut off from Redis, goes on writing, is stopped in that state, and started again.

use futures_util::future::BoxFuture;

use crate::dice::Dice;
use crate::pace::pass_some;
use crate::world::World;

pub fn step<'a>(world: &'a World, dice: &'a mut Dice) -> BoxFuture<'a, ()> {
    Box::pin(async move {
        let server = &world.servers[dice.roll(world.servers())];
        pass_some(dice, 100, 300).await;
        server.redis.cut();
        pass_some(dice, 200, 600).await;
        server.terminate().await;
        server.redis.restore();
        server.start().await;
    })
}
