//! Whose turn it is to relay: that of the server that stands in the outbox, as long as it renews its turn. By its own clock
//! it stops well before others, by theirs, take the turn.

use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use crate::store::StoreError;
use crate::store::outbox::{Outbox, Turn};

/// What a server knows of the turn.
pub(super) struct Turns {
    /// The server's own name.
    name: String,
    /// How long a turn counts that is not renewed.
    valid: Duration,
    /// The turn as last seen, and since when it has been the same.
    seen: Option<(Turn, Instant)>,
}

impl Turns {
    pub(super) fn new(valid: Duration) -> Turns {
        Turns { name: Uuid::new_v4().to_string(), valid, seen: None }
    }

    /// Renews this server's turn, or takes it if nobody has it. Until when it counts; `None` if another server has it.
    pub(super) async fn mine(&mut self, outbox: &dyn Outbox) -> Result<Option<Instant>, StoreError> {
        let asked = Instant::now();
        let turn = outbox.turn().await?;
        let known = self.seen.take().filter(|(known, _)| turn.as_ref() == Some(known));
        let since = known.map_or_else(Instant::now, |(_, since)| since);
        let free = turn.as_ref().is_none_or(|turn| {
            turn.holder.is_empty() || turn.holder == self.name || since.elapsed() >= self.valid * 2
        });
        if free {
            let beat = turn.as_ref().map_or(0, |turn| turn.beat) + 1;
            let next = Turn { holder: self.name.clone(), beat };
            if outbox.take_turn(turn.as_ref(), &next).await? {
                self.seen = Some((next, Instant::now()));
                return Ok(Some(asked + self.valid));
            }
            return Ok(None);
        }
        self.seen = turn.map(|turn| (turn, since));
        Ok(None)
    }

    /// Leaves the turn to the others, if this server has it.
    pub(super) async fn resign(&mut self, outbox: &dyn Outbox) -> Result<(), StoreError> {
        match self.seen.take() {
            Some((turn, _)) if turn.holder == self.name => {
                let next = Turn { holder: String::new(), beat: turn.beat + 1 };
                outbox.take_turn(Some(&turn), &next).await.map(drop)
            }
            _ => Ok(()),
        }
    }
}
