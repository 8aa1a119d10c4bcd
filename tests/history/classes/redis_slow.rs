//! Redis answers one server late, though never so late that it gives it up.

use futures_util::future::BoxFuture;

use crate::dice::Dice;
use crate::pace::pass_some;
use crate::world::World;

pub fn step<'a>(world: &'a World, dice: &'a mut Dice) -> BoxFuture<'a, ()> {
    Box::pin(async move {
        let server = &world.servers[dice.roll(world.servers())];
        for _ in 0..dice.roll(10) {
            match dice.once_in(2) {
                true => server.redis.hold(),
                false => server.redis.hold_answers(),
            }
            pass_some(dice, 10, 150).await;
            server.redis.restore();
            pass_some(dice, 1, 20).await;
        }
    })
}
