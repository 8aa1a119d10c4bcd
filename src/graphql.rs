//! The generated GraphQL API: from the model to a schema, from an operation to a plan, from a plan to
//! a response.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value as Json};

use crate::engine::Engine;

mod arguments;
mod coerce;
mod types;

/// The API of one application.
pub struct Api {
    engine: Arc<Engine>,
}

/// Bounds of the API.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiLimits {
    /// Rows of a list when neither `first` nor `last` is given.
    pub page_default: u64,
    /// Rows of a list at the most.
    pub page_max: u64,
    /// Levels of nested fields at the most.
    pub depth: usize,
    /// Complexity at the most: fields, each times the rows of the lists around it.
    pub complexity: usize,
    /// Whether the schema may be asked for.
    pub introspection: bool,
}

impl Default for ApiLimits {
    fn default() -> ApiLimits {
        ApiLimits { page_default: 20, page_max: 1_000, depth: 16, complexity: 200_000, introspection: true }
    }
}

/// One GraphQL request.
#[derive(Clone, Debug, Default)]
pub struct ApiRequest {
    /// The document.
    pub query: String,
    /// Which of its operations.
    pub operation_name: Option<String>,
    /// Values of its variables.
    pub variables: Map<String, Json>,
    /// Whether only queries are allowed, as for HTTP GET.
    pub read_only: bool,
}

/// The answer to a request.
#[derive(Clone, Debug)]
pub struct ApiReply {
    /// The whole response as JSON.
    pub body: Bytes,
    /// How far the request came.
    pub outcome: Outcome,
}

/// How far a request came: decides the HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was executed; the response has `data`.
    Executed,
    /// It was not: it does not parse, is not valid, or its variables are wrong.
    Rejected,
    /// It is a mutation and only queries are allowed.
    NotAllowed,
}

impl Api {
    /// The API of the engine's model.
    pub fn new(engine: Arc<Engine>, limits: ApiLimits) -> Api {
        let _ = limits;
        Api { engine }
    }

    /// The engine.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// The whole generated API in the schema definition language.
    pub fn sdl(&self) -> String {
        unimplemented!()
    }

    /// Executes a request. Never fails: errors are in the response.
    pub async fn execute(&self, request: ApiRequest) -> ApiReply {
        let _ = request;
        unimplemented!()
    }
}
