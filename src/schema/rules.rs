//! The rules of schema files, one file per family. Each rule reports its faults and passes its results to
//! [`build`](super::build); one rule's fault never hides another's.

pub mod access;
pub mod api;
pub mod directives;
pub mod embedded;
pub mod emit;
pub mod filled;
pub mod interfaces;
pub mod keys;
mod lengths;
pub mod literals;
pub mod member_access;
pub mod parent_bounds;
pub mod partition;
pub mod relations;
pub mod rollup;
pub mod shapes;
pub mod template;
pub mod ttl;
pub mod types;
pub mod values;

use super::diagnostic::quote;
use crate::spelling::nearest;

/// The help for an unknown name: the known name that was probably meant, else all of a few.
fn did_you_mean<'a>(typed: &str, known: impl Iterator<Item = &'a str>, otherwise: &str) -> String {
    match nearest(typed, known) {
        Some(name) => format!("did you mean `{name}`?"),
        None => otherwise.to_owned(),
    }
}

/// Names as a sentence lists them: "`a`, `b` and `c`".
fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names: Vec<String> = names.into_iter().map(quote).collect();
    match names.pop() {
        None => "none".to_owned(),
        Some(last) if names.is_empty() => last,
        Some(last) => format!("{} and {last}", names.join(", ")),
    }
}
