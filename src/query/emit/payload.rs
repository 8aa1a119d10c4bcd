//! What events tell: JSON with values of the documents of a change in it.

use bson::raw::{RawBsonRef, RawDocument};
use serde_json::{Map, Value as Json};

use super::{Changed, Reference, Side};
use crate::schema::Scalar;
use crate::value::{Id, plain};

/// A part of what an event tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// The same for all changes.
    Constant(Json),
    /// A list.
    List(Vec<Part>),
    /// An object.
    Object(Vec<(String, Part)>),
    /// A value of a document.
    Value(Reference, Shape),
    /// A whole document; null if there is none.
    Document(Side, Shape),
    /// How the document changed.
    Change,
}

/// The form of a stored value in JSON. What does not fit it, and what is missing, is null.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A scalar.
    Scalar(Scalar),
    /// A version number, which documents of other programs lack.
    Version,
    /// An id.
    Id,
    /// A value of an enum.
    Enum,
    /// An embedded value, or a whole document.
    Object(Vec<ShapeField>),
    /// A list.
    List(Box<Shape>),
}

/// One field of an embedded value or a document.
#[derive(Clone, Debug, PartialEq)]
pub struct ShapeField {
    /// Its name.
    pub name: String,
    /// Where it is stored.
    pub path: String,
    /// The form of its values.
    pub shape: Shape,
}

impl Part {
    /// As JSON, for a change.
    pub(super) fn json(&self, changed: Changed<'_>) -> Json {
        match self {
            Part::Constant(json) => json.clone(),
            Part::List(items) => Json::Array(items.iter().map(|item| item.json(changed)).collect()),
            Part::Object(fields) => {
                Json::Object(fields.iter().map(|(name, part)| (name.clone(), part.json(changed))).collect())
            }
            Part::Value(reference, shape) => match changed.side(reference.side) {
                Some(_) => shape.json(changed.value(reference)),
                None => Json::Null,
            },
            Part::Document(side, shape) => {
                changed.side(*side).map_or(Json::Null, |document| shape.json(RawBsonRef::Document(document)))
            }
            Part::Change => Json::from(changed.on().name()),
        }
    }
}

impl Shape {
    fn json(&self, value: RawBsonRef<'_>) -> Json {
        self.fitting(value).unwrap_or(Json::Null)
    }

    fn fitting(&self, value: RawBsonRef<'_>) -> Option<Json> {
        match (self, value) {
            (Shape::Version, value) => Some(Json::from(plain::whole(value).unwrap_or(0))),
            (_, RawBsonRef::Null | RawBsonRef::Undefined) => None,
            (Shape::Scalar(scalar), value) => of_scalar(*scalar, value),
            (Shape::Id, value) => Some(Json::from(Id::from_raw(value)?.to_string())),
            (Shape::Enum, RawBsonRef::String(text)) => Some(Json::from(text)),
            (Shape::Object(fields), RawBsonRef::Document(document)) => Some(object(fields, document)),
            (Shape::List(item), RawBsonRef::Array(items)) => {
                let items = items.into_iter().map(|value| item.json(value.unwrap_or(RawBsonRef::Null)));
                Some(Json::Array(items.collect()))
            }
            (Shape::Enum | Shape::Object(_) | Shape::List(_), _) => None,
        }
    }
}

fn object(fields: &[ShapeField], document: &RawDocument) -> Json {
    let field =
        |field: &ShapeField| (field.name.clone(), field.shape.json(super::value_at(document, &field.path)));
    Json::Object(fields.iter().map(field).collect::<Map<_, _>>())
}

fn of_scalar(scalar: Scalar, value: RawBsonRef<'_>) -> Option<Json> {
    match (scalar, value) {
        (Scalar::String | Scalar::Id, RawBsonRef::String(text)) => Some(Json::from(text)),
        (Scalar::Id, value) => Some(Json::from(Id::from_raw(value)?.to_string())),
        (Scalar::Int, value) => i32::try_from(plain::whole(value)?).ok().map(Json::from),
        (Scalar::Long, value) => plain::whole(value).map(Json::from),
        (Scalar::Float, RawBsonRef::Double(_) | RawBsonRef::Int32(_) | RawBsonRef::Int64(_)) => {
            plain::json(value)
        }
        (Scalar::Boolean, RawBsonRef::Boolean(value)) => Some(Json::from(value)),
        (Scalar::DateTime, RawBsonRef::DateTime(_)) => plain::json(value),
        (Scalar::Date, RawBsonRef::DateTime(_)) => match plain::json(value)? {
            Json::String(text) => Some(Json::from(text.get(..10)?)),
            _ => None,
        },
        (Scalar::Decimal, value) => plain::decimal(value).map(Json::from),
        (Scalar::Uuid, value) => match Id::from_raw(value)? {
            Id::Uuid(uuid) => Some(Json::from(uuid.to_string())),
            _ => None,
        },
        (Scalar::Json, value) => plain::json(value),
        _ => None,
    }
}
