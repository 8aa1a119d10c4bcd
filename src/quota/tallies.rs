//! What has been taken from each account lately, in a room of a fixed size.
//!
//! Whoever has many addresses could fill any room. Then those accounts are forgotten that were looked at least, which
//! means that their quotas are whole again. Viewers have a room of their own: they are not forgotten for addresses.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use governor::nanos::Nanos;
use governor::state::StateStore;
use quick_cache::sync::Cache;

use super::Account;

/// Bytes that one tally takes up, roughly.
const EACH: u64 = 128;

/// All tallies.
#[derive(Clone)]
pub(super) struct Tallies {
    viewers: Arc<Room>,
    addresses: Arc<Room>,
}

type Room = Cache<(u32, Account), Arc<AtomicU64>>;

/// What is taken from which tally.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Draw {
    /// The number of the limiter.
    pub(super) limiter: u32,
    pub(super) account: Account,
    /// Whether it is only asked whether it could be taken.
    pub(super) looks: bool,
}

impl Tallies {
    /// Room for `bytes` bytes.
    pub(super) fn new(bytes: u64) -> Tallies {
        let items = usize::try_from(bytes / EACH / 2).unwrap_or(usize::MAX).max(1);
        Tallies { viewers: Arc::new(Cache::new(items)), addresses: Arc::new(Cache::new(items)) }
    }

    /// The tally that is drawn on; a look makes none.
    fn of(&self, draw: &Draw) -> Arc<AtomicU64> {
        let room = match draw.account {
            Account::Viewer(_) => &self.viewers,
            Account::Address(_) => &self.addresses,
        };
        let key = (draw.limiter, draw.account);
        if draw.looks {
            return room.get(&key).unwrap_or_default();
        }
        let tally = room.get_or_insert_with(&key, || Ok::<_, Infallible>(Arc::default()));
        tally.unwrap_or_else(|never| match never {})
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.viewers.len() + self.addresses.len()
    }
}

impl StateStore for Tallies {
    type Key = Draw;

    fn measure_and_replace<T, F, E>(&self, draw: &Draw, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let tally = self.of(draw);
        let mut known = tally.load(Ordering::Relaxed);
        loop {
            let (outcome, next) = measure((known > 0).then(|| known.into()))?;
            if draw.looks {
                return Ok(outcome);
            }
            let replaced =
                tally.compare_exchange_weak(known, next.as_u64(), Ordering::Relaxed, Ordering::Relaxed);
            match replaced {
                Ok(_) => return Ok(outcome),
                Err(newer) => known = newer,
            }
        }
    }
}
