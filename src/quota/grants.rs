//! Which quota holds for whom: the general one, or the most generous of those of somebody's roles.

use std::sync::Arc;

use governor::clock::MonotonicClock;

use super::limiter::Limiter;
use crate::config::{Bound, QuotaSettings, Rate, RoleQuota};

/// The quotas of one unit.
pub(super) struct Grants {
    /// One for each rate that somebody has; the more generous come later.
    limiters: Vec<Limiter<MonotonicClock>>,
    general: Grant,
    by_role: Vec<(String, Grant)>,
}

/// A place among the limiters; `None` for no bound.
type Grant = Option<usize>;

impl Grants {
    /// The quotas of requests and of points.
    pub(super) fn of(
        settings: &QuotaSettings,
        limiter: impl Fn(u32, Rate) -> Limiter<MonotonicClock>,
    ) -> (Grants, Grants) {
        let requests = Grants::new(
            settings.requests,
            &settings.roles,
            |role| role.requests,
            |rate, place| limiter(place * 2, rate),
        );
        let points = Grants::new(
            settings.points,
            &settings.roles,
            |role| role.points,
            |rate, place| limiter(place * 2 + 1, rate),
        );
        (requests, points)
    }

    fn new(
        general: Option<Bound>,
        roles: &[RoleQuota],
        of: impl Fn(&RoleQuota) -> Option<Bound>,
        limiter: impl Fn(Rate, u32) -> Limiter<MonotonicClock>,
    ) -> Grants {
        let general = general.unwrap_or(Bound::Unlimited);
        let by_role: Vec<(String, Bound)> =
            roles.iter().filter_map(|role| Some((role.role.clone(), of(role)?))).collect();
        let rate = |bound: Bound| match bound {
            Bound::Rate(rate) => Some(rate),
            Bound::Unlimited => None,
        };
        let bounds = by_role.iter().map(|(_, bound)| *bound).chain([general]);
        let mut rates: Vec<Rate> = bounds.filter_map(rate).collect();
        rates.sort_unstable();
        rates.dedup();
        let grant = |bound| rate(bound).and_then(|rate| rates.binary_search(&rate).ok());
        Grants {
            general: grant(general),
            by_role: by_role.into_iter().map(|(role, bound)| (role, grant(bound))).collect(),
            limiters: (0..).zip(&rates).map(|(place, rate)| limiter(*rate, place)).collect(),
        }
    }

    /// What holds for somebody with these roles.
    pub(super) fn to(&self, roles: &[Arc<str>]) -> Grant {
        let theirs = self.by_role.iter().filter(|(role, _)| roles.iter().any(|one| **one == **role));
        let generous = theirs.map(|(_, grant)| grant.unwrap_or(usize::MAX)).max();
        generous.map_or(self.general, |grant| (grant < self.limiters.len()).then_some(grant))
    }

    /// The limiter of a grant.
    pub(super) fn limiter(&self, grant: usize) -> &Limiter<MonotonicClock> {
        &self.limiters[grant]
    }
}
