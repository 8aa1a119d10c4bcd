//! Operation texts, parsed and validated once, and kept with their plans.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use apollo_compiler::ast::OperationType;
use apollo_compiler::executable::{ExecutableDocument, Operation};
use apollo_compiler::validation::Valid;
use quick_cache::sync::Cache;
use quick_cache::{Equivalent, Weighter};

use super::Outcome;
use super::error::ApiError;
use super::plan::{Flags, Plan, Planner, Refusal, flag_names};
use super::position::Positions;
use super::resolve::Variables;
use super::types::{Definition, Shown};
use crate::metrics::{ErrorCode, KeptKind, KeptResult, Metrics};
use crate::probe::without::{Mechanism, without};
use crate::schema::SurfaceId;

mod check;
mod grammar;
mod hint;
mod lists;
mod saved;
mod size;
mod text;

pub use saved::{Saved, SavedFault};

/// Maximum bytes that a token takes up once it is parsed.
const TOKEN: u64 = 200;

/// A valid text.
pub(super) struct Document {
    /// Tells the document from all others.
    number: u64,
    parsed: Valid<ExecutableDocument>,
    positions: Positions,
    flags: Vec<String>,
    /// What its operations can show.
    shows: Shown,
    /// The API that it is valid for.
    definition: Arc<Definition>,
    weight: u64,
    /// The plans of its operations that stay with it.
    plans: Vec<(Option<String>, Arc<Plan>)>,
}

/// The result of checking a text: a document, or everything that is wrong with the text.
pub(super) type Verdict = Result<Arc<Document>, Arc<Vec<ApiError>>>;

/// The saved texts, and the texts seen lately.
pub(super) struct Documents {
    /// For the API of everything, by their texts.
    saved: HashMap<Arc<str>, Arc<Document>>,
    kept: Cache<Text, Verdict, Weight>,
    plans: Cache<PlanKey, Planned, Weight>,
    next: AtomicU64,
    metrics: Arc<Metrics>,
}

/// A text for one API.
#[derive(PartialEq, Eq)]
struct Text(SurfaceId, Arc<str>);

/// A text for one API, borrowed.
#[derive(Hash)]
struct AskedText<'a>(SurfaceId, &'a str);

/// A document's number, the operation's name, and the values of the document's conditions.
type PlanKey = (u64, Option<String>, Flags);

/// A plan, and the document that holds the plan's arguments.
#[derive(Clone)]
struct Planned(Arc<Plan>, Arc<Document>);

#[derive(Clone)]
struct Weight;

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        AskedText(self.0, &self.1).hash(state);
    }
}

impl Equivalent<Text> for AskedText<'_> {
    fn equivalent(&self, text: &Text) -> bool {
        self.0 == text.0 && *self.1 == *text.1
    }
}

impl Weighter<Text, Verdict> for Weight {
    fn weight(&self, Text(_, text): &Text, verdict: &Verdict) -> u64 {
        let made = match verdict {
            Ok(document) => document.weight,
            Err(errors) => errors.iter().map(|error| 300 + error.message.len() as u64).sum(),
        };
        made + text.len() as u64 + 512
    }
}

impl Weighter<PlanKey, Planned> for Weight {
    fn weight(&self, (_, name, _): &PlanKey, Planned(plan, document): &Planned) -> u64 {
        plan.weight + document.weight + name.as_ref().map_or(0, String::len) as u64 + 512
    }
}

impl Documents {
    /// Keeps the saved documents, and up to `bytes` bytes of others: half of them for documents, half for plans.
    pub(super) fn new(bytes: u64, saved: Saved, metrics: Arc<Metrics>) -> Documents {
        Documents {
            next: AtomicU64::new(saved.documents.len() as u64),
            saved: saved.documents,
            kept: Cache::with_weighter(4_096, bytes / 2, Weight),
            plans: Cache::with_weighter(4_096, bytes / 2, Weight),
            metrics,
        }
    }

    /// The document of a text for an API.
    pub(super) fn get(&self, definition: &Arc<Definition>, text: &str) -> Verdict {
        let surface = definition.surface.id();
        let surface = if without(Mechanism::SurfaceOfText) { SurfaceId::default() } else { surface };
        if let Some(known) = self.known(surface, text) {
            self.metrics.graphql_kept(KeptKind::Document, KeptResult::Hit);
            return known;
        }
        self.metrics.graphql_kept(KeptKind::Document, KeptResult::Miss);
        let number = || self.next.fetch_add(1, Ordering::Relaxed);
        let verdict = Document::read(definition, text, number).map_err(Arc::new).map(Arc::new);
        self.kept.insert(Text(surface, text.into()), verdict.clone());
        verdict
    }

    /// What a text for an API can show; `None` if it has not been read, or is not valid.
    pub(super) fn shown_by(&self, surface: SurfaceId, text: &str) -> Option<Shown> {
        Some(self.known(surface, text)?.ok()?.shows.clone())
    }

    fn known(&self, surface: SurfaceId, text: &str) -> Option<Verdict> {
        let saved = self.saved.get(text).filter(|_| surface == SurfaceId::default());
        saved.cloned().map(Ok).or_else(|| self.kept.get(&AskedText(surface, text)))
    }

    /// The plan of an operation of a document, given the values of the operation's variables.
    pub(super) fn plan(
        &self,
        planner: &Planner,
        document: &Arc<Document>,
        operation: &Operation,
        variables: &Variables,
    ) -> Result<Arc<Plan>, Refusal> {
        if let Some(plan) = document.own_plan(operation) {
            self.metrics.graphql_kept(KeptKind::Plan, KeptResult::Hit);
            return Ok(plan.clone());
        }
        let name = operation.name.as_ref().map(ToString::to_string);
        let key = (document.number, name, document.flags(variables));
        if let Some(Planned(plan, _)) = self.plans.get(&key) {
            self.metrics.graphql_kept(KeptKind::Plan, KeptResult::Hit);
            return Ok(plan);
        }
        self.metrics.graphql_kept(KeptKind::Plan, KeptResult::Miss);
        let plan = Arc::new(document.new_plan(planner, operation, &key.2)?);
        self.plans.insert(key, Planned(plan.clone(), document.clone()));
        Ok(plan)
    }
}

impl Document {
    /// The document of a text, or everything that is wrong with the text; a valid one gets a number.
    fn read(
        definition: &Arc<Definition>,
        text: &str,
        number: impl FnOnce() -> u64,
    ) -> Result<Document, Vec<ApiError>> {
        let check::Checked { document, positions, tokens } = check::check(definition, text)?;
        let (flags, weight) = (flag_names(&document), tokens as u64 * TOKEN + text.len() as u64 * 2);
        let shows = definition.sources.shown_by(&document);
        let (number, definition, plans) = (number(), definition.clone(), Vec::new());
        Ok(Document { number, parsed: document, positions, flags, shows, definition, weight, plans })
    }

    /// The plan of an operation that stays with the document.
    fn own_plan(&self, operation: &Operation) -> Option<&Arc<Plan>> {
        let name = operation.name.as_ref().map(|name| name.as_str());
        self.plans.iter().find(|(own, _)| own.as_deref() == name).map(|(_, plan)| plan)
    }

    /// The operation to execute, by its name.
    pub(super) fn operation(&self, name: Option<&str>) -> Result<&Operation, ApiError> {
        let all = &self.parsed.operations;
        all.get(name).map(|operation| &**operation).map_err(|_| {
            let message = match name {
                Some(name) if all.named.is_empty() => format!(
                    "There is no operation {name}: the document's only operation has no name; leave operationName out."
                ),
                Some(name) => format!("There is no operation {name} in the document."),
                None if all.is_empty() => "The document has no operation.".to_owned(),
                None => "The document has several operations; name one of them in operationName.".to_owned(),
            };
            ApiError::new(ErrorCode::BadUserInput, message)
        })
    }

    /// The values of the document's conditions.
    pub(super) fn flags(&self, variables: &Variables) -> Flags {
        Flags::of(&self.flags, variables)
    }

    /// Makes the plan of an operation anew.
    pub(super) fn new_plan(
        &self,
        planner: &Planner,
        operation: &Operation,
        flags: &Flags,
    ) -> Result<Plan, Refusal> {
        let text = (&*self.parsed, &self.positions);
        planner.plan(&self.definition.surface, text, operation, flags)
    }

    /// The error and the outcome that a refusal has for the client. A condition that is null fails only where the
    /// operation meets it, so it counts as a fault of the execution.
    pub(super) fn refused(&self, operation: &Operation, refusal: Refusal) -> (ApiError, Outcome) {
        let rejected = |code, message: &str| (ApiError::new(code, message), Outcome::Rejected);
        match refusal {
            Refusal::TooLarge => rejected(
                ErrorCode::TooComplex,
                "The operation selects too many fields once its fragments are dissolved.",
            ),
            Refusal::Conflict { key, at } => {
                let message =
                    format!("The fields under `{key}` have different arguments; give one of them an alias.");
                let (error, outcome) = rejected(ErrorCode::BadUserInput, &message);
                (error.at(self.positions.of_span(at)), outcome)
            }
            Refusal::NoCondition { variable, at } => {
                let message = format!("${variable} is null, but @skip and @include need true or false.");
                let error = ApiError::new(ErrorCode::BadUserInput, message).at(self.positions.of_span(at));
                (error, Outcome::Executed)
            }
            Refusal::Unknown if operation.operation_type == OperationType::Subscription => {
                rejected(ErrorCode::BadUserInput, "There are no subscriptions in this API.")
            }
            Refusal::Unknown => (ApiError::internal("a valid operation has no plan"), Outcome::Executed),
        }
    }

    /// What its operations can show.
    pub(super) fn shows(&self) -> &Shown {
        &self.shows
    }

    /// The API that it is valid for.
    pub(super) fn definition(&self) -> &Arc<Definition> {
        &self.definition
    }

    /// Bytes that the document takes up, roughly.
    pub(super) fn weight(&self) -> u64 {
        self.weight
    }

    /// The document as it was parsed.
    pub(super) fn parsed(&self) -> &ExecutableDocument {
        &self.parsed
    }

    /// The positions in the document's text.
    pub(super) fn positions(&self) -> &Positions {
        &self.positions
    }
}
