//! One server hears nothing from Redis any more, over connections that stay open.

use futures_util::future::BoxFuture;

use crate::dice::Dice;
use crate::pace::pass_some;
use crate::world::World;

pub fn step<'a>(world: &'a World, dice: &'a mut Dice) -> BoxFuture<'a, ()> {
    Box::pin(async move {
        let server = &world.servers[dice.roll(world.servers())];
        pass_some(dice, 50, 200).await;
        server.redis.silence();
        pass_some(dice, 500, 4_500).await;
        // What was silent never speaks again.
        server.redis.cut();
        server.redis.closed().await;
        server.redis.restore();
    })
}
