//! Values and rows as byte strings that compare, byte by byte, as MongoDB compares the values.
//!
//! One encoding serves batches (Redis orders equal scores by bytes), cursors, SQLite's indexes and
//! comparisons in the process.

use std::sync::Arc;

use bson::Bson;
use bson::raw::{RawBsonRef, RawDocument};

use super::order::Order;
use crate::value::{EntityRef, Id};

/// The place of a row in a list: its order's values, then its id, then its type's name. Compares by
/// bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SortKey(pub Vec<u8>);

/// A place in a list, in values: what a store compares rows with.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// The values of the order's parts.
    pub values: Vec<Bson>,
    /// The id.
    pub id: Id,
    /// Whether the row at this very place is meant too.
    pub inclusive: bool,
}

impl SortKey {
    /// The document of the row, given the order that the key was made with. `None` when the key was
    /// not made with it.
    pub fn entity(&self, order: &Order) -> Option<EntityRef> {
        let _ = order;
        unimplemented!()
    }

    /// The part of the key that names the document: its id and its type. The same in every order.
    pub fn row_ref(&self, order: &Order) -> Option<&[u8]> {
        let _ = order;
        unimplemented!()
    }

    /// The place as a store of the type `ty` compares it: rows beyond (`after`) or before it. Where ids
    /// are equal the type's name decides, which makes the bound inclusive or not.
    pub fn bound(&self, order: &Order, ty: &str, after: bool) -> Option<Bound> {
        let _ = (order, ty, after);
        unimplemented!()
    }
}

/// The id and type of a document as [`SortKey::row_ref`] gives them.
pub fn row_ref(entity: &EntityRef) -> Vec<u8> {
    let _ = entity;
    unimplemented!()
}

/// The key of a document's row; `None` when its `_id` is of no kind that oponn can address.
pub fn row_key(order: &Order, ty: &str, doc: &RawDocument) -> Option<SortKey> {
    let _ = (order, ty, doc);
    unimplemented!()
}

/// The key of the row that an id would have in an order of no parts: for tests of equality of ids.
pub fn encode_value(value: &Bson) -> Vec<u8> {
    let _ = value;
    unimplemented!()
}

/// As [`encode_value`], without parsing.
pub fn encode_raw(value: RawBsonRef<'_>) -> Vec<u8> {
    let _ = value;
    unimplemented!()
}

#[allow(dead_code)]
fn placeholder(_: Arc<str>) {}
