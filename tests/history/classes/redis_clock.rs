//! The clock of Redis is set back or forward, and later set right.

use futures_util::future::BoxFuture;

use crate::dice::Dice;
use crate::pace::pass_some;
use crate::world::World;

/// Some that nobody notices, and some by which a voucher would count for ever or never.
const OFF: [i64; 8] = [-3_600_000, -30_000, -5_000, -300, 300, 5_000, 30_000, 3_600_000];

pub fn step<'a>(world: &'a World, dice: &'a mut Dice) -> BoxFuture<'a, ()> {
    Box::pin(async move {
        for off in [dice.one_of(&OFF), 0] {
            world.set_redis_clock(off).await;
            pass_some(dice, 200, 2_500).await;
        }
    })
}
