//! All faults, one after another, as they come.

use futures_util::future::BoxFuture;

use super::CLASSES;
use crate::dice::Dice;
use crate::world::World;

pub fn step<'a>(world: &'a World, dice: &'a mut Dice) -> BoxFuture<'a, ()> {
    // The last class is this one.
    let class = &CLASSES[dice.roll(CLASSES.len() - 1)];
    (class.step)(world, dice)
}
