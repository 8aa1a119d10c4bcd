//! What one sender of requests may take per time: so many operations, so many points of cost, so many credentials that
//! nobody vouches for.
//!
//! A quota may be taken at once, and comes back evenly. Each server counts for itself, or all servers that share a Redis
//! count together; as long as that is away, each counts for itself.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::MonotonicClock;
use parking_lot::Mutex;

use crate::cache::SharedTally;
use crate::config::{QuotaSettings, Rate};
use crate::metrics::{Metrics, QuotaKind};
use crate::viewer::Viewer;

mod account;
mod grants;
mod limiter;
mod refusal;
mod tallies;

pub use account::Account;

use grants::Grants;
use limiter::{Drawn, Limiter};
pub use refusal::Refusal;
use tallies::Tallies;

/// What a quota is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Operations.
    Requests,
    /// The cost of operations.
    Points,
}

/// The quotas of a server.
pub struct Quotas {
    requests: Grants,
    points: Grants,
    failures: Option<Limiter<MonotonicClock>>,
    shared: Option<SharedTally>,
    metrics: Arc<Metrics>,
}

/// How far a quota has been taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The whole quota.
    pub rate: Rate,
    /// The part that is left.
    pub remaining: u32,
    /// The time until what was wanted is there; until all is there, to a whole unit, if it was given.
    pub until: Duration,
}

impl Standing {
    /// [`Standing::until`] in whole seconds, rounded up.
    pub fn seconds(&self) -> u64 {
        self.until.as_secs() + u64::from(self.until.subsec_nanos() > 0)
    }
}

impl Quotas {
    /// The quotas that the settings name. Without `shared` this server counts for itself. `room` is how many bytes the
    /// counts may take up: past it, those that were looked at least are forgotten.
    pub fn new(
        settings: &QuotaSettings,
        shared: Option<SharedTally>,
        room: u64,
        metrics: Arc<Metrics>,
    ) -> Quotas {
        let tallies = Tallies::new(room);
        let limiter = |number: u32, rate: Rate| Limiter::new(rate, number, tallies.clone(), MonotonicClock);
        let (requests, points) = Grants::of(settings, limiter);
        let failures = settings.failures.map(|rate| limiter(u32::MAX, rate));
        Quotas { requests, points, failures, shared, metrics }
    }

    /// What a viewer may take; without one that says who it is, what its address may.
    pub fn allowance(self: &Arc<Quotas>, viewer: Option<&Viewer>, address: IpAddr) -> Allowance {
        let identity = viewer.and_then(Viewer::identity);
        let account = identity.map_or(Account::Address(address), Account::Viewer);
        let roles = viewer.map_or(&[][..], Viewer::roles);
        let of = |grants: &Grants| OfUnit { grant: grants.to(roles), last: Mutex::default() };
        Allowance { requests: of(&self.requests), points: of(&self.points), account, quotas: self.clone() }
    }

    /// Whether an address may come with credentials.
    pub fn may_try(&self, address: IpAddr) -> Result<(), Refusal> {
        let Some(failures) = &self.failures else { return Ok(()) };
        failures.look(Account::Address(address)).map_err(|standing| {
            self.metrics.quota_refused(QuotaKind::Failures);
            Refusal::Credentials(standing)
        })
    }

    /// Notes that an address came with credentials that nobody vouches for.
    pub fn failed(&self, address: IpAddr) {
        if let Some(failures) = &self.failures {
            failures.draw(Account::Address(address), 1);
        }
    }

    async fn draw(
        &self,
        unit: Unit,
        limiter: &Limiter<MonotonicClock>,
        account: Account,
        units: u32,
    ) -> Drawn {
        if let Some(shared) = &self.shared {
            let (each, all) = limiter.nanoseconds();
            let name = account.name(unit);
            // On its own, as a round trip takes up kilobytes, which every request would carry, counted or not.
            if let Ok(answer) = Box::pin(shared.draw(&name, all, u64::from(units) * each)).await {
                return limiter.drawn(answer.given, answer.owed, units);
            }
            self.metrics.quota_unshared();
        }
        limiter.draw(account, units)
    }
}

/// What the sender of one request may take.
pub struct Allowance {
    quotas: Arc<Quotas>,
    account: Account,
    requests: OfUnit,
    points: OfUnit,
}

/// The quota of one unit.
struct OfUnit {
    /// Its place among the grants; `None` when there is no bound.
    grant: Option<usize>,
    /// How far it had been taken when something was last taken.
    last: Mutex<Option<Standing>>,
}

impl Allowance {
    /// Takes something, all of it or nothing.
    pub async fn take(&self, unit: Unit, units: u64) -> Result<(), Refusal> {
        let Some(limiter) = self.limiter(unit) else { return Ok(()) };
        let rate = limiter.rate();
        let Some(wanted) = u32::try_from(units).ok().filter(|units| *units <= rate.amount) else {
            self.quotas.metrics.quota_refused(QuotaKind::TooLarge);
            return Err(Refusal::Never { cost: units, rate });
        };
        let Drawn { given, standing } = self.quotas.draw(unit, limiter, self.account, wanted.max(1)).await;
        *self.of(unit).last.lock() = Some(standing);
        if given {
            return Ok(());
        }
        let (kind, refusal) = match unit {
            Unit::Requests => (QuotaKind::Requests, Refusal::Requests(standing)),
            Unit::Points => (QuotaKind::Points, Refusal::Points { cost: units, standing }),
        };
        self.quotas.metrics.quota_refused(kind);
        Err(refusal)
    }

    /// The whole quota; `None` when there is no bound.
    pub fn rate(&self, unit: Unit) -> Option<Rate> {
        self.limiter(unit).map(Limiter::rate)
    }

    /// How far a quota had been taken when something was last taken of it for this request.
    pub fn standing(&self, unit: Unit) -> Option<Standing> {
        *self.of(unit).last.lock()
    }

    fn limiter(&self, unit: Unit) -> Option<&Limiter<MonotonicClock>> {
        let grants = match unit {
            Unit::Requests => &self.quotas.requests,
            Unit::Points => &self.quotas.points,
        };
        self.of(unit).grant.map(|grant| grants.limiter(grant))
    }

    fn of(&self, unit: Unit) -> &OfUnit {
        match unit {
            Unit::Requests => &self.requests,
            Unit::Points => &self.points,
        }
    }
}

/// Who somebody is does not belong into a log.
impl fmt::Debug for Allowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Allowance").finish_non_exhaustive()
    }
}

impl fmt::Debug for Quotas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Quotas").finish_non_exhaustive()
    }
}
