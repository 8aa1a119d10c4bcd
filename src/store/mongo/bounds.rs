//! Orders and places in a list, in MongoDB's query language.
//!
//! Sorting compares values of all types, in MongoDB's order of types; `$gt` and `$lt` compare only values
//! of one type, and never NaN. So a place is expressed as both the types beyond it and the values of the
//! same type beyond it. Ranges are negated (`$not`), because that leaves one range on the path, which one
//! index scan can serve in order.

use bson::{Bson, Document, doc};

use crate::query::{Bound, Direction, Order};

/// Types in MongoDB's order; those that are compared by value stand together. Null and missing come
/// between the first and the second.
const CLASSES: [&[&str]; 14] = [
    &["number"],
    &["string", "symbol"],
    &["object"],
    &["array"],
    &["binData"],
    &["objectId"],
    &["bool"],
    &["date"],
    &["timestamp"],
    &["regex"],
    &["dbPointer"],
    &["javascript"],
    &["javascriptWithScope"],
    &["maxKey"],
];
const NUMBER: usize = 0;

/// The order as a sort, ending in the id; the other way round when `reversed`.
pub(super) fn sort(order: &Order, reversed: bool) -> Document {
    let way = |direction| if (direction == Direction::Asc) != reversed { 1 } else { -1 };
    keys(order).map(|(path, direction)| (path.to_owned(), Bson::Int32(way(direction)))).collect()
}

/// The rows after the place in the order, or before it.
pub(super) fn beyond(order: &Order, bound: &Bound, after: bool) -> Document {
    let values = bound.values.iter().cloned();
    let mut same: Vec<Document> = Vec::new();
    let mut ways: Vec<Document> = Vec::new();
    let mut values = values;
    let mut leading = None;
    for (path, direction) in keys(order) {
        let value = if path == "_id" { bound.id.to_bson() } else { values.next().unwrap_or(Bson::Null) };
        let greater = (direction == Direction::Asc) == after;
        if same.is_empty() {
            leading = side(path, &value, greater, false);
        }
        if let Some(further) = side(path, &value, greater, true) {
            ways.push(conjunction(same.iter().cloned().chain([further])));
        }
        same.push(doc! { path: { "$eq": value } });
    }
    if bound.inclusive {
        ways.push(conjunction(same));
    }
    // The first path's range is implied; said on its own it can be the range of an index.
    conjunction(leading.into_iter().chain([doc! { "$or": ways }]))
}

/// The parts of the order and the final id.
fn keys(order: &Order) -> impl Iterator<Item = (&str, Direction)> {
    let parts = order.parts().iter().map(|by| (by.path.as_str(), by.direction));
    let ends_in_id = order.parts().last().is_some_and(|by| by.path == "_id");
    parts.chain((!ends_in_id).then_some(("_id", Direction::Asc)))
}

fn conjunction(parts: impl IntoIterator<Item = Document>) -> Document {
    let mut parts: Vec<Document> = parts.into_iter().collect();
    if parts.len() == 1 {
        parts.remove(0)
    } else {
        doc! { "$and": parts }
    }
}

/// Values at the path on one side of the value in the order of sorting; the value itself too unless
/// `strict`. `None` stands for no documents when strict and for no condition when not.
fn side(path: &str, value: &Bson, greater: bool, strict: bool) -> Option<Document> {
    let Some(class) = class(value) else {
        // Null and missing come before everything else.
        return match (greater, strict) {
            (true, true) => Some(doc! { path: { "$type": from(NUMBER) } }),
            (false, false) => Some(doc! { path: { "$eq": Bson::Null } }),
            (false, true) | (true, false) => None,
        };
    };
    let not_nan = || doc! { path: { "$ne": f64::NAN } };
    let parts = match (is_nan(value), greater, strict) {
        // NaN comes before all other numbers.
        (true, true, true) => vec![doc! { path: { "$type": from(class) } }, not_nan()],
        (true, true, false) => vec![doc! { path: { "$type": from(class) } }],
        (true, false, true) => vec![doc! { path: { "$not": { "$type": from(class) } } }],
        (true, false, false) => return None,
        (false, true, _) => {
            let range = if strict { "$lte" } else { "$lt" };
            let mut parts = vec![
                doc! { path: { "$type": from(class) } },
                doc! { path: { "$not": { range: value.clone() } } },
            ];
            parts.extend((class == NUMBER).then(not_nan));
            parts
        }
        (false, false, _) => {
            let range = if strict { "$gte" } else { "$gt" };
            vec![
                doc! { path: { "$not": { range: value.clone() } } },
                doc! { path: { "$not": { "$type": from(class + 1) } } },
            ]
        }
    };
    Some(conjunction(parts))
}

/// Names of the types of the class and of all that come after it.
fn from(class: usize) -> Vec<&'static str> {
    CLASSES[class.min(CLASSES.len())..].concat()
}

/// The class of the value; `None` for null.
fn class(value: &Bson) -> Option<usize> {
    Some(match value {
        Bson::Null | Bson::Undefined | Bson::MinKey => return None,
        Bson::Double(_) | Bson::Int32(_) | Bson::Int64(_) | Bson::Decimal128(_) => NUMBER,
        Bson::String(_) | Bson::Symbol(_) => 1,
        Bson::Document(_) => 2,
        Bson::Array(_) => 3,
        Bson::Binary(_) => 4,
        Bson::ObjectId(_) => 5,
        Bson::Boolean(_) => 6,
        Bson::DateTime(_) => 7,
        Bson::Timestamp(_) => 8,
        Bson::RegularExpression(_) => 9,
        Bson::DbPointer(_) => 10,
        Bson::JavaScriptCode(_) => 11,
        Bson::JavaScriptCodeWithScope(_) => 12,
        Bson::MaxKey => 13,
    })
}

fn is_nan(value: &Bson) -> bool {
    match value {
        Bson::Double(number) => number.is_nan(),
        Bson::Decimal128(number) => number.to_string().contains("NaN"),
        _ => false,
    }
}
