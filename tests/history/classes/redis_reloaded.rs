//! Redis goes back in time under open connections, as after a failover that lost commands.

use futures_util::future::BoxFuture;

use crate::dice::Dice;
use crate::pace::pass_some;
use crate::world::World;

pub fn step<'a>(world: &'a World, dice: &'a mut Dice) -> BoxFuture<'a, ()> {
    Box::pin(async move {
        world.redis_command(&["SAVE"]).await;
        pass_some(dice, 100, 500).await;
        world.redis_command(&["DEBUG", "RELOAD", "NOSAVE"]).await;
        pass_some(dice, 100, 300).await;
    })
}
