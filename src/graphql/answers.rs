//! Answers to queries, kept as bytes until something that they were made from changes.
//!
//! No answer is served on trust: for each request, the server asks the cache's journal, after the request has come,
//! what has changed since the answer was made.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, Equivalent, OptionsBuilder, Weighter};
use serde_json::{Map, Value as Json};

use super::types::Shown;
use super::{ApiRequest, Body, DataPath};
use crate::engine::{Caller, Engine, Place, Read, Sight, Strategy};
use crate::metrics::{CacheKind, CacheResult};
use crate::probe::without::{Mechanism, without};

/// Maximum lifetime of an answer. The cache's TTL bounds how long writes of other programs to the store stay unseen;
/// kept answers add this much at most.
const LIFE: Duration = Duration::from_secs(60);
/// One answer takes up at most one part in this many of the bytes for all: a larger one is not worth keeping.
const SHARE: u64 = 16;
/// Number of parts with locks of their own; the largest answer has to fit into one of them.
const SHARDS: usize = 8;

/// The answers that this server keeps.
pub(super) struct Answers {
    kept: Cache<Question, Arc<Kept>, Weight>,
    /// Maximum bytes of one answer.
    largest: u64,
}

/// An answer to be served again.
pub(super) struct Given {
    pub(super) body: Body,
    /// What the operation costs.
    pub(super) cost: u64,
}

/// The answer kept for a request that is no longer right, if there was one.
pub(super) struct Outdated(Option<Arc<Kept>>);

/// Everything about a caller on which the answer to one question depends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Asker {
    strategy: Strategy,
    /// What its viewer sees of the types that the question is about.
    sight: Option<Sight>,
}

/// The question that an answer answers; identical questions share one answer.
#[derive(PartialEq, Eq)]
pub(super) struct Question {
    asker: Asker,
    query: String,
    operation_name: Option<String>,
    variables: Map<String, Json>,
    part: Option<DataPath>,
}

/// A question, borrowed from a request.
struct Asked<'a>(&'a ApiRequest, Asker);

/// An answer that is kept.
struct Kept {
    body: Body,
    cost: u64,
    read: Read,
    /// The place in the journal up to which the answer is right; every look moves its number, `valid`, forward.
    place: Place,
    valid: AtomicU64,
    until: Instant,
}

impl Answers {
    /// Keeps up to `bytes` bytes.
    pub(super) fn new(bytes: u64) -> Answers {
        // An answer is some kilobytes with its question; the number is only an estimate.
        let estimate = usize::try_from(bytes / 4_096).unwrap_or(0).max(1);
        let options = OptionsBuilder::new()
            .estimated_items_capacity(estimate)
            .weight_capacity(bytes)
            .shards(SHARDS)
            .build()
            .expect("all that has to be given is given");
        let kept =
            Cache::with_options(options, Weight, DefaultHashBuilder::default(), DefaultLifecycle::default());
        Answers { kept, largest: bytes / SHARE }
    }

    /// The answer kept for a request, if it is still right; if not, the outdated one.
    pub(super) async fn get(
        &self,
        request: &ApiRequest,
        asker: Asker,
        engine: &Engine,
    ) -> Result<Given, Outdated> {
        let Some(answer) = self.kept.get(&Asked(request, asker)) else { return Err(Outdated(None)) };
        let looked = engine.look().await;
        let confirmed = looked.and_then(|_| answer.confirmed(engine)).or_else(|| {
            // A new answer may have been kept while the look was under way.
            looked?;
            let newer = self.kept.get(&Asked(request, asker)).filter(|newer| !Arc::ptr_eq(newer, &answer))?;
            newer.confirmed(engine)
        });
        confirmed.ok_or(Outdated(Some(answer)))
    }

    /// Whether an answer was kept for this request since it found the outdated one.
    pub(super) fn has_newer(&self, request: &ApiRequest, asker: Asker, outdated: &Outdated) -> bool {
        match (self.kept.get(&Asked(request, asker)), &outdated.0) {
            (Some(kept), Some(outdated)) => !Arc::ptr_eq(&kept, outdated),
            (kept, _) => kept.is_some(),
        }
    }

    /// Keeps an answer whose reads came after this place in the journal.
    pub(super) fn keep(&self, question: Question, (body, cost): (&Bytes, u64), read: Read, place: Place) {
        if body.len() as u64 > self.largest {
            return;
        }
        let valid = AtomicU64::new(place.number);
        let (body, until) = (Body::kept(body.clone()), Instant::now() + LIFE);
        let answer = Kept { body, cost, read, place, valid, until };
        self.kept.insert(question, Arc::new(answer));
    }
}

impl Asker {
    /// The asker of a question that shows something; that shows everything if it is not known what.
    pub(super) fn of(caller: &Caller, shown: Option<&Shown>) -> Asker {
        let told = caller.rights.as_ref().filter(|_| !without(Mechanism::Sight));
        let sight = told.map(|rights| match shown {
            Some(Shown { types, api: false }) => rights.sight(&**types),
            Some(Shown { types, api: true }) => rights.sight(&**types).and_of(rights.surface().id()),
            None => rights.whole_sight().and_of(rights.surface().id()),
        });
        Asker { strategy: caller.strategy, sight }
    }
}

impl Kept {
    /// The answer, if it is right as of the last look.
    fn confirmed(&self, engine: &Engine) -> Option<Given> {
        let since = Place { number: self.valid.load(Ordering::Relaxed), ..self.place };
        let now = engine.unchanged(&self.read.topics, since).filter(|_| self.until > Instant::now())?;
        if !engine.holds(&self.read) {
            return None;
        }
        self.valid.fetch_max(now.number, Ordering::Relaxed);
        let metrics = engine.metrics();
        metrics.cache_read(CacheKind::Batch, CacheResult::Kept, self.read.pages);
        metrics.cache_read(CacheKind::Entity, CacheResult::Kept, self.read.entities);
        Some(Given { body: self.body.clone(), cost: self.cost })
    }
}

impl Question {
    pub(super) fn of(request: ApiRequest, asker: Asker) -> Question {
        let ApiRequest { query, operation_name, variables, part, .. } = request;
        Question { asker, query, operation_name, variables, part }
    }
}

impl Hash for Question {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.asker, &self.query, &self.operation_name, &self.variables, &self.part).hash(state);
    }
}

impl Hash for Asked<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.1, &self.0.query, &self.0.operation_name, &self.0.variables, &self.0.part).hash(state);
    }
}

impl Equivalent<Question> for Asked<'_> {
    fn equivalent(&self, question: &Question) -> bool {
        self.1 == question.asker
            && self.0.query == question.query
            && self.0.operation_name == question.operation_name
            && self.0.variables == question.variables
            && self.0.part == question.part
    }
}

#[derive(Clone)]
struct Weight;

impl Weighter<Question, Arc<Kept>> for Weight {
    fn weight(&self, question: &Question, answer: &Arc<Kept>) -> u64 {
        // Values take up more room than their text, but are seldom many.
        let variables = fields(&question.variables);
        let topics = std::mem::size_of_val(&*answer.read.topics);
        (512 + question.query.len() + variables + answer.body.weight() + topics) as u64
    }
}

/// Bytes that a value takes up, roughly.
fn size(value: &Json) -> usize {
    match value {
        Json::Null | Json::Bool(_) => 32,
        Json::Number(number) => 64 + number.as_str().len(),
        Json::String(text) => 32 + text.len(),
        Json::Array(items) => 32 + items.iter().map(size).sum::<usize>(),
        Json::Object(object) => fields(object),
    }
}

fn fields(object: &Map<String, Json>) -> usize {
    object.iter().map(|(name, value)| 128 + name.len() + size(value)).sum()
}
