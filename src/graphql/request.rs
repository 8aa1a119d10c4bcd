//! The path of one request: a kept answer; or else a turn, its text, and a flight shared by all identical requests.

use std::sync::Arc;
use std::time::Instant;

use apollo_compiler::ast::OperationType;
use tokio::sync::OwnedSemaphorePermit;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::answer::{Answer, Refused};
use super::answers::{Answers, Asker, Given, Outdated, Question};
use super::budget::Budget;
use super::document::Verdict;
use super::error::{self, ApiError};
use super::prepared::{self, Prepared};
use super::shared::Shared;
use super::{ApiReply, ApiRequest, Outcome, envelope};
use super::{part, price};
use crate::engine::{Engine, Gather};
use crate::metrics::{Bound, ErrorCode, GraphqlKind, GraphqlOutcome, Joined, KeptKind, KeptResult, Label};
use crate::quota::Unit;
use crate::telemetry::traced;

/// Texts of more bytes, and answers of more values, take milliseconds.
const LARGE_TEXT: usize = 16 << 10;
const LARGE_ANSWER: u64 = 5_000;

/// The API at work.
pub(super) struct Inner {
    pub(super) engine: Arc<Engine>,
    pub(super) shared: Shared,
    answers: Answers,
    /// Queries under way. A request shares only an answer that shows every change acknowledged before the request
    /// came.
    flights: Gather<Arc<Question>, Arc<Answered>>,
}

/// The outcome of a request, for all who share it.
pub(super) struct Answered {
    reply: ApiReply,
    errors: Vec<ApiError>,
    kind: GraphqlKind,
    outcome: GraphqlOutcome,
    /// What the operation costs, if that is known.
    cost: Option<u64>,
}

/// An operation whose sender has paid for it, or why there is none; `None` when nothing has to be paid.
type Paid = Option<Result<Prepared, Refused>>;

impl Answered {
    fn kept(Given { body, cost }: Given) -> Answered {
        let reply = ApiReply { body, outcome: Outcome::Executed, has_errors: false };
        let (kind, outcome) = (GraphqlKind::Query, GraphqlOutcome::Ok);
        Answered { reply, errors: Vec::new(), kind, outcome, cost: Some(cost) }
    }

    fn panicked() -> Answered {
        let errors = vec![ApiError::internal("a request panicked")];
        let reply = envelope::refuse(&errors, Outcome::Executed);
        let (kind, outcome) = (GraphqlKind::Unknown, GraphqlOutcome::Errors);
        Answered { reply, errors, kind, outcome, cost: None }
    }

    /// The answer to a request for which the server has no room.
    fn turned_away(error: ApiError) -> Answered {
        let kind = GraphqlKind::Unknown;
        Answered::refused(Refused { errors: vec![error], outcome: Outcome::Overloaded, kind })
    }

    fn refused(Refused { errors, outcome, kind }: Refused) -> Answered {
        let reply = envelope::refuse(&errors, outcome);
        Answered { reply, errors, kind, outcome: GraphqlOutcome::Rejected, cost: None }
    }
}

impl Inner {
    pub(super) fn new(engine: Arc<Engine>, shared: Shared) -> Inner {
        let answers = Answers::new(shared.limits.answers);
        Inner { engine, shared, answers, flights: Gather::default() }
    }

    /// Answers a request.
    pub(super) async fn answer(self: Arc<Self>, request: ApiRequest) -> ApiReply {
        let start = Instant::now();
        let span = traced!(
            "graphql",
            otel.status_code = Empty,
            graphql.operation.type = Empty,
            graphql.operation.name = request.operation_name,
            oponn.answer.kept = Empty,
        );
        let kept = self.answers.get(&request, self.asker(&request), &self.engine);
        let outdated = match kept.instrument(span.clone()).await {
            Ok(given) => {
                let answered = match price::charge(&request, GraphqlKind::Query, given.cost).await {
                    Ok(()) => {
                        self.engine.metrics().graphql_kept(KeptKind::Answer, KeptResult::Hit);
                        span.record("oponn.answer.kept", true);
                        Answered::kept(given)
                    }
                    Err(refused) => Answered::refused(refused),
                };
                self.tell(&answered, start, &span);
                return price::tell(answered.reply, &request, answered.cost);
            }
            Err(outdated) => outdated,
        };
        let asked = request.tells_cost.then(|| request.clone());
        // Take the turn before reading the text: what is made of the text may be large.
        let answered = match self.shared.turns.take(request.patient).await {
            Some(turn) => {
                // Log lines belong to the request, whether it is traced or not.
                let inside = if span.is_disabled() { Span::current() } else { span.clone() };
                let aside = request.query.len() > LARGE_TEXT;
                let flight = self.clone().fly(request, outdated, turn, inside, aside);
                self.shared.aside.run(aside, flight).await
            }
            None => {
                self.engine.metrics().http_bound(Bound::Executions);
                let message = "The server has too much to do; ask again in a while.";
                Arc::new(Answered::turned_away(ApiError::new(ErrorCode::Overloaded, message)))
            }
        };
        self.tell(&answered, start, &span);
        match asked {
            Some(asked) => price::tell(answered.reply.clone(), &asked, answered.cost),
            None => answered.reply.clone(),
        }
    }

    /// The asker of a request, as far as its text is known already.
    fn asker(&self, request: &ApiRequest) -> Asker {
        let surface = request.caller.rights.as_ref().map(|rights| rights.surface().id());
        let shown = surface.and_then(|surface| self.shared.documents.shown_by(surface, &request.query));
        Asker::of(&request.caller, shown.as_ref())
    }

    /// The document of a request's text, for the API that the sender has.
    fn document(&self, request: &ApiRequest) -> Verdict {
        match self.shared.definitions.of(request.caller.rights.as_deref()) {
            Some(definition) => self.shared.documents.get(&definition, &request.query),
            None => {
                let message = "You may read nothing here: no rule of access is for your roles.";
                Err(Arc::new(vec![ApiError::new(ErrorCode::Forbidden, message)]))
            }
        }
    }

    /// Parses the text of a request and has the operation carried out, once for all identical requests at the time.
    async fn fly(
        self: Arc<Self>,
        request: ApiRequest,
        outdated: Outdated,
        turn: OwnedSemaphorePermit,
        span: Span,
        aside: bool,
    ) -> Arc<Answered> {
        let budget = self.shared.budget();
        let document = self.document(&request);
        let weight = document.as_ref().map_or(0, |document| document.weight());
        if let Err(error) = budget.hold(weight) {
            return Arc::new(Answered::turned_away(error));
        }
        let paid = match self.pay(&request, &document, &budget).await {
            Ok(paid) => paid,
            Err(refused) => return Arc::new(Answered::refused(refused)),
        };
        let asker = Asker::of(&request.caller, document.as_ref().ok().map(|document| document.shows()));
        let question = question(&document, &request, asker);
        let worker = self.clone();
        let work = |waited: bool| {
            let work = async move {
                // Hold the turn until the work ends, which may be after the caller has gone.
                let _turn = turn;
                // An earlier flight may have made the answer wanted here.
                let answers = &worker.answers;
                let kept = match waited || answers.has_newer(&request, asker, &outdated) {
                    true => answers.get(&request, asker, &worker.engine).await.ok(),
                    false => None,
                };
                Arc::new(match kept {
                    Some(given) => Answered::kept(given),
                    None => {
                        let prepared = paid.unwrap_or_else(|| worker.prepare(&request, document, &budget));
                        worker.clone().execute(request, asker, prepared, budget, aside).await
                    }
                })
            };
            work.instrument(span)
        };
        let answered = match question {
            Some(question) => {
                let (turn, joined) = self.flights.join(&question, work);
                if joined {
                    self.engine.metrics().cache_joined(Joined::Answer, 1);
                }
                turn.await
            }
            None => self.engine.spawn(work(false)).await.ok(),
        };
        answered.unwrap_or_else(|| Arc::new(Answered::panicked()))
    }

    /// Has the sender pay for an operation. Everybody does, also those who share its answer.
    async fn pay(&self, request: &ApiRequest, document: &Verdict, budget: &Budget) -> Result<Paid, Refused> {
        if request.allowance.as_ref().is_none_or(|allowance| allowance.rate(Unit::Points).is_none()) {
            return Ok(None);
        }
        let prepared = self.prepare(request, document.clone(), budget);
        if let Ok(prepared) = &prepared {
            price::charge(request, prepared.kind(), prepared.cost()).await?;
        }
        Ok(Some(prepared))
    }

    /// Carries an operation out, or refuses it. `aside`: whether it runs on a thread for large ones already.
    async fn execute(
        self: Arc<Self>,
        request: ApiRequest,
        asker: Asker,
        prepared: Result<Prepared, Refused>,
        budget: Budget,
        aside: bool,
    ) -> Answered {
        let answered = match prepared {
            Ok(prepared) => {
                // Moving the work aside once is enough.
                let large = !aside && prepared.cost() > LARGE_ANSWER;
                self.shared.aside.run(large, self.clone().carry_out(request, asker, prepared, budget)).await
            }
            Err(refused) => Answered::refused(refused),
        };
        if answered.kind == GraphqlKind::Query {
            self.engine.metrics().graphql_kept(KeptKind::Answer, KeptResult::Miss);
        }
        answered
    }

    async fn carry_out(
        self: Arc<Self>,
        asked: ApiRequest,
        asker: Asker,
        prepared: Prepared,
        budget: Budget,
    ) -> Answered {
        let opening = if asked.part.is_none() { envelope::OPENING } else { b"" };
        let answer = prepared.run(&self.engine, &asked.caller, &self.shared, budget, opening).await;
        let (kind, outcome, cost) = (prepared.kind(), answer.outcome(), prepared.cost());
        let Answer { json, errors, read, place, .. } = answer;
        let reply = match &asked.part {
            None => envelope::close(json, &errors, Outcome::Executed),
            Some(path) => part::reply(json, path, &errors),
        };
        if let (Some(place), Some(read), true) = (place, read, errors.is_empty()) {
            self.answers.keep(Question::of(asked, asker), (reply.body.plain(), cost), read, place);
        }
        Answered { reply, errors, kind, outcome, cost: Some(cost) }
    }

    /// Records a completed operation in metrics and the trace.
    fn tell(&self, answered: &Answered, start: Instant, span: &Span) {
        let (metrics, kind, outcome) = (self.engine.metrics(), answered.kind, answered.outcome);
        metrics.graphql_request(kind, outcome);
        metrics.graphql_took(kind, start.elapsed());
        span.record("graphql.operation.type", kind.as_str());
        if outcome != GraphqlOutcome::Ok {
            span.record("otel.status_code", "ERROR");
        }
        error::count(metrics, &answered.errors);
    }

    /// Runs every check that can refuse a request before it is carried out.
    fn prepare(&self, request: &ApiRequest, document: Verdict, budget: &Budget) -> Result<Prepared, Refused> {
        let kind = GraphqlKind::Unknown;
        let rejected = |errors| Refused { errors, outcome: Outcome::Rejected, kind };
        let document = document.map_err(|errors| match &errors[..] {
            [error] if error.code == ErrorCode::Forbidden => {
                Refused { errors: errors.to_vec(), outcome: Outcome::Forbidden, kind }
            }
            // What is asked for is right for the API of everything, and so for no fault of the sender's.
            _ if request.part.is_some() => {
                let message = "You may not read or write all that this is about.";
                let errors = vec![ApiError::new(ErrorCode::Forbidden, message)];
                Refused { errors, outcome: Outcome::Forbidden, kind }
            }
            _ => rejected(errors.to_vec()),
        })?;
        let name = request.operation_name.as_deref();
        let operation = document.operation(name).map_err(|error| rejected(vec![error]))?;
        if request.read_only && operation.operation_type != OperationType::Query {
            let message = "Only queries can be sent by GET; send mutations by POST.";
            let errors = vec![ApiError::new(ErrorCode::BadUserInput, message)];
            return Err(Refused { errors, outcome: Outcome::NotAllowed, kind: prepared::kind(operation) });
        }
        let prepared = Prepared::new(&self.shared, &document, operation, &request.variables, request.single)?;
        budget.hold(prepared.weight()).map_err(|error| {
            let (errors, kind) = (vec![error], prepared.kind());
            Refused { errors, outcome: Outcome::Overloaded, kind }
        })?;
        Ok(prepared)
    }
}

/// What a query asks: identical queries at the same time share one answer. None for anything but a query.
fn question(document: &Verdict, request: &ApiRequest, asker: Asker) -> Option<Arc<Question>> {
    let operation = document.as_ref().ok()?.operation(request.operation_name.as_deref()).ok()?;
    (operation.operation_type == OperationType::Query).then(|| Arc::new(Question::of(request.clone(), asker)))
}
