//! What has been taken from the accounts of quotas, counted in Redis for all servers of a deployment.
//!
//! The count is that of the generic cell rate algorithm: time that is owed, in whole nanoseconds, which both this
//! server's numbers and those of Redis hold exactly. Redis' own clock says how much of it has passed.

use std::sync::Arc;

use super::link::Link;
use super::scripts::fresh;
use super::{reply, scripts};
use crate::cache::CacheError;

/// The accounts that all servers of a deployment share.
pub struct SharedTally(Arc<Link>);

/// What came of taking something from an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TallyAnswer {
    /// Whether it was given.
    pub given: bool,
    /// The time that is owed, in nanoseconds.
    pub owed: u64,
}

impl SharedTally {
    pub(super) fn new(link: Arc<Link>) -> SharedTally {
        SharedTally(link)
    }

    /// Takes `wanted` nanoseconds from an account of which no more than `all` may be owed; all of it or nothing.
    pub async fn draw(&self, account: &str, all: u64, wanted: u64) -> Result<TallyAnswer, CacheError> {
        let link = &self.0;
        let mut call = scripts::DRAW.call(&link.tag, &[link.tag.account(account)], fresh()?, link.life());
        call.arg(all).arg(wanted);
        let answer = link.ask(vec![call]).await?.pop().unwrap_or(redis::Value::Nil);
        let mut parts = reply::items(answer)?.into_iter().map(reply::count);
        let mut part = || parts.next().unwrap_or_else(|| Err(reply::unexpected(&redis::Value::Nil)));
        Ok(TallyAnswer { given: part()? == 1, owed: part()? })
    }
}
