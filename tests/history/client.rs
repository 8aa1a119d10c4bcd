//! A client: reads and writes at random, through any server. Its writes come one after another, and so do its reads; a
//! write that takes long holds up no reads.

use std::sync::{Arc, Mutex};

use tokio::sync::Semaphore;

use super::ask::{Ask, Cursors, Focus};
use super::world::World;
use super::writer::Writer;
use crate::dice::Dice;

pub struct Client {
    world: Arc<World>,
    number: usize,
    /// What has just been written, to be asked for next.
    focus: Mutex<Option<Focus>>,
    /// A write for some reads.
    turns: Semaphore,
}

impl Client {
    pub fn new(world: Arc<World>, number: usize) -> Client {
        Client { world, number, focus: Mutex::default(), turns: Semaphore::new(1) }
    }

    /// Goes on until the faults are over.
    pub async fn run(self) {
        tokio::join!(self.write(), self.read());
    }

    async fn write(&self) {
        let (mut dice, mut writer) = (self.dice(0), Writer::new(self.world.clone(), self.number));
        while let Ok(turn) = self.turns.acquire().await {
            turn.forget();
            let written = writer.write(&mut dice).await;
            *self.focus.lock().expect("nobody panics while holding it") = written;
        }
    }

    async fn read(&self) {
        let (mut dice, mut cursors) = (self.dice(1), Cursors::default());
        while !self.world.is_over() {
            let focus = self.focus.lock().expect("nobody panics while holding it").take();
            let drawn;
            let ask = match dice.once_in(3) {
                true => &self.world.common[dice.roll(self.world.common.len())],
                false => {
                    drawn = Ask::draw(&mut dice, &cursors, &self.world.asked, focus.as_ref());
                    &drawn
                }
            };
            match self.world.draw_server(&mut dice, &ask.kinds()) {
                Some(server) => self.world.read(server, ask, &mut cursors).await,
                None => self.world.breathe().await,
            }
            if self.turns.available_permits() == 0 && dice.once_in(3) {
                self.turns.add_permits(1);
            }
        }
        self.turns.close();
    }

    fn dice(&self, number: u64) -> Dice {
        let client = self.number as u64 * 2 + number;
        Dice::new(self.world.settings.seed.wrapping_mul(1_000_003).wrapping_add(client))
    }
}
