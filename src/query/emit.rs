//! Events: which ones a change of a document is, and what each of them tells.

use std::collections::BTreeMap;
use std::sync::Arc;

use bson::raw::{RawBsonRef, RawDocument};

use crate::schema::EmitOn;
use crate::value::{EntityRef, is_bookkeeping};

mod condition;
mod payload;

pub use condition::{Compare, Condition};
pub use payload::{Part, Shape, ShapeField};

/// The events of all types that have some.
#[derive(Debug, Default)]
pub struct Emits(BTreeMap<Arc<str>, Arc<TypeEmits>>);

/// The events of one type.
#[derive(Debug)]
pub struct TypeEmits {
    /// In the order of the file.
    pub rules: Vec<EmitRule>,
    /// Fields that are filled at every change, so that they alone are none.
    pub filled: Vec<Arc<str>>,
}

/// One event of a type.
#[derive(Debug)]
pub struct EmitRule {
    /// Its name.
    pub name: Arc<str>,
    /// The sink that it is for.
    pub sink: Arc<str>,
    /// The changes that it tells of.
    pub on: Vec<EmitOn>,
    /// Which of them.
    pub when: Condition,
    /// What it tells.
    pub payload: Part,
}

/// A document before and after a change; one of them may not exist.
#[derive(Clone, Copy, Debug)]
pub struct Changed<'a> {
    /// What changed.
    pub entity: &'a EntityRef,
    /// The document before.
    pub before: Option<&'a RawDocument>,
    /// The document after.
    pub after: Option<&'a RawDocument>,
}

/// One of the documents of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The one before.
    Before,
    /// The one after.
    After,
    /// The one after, or the one before if there is none after.
    Document,
}

/// A value of one of the documents of a change.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// Which document.
    pub side: Side,
    /// Its path there, through embedded documents only.
    pub path: String,
}

/// An event that a change is.
#[derive(Clone, Debug, PartialEq)]
pub struct Emitted {
    /// Its name.
    pub name: Arc<str>,
    /// The sink that it is for.
    pub sink: Arc<str>,
    /// What it tells, as JSON.
    pub payload: String,
}

impl Emits {
    /// Of these types.
    pub fn new(types: impl IntoIterator<Item = (Arc<str>, TypeEmits)>) -> Emits {
        let types = types.into_iter().filter(|(_, emits)| !emits.rules.is_empty());
        Emits(types.map(|(ty, emits)| (ty, Arc::new(emits))).collect())
    }

    /// Whether no type has events.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The events of a type that tell of such changes; `None` if there are none.
    pub fn of(&self, ty: &str, on: EmitOn) -> Option<&Arc<TypeEmits>> {
        self.0.get(ty).filter(|emits| emits.rules.iter().any(|rule| rule.on.contains(&on)))
    }

    /// The names of the sinks that events are for.
    pub fn sinks(&self) -> std::collections::BTreeSet<&Arc<str>> {
        self.0.values().flat_map(|emits| &emits.rules).map(|rule| &rule.sink).collect()
    }
}

impl TypeEmits {
    /// The events that a change is, in the order of the file.
    pub fn events(&self, changed: Changed<'_>) -> Vec<Emitted> {
        let told =
            self.rules.iter().filter(|rule| rule.on.contains(&changed.on()) && rule.when.holds(changed));
        let emitted = |rule: &EmitRule| Emitted {
            name: rule.name.clone(),
            sink: rule.sink.clone(),
            payload: rule.payload.json(changed).to_string(),
        };
        told.map(emitted).collect()
    }

    /// Whether a path changes along with others, so that it alone is no change.
    pub fn follows(&self, path: &str) -> bool {
        is_bookkeeping(path) || self.filled.iter().any(|field| **field == *path)
    }
}

impl<'a> Changed<'a> {
    /// What kind of change it is.
    pub fn on(self) -> EmitOn {
        match (self.before, self.after) {
            (None, _) => EmitOn::Create,
            (Some(_), Some(_)) => EmitOn::Update,
            (Some(_), None) => EmitOn::Delete,
        }
    }

    fn side(self, side: Side) -> Option<&'a RawDocument> {
        match side {
            Side::Before => self.before,
            Side::After => self.after,
            Side::Document => self.after.or(self.before),
        }
    }

    /// A value; what is missing, and all of a document that there is not, is null.
    fn value(self, reference: &Reference) -> RawBsonRef<'a> {
        self.side(reference.side).map_or(RawBsonRef::Null, |document| value_at(document, &reference.path))
    }
}

/// The value at a path through embedded documents.
fn value_at<'a>(document: &'a RawDocument, path: &str) -> RawBsonRef<'a> {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    match (document.get(name), rest) {
        (Ok(Some(RawBsonRef::Document(inner))), Some(rest)) => value_at(inner, rest),
        (Ok(Some(value)), None) if !matches!(value, RawBsonRef::Undefined) => value,
        _ => RawBsonRef::Null,
    }
}
