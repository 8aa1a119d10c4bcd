//! The filter language between GraphQL and the stores, and its one canonical form.
//!
//! Two-valued logic as in MongoDB: an operator holds or does not, `Not` is the exact opposite, and a
//! missing field counts as null except for `Exists`.
//!
//! **Which values an operator sees.** As in MongoDB, an operator sees the stored value at its path and, for
//! an array, each element too. The operator holds if it holds for one of these values. A missing value is
//! seen as null.

use bson::{Bson, Document, doc};
use serde_json::{Value as Json, json};

use super::pattern::Pattern;
use super::sort_key::encode_value;

/// A condition on a document. Paths are dotted: `address.city`.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// All filters hold; an empty list always holds.
    And(Vec<Filter>),
    /// At least one filter holds; an empty list never holds.
    Or(Vec<Filter>),
    /// The filter does not hold.
    Not(Box<Filter>),
    /// Equal to one of the values; null also equals a missing field. Numbers compare by value, regardless
    /// of type.
    In(String, Vec<Bson>),
    /// Greater or less than a value of the same type class (numbers are one class). Never holds for
    /// values of other classes. The value is never null.
    Cmp(String, CmpOp, Bson),
    /// The field exists, null included.
    Exists(String),
    /// A string that the pattern matches somewhere.
    Matches(String, Pattern),
    /// An array with an element that equals one of the values.
    HasAny(String, Vec<Bson>),
    /// No elements: an empty array, or no array at all.
    IsEmpty(String),
    /// An array with an element that is a document satisfying the filter; the filter's paths start at the
    /// element.
    Some(String, Box<Filter>),
}

/// The comparisons other than equality.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CmpOp {
    /// Less than.
    Lt,
    /// Less than or equal.
    Lte,
    /// Greater than.
    Gt,
    /// Greater than or equal.
    Gte,
}

impl CmpOp {
    /// The operator's name in the API and in batch definitions.
    pub fn name(self) -> &'static str {
        match self {
            CmpOp::Lt => "lt",
            CmpOp::Lte => "lte",
            CmpOp::Gt => "gt",
            CmpOp::Gte => "gte",
        }
    }
}

impl Filter {
    /// The filter that every document satisfies.
    pub fn all() -> Filter {
        Filter::And(Vec::new())
    }

    /// The filter that no document satisfies.
    pub fn none() -> Filter {
        Filter::Or(Vec::new())
    }

    /// Equality with one value; with null, also a missing field.
    pub fn eq(path: impl Into<String>, value: impl Into<Bson>) -> Filter {
        Filter::In(path.into(), vec![value.into()])
    }

    /// Whether this is the filter that every document satisfies.
    pub fn is_all(&self) -> bool {
        matches!(self, Filter::And(parts) if parts.is_empty())
    }

    /// Whether this is the filter that no document satisfies.
    pub fn is_none(&self) -> bool {
        matches!(self, Filter::Or(parts) if parts.is_empty())
    }

    /// Whether it is about a path.
    pub fn names(&self, path: &str) -> bool {
        match self {
            Filter::And(parts) | Filter::Or(parts) => parts.iter().any(|part| part.names(path)),
            Filter::Not(inner) => inner.names(path),
            Filter::In(named, _)
            | Filter::Cmp(named, ..)
            | Filter::Exists(named)
            | Filter::Matches(named, _)
            | Filter::HasAny(named, _)
            | Filter::IsEmpty(named)
            | Filter::Some(named, _) => named == path,
        }
    }

    /// The value to which the filter fixes a path, as one of its conditions that all have to hold. Canonical filters only.
    pub fn fixed(&self, path: &str) -> Option<&Bson> {
        let conditions = match self {
            Filter::And(parts) => parts.as_slice(),
            single => std::slice::from_ref(single),
        };
        conditions.iter().find_map(|condition| match condition {
            Filter::In(fixed, values) if fixed == path && values.len() == 1 => values.first(),
            _ => None,
        })
    }

    /// Both filters hold.
    pub fn and(self, other: Filter) -> Filter {
        Filter::And(vec![self, other])
    }

    /// The number of conditions.
    pub fn conditions(&self) -> usize {
        match self {
            Filter::And(parts) | Filter::Or(parts) => parts.iter().map(Filter::conditions).sum(),
            Filter::Not(inner) | Filter::Some(_, inner) => inner.conditions(),
            Filter::In(..)
            | Filter::Cmp(..)
            | Filter::Exists(_)
            | Filter::HasAny(..)
            | Filter::IsEmpty(_)
            | Filter::Matches(..) => 1,
        }
    }

    /// Approximate upper bound, in bytes of memory, of the filter's compiled patterns.
    pub fn size(&self) -> usize {
        match self {
            Filter::And(parts) | Filter::Or(parts) => {
                parts.iter().map(Filter::size).fold(0, usize::saturating_add)
            }
            Filter::Not(inner) | Filter::Some(_, inner) => inner.size(),
            Filter::Matches(_, pattern) => pattern.size(),
            Filter::In(..)
            | Filter::Cmp(..)
            | Filter::Exists(_)
            | Filter::HasAny(..)
            | Filter::IsEmpty(_) => 0,
        }
    }

    /// The canonical form: equal for filters that differ only in order or nesting, so that they share a
    /// batch. It holds for exactly the same documents.
    pub fn canonical(self) -> Filter {
        match self {
            Filter::And(parts) => junction(parts, true),
            Filter::Or(parts) => junction(parts, false),
            Filter::Not(inner) => match inner.canonical() {
                Filter::Not(twice) => *twice,
                all if all.is_all() => Filter::none(),
                none if none.is_none() => Filter::all(),
                other => Filter::Not(Box::new(other)),
            },
            Filter::In(path, values) => match distinct(values) {
                values if values.is_empty() => Filter::none(),
                values => Filter::In(path, values),
            },
            Filter::HasAny(path, values) => match distinct(values) {
                values if values.is_empty() => Filter::none(),
                values => Filter::HasAny(path, values),
            },
            Filter::Some(path, inner) => Filter::Some(path, Box::new(inner.canonical())),
            leaf @ (Filter::Cmp(..) | Filter::Exists(_) | Filter::Matches(..) | Filter::IsEmpty(_)) => leaf,
        }
    }

    /// The filter as JSON, for batch definitions; [`Filter::from_json`] reads it back.
    pub fn to_json(&self) -> Json {
        let list = |parts: &[Filter]| Json::Array(parts.iter().map(Filter::to_json).collect());
        let values = |values: &[Bson]| Json::Array(values.iter().map(value_to_json).collect());
        match self {
            Filter::And(parts) => json!({ "and": list(parts) }),
            Filter::Or(parts) => json!({ "or": list(parts) }),
            Filter::Not(inner) => json!({ "not": inner.to_json() }),
            Filter::In(path, of) => json!({ "in": [path, values(of)] }),
            Filter::Cmp(path, op, value) => json!({ op.name(): [path, value_to_json(value)] }),
            Filter::Exists(path) => json!({ "exists": path }),
            Filter::Matches(path, pattern) => json!({ "matches": [path, pattern.as_str()] }),
            Filter::HasAny(path, of) => json!({ "hasAny": [path, values(of)] }),
            Filter::IsEmpty(path) => json!({ "isEmpty": path }),
            Filter::Some(path, inner) => json!({ "some": [path, inner.to_json()] }),
        }
    }

    /// Parses the output of [`Filter::to_json`]. `None` for anything else.
    pub fn from_json(json: &Json) -> Option<Filter> {
        let (op, operand) = json.as_object().filter(|object| object.len() == 1)?.iter().next()?;
        let list = || operand.as_array()?.iter().map(Filter::from_json).collect::<Option<Vec<_>>>();
        let pair = || match operand.as_array()?.as_slice() {
            [path, value] => Some((path.as_str()?.to_owned(), value)),
            _ => None,
        };
        let values = |json: &Json| json.as_array()?.iter().map(value_from_json).collect::<Option<Vec<_>>>();
        let compare = |op| pair().and_then(|(path, of)| Some(Filter::Cmp(path, op, value_from_json(of)?)));
        match op.as_str() {
            "and" => list().map(Filter::And),
            "or" => list().map(Filter::Or),
            "not" => Filter::from_json(operand).map(|inner| Filter::Not(Box::new(inner))),
            "in" => pair().and_then(|(path, of)| Some(Filter::In(path, values(of)?))),
            "lt" => compare(CmpOp::Lt),
            "lte" => compare(CmpOp::Lte),
            "gt" => compare(CmpOp::Gt),
            "gte" => compare(CmpOp::Gte),
            "exists" => operand.as_str().map(|path| Filter::Exists(path.to_owned())),
            "matches" => pair()
                .and_then(|(path, of)| Some(Filter::Matches(path, Pattern::from_canonical(of.as_str()?)?))),
            "hasAny" => pair().and_then(|(path, of)| Some(Filter::HasAny(path, values(of)?))),
            "isEmpty" => operand.as_str().map(|path| Filter::IsEmpty(path.to_owned())),
            "some" => {
                pair().and_then(|(path, inner)| Some(Filter::Some(path, Box::new(Filter::from_json(inner)?))))
            }
            _ => None,
        }
    }
}

/// Encodes a document or an array as bytes: extended JSON would read a client's document with fields such
/// as `$oid` back as something else.
const CONTAINER: &str = "bson";

fn value_to_json(value: &Bson) -> Json {
    match value {
        Bson::Document(_) | Bson::Array(_) => {
            let bytes = doc! { "": value }.to_vec().unwrap_or_default();
            json!({ CONTAINER: hex::encode(bytes) })
        }
        scalar => scalar.clone().into_canonical_extjson(),
    }
}

fn value_from_json(json: &Json) -> Option<Bson> {
    match json.get(CONTAINER) {
        Some(bytes) => {
            let bytes = hex::decode(bytes.as_str()?).ok()?;
            Document::from_reader(bytes.as_slice()).ok()?.remove("")
        }
        None => Bson::try_from(json.clone()).ok(),
    }
}

/// Flattens, sorts and simplifies a conjunction (`all`) or a disjunction.
fn junction(parts: Vec<Filter>, all: bool) -> Filter {
    let mut flat = Vec::with_capacity(parts.len());
    for part in parts {
        match part.canonical() {
            Filter::And(inner) if all => flat.extend(inner),
            Filter::Or(inner) if !all => flat.extend(inner),
            // One part that never holds decides a conjunction, one that always holds a disjunction.
            Filter::Or(inner) if inner.is_empty() => return Filter::none(),
            Filter::And(inner) if inner.is_empty() => return Filter::all(),
            other => flat.push(other),
        }
    }
    flat.sort_by_cached_key(|part| part.to_json().to_string());
    flat.dedup();
    match flat.len() {
        1 => flat.remove(0),
        _ if all => Filter::And(flat),
        _ => Filter::Or(flat),
    }
}

/// The values in MongoDB's order without duplicates; equal numbers count as one.
fn distinct(mut values: Vec<Bson>) -> Vec<Bson> {
    // Of equal numbers the same one is kept, whatever the order they were given in.
    values.sort_by_cached_key(|value| (encode_value(value), format!("{value:?}")));
    values.dedup_by_key(|value| encode_value(value));
    values
}
