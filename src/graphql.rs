//! The generated GraphQL API: from the model to a schema, from an operation to a plan, from a plan to
//! a response.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::engine::{Caller, Engine};
use crate::quota::Allowance;
use crate::schema::{Model, Surface};

mod answer;
mod answers;
mod arguments;
mod aside;
mod body;
mod budget;
mod coerce;
mod cost;
mod cursor;
mod document;
mod envelope;
mod error;
mod execution;
mod fetched;
mod introspection;
mod limits;
mod output;
mod page;
mod part;
mod plan;
mod pool;
mod position;
mod prepared;
mod price;
mod rehearsal;
mod request;
mod resolve;
mod shared;
mod signature;
mod together;
mod turns;
mod types;

pub use body::Body;
pub use coerce::Single;
pub use document::{Saved, SavedFault};
pub use limits::ApiLimits;
pub use part::DataPath;
pub use rehearsal::Rehearsal;
pub use signature::{SCHEMAS, Shape, Signature, Text, Variable};

use request::Inner;
use shared::Shared;

/// The API of one application.
pub struct Api {
    inner: Arc<Inner>,
}

/// One GraphQL request.
#[derive(Clone, Debug, Default)]
pub struct ApiRequest {
    /// The document.
    pub query: String,
    /// The name of the operation to execute.
    pub operation_name: Option<String>,
    /// The values of the operation's variables.
    pub variables: Map<String, Json>,
    /// What a single value among them is where a list is expected.
    pub single: Single,
    /// The caller, as far as the answer depends on it.
    pub caller: Caller,
    /// Whether only queries are allowed, as for HTTP GET.
    pub read_only: bool,
    /// Whether to wait for a turn even when the queue is full: other operations of the same HTTP request have run.
    pub patient: bool,
    /// What the sender may take; `None` when nothing is counted.
    pub allowance: Option<Arc<Allowance>>,
    /// Whether the answer is to tell what the operation costs.
    pub tells_cost: bool,
    /// The part of the data that is wanted, on its own and without GraphQL's response around it; `None` for the response.
    pub part: Option<DataPath>,
}

/// The answer to a request.
#[derive(Clone, Debug)]
pub struct ApiReply {
    /// The response; or the part of the data that was asked for, if there are no errors.
    pub body: Body,
    /// How far the request came.
    pub outcome: Outcome,
    /// Whether the response has errors.
    pub has_errors: bool,
}

/// How far a request came: decides the HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The request was executed; the response has `data`.
    Executed,
    /// The request was not executed: it does not parse, is not valid, or its variables are wrong.
    Rejected,
    /// The request was not executed: its sender has no API.
    Forbidden,
    /// The request is a mutation and only queries are allowed.
    NotAllowed,
    /// The request was not executed: the server has no turn or no memory left for it.
    Overloaded,
    /// The request was not executed: its sender has taken too much lately, and may come again in so many seconds.
    OverQuota {
        /// The seconds.
        retry_after: u64,
    },
}

impl Outcome {
    /// Whether the request was not executed for a reason that passes.
    pub fn is_for_later(self) -> bool {
        match self {
            Outcome::Overloaded | Outcome::OverQuota { .. } => true,
            Outcome::Executed | Outcome::Rejected | Outcome::Forbidden | Outcome::NotAllowed => false,
        }
    }
}

impl Api {
    /// The API of the engine's model. Fails when no API can be made of the model.
    pub fn new(engine: Arc<Engine>, limits: ApiLimits) -> Result<Api, String> {
        Api::with_saved(engine, limits, Saved::default())
    }

    /// As [`Api::new`], with saved documents that were prepared for the same model and the same limits.
    pub fn with_saved(engine: Arc<Engine>, limits: ApiLimits, saved: Saved) -> Result<Api, String> {
        let shared = Shared::new(&engine, limits, saved)?;
        Ok(Api { inner: Arc::new(Inner::new(engine, shared)) })
    }

    /// The engine.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.inner.engine
    }

    /// The generated API of a part of a model in the schema definition language.
    pub fn sdl_of(model: &Model, surface: &Surface, limits: &ApiLimits) -> Result<String, String> {
        types::sdl(model, surface, limits)
    }

    /// Executes a request. Never fails: errors are in the response. A mutation runs to completion even when the caller
    /// stops waiting, so that no write is left without its reconcile; a query is cancelled once nobody waits for it.
    pub async fn execute(&self, request: ApiRequest) -> ApiReply {
        self.inner.clone().answer(request).await
    }
}
