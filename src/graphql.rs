//! The generated GraphQL API: from the model to a schema, from an operation to a plan, from a plan to
//! a response.

use std::sync::Arc;
use std::time::Instant;

use apollo_compiler::ast::OperationType;
use serde_json::{Map, Value as Json};
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::engine::{Engine, Gather};
use crate::metrics::{Bound, ErrorCode, GraphqlKind, GraphqlOutcome, Joined, KeptKind, KeptResult, Label};
use crate::schema::Model;
use crate::telemetry::traced;

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
mod plan;
mod position;
mod prepared;
mod rehearsal;
mod resolve;
mod shared;
mod together;
mod turns;
mod types;

pub use body::Body;
pub use limits::ApiLimits;
pub use rehearsal::Rehearsal;

use answer::{Answer, Refused};
use answers::{Answers, Question};
use budget::Budget;
use document::Document;
use error::ApiError;
use prepared::Prepared;
use shared::Shared;

/// Bytes of a text, and values of an answer, that take milliseconds.
const LARGE_TEXT: usize = 16 << 10;
const LARGE_ANSWER: u64 = 5_000;

/// The API of one application.
pub struct Api {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Arc<Engine>,
    shared: Arc<Shared>,
    answers: Answers,
    /// Queries under way. A change of theirs that was acknowledged before somebody asked shows in the answer
    /// that they get.
    flights: Gather<Arc<Question>, Arc<Answered>>,
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
    /// Whether it waits for its turn however many others do: others that belong to it have been carried out.
    pub patient: bool,
}

/// The answer to a request.
#[derive(Clone, Debug)]
pub struct ApiReply {
    /// The whole response.
    pub body: Body,
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
    /// It was not: as many operations as may be are carried out, and wait.
    Overloaded,
}

impl Api {
    /// The API of the engine's model. Fails when no API can be made of the model.
    pub fn new(engine: Arc<Engine>, limits: ApiLimits) -> Result<Api, String> {
        let shared = Shared::new(&engine, limits)?;
        Ok(Api::of(engine, Arc::new(shared)))
    }

    /// The same API on another engine of the same model. All is shared but the answers that are kept: engines may
    /// answer differently.
    pub fn on(&self, engine: Arc<Engine>) -> Api {
        Api::of(engine, self.inner.shared.clone())
    }

    fn of(engine: Arc<Engine>, shared: Arc<Shared>) -> Api {
        let answers = Answers::new(shared.limits.answers);
        Api { inner: Arc::new(Inner { engine, shared, answers, flights: Gather::default() }) }
    }

    /// The engine.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.inner.engine
    }

    /// The whole generated API of a model in the schema definition language.
    pub fn sdl_of(model: &Model, limits: &ApiLimits) -> Result<String, String> {
        types::sdl(model, limits)
    }

    /// Executes a request. Never fails: errors are in the response. A mutation is carried out to its end even
    /// when the caller stops waiting, so that no write remains without its reconcile; a query is broken off when
    /// nobody waits for it any more.
    pub async fn execute(&self, request: ApiRequest) -> ApiReply {
        let (inner, start) = (self.inner.clone(), Instant::now());
        let span = traced!(
            "graphql",
            otel.status_code = Empty,
            graphql.operation.type = Empty,
            graphql.operation.name = request.operation_name,
            oponn.answer.kept = Empty,
        );
        let outdated = match inner.answers.get(&request, &inner.engine).instrument(span.clone()).await {
            Ok(body) => {
                inner.engine.metrics().graphql_kept(KeptKind::Answer, KeptResult::Hit);
                span.record("oponn.answer.kept", true);
                inner.tell(GraphqlKind::Query, GraphqlOutcome::Ok, start, &span);
                return ApiReply { body, outcome: Outcome::Executed };
            }
            Err(outdated) => outdated,
        };
        // Before the text is read: what is made of it may be large.
        let Some(turn) = inner.shared.turns.take(request.patient).await else {
            inner.engine.metrics().http_bound(Bound::Executions);
            let message = "The server has too much to do; ask again in a while.";
            return inner.turn_away(ApiError::new(ErrorCode::Overloaded, message), start, &span);
        };
        let (large, budget) = (request.query.len() > LARGE_TEXT, inner.shared.pool.budget());
        let (request, document) = inner.shared.aside.run(large, inner.clone().read(request)).await;
        let weight = document.as_ref().map_or(0, |document| document.weight());
        if let Err(error) = budget.hold(weight) {
            return inner.turn_away(error, start, &span);
        }
        let question = document.as_ref().ok().and_then(|document| shared(document, &request));
        // What is logged belongs to the request, traced or not.
        let inside = if span.is_disabled() { Span::current() } else { span.clone() };
        let worker = inner.clone();
        let work = |waited: bool| {
            let work = async move {
                // Until its end, which may be after the caller has gone.
                let _turn = turn;
                // Those before may have made what is wanted here.
                let answers = &worker.answers;
                let kept = match waited || answers.has_newer(&request, &outdated) {
                    true => answers.get(&request, &worker.engine).await.ok(),
                    false => None,
                };
                Arc::new(match kept {
                    Some(body) => Answered::kept(body),
                    None => {
                        let work = worker.clone().execute(request, document, budget);
                        worker.shared.aside.run(large, work).await
                    }
                })
            };
            work.instrument(inside)
        };
        let answered = match question {
            Some(question) => {
                let (turn, joined) = inner.flights.join(&question, work);
                if joined {
                    inner.engine.metrics().cache_joined(Joined::Answer, 1);
                }
                turn.await
            }
            None => tokio::spawn(work(false)).await.ok(),
        };
        let answered = answered.unwrap_or_else(|| {
            let errors = vec![ApiError::internal("a request panicked")];
            let reply = envelope::refuse(&errors, Outcome::Executed);
            Arc::new(Answered { reply, errors, kind: GraphqlKind::Unknown, outcome: GraphqlOutcome::Errors })
        });
        inner.tell(answered.kind, answered.outcome, start, &span);
        error::count(inner.engine.metrics(), &answered.errors);
        answered.reply.clone()
    }
}

/// What became of a request, for all who share it.
struct Answered {
    reply: ApiReply,
    errors: Vec<ApiError>,
    kind: GraphqlKind,
    outcome: GraphqlOutcome,
}

impl Answered {
    fn kept(body: Body) -> Answered {
        let reply = ApiReply { body, outcome: Outcome::Executed };
        Answered { reply, errors: Vec::new(), kind: GraphqlKind::Query, outcome: GraphqlOutcome::Ok }
    }

    fn refused(Refused { errors, outcome, kind }: Refused) -> Answered {
        let reply = envelope::refuse(&errors, outcome);
        Answered { reply, errors, kind, outcome: GraphqlOutcome::Rejected }
    }
}

impl Inner {
    async fn read(self: Arc<Self>, request: ApiRequest) -> (ApiRequest, document::Outcome) {
        let document = self.shared.documents.get(&self.shared.definition, &request.query);
        (request, document)
    }

    async fn execute(
        self: Arc<Self>,
        request: ApiRequest,
        document: document::Outcome,
        budget: Budget,
    ) -> Answered {
        let answered = match self.prepare(&request, document, &budget) {
            Ok(prepared) => {
                let large = prepared.cost() > LARGE_ANSWER;
                self.shared.aside.run(large, self.clone().carry_out(request, prepared, budget)).await
            }
            Err(refused) => Answered::refused(refused),
        };
        if answered.kind == GraphqlKind::Query {
            self.engine.metrics().graphql_kept(KeptKind::Answer, KeptResult::Miss);
        }
        answered
    }

    async fn carry_out(self: Arc<Self>, asked: ApiRequest, prepared: Prepared, budget: Budget) -> Answered {
        let answer = prepared.run(&self.engine, &self.shared, budget, envelope::OPENING).await;
        let (kind, outcome) = (prepared.kind(), answer.outcome());
        let Answer { json, errors, read, place, .. } = answer;
        let reply = envelope::close(json, &errors, Outcome::Executed);
        if let (Some(place), Some(read), true) = (place, read, errors.is_empty()) {
            self.answers.keep(asked, reply.body.plain(), read, place);
        }
        Answered { reply, errors, kind, outcome }
    }

    /// The reply to what the server has no room for.
    fn turn_away(&self, error: ApiError, start: Instant, span: &Span) -> ApiReply {
        let errors = [error];
        self.tell(GraphqlKind::Unknown, GraphqlOutcome::Rejected, start, span);
        error::count(self.engine.metrics(), &errors);
        envelope::refuse(&errors, Outcome::Overloaded)
    }

    /// Tells metrics and the trace of an operation that has come to its end.
    fn tell(&self, kind: GraphqlKind, outcome: GraphqlOutcome, start: Instant, span: &Span) {
        let metrics = self.engine.metrics();
        metrics.graphql_request(kind, outcome);
        metrics.graphql_took(kind, start.elapsed());
        span.record("graphql.operation.type", kind.as_str());
        if outcome != GraphqlOutcome::Ok {
            span.record("otel.status_code", "ERROR");
        }
    }

    /// Everything that can refuse a request before it is carried out.
    fn prepare(
        &self,
        request: &ApiRequest,
        document: document::Outcome,
        budget: &Budget,
    ) -> Result<Prepared, Refused> {
        let kind = GraphqlKind::Unknown;
        let rejected = |errors| Refused { errors, outcome: Outcome::Rejected, kind };
        let document = document.map_err(|errors| rejected(errors.to_vec()))?;
        let name = request.operation_name.as_deref();
        let operation = document.operation(name).map_err(|error| rejected(vec![error]))?;
        if request.read_only && operation.operation_type != OperationType::Query {
            let message = "Only queries can be sent by GET; send mutations by POST.";
            let errors = vec![ApiError::new(ErrorCode::BadUserInput, message)];
            return Err(Refused { errors, outcome: Outcome::NotAllowed, kind: prepared::kind(operation) });
        }
        let prepared = Prepared::new(&self.shared, &document, operation, &request.variables)?;
        budget.hold(prepared.weight()).map_err(|error| {
            let (errors, kind) = (vec![error], prepared.kind());
            Refused { errors, outcome: Outcome::Overloaded, kind }
        })?;
        Ok(prepared)
    }
}

/// A query has the same answer for all who ask it at the same time: what they ask. None for whatever else a
/// request may be.
fn shared(document: &Document, request: &ApiRequest) -> Option<Arc<Question>> {
    let operation = document.operation(request.operation_name.as_deref()).ok()?;
    (operation.operation_type == OperationType::Query).then(|| Arc::new(Question::of(request)))
}
