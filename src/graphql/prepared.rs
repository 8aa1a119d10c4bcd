//! Operations that have passed all checks and can be carried out any number of times.

use std::sync::Arc;

use apollo_compiler::ast::OperationType;
use apollo_compiler::executable::Operation;
use serde_json::{Map, Value as Json};

use super::Outcome;
use super::answer::{Answer, Refused};
use super::budget::Budget;
use super::coerce::{self, Single};
use super::cost::Costs;
use super::document::Document;
use super::execution::Execution;
use super::fetched::{Done, Result};
use super::output;
use super::plan::Plan;
use super::resolve::Variables;
use super::shared::Shared;
use super::types::Definition;
use crate::engine::{Caller, Engine, Place, View, operation};
use crate::metrics::GraphqlKind;

/// An operation with the values of its variables, ready to be carried out. It owns everything it needs, so it outlives
/// the request that brought it: a route that stands for a fixed operation keeps one, and a watcher of a list runs one
/// again and again. Each run has its own budget and view.
pub(super) struct Prepared {
    definition: Arc<Definition>,
    plan: Arc<Plan>,
    variables: Variables,
    kind: GraphqlKind,
    cost: u64,
}

impl Prepared {
    /// Prepares an operation of a document. Every check that can refuse it before execution runs here.
    pub(super) fn new(
        shared: &Shared,
        document: &Arc<Document>,
        operation: &Operation,
        given: &Map<String, Json>,
        single: Single,
    ) -> Result<Prepared, Refused> {
        let kind = kind(operation);
        let refused = |errors, outcome| Refused { errors, outcome, kind };
        let definition = document.definition().clone();
        let schema = &*definition.schema;
        let variables = coerce::variables(schema, operation, given, single).map_err(|faults| {
            let positions = document.positions();
            let errors = faults.into_iter().map(|fault| fault.into_error(positions)).collect();
            refused(errors, Outcome::Rejected)
        })?;
        let plan = shared.documents.plan(&shared.planner, document, operation, &variables);
        let plan = plan.map_err(|refusal| {
            let (error, outcome) = document.refused(operation, refusal);
            refused(vec![error], outcome)
        })?;
        let cost = Costs { schema, limits: &shared.limits, variables: &variables }.check(&plan);
        let cost = cost.map_err(|error| refused(vec![error], Outcome::Rejected))?;
        Ok(Prepared { definition, plan, variables, kind, cost })
    }

    /// The operation's kind.
    pub(super) fn kind(&self) -> GraphqlKind {
        self.kind
    }

    /// The maximum number of values in the answer.
    pub(super) fn cost(&self) -> u64 {
        self.cost
    }

    /// Bytes that the plan takes up.
    pub(super) fn weight(&self) -> u64 {
        self.plan.weight
    }

    /// The values of the operation's variables.
    pub(super) fn variables(&self) -> &Variables {
        &self.variables
    }

    /// Runs the operation for a caller, with its own budget and view, and writes the data after the opening.
    pub(super) async fn run(
        &self,
        engine: &Engine,
        caller: &Caller,
        shared: &Shared,
        budget: Budget,
        opening: &[u8],
    ) -> Answer {
        let query = self.kind == GraphqlKind::Query;
        let place = if query { place(engine).await } else { None };
        let view = engine.view(caller);
        let view = if query { view.recording() } else { view };
        let done = operation(budget.end, self.fetch(&view, shared, &budget)).await;
        let written = self.write(engine, &view, &budget, &done, opening);
        Answer { read: view.finish(), place, ..written }
    }

    /// Fetches the results of the root fields.
    pub(super) async fn fetch(&self, view: &View, shared: &Shared, budget: &Budget) -> Vec<Result<Done>> {
        let (schema, limits, variables) = (&*self.definition.schema, &shared.limits, &self.variables);
        Execution { view, schema, limits, variables, budget }.run(&self.plan).await
    }

    /// Writes the answer from the results of the root fields; it does not say what was read.
    pub(super) fn write(
        &self,
        engine: &Engine,
        view: &View,
        budget: &Budget,
        done: &[Result<Done>],
        opening: &[u8],
    ) -> Answer {
        let introspection = &self.definition.introspection;
        output::write(opening, &self.plan, done, introspection, (engine.metrics(), view, budget))
    }
}

/// The operation's kind in metrics and traces.
pub(super) fn kind(operation: &Operation) -> GraphqlKind {
    match operation.operation_type {
        OperationType::Mutation => GraphqlKind::Mutation,
        OperationType::Query | OperationType::Subscription => GraphqlKind::Query,
    }
}

/// A place in the cache's journal that is no later than the reads that follow. It may be a little earlier: then a
/// change in between invalidates the answer although the answer shows it.
async fn place(engine: &Engine) -> Option<Place> {
    match engine.place() {
        Some(place) => Some(place),
        None => engine.look().await,
    }
}

#[cfg(test)]
mod tests;
