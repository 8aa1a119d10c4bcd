//! The store answers one server late.

use futures_util::future::BoxFuture;

use crate::dice::Dice;
use crate::pace::pass_some;
use crate::world::World;

pub fn step<'a>(world: &'a World, dice: &'a mut Dice) -> BoxFuture<'a, ()> {
    Box::pin(async move {
        let server = &world.servers[dice.roll(world.servers())];
        // There is something to be read from the store, too.
        world.redis_command(&["FLUSHALL"]).await;
        for _ in 0..10 + dice.roll(30) {
            match dice.once_in(2) {
                true => server.store.hold(),
                false => server.store.hold_answers(),
            }
            pass_some(dice, 5, 60).await;
            server.store.restore();
            pass_some(dice, 1, 30).await;
        }
    })
}
