//! What all operations share: the definition of the API, the texts that have been read, and the bounds on what
//! operations may take together.

use super::aside::Aside;
use super::budget::Budget;
use super::document::{Documents, Saved};
use super::limits::ApiLimits;
use super::plan::Planner;
use super::pool::Pool;
use super::turns::Turns;
use super::types::Definitions;
use crate::engine::Engine;

/// The part of an API that operations need, whether they come by a request, a route or a subscription.
pub(super) struct Shared {
    /// What the API allows.
    pub(super) limits: ApiLimits,
    /// What operations are validated against.
    pub(super) definitions: Definitions,
    /// Makes plans of operations.
    pub(super) planner: Planner,
    /// The texts and plans that are kept.
    pub(super) documents: Documents,
    /// The memory of all large operations under way.
    pool: Pool,
    /// How many operations are carried out at once.
    pub(super) turns: Turns,
    /// The threads for large operations.
    pub(super) aside: Aside,
}

impl Shared {
    /// The shared part of the API of the engine's model. Fails when no API can be made of the model.
    pub(super) fn new(engine: &Engine, limits: ApiLimits, saved: Saved) -> Result<Shared, String> {
        Ok(Shared {
            definitions: Definitions::new(engine.model().clone(), limits.clone())?,
            planner: Planner::new(engine.model().clone()),
            documents: Documents::new(limits.documents, saved, engine.metrics().clone()),
            pool: Pool::new(limits.memory),
            turns: Turns::new(limits.executions, limits.queue),
            aside: Aside::new(),
            limits,
        })
    }

    /// The budget of an operation that begins now.
    pub(super) fn budget(&self) -> Budget {
        Budget::new(&self.pool, self.limits.timeout)
    }
}
