//! Turns a schema file into a [`Model`], or into the list of all its faults. Does no I/O.
//!
//! [`parse`](mod@parse) turns text into syntax, [`rules`] check the syntax, one file per family of rules,
//! and [`build`] assembles the model from their results. A [`Surface`] is the part of a model that some roles have.

mod build;
mod describe;
mod diagnostic;
mod model;
pub mod names;
mod parse;
mod prelude;
mod rules;
mod surface;
mod syntax;
mod words;

pub use diagnostic::Diagnostic;
pub use model::*;
pub use rules::access::CLAIM;
pub use surface::{Action, Reach, Surface, SurfaceId};

use diagnostic::SchemaFaults;

/// Reads a schema file. `name` is the file's name for messages. Reports every fault, in the order of the
/// file. If the text does not parse, faults that the broken places could cause by themselves, such as
/// references to definitions there, are left for the next run.
pub fn load(name: &str, bytes: &[u8]) -> Result<Model, Vec<Diagnostic>> {
    let mut faults = SchemaFaults::default();
    let text = parse::text(bytes, &mut faults);
    let model = text.and_then(|text| {
        let document = parse::document(text, &mut faults);
        rules::directives::check(&document, &mut faults);
        if document.complete { build::model(&document, &mut faults) } else { None }
    });
    match model {
        Some(model) if faults.is_empty() => Ok(model),
        None if faults.is_empty() => {
            faults.add(0, "syntax", "this cannot be read as a schema file", "write it anew, part by part");
            Err(faults.into_diagnostics(name, bytes))
        }
        _ => Err(faults.into_diagnostics(name, bytes)),
    }
}

/// Faults that were found in a file's model, in the order of the file: for each the offset of a byte in the file, the
/// rule, what is wrong, and what to write instead.
pub fn diagnostics(
    name: &str,
    bytes: &[u8],
    found: impl IntoIterator<Item = (usize, &'static str, String, String)>,
) -> Vec<Diagnostic> {
    let mut faults = SchemaFaults::default();
    found.into_iter().for_each(|(at, code, message, help)| faults.add(at, code, message, help));
    faults.into_diagnostics(name, bytes)
}
