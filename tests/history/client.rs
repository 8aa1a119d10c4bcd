//! A client: reads and writes at random, through any server, one after another.

use std::sync::Arc;

use super::ask::{Ask, Cursors, Focus};
use super::world::World;
use super::writer::Writer;
use crate::dice::Dice;

pub struct Client {
    world: Arc<World>,
    dice: Dice,
    cursors: Cursors,
    writer: Writer,
}

impl Client {
    pub fn new(world: Arc<World>, number: usize) -> Client {
        let dice = Dice::new(world.settings.seed.wrapping_mul(1_000_003).wrapping_add(number as u64));
        let writer = Writer::new(world.clone(), number);
        Client { world, dice, cursors: Cursors::default(), writer }
    }

    /// Goes on until the faults are over.
    pub async fn run(mut self) {
        while !self.world.is_over() {
            let focus = match self.dice.roll(3) {
                0 => self.writer.write(&mut self.dice).await,
                _ => None,
            };
            self.read(focus.as_ref()).await;
        }
    }

    async fn read(&mut self, focus: Option<&Focus>) {
        let ask = Ask::draw(&mut self.dice, &self.cursors, &self.world.names, focus);
        let Some(server) = self.world.draw_server(&mut self.dice) else { return self.world.breathe().await };
        self.world.read(server, &ask, &mut self.cursors).await;
    }
}
