//! Redis is killed and comes back with what it had some time before.

use futures_util::future::BoxFuture;

use crate::dice::Dice;
use crate::pace::pass_some;
use crate::world::World;

pub fn step<'a>(world: &'a World, dice: &'a mut Dice) -> BoxFuture<'a, ()> {
    Box::pin(async move {
        world.redis_command(&["SAVE"]).await;
        pass_some(dice, 100, 700).await;
        world.restart_redis(&[]).await;
        // It is some seconds before another process may be read.
        pass_some(dice, 3_300, 5_500).await;
    })
}
