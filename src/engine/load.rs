//! Reads a schema file with all its parts: those too that are in the language of filters.

use super::{access, emits};
use crate::schema::{self, Diagnostic, Model};

/// Reads a schema file, as [`schema::load`] does, and checks the conditions of its rules of access and its events too.
pub fn load(name: &str, bytes: &[u8]) -> Result<Model, Vec<Diagnostic>> {
    let model = schema::load(name, bytes)?;
    let mut faults = access::check(&model);
    faults.append(&mut emits::check(&model));
    if faults.is_empty() { Ok(model) } else { Err(schema::diagnostics(name, bytes, faults)) }
}
