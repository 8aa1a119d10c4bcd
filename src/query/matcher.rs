//! Whether a document satisfies a filter: the reference that the stores must agree with.
//!
//! Paths lead through embedded documents, and through arrays to the documents in them. Array elements that
//! are not documents have no value at the rest of the path, not even null. Names in a path are never array
//! positions.

use std::cmp::Ordering;

use bson::Bson;
use bson::raw::{RawBsonRef, RawDocument};

use super::filter::{CmpOp, Filter};
use super::sort_key::{encode_raw, encode_value};

/// Whether the document satisfies the filter.
pub fn matches(filter: &Filter, doc: &RawDocument) -> bool {
    match filter {
        Filter::And(parts) => parts.iter().all(|part| matches(part, doc)),
        Filter::Or(parts) => parts.iter().any(|part| matches(part, doc)),
        Filter::Not(inner) => !matches(inner, doc),
        Filter::In(path, values) => {
            sees(doc, path, |seen| is_one_of(seen.unwrap_or(RawBsonRef::Null), values))
        }
        Filter::Cmp(path, op, value) => {
            sees(doc, path, |seen| compares(seen.unwrap_or(RawBsonRef::Null), *op, value))
        }
        Filter::Exists(path) => sees(doc, path, |seen| seen.is_some()),
        Filter::Matches(path, pattern) => sees(doc, path, |seen| match seen {
            Some(RawBsonRef::String(text) | RawBsonRef::Symbol(text)) => pattern.is_match(text),
            _ => false,
        }),
        Filter::HasAny(path, values) => has_element(doc, path, |element| is_one_of(element, values)),
        Filter::IsEmpty(path) => !has_element(doc, path, |_| true),
        Filter::Some(path, inner) => has_element(doc, path, |element| match element {
            RawBsonRef::Document(document) => matches(inner, document),
            _ => false,
        }),
    }
}

/// Calls `see` with every value that an operator at the path sees; `None` means missing.
pub fn values_at(doc: &RawDocument, path: &str, see: &mut dyn FnMut(Option<RawBsonRef<'_>>)) {
    sees(doc, path, |value| {
        see(value);
        false
    });
}

/// Whether one of the values that an operator at the path sees is accepted.
fn sees(doc: &RawDocument, path: &str, mut accept: impl FnMut(Option<RawBsonRef<'_>>) -> bool) -> bool {
    any_leaf(doc, path, &mut |value| {
        accept(value)
            || match value {
                Some(RawBsonRef::Array(array)) => {
                    array.into_iter().map_while(Result::ok).any(|element| accept(Some(element)))
                }
                _ => false,
            }
    })
}

/// Whether an array at the path has an element that is accepted.
fn has_element(doc: &RawDocument, path: &str, mut accept: impl FnMut(RawBsonRef<'_>) -> bool) -> bool {
    any_leaf(doc, path, &mut |value| match value {
        Some(RawBsonRef::Array(array)) => array.into_iter().map_while(Result::ok).any(&mut accept),
        _ => false,
    })
}

/// Whether one of the values at the end of the path is accepted, `None` standing for missing; an array
/// there is one value.
pub(crate) fn any_leaf(
    doc: &RawDocument,
    path: &str,
    accept: &mut dyn FnMut(Option<RawBsonRef<'_>>) -> bool,
) -> bool {
    let Some((name, rest)) = path.split_once('.') else { return accept(doc.get(path).ok().flatten()) };
    match doc.get(name).ok().flatten() {
        Some(RawBsonRef::Document(inner)) => any_leaf(inner, rest, accept),
        Some(RawBsonRef::Array(array)) => {
            array.into_iter().map_while(Result::ok).any(|element| match element {
                RawBsonRef::Document(inner) => any_leaf(inner, rest, accept),
                _ => false,
            })
        }
        _ => accept(None),
    }
}

fn is_one_of(seen: RawBsonRef<'_>, values: &[Bson]) -> bool {
    values.iter().any(|value| equal(seen, value))
}

/// Equality by the encoding, or directly for equal simple types.
fn equal(seen: RawBsonRef<'_>, value: &Bson) -> bool {
    match (seen, value) {
        (RawBsonRef::String(a), Bson::String(b)) => a == b,
        (RawBsonRef::ObjectId(a), Bson::ObjectId(b)) => a == *b,
        (RawBsonRef::Int32(a), Bson::Int32(b)) => a == *b,
        (RawBsonRef::Int64(a), Bson::Int64(b)) => a == *b,
        (RawBsonRef::Boolean(a), Bson::Boolean(b)) => a == *b,
        (RawBsonRef::DateTime(a), Bson::DateTime(b)) => a == *b,
        (RawBsonRef::Null, Bson::Null) => true,
        (RawBsonRef::String(_) | RawBsonRef::ObjectId(_), Bson::ObjectId(_) | Bson::String(_)) => false,
        (seen, value) => encode_raw(seen) == encode_value(value),
    }
}

/// Ordering within one class of types. NaN is equal to itself and has no order with other numbers.
fn compares(seen: RawBsonRef<'_>, op: CmpOp, value: &Bson) -> bool {
    let order = match (seen, value) {
        (RawBsonRef::String(a), Bson::String(b)) => a.cmp(b),
        (RawBsonRef::DateTime(a), Bson::DateTime(b)) => a.cmp(b),
        (RawBsonRef::Int32(a), Bson::Int32(b)) => a.cmp(b),
        (RawBsonRef::Int64(a), Bson::Int64(b)) => a.cmp(b),
        (seen, value) => {
            let (a, b) = (encode_raw(seen), encode_value(value));
            if a.first() != b.first() {
                return false;
            }
            let nan = encode_value(&Bson::Double(f64::NAN));
            if a != b && (a == nan || b == nan) {
                return false;
            }
            a.cmp(&b)
        }
    };
    match op {
        CmpOp::Lt => order == Ordering::Less,
        CmpOp::Lte => order != Ordering::Greater,
        CmpOp::Gt => order == Ordering::Greater,
        CmpOp::Gte => order != Ordering::Less,
    }
}
