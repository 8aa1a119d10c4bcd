//! What this process remembers of the batches under one tag, so that writes need not ask for it each time.
//! Shapes may be out of date, so scripts are told their version; a definition never changes.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use quick_cache::sync::Cache;

use crate::cache::Batch;
use crate::query::Shape;

/// How many definitions are kept.
const DEFINITIONS: usize = 4_096;

/// The shapes of a type's batches, with the version of the set.
#[derive(Clone, Default)]
pub(super) struct Shapes {
    pub version: Vec<u8>,
    pub shapes: Arc<[Shape]>,
}

/// The shape sets last seen, and the batches that writers have recently met.
pub(super) struct Known {
    shapes: Mutex<HashMap<Arc<str>, Shapes>>,
    /// Keyed by definition: each write that finds a batch needs its parsed definition, and parsing takes
    /// longer than judging a document by it.
    batches: Cache<String, Batch>,
}

impl Default for Known {
    fn default() -> Known {
        Known { shapes: Mutex::default(), batches: Cache::new(DEFINITIONS) }
    }
}

impl Known {
    /// The shapes of a type as last seen; none before the first time.
    pub fn shapes(&self, ty: &str) -> Shapes {
        self.shapes.lock().get(ty).cloned().unwrap_or_default()
    }

    /// Replaces the shapes of a type.
    pub fn learn(&self, ty: &Arc<str>, shapes: Shapes) {
        self.shapes.lock().insert(ty.clone(), shapes);
    }

    /// The batch of a definition; `None` when the text is not one.
    pub fn batch(&self, text: String) -> Option<Batch> {
        if let Some(known) = self.batches.get(&text) {
            return Some(known);
        }
        let batch = Batch::parse(&text)?;
        self.batches.insert(text, batch.clone());
        Some(batch)
    }
}
