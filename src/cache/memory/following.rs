//! Following the store, in memory: the one process that has this cache vouches for it, to itself.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use crate::cache::registry::{self, REMARKS};
use crate::cache::{CacheError, Mark, Standing, Voucher};
use crate::value::{Change, EntityRef, Time};

/// How far the cache has followed the store.
#[derive(Default)]
pub(super) struct Followed {
    term: Option<u64>,
    place: Option<Vec<u8>>,
    /// When the voucher ends.
    ends: Option<Instant>,
    /// The last settled change of each slot.
    settled: Vec<Option<(EntityRef, Time, Mark)>>,
}

static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Milliseconds since this process first asked.
pub(super) fn clock() -> u64 {
    u64::try_from(BEGUN.elapsed().as_millis()).unwrap_or(u64::MAX)
}

impl Followed {
    pub fn standing(&self) -> Standing {
        Standing { node: String::new(), place: self.place.clone(), session: 0 }
    }

    pub fn remember(&mut self, mark: Mark, changes: &[(EntityRef, Time)]) {
        self.settled.resize(REMARKS, None);
        for (entity, at) in changes {
            self.settled[registry::remark_slot(entity, *at)] = Some((entity.clone(), *at, mark));
        }
    }

    pub fn unsettled(&self, mark: Mark, mut changes: Vec<Change>) -> Vec<Change> {
        changes.retain(|change| {
            let at = change.stamp.t;
            let slot = registry::remark_slot(&change.entity, at);
            let known = self.settled.get(slot).and_then(Option::as_ref);
            known
                .is_none_or(|(entity, then, under)| *entity != change.entity || *then != at || *under != mark)
        });
        changes
    }

    /// Whether a cache with this bound may be read.
    pub fn readable(&self, freshness: Option<Duration>) -> Result<(), CacheError> {
        match (freshness, self.ends) {
            (None, _) => Ok(()),
            (Some(_), Some(ends)) if Instant::now() < ends => Ok(()),
            (Some(_), _) => Err(CacheError::Bypassed),
        }
    }

    /// Begins a term.
    pub fn adopt(&mut self, term: u64) {
        self.term = Some(term);
        self.ends = None;
    }

    /// Takes a voucher, if it is of this term.
    pub fn vouch(&mut self, voucher: &Voucher, freshness: Duration) -> bool {
        if self.term != Some(voucher.term) {
            return false;
        }
        self.place = Some(voucher.place.clone());
        self.ends = Some(*BEGUN + Duration::from_millis(voucher.asked) + freshness);
        true
    }
}
