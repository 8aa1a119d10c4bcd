//! Other programs write to the store: the clients themselves do, past all servers.

use futures_util::future::BoxFuture;

use crate::dice::Dice;
use crate::pace::pass_some;
use crate::world::World;

pub fn step<'a>(world: &'a World, dice: &'a mut Dice) -> BoxFuture<'a, ()> {
    Box::pin(async move {
        let _ = world;
        // Most of what they write has to show before it is over.
        pass_some(dice, 7_000, 7_000).await;
    })
}
