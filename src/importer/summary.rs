//! What a loader did.

use serde_json::Value as Json;

use crate::engine::Upserted;

/// Rejected records that a summary keeps.
const KEPT: usize = 20;

/// What one loader did.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// The loader.
    pub loader: String,
    /// Documents created.
    pub created: u64,
    /// Documents changed.
    pub updated: u64,
    /// Documents that were just so already.
    pub unchanged: u64,
    /// In a dry run: records that would be written.
    pub fit: u64,
    /// Records not taken.
    pub rejected: u64,
    /// The first of these.
    pub rejects: Vec<Reject>,
    /// Why it ended early.
    pub failure: Option<String>,
}

/// A record that was not taken.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Reject {
    /// The loader.
    pub loader: String,
    /// Its place in the source, from 1.
    pub record: u64,
    /// Why.
    pub reason: String,
    /// As the source has it.
    pub source: Json,
}

impl Summary {
    pub(super) fn count(&mut self, upserted: Upserted) {
        match upserted {
            Upserted::Created => self.created += 1,
            Upserted::Updated => self.updated += 1,
            Upserted::Unchanged => self.unchanged += 1,
        }
    }

    pub(super) fn reject(&mut self, reject: Reject) {
        self.rejected += 1;
        if self.rejects.len() < KEPT {
            self.rejects.push(reject);
        }
    }

    /// Whether every record was taken.
    pub fn is_clean(&self) -> bool {
        self.rejected == 0 && self.failure.is_none()
    }
}
