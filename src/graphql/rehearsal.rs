//! The parts of a request that do no I/O, each on its own: `cargo bench` measures them.

use super::request::{Done, Result};
use super::{Api, ApiRequest, Work};
use crate::metrics::GraphqlKind;

/// A query that has been carried out and can be planned and written again and again.
pub struct Rehearsal<'a> {
    api: &'a Api,
    work: Work<'a>,
    done: Vec<Result<Done>>,
}

impl Api {
    /// Carries a query out without answering it. `None` when it is refused.
    pub async fn rehearse<'a>(&'a self, request: &'a ApiRequest) -> Option<Rehearsal<'a>> {
        let document = self.inner.documents.get(&self.inner.definition, &request.query);
        let work = self.inner.prepare(request, document, &mut GraphqlKind::Unknown).ok()?;
        let done = work.request.run(&work.plan).await;
        Some(Rehearsal { api: self, work, done })
    }
}

impl Rehearsal<'_> {
    /// Makes the plan anew; gives how many root fields it has.
    pub fn plan(&self) -> usize {
        let Work { document, name, request, .. } = &self.work;
        let planner = &self.api.inner.planner;
        let Ok(operation) = document.operation(*name) else { return 0 };
        let plan = document.new_plan(planner, operation, &document.flags(&request.variables));
        plan.map_or(0, |plan| plan.roots.len())
    }

    /// Writes the `data` of the response anew; gives its length in bytes.
    pub fn write(&self) -> usize {
        self.work.request.write(&self.work.plan, &self.done).0.len()
    }
}
