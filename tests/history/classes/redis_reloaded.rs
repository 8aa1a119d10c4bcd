//! Redis goes back in time under open connections, as after a failover that lost commands.

use futures_util::future::BoxFuture;

use crate::dice::Dice;
use crate::pace::pass_some;
use crate::world::World;

pub fn step<'a>(world: &'a World, dice: &'a mut Dice) -> BoxFuture<'a, ()> {
    Box::pin(async move {
        // With so much to load, it takes long enough for some commands to come from before it.
        world.redis_command(&["DEBUG", "POPULATE", "20000", "other"]).await;
        world.redis_command(&["SAVE"]).await;
        if dice.once_in(2) {
            pass_some(dice, 1, 500).await;
        } else {
            // Much is under way just when the store answers again.
            world.servers.iter().for_each(|server| server.store.hold_answers());
            pass_some(dice, 100, 500).await;
            world.servers.iter().for_each(|server| server.store.restore());
            pass_some(dice, 0, 12).await;
        }
        world.redis_command(&["DEBUG", "RELOAD", "NOSAVE"]).await;
        pass_some(dice, 100, 800).await;
    })
}
