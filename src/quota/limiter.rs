//! One rate, and what each account has taken of it, by the generic cell rate algorithm: all that was taken is owed as
//! time, which passes.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::StateInformationMiddleware;
use governor::{Quota, RateLimiter};

use super::tallies::{Draw, Tallies};
use super::{Account, Standing};
use crate::config::Rate;

/// One rate, by a clock.
pub(super) struct Limiter<C: Clock> {
    rate: Rate,
    /// Tells its tallies from those of other limiters.
    number: u32,
    governor: RateLimiter<Draw, Tallies, C, StateInformationMiddleware>,
}

/// What came of taking something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Drawn {
    pub(super) given: bool,
    pub(super) standing: Standing,
}

impl<C: Clock> Limiter<C> {
    pub(super) fn new(rate: Rate, number: u32, tallies: Tallies, clock: C) -> Limiter<C> {
        let amount = NonZeroU32::new(rate.amount).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::with_period(Duration::from_nanos(each(rate)))
            .expect("the settings take no rate of more than one per nanosecond")
            .allow_burst(amount);
        let governor = RateLimiter::new(quota, tallies, clock);
        Limiter { rate, number, governor }
    }

    pub(super) fn rate(&self) -> Rate {
        self.rate
    }

    /// The time of one unit, and of all, in nanoseconds.
    pub(super) fn nanoseconds(&self) -> (u64, u64) {
        let each = each(self.rate);
        (each, each * u64::from(self.rate.amount))
    }

    /// Takes so many units from an account, no more than there are in all.
    pub(super) fn draw(&self, account: Account, units: u32) -> Drawn {
        self.ask(account, units, false)
    }

    /// Whether there is something left in an account; how far it has been taken if not.
    pub(super) fn look(&self, account: Account) -> Result<(), Standing> {
        let drawn = self.ask(account, 1, true);
        if drawn.given { Ok(()) } else { Err(drawn.standing) }
    }

    fn ask(&self, account: Account, units: u32, looks: bool) -> Drawn {
        let draw = Draw { limiter: self.number, account, looks };
        let (each, most) = self.nanoseconds();
        let wanted = NonZeroU32::new(units).unwrap_or(NonZeroU32::MIN);
        match self.governor.check_key_n(&draw, wanted) {
            Ok(Ok(snapshot)) => {
                let left = u64::from(snapshot.remaining_burst_capacity());
                self.drawn(true, most.saturating_sub(left * each), units)
            }
            Ok(Err(refused)) => {
                let wait = refused.wait_time_from(self.governor.clock().now());
                let wait = u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
                let owed = most.saturating_add(wait).saturating_sub(u64::from(units) * each);
                self.drawn(false, owed, units)
            }
            Err(_) => self.drawn(false, most, units),
        }
    }

    /// What comes of it when so much time is owed.
    pub(super) fn drawn(&self, given: bool, owed: u64, units: u32) -> Drawn {
        let (each, most) = self.nanoseconds();
        let remaining = u32::try_from(most.saturating_sub(owed) / each).unwrap_or(u32::MAX);
        let until = match given {
            true => u64::from(self.rate.amount - remaining.min(self.rate.amount)) * each,
            false => (owed + u64::from(units) * each).saturating_sub(most),
        };
        Drawn { given, standing: Standing { rate: self.rate, remaining, until: Duration::from_nanos(until) } }
    }
}

/// The time of one unit in nanoseconds.
fn each(rate: Rate) -> u64 {
    u64::try_from(rate.time.as_nanos() / u128::from(rate.amount.max(1))).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
