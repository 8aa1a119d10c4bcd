//! The table `[quota]`: what one sender of requests may take per time.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;

use super::reader::Reader;
use super::table::Table;
use super::{AuthSettings, CacheAddress, duration};

/// The longest time, and the most of anything in it.
const LONGEST: Duration = Duration::from_secs(31 * 24 * 60 * 60);
const MOST: u32 = 1_000_000_000;

/// `[quota]`: what one sender of requests may take per time.
#[derive(Clone, Debug, Default)]
pub struct QuotaSettings {
    /// `quota.requests`: operations.
    pub requests: Option<Bound>,
    /// `quota.points`: the cost of operations.
    pub points: Option<Bound>,
    /// `quota.failures`: credentials from one address that nobody vouches for.
    pub failures: Option<Rate>,
    /// `[[quota.roles]]`
    pub roles: Vec<RoleQuota>,
    /// `quota.trusted_proxies`: the networks of proxies that are believed whom they forward for.
    pub trusted_proxies: Vec<IpNet>,
    /// `quota.shared`: whether all servers that share a cache count together.
    pub shared: bool,
}

/// One of `[[quota.roles]]`: what holds for senders with a role in place of the general.
#[derive(Clone, Debug)]
pub struct RoleQuota {
    /// The role.
    pub role: String,
    /// Operations; `None` for what holds without the role.
    pub requests: Option<Bound>,
    /// The cost of operations; `None` for what holds without the role.
    pub points: Option<Bound>,
}

/// How much may be taken. The greater is the more generous.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bound {
    /// So much per time.
    Rate(Rate),
    /// As much as there is.
    Unlimited,
}

/// An amount per time. It may be taken at once, and comes back evenly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The amount, at least 1.
    pub amount: u32,
    /// The time, whole seconds.
    pub time: Duration,
}

impl PartialOrd for Rate {
    fn partial_cmp(&self, other: &Rate) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// By what comes back in the same time; then by what may be taken at once.
impl Ord for Rate {
    fn cmp(&self, other: &Rate) -> std::cmp::Ordering {
        let in_time_of = |rate: &Rate, other: &Rate| u128::from(rate.amount) * other.time.as_nanos();
        in_time_of(self, other).cmp(&in_time_of(other, self)).then(self.amount.cmp(&other.amount))
    }
}

/// The rate with its unit left out, for messages.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} per {} s", self.amount, self.time.as_secs())
    }
}

/// The table, if there is one.
pub(super) fn read(reader: &mut Reader) -> Option<QuotaSettings> {
    let settings = QuotaSettings {
        requests: reader.parsed("quota.requests", bound),
        points: reader.parsed("quota.points", bound),
        failures: reader.parsed("quota.failures", rate),
        roles: reader.tables("quota.roles", role),
        trusted_proxies: reader.list("quota.trusted_proxies", |text, _| network(text)).unwrap_or_default(),
        shared: reader.flag("quota.shared").unwrap_or(false),
    };
    reader.has_table("quota").then_some(settings)
}

/// What is wrong with the table in view of other settings.
pub(super) fn faults(
    quota: &QuotaSettings,
    auth: Option<&AuthSettings>,
    cache: &CacheAddress,
) -> Vec<String> {
    let mut faults = Vec::new();
    let bounds = [quota.requests, quota.points];
    if bounds == [None, None] && quota.failures.is_none() && quota.roles.is_empty() {
        faults.push(
            "`[quota]` bounds nothing; give one of `requests`, `points` and `failures`, such as \
             `requests = \"600/1m\"`, or leave the table out"
                .to_owned(),
        );
    }
    if auth.is_none() && quota.failures.is_some() {
        faults.push(
            "`quota.failures` bounds nothing without `[auth]`: nobody says who they are; leave it out"
                .to_owned(),
        );
    }
    if auth.is_none() && !quota.roles.is_empty() {
        faults.push(
            "`[[quota.roles]]` is for nobody without `[auth]`: nobody has roles; leave it out".to_owned(),
        );
    }
    for (place, one) in quota.roles.iter().enumerate() {
        if quota.roles[..place].iter().any(|other| other.role == one.role) {
            faults.push(format!(
                "`quota.roles[{place}].role` is that of another table of `[[quota.roles]]`; make one table of both"
            ));
        }
    }
    if quota.shared && !matches!(cache, CacheAddress::Redis(_)) {
        faults.push(format!(
            "`quota.shared` is true, and `cache` is `{cache}`, which servers do not share; give them a Redis as \
             cache, or leave `quota.shared` out"
        ));
    }
    faults
}

fn role(table: &mut Table<'_>) -> Option<RoleQuota> {
    if !table.has("role") {
        table.fault("role", "is missing; it has to be the name of a role");
    }
    let role = table.text("role");
    let [requests, points] = ["requests", "points"].map(|key| table.parsed(key, bound));
    if !table.has("requests") && !table.has("points") {
        table.fault("requests", "is missing, and so is `points`; give one of them, or leave the table out");
    }
    Some(RoleQuota { role: role?, requests, points })
}

fn bound(text: &str) -> Result<Bound, String> {
    match text.trim() {
        "unlimited" => Ok(Bound::Unlimited),
        text => rate(text).map(Bound::Rate).map_err(|remedy| format!("{remedy}, or `unlimited`")),
    }
}

fn rate(text: &str) -> Result<Rate, String> {
    let read = || {
        let (amount, time) = text.split_once('/')?;
        let amount = amount.trim().parse().ok().filter(|amount| (1..=MOST).contains(amount))?;
        let time = duration(time.trim()).ok()?;
        let fits = time.subsec_nanos() == 0 && !time.is_zero() && time <= LONGEST;
        fits.then_some(Rate { amount, time })
    };
    read().ok_or_else(|| {
        format!(
            "an amount and a time such as `600/1m`: a whole number from 1 to {MOST}, and whole seconds, 31 days at \
             the most"
        )
    })
}

fn network(text: &str) -> Result<IpNet, String> {
    let one = || text.parse::<IpAddr>().map(IpNet::from).ok();
    text.parse().ok().or_else(one).ok_or_else(|| {
        "a list of addresses and networks such as `10.0.0.0/8`, `192.0.2.7` and `2001:db8::/32`".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_an_amount_and_a_time() {
        let minute = Rate { amount: 600, time: Duration::from_secs(60) };
        assert_eq!(rate("600/1m"), Ok(minute));
        assert_eq!(rate(" 600 / 60s "), Ok(minute));
        assert_eq!(bound("unlimited"), Ok(Bound::Unlimited));
        for wrong in
            ["", "600", "600/", "/1m", "0/1m", "-1/1m", "1.5/1m", "600/m", "600/0s", "600/500ms", "1/32d"]
        {
            assert!(rate(wrong).is_err() && bound(wrong).is_err(), "{wrong}");
        }
        assert!(rate("1000000001/1m").is_err() && rate("unlimited").is_err());
    }

    #[test]
    fn the_more_generous_is_the_greater() {
        let ordered = ["1/1h", "1/1m", "60/1h", "60/1m", "100/1m", "2/1s", "unlimited"];
        let read = ordered.map(|text| bound(text).expect(text));
        assert!(read.is_sorted(), "{read:?}");
    }
}
