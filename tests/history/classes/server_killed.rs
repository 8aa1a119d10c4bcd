//! A server is killed at any moment, also between a write and its reconcile, and started again.

use futures_util::future::BoxFuture;

use crate::dice::Dice;
use crate::pace::pass_some;
use crate::world::World;

pub fn step<'a>(world: &'a World, dice: &'a mut Dice) -> BoxFuture<'a, ()> {
    Box::pin(async move {
        let server = &world.servers[dice.roll(world.servers())];
        pass_some(dice, 30, 300).await;
        server.kill().await;
        pass_some(dice, 0, 200).await;
        server.start().await;
    })
}
