//! The memory of all large operations under way, and which of them are turned away when it is used up.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

/// One operation may take one part in this many of all memory.
const SHARE: u64 = 4;
/// This many of the oldest operations are sure of their shares. If none were, many operations could each hold a
/// little and all be turned away, over and over, and no one would get an answer.
const SURE: usize = 2;

/// The memory of all large operations.
#[derive(Clone)]
pub(super) struct Pool {
    most: u64,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Default)]
struct Taken {
    all: u64,
    /// Bytes of each operation, the oldest first.
    parts: BTreeMap<u64, u64>,
    next: u64,
}

impl Pool {
    pub(super) fn new(most: u64) -> Pool {
        Pool { most, taken: Arc::default() }
    }

    /// Maximum bytes of rows and answer for one operation.
    pub(super) fn share(&self) -> u64 {
        self.most / SHARE
    }

    /// The part of an operation that has become large.
    pub(super) fn part(&self) -> Part {
        let mut taken = self.taken.lock();
        let number = taken.next;
        taken.next += 1;
        taken.parts.insert(number, 0);
        Part { pool: self.clone(), number }
    }
}

/// What one operation takes of the pool. Dropping it gives the memory back.
pub(super) struct Part {
    pool: Pool,
    number: u64,
}

impl Part {
    /// Takes memory, which the operation has already; false if it must give up.
    #[must_use]
    pub(super) fn take(&self, bytes: u64) -> bool {
        let Pool { most, .. } = self.pool;
        let share = self.pool.share();
        let mut taken = self.pool.taken.lock();
        taken.all += bytes;
        let part = taken.parts.entry(self.number).or_default();
        *part += bytes;
        let part = *part;
        let sure = taken.parts.iter().take(SURE);
        let (is_sure, of_sure) =
            sure.fold((false, 0), |(is, all), (number, part)| (is || *number == self.number, all + part));
        match is_sure {
            // Its text and plan are not of its share, and have bounds of their own.
            true => part <= 2 * share || taken.all <= most,
            false => taken.all - of_sure + of_sure.max(SURE as u64 * share) <= most,
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let mut taken = self.pool.taken.lock();
        if let Some(part) = taken.parts.remove(&self.number) {
            taken.all -= part;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: u64 = 40 << 20;
    const QUARTER: u64 = MOST / 4;

    #[test]
    fn all_get_no_more_than_there_is() {
        let pool = Pool::new(MOST);
        let parts: Vec<Part> = (0..4).map(|_| pool.part()).collect();
        for part in &parts {
            assert!(part.take(QUARTER));
        }
        let another = pool.part();
        assert!(!another.take(1));
        drop(parts);
        assert!(another.take(QUARTER));
        drop(another);
        let taken = pool.taken.lock();
        assert_eq!((taken.all, taken.parts.len()), (0, 0));
    }

    #[test]
    fn the_oldest_get_their_shares_whatever_the_others_take() {
        let pool = Pool::new(MOST);
        let mut parts: Vec<Part> = (0..50).map(|_| pool.part()).collect();
        for step in 1..=128 {
            let going: Vec<bool> = parts.iter().map(|part| part.take(QUARTER / 128)).collect();
            assert!(going[0] && going[1], "{step}");
            let mut going = going.into_iter();
            parts.retain(|_| going.next() == Some(true));
        }
        // The two oldest have a quarter each.
        assert_eq!(parts.iter().map(|part| part.number).collect::<Vec<_>>()[..2], [0, 1]);
        let taken = pool.taken.lock();
        assert!(taken.all <= MOST && taken.all >= MOST / 2, "{}", taken.all);
    }

    #[test]
    fn those_who_follow_the_oldest_become_sure() {
        let pool = Pool::new(MOST);
        let first = pool.part();
        let rest: Vec<Part> = (0..3).map(|_| pool.part()).collect();
        assert!(first.take(QUARTER) && rest[0].take(QUARTER));
        assert!(rest[1].take(2 * QUARTER), "what nobody else has taken");
        assert!(!rest[2].take(1));
        drop(first);
        assert!(rest[1].take(1), "one of the oldest now, and there is room");
        assert!(!rest[1].take(QUARTER), "more than it can need, and more than there is");
        assert!(rest[0].take(0), "still within its share");
    }
}
