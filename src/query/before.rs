//! Conditions on documents that are about to change: what has to hold before, so that a filter holds after.

use bson::raw::RawDocument;

use super::filter::Filter;
use super::matcher::matches;

/// The filter that a document satisfies before a change if and only if it satisfies this one after it. The change gives
/// the document these fields, each as a whole.
pub fn before(filter: &Filter, changed: &RawDocument) -> Filter {
    let all = |parts: &[Filter]| parts.iter().map(|part| before(part, changed)).collect();
    let path = match filter {
        Filter::And(parts) => return Filter::And(all(parts)),
        Filter::Or(parts) => return Filter::Or(all(parts)),
        Filter::Not(inner) => return Filter::Not(Box::new(before(inner, changed))),
        Filter::In(path, _)
        | Filter::Cmp(path, ..)
        | Filter::Exists(path)
        | Filter::Matches(path, _)
        | Filter::HasAny(path, _)
        | Filter::IsEmpty(path)
        | Filter::Some(path, _) => path,
    };
    let field = path.split('.').next().unwrap_or_default();
    match changed.get(field) {
        Ok(None) => filter.clone(),
        // The other fields have no part in it.
        _ if matches(filter, changed) => Filter::all(),
        _ => Filter::none(),
    }
}
