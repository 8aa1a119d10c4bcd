//! The result of a loader.

use serde_json::Value as Json;

use crate::engine::Upserted;

/// Maximum number of rejected records in a summary.
const KEPT: usize = 20;

/// The result of one loader.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// The loader.
    pub loader: String,
    /// Documents created.
    pub created: u64,
    /// Documents changed.
    pub updated: u64,
    /// Documents that already had the record's values.
    pub unchanged: u64,
    /// In a dry run: valid records, which would be written.
    pub fit: u64,
    /// Rejected records.
    pub rejected: u64,
    /// The first of the rejected records.
    pub rejects: Vec<Reject>,
    /// Why the loader ended early.
    pub failure: Option<String>,
}

/// A rejected record.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Reject {
    /// The loader.
    pub loader: String,
    /// The record's number in the source, from 1.
    pub record: u64,
    /// Why it was rejected.
    pub reason: String,
    /// The record as in the source.
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

    /// Whether no record was rejected and the loader did not fail.
    pub fn is_clean(&self) -> bool {
        self.rejected == 0 && self.failure.is_none()
    }
}
