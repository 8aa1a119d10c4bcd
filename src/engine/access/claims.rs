//! Claims of the viewer in the conditions of rules.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::schema::CLAIM;

/// A condition with the claims that it names; `None` when one of them is not there.
pub(super) fn bound(template: &Json, claim: &dyn Fn(&str) -> Option<Json>) -> Option<Json> {
    Some(match template {
        Json::String(text) => match text.strip_prefix(CLAIM).map(claim) {
            None => template.clone(),
            Some(value) => match value? {
                // No claim is equal to what a document does not have.
                Json::Null | Json::Object(_) => return None,
                Json::Array(items) => items.into_iter().filter(|item| !item.is_null()).collect(),
                scalar => scalar,
            },
        },
        Json::Array(items) => items.iter().map(|item| bound(item, claim)).collect::<Option<_>>()?,
        Json::Object(fields) => {
            let field = |(name, value): (&String, &Json)| Some((name.clone(), bound(value, claim)?));
            Json::Object(fields.iter().map(field).collect::<Option<_>>()?)
        }
        other => other.clone(),
    })
}

/// Adds the names of the claims in a condition.
pub(super) fn claims_of(template: &Json, names: &mut BTreeSet<String>) {
    match template {
        Json::String(text) => names.extend(text.strip_prefix(CLAIM).map(str::to_owned)),
        Json::Array(items) => items.iter().for_each(|item| claims_of(item, names)),
        Json::Object(fields) => fields.values().for_each(|value| claims_of(value, names)),
        _ => {}
    }
}
