//! The parts of a request that do no I/O, each on its own: `cargo bench` measures them.

use std::sync::Arc;

use super::document::Document;
use super::fetched::{Done, Result};
use super::{Api, ApiRequest, Work};
use crate::metrics::GraphqlKind;

/// A query that has been carried out and can be planned and written again and again.
pub struct Rehearsal<'a> {
    api: &'a Api,
    document: Arc<Document>,
    name: Option<&'a str>,
    work: Work,
    done: Vec<Result<Done>>,
}

impl Api {
    /// Carries a query out without answering it. `None` when it is refused.
    pub async fn rehearse<'a>(&'a self, request: &'a ApiRequest) -> Option<Rehearsal<'a>> {
        let (inner, name) = (&self.inner, request.operation_name.as_deref());
        let document = inner.shared.documents.get(&inner.shared.definition, &request.query).ok()?;
        let (budget, mut kind) = (inner.shared.pool.budget(), GraphqlKind::Unknown);
        let work = inner.clone().prepare(request, Ok(document.clone()), budget, &mut kind).ok()?;
        let done = work.request.run(&work.plan).await;
        Some(Rehearsal { api: self, document, name, work, done })
    }
}

impl Rehearsal<'_> {
    /// Makes the plan anew; gives how many root fields it has.
    pub fn plan(&self) -> usize {
        let Rehearsal { api, document, name, work, .. } = self;
        let Ok(operation) = document.operation(*name) else { return 0 };
        let flags = document.flags(&work.request.variables);
        let plan = document.new_plan(&api.inner.shared.planner, operation, &flags);
        plan.map_or(0, |plan| plan.roots.len())
    }

    /// Writes the `data` of the response anew; gives its length in bytes.
    pub fn write(&self) -> usize {
        self.work.request.write(&self.work.plan, &self.done).0.len()
    }
}
