//! Redis is killed and comes back empty.

use futures_util::future::BoxFuture;

use crate::dice::Dice;
use crate::pace::pass_some;
use crate::world::World;

pub fn step<'a>(world: &'a World, dice: &'a mut Dice) -> BoxFuture<'a, ()> {
    Box::pin(async move {
        pass_some(dice, 100, 4_500).await;
        world.restart_redis(&["--dbfilename", "none.rdb"]).await;
    })
}
