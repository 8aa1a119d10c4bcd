//! Figures about moments, in milliseconds since 1970.

use std::collections::HashSet;

use bson::Bson;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::whole;
use crate::schema::TimeUnit;

/// In how many different times of a length the moments are.
pub fn count_distinct(moments: &[i64], unit: TimeUnit, time_zone: &TimeZone) -> Bson {
    let (first, last) = (Timestamp::MIN.as_second() * 1_000, Timestamp::MAX.as_second() * 1_000);
    let time = |moment: &i64| {
        // A calendar has a day less at both ends than moments have.
        let moment = Timestamp::from_millisecond((*moment).clamp(first, last)).ok()?;
        Some(time(&moment.to_zoned(time_zone.clone()), unit))
    };
    whole(moments.iter().filter_map(time).collect::<HashSet<_>>().len())
}

/// What tells the time of a length that a moment is in from all others.
fn time(moment: &Zoned, unit: TimeUnit) -> (i64, i64) {
    let (year, month, day) = (moment.year(), moment.month(), moment.day());
    match unit {
        TimeUnit::Second | TimeUnit::Minute | TimeUnit::Hour => {
            let offset = i64::from(moment.offset().seconds());
            let local = moment.timestamp().as_millisecond() + offset * 1_000;
            // An hour that comes twice, when clocks are set back, is two.
            (local.div_euclid(unit.millis().unwrap_or(1)), offset)
        }
        TimeUnit::Day => (year.into(), i64::from(month) * 100 + i64::from(day)),
        TimeUnit::Week => {
            let week = moment.date().iso_week_date();
            (week.year().into(), week.week().into())
        }
        TimeUnit::Month => (year.into(), month.into()),
        TimeUnit::Year => (year.into(), 0),
    }
}

/// The time spent in sessions. A session is a run of moments of which none is more than `gap` seconds after the one before
/// it; it counts the whole units from its first moment to its last, plus one.
pub fn sessions(mut moments: Vec<i64>, gap: u64, unit: TimeUnit) -> Bson {
    let gap = i64::try_from(gap.saturating_mul(1_000)).unwrap_or(i64::MAX);
    let unit = unit.millis().unwrap_or(i64::MAX);
    moments.sort_unstable();
    let runs = moments.chunk_by(|earlier, later| later.saturating_sub(*earlier) <= gap);
    let spent = |run: &[i64]| match run {
        [first, .., last] => last.saturating_sub(*first) / unit + 1,
        _ => 1,
    };
    Bson::Int64(runs.map(spent).fold(0, i64::saturating_add))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_moment_lies_in_some_time() {
        let paris = TimeZone::get("Europe/Paris").expect("it is built in");
        for unit in TimeUnit::ALL.map(|(unit, _)| unit) {
            for moment in [i64::MIN, -62_167_219_200_000, -1, 0, 253_402_300_799_000, i64::MAX] {
                for zone in [&paris, &TimeZone::UTC] {
                    assert_eq!(count_distinct(&[moment], unit, zone), Bson::Int64(1), "{unit:?} of {moment}");
                }
            }
        }
    }
}
