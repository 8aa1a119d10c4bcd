//! Servers have different schema files, as during a rolling update, and either may follow the store when the other is
//! started anew or cut off from Redis.

use futures_util::future::BoxFuture;

use crate::dice::Dice;
use crate::pace::pass_some;
use crate::world::World;

pub fn step<'a>(world: &'a World, dice: &'a mut Dice) -> BoxFuture<'a, ()> {
    Box::pin(async move {
        let server = &world.servers[dice.roll(world.servers())];
        pass_some(dice, 100, 400).await;
        if dice.once_in(3) {
            server.terminate().await;
            server.start().await;
        } else {
            server.redis.cut();
            pass_some(dice, 100, 600).await;
            server.redis.restore();
        }
    })
}
