//! Claims of the viewer in the conditions of rules.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::schema::CLAIM;

/// Operators that every text, or every list, satisfies if they are given nothing to look for. A claim that is empty must
/// not open what it was to restrict.
const NEEDS_SOMETHING: [&str; 5] = ["hasAll", "contains", "startsWith", "endsWith", "matches"];

/// A condition with the claims that it names; `None` when one of them is not there, or cannot be compared with anything.
pub(super) fn bound(template: &Json, claim: &dyn Fn(&str) -> Option<Json>) -> Option<Json> {
    within("", template, claim)
}

/// The part of a condition under a key, which is an operator where the part is a claim.
fn within(key: &str, template: &Json, claim: &dyn Fn(&str) -> Option<Json>) -> Option<Json> {
    Some(match template {
        Json::String(text) => match text.strip_prefix(CLAIM) {
            None => template.clone(),
            Some(name) => {
                value(claim(name)?).filter(|value| !is_empty(value) || !NEEDS_SOMETHING.contains(&key))?
            }
        },
        Json::Array(items) => items.iter().map(|item| within(key, item, claim)).collect::<Option<_>>()?,
        Json::Object(fields) => {
            let field = |(name, value): (&String, &Json)| Some((name.clone(), within(name, value, claim)?));
            Json::Object(fields.iter().map(field).collect::<Option<_>>()?)
        }
        other => other.clone(),
    })
}

/// A claim as a value: a scalar, or a list of scalars.
fn value(claim: Json) -> Option<Json> {
    match claim {
        // No claim is equal to what a document does not have, and none is a condition.
        Json::Null | Json::Object(_) => None,
        Json::Array(items) if items.iter().any(|item| item.is_array() || item.is_object()) => None,
        Json::Array(items) => Some(items.into_iter().filter(|item| !item.is_null()).collect()),
        scalar => Some(scalar),
    }
}

fn is_empty(value: &Json) -> bool {
    match value {
        Json::Array(items) => items.is_empty(),
        Json::String(text) => text.is_empty(),
        _ => false,
    }
}

/// Adds the names of the claims in a condition.
pub(super) fn claims_of(template: &Json, names: &mut BTreeSet<String>) {
    visit(template, &mut Vec::new(), &mut |name, _| names.extend([name.to_owned()]));
}

/// The paths at which a condition names a claim.
pub(super) fn places_of(template: &Json, claim: &str) -> Vec<Vec<String>> {
    let mut places = Vec::new();
    visit(template, &mut Vec::new(), &mut |name, path| {
        if name == claim {
            places.push(path.to_vec());
        }
    });
    places
}

fn visit(template: &Json, path: &mut Vec<String>, found: &mut dyn FnMut(&str, &[String])) {
    let mut inside = |key: String, value: &Json, found: &mut dyn FnMut(&str, &[String])| {
        path.push(key);
        visit(value, path, found);
        path.pop();
    };
    match template {
        Json::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| inside(index.to_string(), item, found))
        }
        Json::Object(fields) => fields.iter().for_each(|(name, value)| inside(name.clone(), value, found)),
        Json::String(text) => {
            if let Some(name) = text.strip_prefix(CLAIM) {
                found(name, path);
            }
        }
        _ => {}
    }
}
