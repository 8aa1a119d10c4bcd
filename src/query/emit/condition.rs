//! Conditions on a change.
//!
//! What is compared with constants is a [`Filter`] on the document that the change leaves, or on the deleted one. What
//! is compared with values of a document is ordered as lists are: null, which is also what is missing, comes before every
//! other value and is equal to null, so every two values compare.

use super::{Changed, Reference, Side};
use crate::query::{Filter, encode_raw, matches};

/// A condition on a change.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// All of these hold.
    All(Vec<Condition>),
    /// One of these holds.
    Any(Vec<Condition>),
    /// This does not hold.
    Not(Box<Condition>),
    /// The document satisfies a filter.
    Filter(Filter),
    /// A value of the document compares so with another value.
    Compare(String, Compare, Reference),
}

/// How two values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are the operators of filters")]
pub enum Compare {
    Eq,
    Ne,
    Lt,
    Lte,
    Gt,
    Gte,
}

impl Condition {
    /// Whether it holds.
    pub(super) fn holds(&self, changed: Changed<'_>) -> bool {
        match self {
            Condition::All(parts) => parts.iter().all(|part| part.holds(changed)),
            Condition::Any(parts) => parts.iter().any(|part| part.holds(changed)),
            Condition::Not(inner) => !inner.holds(changed),
            Condition::Filter(filter) => {
                changed.side(Side::Document).is_some_and(|document| matches(filter, document))
            }
            Condition::Compare(path, compare, reference) => {
                let own = Reference { side: Side::Document, path: path.clone() };
                let (a, b) = (encode_raw(changed.value(&own)), encode_raw(changed.value(reference)));
                match compare {
                    Compare::Eq => a == b,
                    Compare::Ne => a != b,
                    Compare::Lt => a < b,
                    Compare::Lte => a <= b,
                    Compare::Gt => a > b,
                    Compare::Gte => a >= b,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;
    use std::sync::Arc;

    use bson::{Bson, Document, doc};

    use super::*;
    use crate::value::{Doc, EntityRef, Id};

    const ALL: [Compare; 6] =
        [Compare::Eq, Compare::Ne, Compare::Lt, Compare::Lte, Compare::Gt, Compare::Gte];

    /// Whether each comparison of `after.x` with `before.x` holds.
    fn compared(before: Option<Document>, after: Option<Document>) -> [bool; 6] {
        let encode =
            |document: Option<Document>| document.map(|document| Doc::encode(&document).expect("BSON"));
        let (before, after) = (encode(before), encode(after));
        let entity = EntityRef { ty: Arc::from("T"), id: Id::Int(1) };
        let changed = Changed {
            entity: &entity,
            before: before.as_ref().map(Doc::raw),
            after: after.as_ref().map(Doc::raw),
        };
        let reference = || Reference { side: Side::Before, path: "x".to_owned() };
        ALL.map(|compare| Condition::Compare("x".to_owned(), compare, reference()).holds(changed))
    }

    fn expected(order: Ordering) -> [bool; 6] {
        let (less, equal, greater) = (order.is_lt(), order.is_eq(), order.is_gt());
        [equal, !equal, less, !greater, greater, !less]
    }

    /// The whole table: of two values in this order, the earlier is the lower one; those in one row are equal.
    #[test]
    fn every_two_values_compare() {
        let rows: [Vec<Option<Document>>; 5] = [
            vec![Some(doc! {}), Some(doc! { "x": Bson::Null }), Some(doc! { "x": Bson::Undefined })],
            vec![Some(doc! { "x": f64::NAN })],
            vec![Some(doc! { "x": -3 })],
            vec![Some(doc! { "x": 2 }), Some(doc! { "x": 2_i64 }), Some(doc! { "x": 2.0 })],
            vec![Some(doc! { "x": "2" })],
        ];
        for (a, of_a) in rows.iter().enumerate() {
            for (b, of_b) in rows.iter().enumerate() {
                for (after, before) in of_a.iter().flat_map(|after| of_b.iter().map(move |b| (after, b))) {
                    let found = compared(before.clone(), after.clone());
                    assert_eq!(found, expected(a.cmp(&b)), "{after:?} after {before:?}");
                }
            }
        }
    }

    #[test]
    fn before_a_creation_everything_is_null() {
        assert_eq!(compared(None, Some(doc! { "x": 0 })), expected(Ordering::Greater));
        assert_eq!(compared(None, Some(doc! { "x": false })), expected(Ordering::Greater));
        assert_eq!(compared(None, Some(doc! {})), expected(Ordering::Equal));
    }

    #[test]
    fn a_deleted_document_is_compared_as_it_was() {
        assert_eq!(compared(Some(doc! { "x": 1 }), None), expected(Ordering::Equal));
    }

    #[test]
    fn constants_are_compared_as_in_filters() {
        let document = Doc::encode(&doc! { "x": Bson::Null }).expect("BSON");
        let entity = EntityRef { ty: Arc::from("T"), id: Id::Int(1) };
        let changed = Changed { entity: &entity, before: None, after: Some(document.raw()) };
        let less = Filter::Cmp("x".to_owned(), crate::query::CmpOp::Lt, Bson::Int32(5));
        assert!(!Condition::Filter(less.clone()).holds(changed), "null is not less than a number in filters");
        assert!(Condition::Not(Box::new(Condition::Filter(less.clone()))).holds(changed));
        let both = vec![Condition::Filter(Filter::eq("x", Bson::Null)), Condition::Filter(less)];
        assert!(Condition::Any(both.clone()).holds(changed) && !Condition::All(both).holds(changed));
    }
}
