//! The events that changes of documents are.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

/// One `@emit`.
#[derive(Clone, Debug)]
pub struct Emit {
    /// Its place in the schema file: the offset of a byte.
    pub at: usize,
    /// The event's name.
    pub name: Arc<str>,
    /// The sink that it is delivered to.
    pub sink: Arc<str>,
    /// The place of the sink's name.
    pub sink_at: usize,
    /// The changes that it tells of, each once.
    pub on: Vec<EmitOn>,
    /// Which of them; `None` for all.
    pub when: Option<Template>,
    /// What is delivered; `None` for the whole change.
    pub payload: Option<Template>,
}

/// How a document changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EmitOn {
    /// It comes into being.
    Create,
    /// One of its values becomes another one.
    Update,
    /// It goes.
    Delete,
}

/// A literal of the schema file as JSON, with enum values as strings, and the place of each of its parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    json: Json,
    /// Offsets of bytes by the paths of the parts.
    places: BTreeMap<Vec<String>, usize>,
}

impl EmitOn {
    /// All ways.
    pub const ALL: [EmitOn; 3] = [EmitOn::Create, EmitOn::Update, EmitOn::Delete];

    /// The name in a schema file and in events.
    pub fn name(self) -> &'static str {
        match self {
            EmitOn::Create => "CREATE",
            EmitOn::Update => "UPDATE",
            EmitOn::Delete => "DELETE",
        }
    }
}

impl Template {
    pub(in crate::schema) fn new(json: Json, places: BTreeMap<Vec<String>, usize>) -> Template {
        Template { json, places }
    }

    /// The literal.
    pub fn json(&self) -> &Json {
        &self.json
    }

    /// The place in the schema file of the part at a path of keys and indexes, or of the nearest part around it.
    pub fn at(&self, path: &[String]) -> usize {
        let known = |length: usize| self.places.get(&path[..length]).copied();
        (0..=path.len()).rev().find_map(known).unwrap_or_default()
    }
}
