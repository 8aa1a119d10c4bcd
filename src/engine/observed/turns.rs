//! Reads of the store take turns among the operations that want them.
//!
//! A store works on a limited number of reads at a time, and would queue the rest in the order of arrival:
//! one operation of a thousand lists would delay all others behind every one of them. So the next turn goes
//! to the operation with the fewest reads under way and, among equals, the one that has taken the least of
//! the store's time. Heavy reads, which may take seconds, never take all slots.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::store::deadline;

/// An operation that has taken this much of the store's time counts as heavy, and so do its reads.
const HEAVY: Duration = Duration::from_millis(500);
/// One in this many slots is closed to heavy reads.
const SHARE: usize = 4;

tokio::task_local! {
    static OPERATION: Arc<Operation>;
}

/// Carries out an operation, whose reads must finish by `end` and take turns with those of other operations.
/// Reads in tasks that it spawns count as operations of their own.
pub async fn operation<T>(end: tokio::time::Instant, work: impl Future<Output = T>) -> T {
    OPERATION.scope(Arc::default(), deadline::until(end, work)).await
}

/// An operation's share of the store.
#[derive(Default)]
struct Operation(Mutex<Taken>);

#[derive(Clone, Copy, Default)]
struct Taken {
    under_way: usize,
    time: Duration,
}

impl Operation {
    fn taken(&self) -> Taken {
        *self.0.lock()
    }
}

/// The turns of one store.
pub(super) struct ReadTurns(Arc<Mutex<ReadSlots>>);

struct ReadSlots {
    free: usize,
    /// How many of the free slots heavy reads may take.
    free_for_heavy: usize,
    /// The operations whose reads wait, in the order of arrival.
    waiting: Vec<Waiting>,
}

struct Waiting {
    operation: Arc<Operation>,
    reads: VecDeque<Read>,
}

/// A waiting read.
struct Read {
    large: bool,
    turn: oneshot::Sender<ReadTurn>,
}

/// Permission to read, for as long as it is held.
pub(super) struct ReadTurn {
    slots: Arc<Mutex<ReadSlots>>,
    operation: Arc<Operation>,
    heavy: bool,
    begun: Instant,
}

impl ReadTurns {
    /// The turns of a store that works on `slots` reads at a time.
    pub(super) fn new(slots: usize) -> ReadTurns {
        let (free, kept) = (slots.max(1), (slots / SHARE).max(1));
        let free_for_heavy = free.saturating_sub(kept).max(1);
        ReadTurns(Arc::new(Mutex::new(ReadSlots { free, free_for_heavy, waiting: Vec::new() })))
    }

    /// Waits for the current operation's next turn. `large` says whether the read is known to be large.
    pub(super) async fn take(&self, large: bool) -> ReadTurn {
        let operation = OPERATION.try_with(Arc::clone).unwrap_or_default();
        let (turn, given) = oneshot::channel();
        self.0.lock().queue(operation, Read { large, turn });
        give_out(&self.0);
        given.await.expect("who waits is given a turn before it is let go of")
    }
}

impl ReadSlots {
    fn queue(&mut self, operation: Arc<Operation>, read: Read) {
        match self.waiting.iter_mut().find(|waiting| Arc::ptr_eq(&waiting.operation, &operation)) {
            Some(waiting) => waiting.reads.push_back(read),
            None => self.waiting.push(Waiting { operation, reads: VecDeque::from([read]) }),
        }
    }

    /// The next read to get a turn, with its operation and whether it is heavy.
    fn next(&mut self) -> Option<(Read, Arc<Operation>, bool)> {
        if self.free == 0 {
            return None;
        }
        let may = self.waiting.iter().enumerate().filter_map(|(index, waiting)| {
            let taken = waiting.operation.taken();
            let heavy = waiting.reads.front()?.large || taken.time >= HEAVY;
            (!heavy || self.free_for_heavy > 0).then_some((taken.under_way, taken.time, index, heavy))
        });
        let (.., index, heavy) = may.min()?;
        let read = self.waiting[index].reads.pop_front()?;
        let operation = self.waiting[index].operation.clone();
        if self.waiting[index].reads.is_empty() {
            self.waiting.remove(index);
        }
        Some((read, operation, heavy))
    }
}

/// Gives out the free turns.
fn give_out(slots: &Arc<Mutex<ReadSlots>>) {
    loop {
        let mut all = slots.lock();
        let Some((read, operation, heavy)) = all.next() else { return };
        // No one waits for this read any more.
        if read.turn.is_closed() {
            continue;
        }
        all.free -= 1;
        all.free_for_heavy -= usize::from(heavy);
        operation.0.lock().under_way += 1;
        // Unlock before the turn can be dropped, since dropping it takes the lock again.
        drop(all);
        let _ = read.turn.send(ReadTurn { slots: slots.clone(), operation, heavy, begun: Instant::now() });
    }
}

impl Drop for ReadTurn {
    fn drop(&mut self) {
        {
            let mut taken = self.operation.0.lock();
            taken.under_way -= 1;
            taken.time += self.begun.elapsed();
        }
        {
            let mut all = self.slots.lock();
            all.free += 1;
            all.free_for_heavy += usize::from(self.heavy);
        }
        give_out(&self.slots);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use futures_util::future::BoxFuture;

    use super::*;

    /// What an operation wants, and the turn once it has it.
    async fn read(turns: &ReadTurns, of: &Arc<Operation>, large: bool) -> ReadTurn {
        OPERATION.scope(of.clone(), turns.take(large)).await
    }

    /// A read that waits; it has queued when this returns.
    fn waiting<'t>(turns: &'t ReadTurns, of: &'t Arc<Operation>, large: bool) -> BoxFuture<'t, ReadTurn> {
        let mut read = read(turns, of, large).boxed();
        assert!((&mut read).now_or_never().is_none(), "there is a turn");
        read
    }

    fn operations() -> [Arc<Operation>; 3] {
        Default::default()
    }

    #[tokio::test]
    async fn the_next_turn_is_for_whoever_has_fewest() {
        let ([many, few, _], turns) = (operations(), ReadTurns::new(1));
        let first = read(&turns, &many, false).await;
        let mut second = waiting(&turns, &many, false);
        let mut third = waiting(&turns, &few, false);
        drop(first);
        assert!((&mut second).now_or_never().is_none(), "it has had a turn");
        let turn = (&mut third).now_or_never().expect("it has had none");
        drop(turn);
        assert!(second.now_or_never().is_some());
    }

    #[tokio::test]
    async fn those_under_way_count_before_the_time_that_was_taken() {
        let ([one, other, holds], turns) = (operations(), ReadTurns::new(2));
        let (held, under_way) = (read(&turns, &holds, false).await, read(&turns, &one, false).await);
        other.0.lock().time = HEAVY / 2;
        let mut second = waiting(&turns, &one, false);
        let third = waiting(&turns, &other, false);
        drop(held);
        assert!(third.now_or_never().is_some(), "it has none under way");
        drop(under_way);
        assert!((&mut second).now_or_never().is_some());
    }

    #[tokio::test]
    async fn heavy_reads_never_have_all_places() {
        for large in [true, false] {
            let ([heavy, light, _], turns) = (operations(), ReadTurns::new(4));
            if !large {
                heavy.0.lock().time = HEAVY;
            }
            let mut held = Vec::new();
            for _ in 0..3 {
                held.push(read(&turns, &heavy, large).await);
            }
            let fourth = waiting(&turns, &heavy, large);
            held.push(read(&turns, &light, false).await);
            held.pop();
            held.pop();
            assert!(fourth.now_or_never().is_some(), "a heavy one has gone");
        }
    }

    #[tokio::test]
    async fn even_one_place_is_for_all() {
        let ([heavy, light, _], turns) = (operations(), ReadTurns::new(1));
        drop(read(&turns, &heavy, true).await);
        drop(read(&turns, &light, false).await);
        drop(read(&turns, &heavy, true).await);
    }

    #[tokio::test]
    async fn whoever_gives_up_leaves_the_turn_to_others() {
        let ([first, second, third], turns) = (operations(), ReadTurns::new(1));
        let turn = read(&turns, &first, false).await;
        let gives_up = waiting(&turns, &second, false);
        let given = waiting(&turns, &third, false);
        let last = waiting(&turns, &first, false);
        drop(gives_up);
        drop(turn);
        // Given, and given up before it was taken.
        drop(given);
        drop(last.now_or_never().expect("nobody else wants it"));
        let all = turns.0.lock();
        assert_eq!((all.free, all.free_for_heavy, all.waiting.len()), (1, 1, 0));
    }
}
