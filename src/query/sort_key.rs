//! Values and rows as byte strings that compare, byte by byte, like MongoDB's values.
//!
//! One encoding serves batches (Redis orders equal scores by bytes), cursors, SQLite indexes and
//! comparisons in memory.
//!
//! A value is encoded as the rank byte of its type class, in MongoDB's order of classes, and a
//! self-delimiting payload; no value's bytes are a prefix of another's. A descending part of a row's key
//! complements every byte. A row's key is the parts of its order, then its id, then its type's name in the
//! remaining bytes.

use std::cmp::Ordering;
use std::sync::Arc;

use bson::Bson;
use bson::raw::{RawBson, RawBsonRef, RawDocument};

use super::order::{Direction, Order};
use crate::value::{EntityRef, Id};

mod bytes;
mod layout;
mod number;
mod read;
mod write;

use bytes::Reader;

/// A row's place in a list: the order's values, then the id, then the type's name. Compares by bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SortKey(pub Vec<u8>);

/// A place in a list as values, with which a store compares rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// The values of the order's parts. `Undefined` stands for an empty array, which comes before null.
    pub values: Vec<Bson>,
    /// The id.
    pub id: Id,
    /// Whether the row at exactly this place is included.
    pub inclusive: bool,
}

impl SortKey {
    /// The row's document, given the order that the key was made with. `None` if the key does not fit the
    /// order.
    pub fn entity(&self, order: &Order) -> Option<EntityRef> {
        let mut reader = self.after_parts(order)?;
        let id = Id::from_bson(&reader.value()?)?;
        Some(EntityRef { ty: Arc::from(reader.rest_text()?), id })
    }

    /// The part of the key that names the document: its id and its type. The same in every order.
    pub fn row_ref(&self, order: &Order) -> Option<&[u8]> {
        self.after_parts(order).map(|reader| reader.rest())
    }

    /// The place as a bound for documents of the type `ty`: rows beyond it (`after`) or before it. For
    /// equal ids the type's name decides, which makes the bound inclusive or exclusive. `None` if no row
    /// can have this key: stores compare values and caches bytes, and would disagree on its place.
    pub fn bound(&self, order: &Order, ty: &str, after: bool) -> Option<Bound> {
        let mut reader = Reader::new(&self.0);
        let mut values = Vec::with_capacity(order.parts().len());
        for by in order.parts() {
            reader.flip(by.direction == Direction::Desc);
            values.push(reader.value()?);
        }
        reader.flip(false);
        let id = Id::from_bson(&reader.value()?)?;
        if self.0[..self.0.len() - reader.rest().len()] != written(order, &values, &id)? {
            return None;
        }
        let beside = if after { Ordering::Greater } else { Ordering::Less };
        Some(Bound { values, id, inclusive: ty.cmp(reader.rest_text()?) == beside })
    }

    /// A reader positioned at the start of the id.
    fn after_parts(&self, order: &Order) -> Option<Reader<'_>> {
        let mut reader = Reader::new(&self.0);
        for by in order.parts() {
            reader.flip(by.direction == Direction::Desc);
            reader.skip()?;
        }
        reader.flip(false);
        Some(reader)
    }
}

/// The prefix of a row's key, up to the type's name; `None` if the order contains the id with a different
/// value.
fn written(order: &Order, values: &[Bson], id: &Id) -> Option<Vec<u8>> {
    let last = encode_value(&id.to_bson());
    let mut key = Vec::with_capacity(48);
    for (by, value) in order.parts().iter().zip(values) {
        let part = encode_value(value);
        if by.path == "_id" && part != last {
            return None;
        }
        let flip = if by.direction == Direction::Desc { 0xff } else { 0 };
        key.extend(part.iter().map(|byte| byte ^ flip));
    }
    key.extend(last);
    Some(key)
}

/// The id and type of a document as [`SortKey::row_ref`] gives them.
pub fn row_ref(entity: &EntityRef) -> Vec<u8> {
    let mut key = encode_value(&entity.id.to_bson());
    key.extend_from_slice(entity.ty.as_bytes());
    key
}

/// The key of a document's row; `None` if oponn does not support the type of its `_id`.
pub fn row_key(order: &Order, ty: &str, doc: &RawDocument) -> Option<SortKey> {
    let id = doc.get("_id").ok().flatten()?;
    Id::from_raw(id)?;
    let mut key = Vec::with_capacity(48);
    for by in order.parts() {
        write_part(&mut key, doc, &by.path, by.direction);
    }
    write::value(&mut key, id);
    key.extend_from_slice(ty.as_bytes());
    Some(SortKey(key))
}

/// Writes the part that orders a document by one path: the smallest of its values there if ascending, the
/// complement of the greatest if descending.
pub(crate) fn write_part(key: &mut Vec<u8>, doc: &RawDocument, path: &str, direction: Direction) {
    let wanted = match direction {
        Direction::Asc => Ordering::Less,
        Direction::Desc => Ordering::Greater,
    };
    let start = key.len();
    let mut other = Vec::new();
    sort_values(doc, path, &mut |value| {
        if key.len() == start {
            return write::value(key, value);
        }
        other.clear();
        write::value(&mut other, value);
        if other.as_slice().cmp(&key[start..]) == wanted {
            key.truncate(start);
            key.extend_from_slice(&other);
        }
    });
    if direction == Direction::Desc {
        key[start..].iter_mut().for_each(|byte| *byte = !*byte);
    }
}

/// Calls `see` with a document's sort values at a path, as in MongoDB's index keys: an array's elements
/// instead of the array, undefined for an empty array, null for a missing value. There is at least one.
fn sort_values(doc: &RawDocument, path: &str, see: &mut dyn FnMut(RawBsonRef<'_>)) {
    let (name, rest) = match path.split_once('.') {
        Some((name, rest)) => (name, Some(rest)),
        None => (path, None),
    };
    let value = doc.get(name).ok().flatten().unwrap_or(RawBsonRef::Null);
    match (value, rest) {
        (RawBsonRef::Array(array), _) if array.is_empty() => see(match rest {
            None => RawBsonRef::Undefined,
            Some(_) => RawBsonRef::Null,
        }),
        (RawBsonRef::Array(array), None) => array.into_iter().flatten().for_each(see),
        (value, None) => see(value),
        (RawBsonRef::Document(inner), Some(rest)) => sort_values(inner, rest, see),
        (RawBsonRef::Array(array), Some(rest)) => {
            array.into_iter().flatten().for_each(|element| match element {
                RawBsonRef::Document(inner) => sort_values(inner, rest, see),
                _ => see(RawBsonRef::Null),
            });
        }
        _ => see(RawBsonRef::Null),
    }
}

/// A value's bytes. Values that MongoDB considers equal have equal bytes, regardless of type.
pub fn encode_value(value: &Bson) -> Vec<u8> {
    let borrowed = match value {
        Bson::Double(n) => RawBsonRef::Double(*n),
        Bson::Int32(n) => RawBsonRef::Int32(*n),
        Bson::Int64(n) => RawBsonRef::Int64(*n),
        Bson::String(text) => RawBsonRef::String(text),
        Bson::ObjectId(oid) => RawBsonRef::ObjectId(*oid),
        Bson::DateTime(date) => RawBsonRef::DateTime(*date),
        Bson::Boolean(flag) => RawBsonRef::Boolean(*flag),
        Bson::Null => RawBsonRef::Null,
        other => {
            return match RawBson::try_from(other.clone()) {
                Ok(raw) => encode_raw(raw.as_raw_bson_ref()),
                // A NUL in a field's name: no stored value can be equal to it.
                Err(_) => write::unstorable(),
            };
        }
    };
    encode_raw(borrowed)
}

/// Like [`encode_value`], for a raw value.
pub fn encode_raw(value: RawBsonRef<'_>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(24);
    write::value(&mut bytes, value);
    bytes
}

#[cfg(test)]
mod tests;
