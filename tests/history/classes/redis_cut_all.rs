//! All servers are cut off from Redis at once, and come back one after another.

use futures_util::future::BoxFuture;

use crate::dice::Dice;
use crate::pace::pass_some;
use crate::world::World;

pub fn step<'a>(world: &'a World, dice: &'a mut Dice) -> BoxFuture<'a, ()> {
    Box::pin(async move {
        pass_some(dice, 100, 400).await;
        world.servers.iter().for_each(|server| server.redis.cut());
        pass_some(dice, 50, 600).await;
        for server in &world.servers {
            server.redis.restore();
            pass_some(dice, 0, 300).await;
        }
    })
}
