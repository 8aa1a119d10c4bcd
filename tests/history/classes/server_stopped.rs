//! A server stands still for a while, wherever it is, and goes on.

use futures_util::future::BoxFuture;

use crate::dice::Dice;
use crate::pace::pass_some;
use crate::world::World;

pub fn step<'a>(world: &'a World, dice: &'a mut Dice) -> BoxFuture<'a, ()> {
    Box::pin(async move {
        let server = &world.servers[dice.roll(world.servers())];
        pass_some(dice, 20, 150).await;
        server.signal("STOP").await;
        pass_some(dice, 20, 600).await;
        server.signal("CONT").await;
    })
}
