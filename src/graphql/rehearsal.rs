//! The parts of a request without I/O, each on its own, for `cargo bench` to measure.

use std::sync::Arc;

use super::budget::Budget;
use super::document::Document;
use super::envelope::OPENING;
use super::fetched::{Done, Result};
use super::prepared::Prepared;
use super::{Api, ApiRequest};
use crate::engine::View;

/// A query that has been carried out, and can be planned and written repeatedly.
pub struct Rehearsal<'a> {
    api: &'a Api,
    document: Arc<Document>,
    name: Option<&'a str>,
    prepared: Prepared,
    budget: Budget,
    view: View,
    done: Vec<Result<Done>>,
}

impl Api {
    /// Carries a query out without writing the answer. `None` when the query is refused.
    pub async fn rehearse<'a>(&'a self, request: &'a ApiRequest) -> Option<Rehearsal<'a>> {
        let (engine, shared) = (&self.inner.engine, &self.inner.shared);
        let name = request.operation_name.as_deref();
        let definition = shared.definitions.of(request.caller.rights.as_deref())?;
        let document = shared.documents.get(&definition, &request.query).ok()?;
        let operation = document.operation(name).ok()?;
        let prepared =
            Prepared::new(shared, &document, operation, &request.variables, request.single).ok()?;
        let budget = shared.budget();
        let view = engine.view(&request.caller);
        let done = prepared.fetch(&view, shared, &budget).await;
        Some(Rehearsal { api: self, document, name, prepared, budget, view, done })
    }
}

impl Rehearsal<'_> {
    /// Makes the plan anew; returns its number of root fields.
    pub fn plan(&self) -> usize {
        let Ok(operation) = self.document.operation(self.name) else { return 0 };
        let flags = self.document.flags(self.prepared.variables());
        let plan = self.document.new_plan(&self.api.inner.shared.planner, operation, &flags);
        plan.map_or(0, |plan| plan.roots.len())
    }

    /// Writes the `data` of the response anew; returns its length in bytes.
    pub fn write(&self) -> usize {
        let engine = &self.api.inner.engine;
        self.prepared.write(engine, &self.view, &self.budget, &self.done, OPENING).data().len()
    }
}
