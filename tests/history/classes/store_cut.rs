//! One server is cut off from the store, or all of them.

use futures_util::future::BoxFuture;

use crate::dice::Dice;
use crate::pace::pass_some;
use crate::world::World;

pub fn step<'a>(world: &'a World, dice: &'a mut Dice) -> BoxFuture<'a, ()> {
    Box::pin(async move {
        let all = dice.once_in(3);
        let one = dice.roll(world.servers());
        let cut = || world.servers.iter().enumerate().filter(move |(number, _)| all || *number == one);
        // Many short cuts: what matters is in the middle of which write one comes.
        for _ in 0..dice.roll(10) {
            cut().for_each(|(_, server)| server.store.cut());
            pass_some(dice, 1, 40).await;
            cut().for_each(|(_, server)| server.store.restore());
            pass_some(dice, 10, 120).await;
        }
        pass_some(dice, 1, 200).await;
    })
}
