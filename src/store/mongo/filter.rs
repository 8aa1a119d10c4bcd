//! Filters in MongoDB's query language.
//!
//! Every value has an explicit operator (`$eq`, `$in`, ...), so that a value that looks like an operator or
//! a pattern stays a value.

use bson::{Bson, Document, doc};

use crate::query::{CmpOp, Filter};
use crate::value::Id;

/// The filter, for documents that oponn shows.
pub(super) fn of_visible(filter: &Filter, more: impl IntoIterator<Item = Document>) -> Document {
    let mut parts: Vec<Document> = more.into_iter().collect();
    if !filter.is_all() {
        parts.push(of(filter));
    }
    parts.push(addressable());
    doc! { "$and": parts }
}

/// The filter.
pub(super) fn of(filter: &Filter) -> Document {
    match filter {
        Filter::And(parts) if parts.is_empty() => doc! {},
        Filter::And(parts) => doc! { "$and": all(parts) },
        Filter::Or(parts) if parts.is_empty() => doc! { "_id": { "$in": [] } },
        Filter::Or(parts) => doc! { "$or": all(parts) },
        Filter::Not(inner) => doc! { "$nor": [of(inner)] },
        Filter::In(path, values) => one_of(values, |equals| doc! { path: equals }),
        Filter::Cmp(path, op, value) => doc! { path: { operator(*op): value.clone() } },
        Filter::Exists(path) => doc! { path: { "$exists": true } },
        Filter::Matches(path, pattern) => doc! { path: { "$regex": pattern.as_str() } },
        Filter::HasAny(path, values) => one_of(values, |equals| doc! { path: { "$elemMatch": equals } }),
        // `$nin` of nothing holds for every element.
        Filter::IsEmpty(path) => doc! { "$nor": [{ path: { "$elemMatch": { "$nin": [] } } }] },
        Filter::Some(path, inner) => {
            // A field in front makes it the form of `$elemMatch` that looks into documents, whatever
            // the inner filter begins with.
            let mut element = doc! { "_id": { "$nin": [] } };
            element.insert("$and", vec![of(inner)]);
            doc! { path: { "$elemMatch": element } }
        }
    }
}

/// The documents of one id.
pub(super) fn of_id(id: &Id) -> Document {
    match id {
        // A double of the same value is equal, but is no id that oponn knows.
        Id::Int(n) => doc! { "_id": { "$eq": n, "$type": ["int", "long"] } },
        other => doc! { "_id": { "$eq": other.to_bson() } },
    }
}

fn all(parts: &[Filter]) -> Vec<Document> {
    parts.iter().map(of).collect()
}

/// The condition made of equality with one of the values.
fn one_of(values: &[Bson], condition: impl Fn(Document) -> Document) -> Document {
    // `$in` reads patterns as patterns and refuses documents that look like operators; `$eq` does not.
    let plain = |value: &Bson| !matches!(value, Bson::RegularExpression(_) | Bson::Document(_));
    match values {
        [value] => condition(doc! { "$eq": value.clone() }),
        values if values.iter().all(plain) => condition(doc! { "$in": values.to_vec() }),
        values => {
            let each = values.iter().map(|value| condition(doc! { "$eq": value.clone() }));
            doc! { "$or": each.collect::<Vec<_>>() }
        }
    }
}

fn operator(op: CmpOp) -> &'static str {
    match op {
        CmpOp::Lt => "$lt",
        CmpOp::Lte => "$lte",
        CmpOp::Gt => "$gt",
        CmpOp::Gte => "$gte",
    }
}

/// Documents whose `_id` is of a kind that [`Id`] knows. Said as what it must not be: no index can serve
/// that, so that it does not draw the server away from an index that serves the rest of the filter.
fn addressable() -> Document {
    let edge = |byte: u8| Id::Uuid(uuid::Uuid::from_bytes([byte; 16])).to_bson();
    let others = [
        "double",
        "decimal",
        "object",
        "bool",
        "date",
        "null",
        "regex",
        "timestamp",
        "symbol",
        "javascript",
        "javascriptWithScope",
        "dbPointer",
        "minKey",
        "maxKey",
    ];
    doc! {
        "$nor": [
            { "_id": { "$type": others.as_slice() } },
            { "_id": { "$type": "binData", "$not": { "$gte": edge(0x00), "$lte": edge(0xff) } } },
        ],
    }
}
