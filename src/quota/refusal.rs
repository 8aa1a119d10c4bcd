//! Why the sender of a request is not given something, in words for its developer.

use super::Standing;
use crate::config::Rate;
use crate::metrics::ErrorCode;

/// Why something is not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Too many operations have been sent.
    #[error("You have sent all the requests that you may, {}; send the next in {} s.", .0.rate, .0.seconds())]
    Requests(Standing),
    /// The operations before have cost too much.
    #[error(
        "The operation costs {cost} points. Of those that you may take, {}, {} are left; ask for less, or again in {} s.",
        .standing.rate, .standing.remaining, .standing.seconds()
    )]
    Points {
        /// What the operation costs.
        cost: u64,
        /// How far the quota has been taken.
        standing: Standing,
    },
    /// The operation costs more than there is.
    #[error(
        "The operation costs {cost} points, more than all that you may take, {rate}: however long you wait, it will not \
         be carried out. Ask for fewer rows at once (`first`), page by page (`after`), or for fewer relations of each."
    )]
    Never {
        /// What the operation costs.
        cost: u64,
        /// The whole quota.
        rate: Rate,
    },
    /// Too many credentials that nobody vouches for have come from the address.
    #[error(
        "Too many requests from your address had credentials that nobody vouches for; try again in {} s.",
        .0.seconds()
    )]
    Credentials(Standing),
}

impl Refusal {
    /// Its code for clients. What can never be given is no matter of time.
    pub fn code(&self) -> ErrorCode {
        match self {
            Refusal::Requests(_) | Refusal::Points { .. } | Refusal::Credentials(_) => ErrorCode::RateLimited,
            Refusal::Never { .. } => ErrorCode::TooComplex,
        }
    }

    /// The seconds after which it may be given; `None` when it never will be.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Refusal::Requests(standing)
            | Refusal::Points { standing, .. }
            | Refusal::Credentials(standing) => Some(standing.seconds().max(1)),
            Refusal::Never { .. } => None,
        }
    }
}
