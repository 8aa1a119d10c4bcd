//! Writes stored values as JSON of their declared types. A value that does not fit its type is an error at its path,
//! and is counted.

use bson::raw::{RawArray, RawBsonRef, RawDocument};
use serde_json::Value as Json;

use super::{Null, Writer, Written};
use crate::graphql::error::ApiError;
use crate::graphql::plan::{EmbeddedField, Leaf, ValueField};
use crate::metrics::ErrorCode;
use crate::schema::{IdKind, Scalar};
use crate::value::plain::{self, decimal, whole};
use crate::value::{Id, moment};

/// Milliseconds in a day: dates are stored as midnight UTC.
const DAY: i64 = 24 * 60 * 60 * 1_000;

impl<'a> Writer<'a> {
    /// Writes a field of a stored document.
    pub(super) fn stored(&mut self, field: &'a ValueField, document: &RawDocument, ty: &str) -> Written {
        let stored = match document.get(&*field.name) {
            Ok(stored) => stored.filter(|value| !matches!(value, RawBsonRef::Null | RawBsonRef::Undefined)),
            Err(_) => return Err(self.misfit((ty, &field.name), "readable BSON")),
        };
        let write = |writer: &mut Self| match (stored, field.list) {
            (None, _) if field.required => {
                Err(writer.misfit((ty, &field.name), "a value, but there is none"))
            }
            (None, _) => Err(Null),
            (Some(value), None) => writer.leaf(&field.leaf, value, (ty, &field.name)),
            (Some(RawBsonRef::Array(items)), Some(required)) => {
                writer.list(&field.leaf, items, required, (ty, &field.name))
            }
            (Some(_), Some(_)) => Err(writer.misfit((ty, &field.name), "a list")),
        };
        if field.required { write(self) } else { self.nullable(write) }
    }

    fn list(
        &mut self,
        leaf: &'a Leaf,
        items: &RawArray,
        required: bool,
        coordinate: (&str, &str),
    ) -> Written {
        self.array(items, |writer, item| {
            let write = |writer: &mut Self| match item {
                Ok(RawBsonRef::Null | RawBsonRef::Undefined) if required => {
                    Err(writer.misfit(coordinate, "a value, but there is none"))
                }
                Ok(RawBsonRef::Null | RawBsonRef::Undefined) => Err(Null),
                Ok(value) => writer.leaf(leaf, value, coordinate),
                Err(_) => Err(writer.misfit(coordinate, "readable BSON")),
            };
            if required { write(writer) } else { writer.nullable(write) }
        })
    }

    fn leaf(&mut self, leaf: &'a Leaf, value: RawBsonRef<'_>, coordinate: (&str, &str)) -> Written {
        match leaf {
            Leaf::Scalar(scalar) => self.scalar(*scalar, value, coordinate),
            Leaf::Id(kind) => self.id(*kind, Some(value), coordinate),
            Leaf::Enum(of) => match value {
                RawBsonRef::String(text) if of.values.iter().any(|(name, _)| &**name == text) => {
                    self.text(text)
                }
                _ => Err(self.misfit(coordinate, &format!("a value of {}", of.name))),
            },
            Leaf::Embedded(name, fields) => match value {
                RawBsonRef::Document(document) => self.embedded(name, fields, document),
                _ => Err(self.misfit(coordinate, name)),
            },
        }
    }

    /// Writes an object that has values only.
    pub(super) fn embedded(
        &mut self,
        name: &'a str,
        fields: &'a [EmbeddedField],
        document: &RawDocument,
    ) -> Written {
        self.object(fields.iter().map(|field| (&*field.key, field)), |writer, field| {
            writer.stand(field.pos);
            match &field.value {
                Some(value) => writer.stored(value, document, name),
                None => writer.text(name),
            }
        })
    }

    /// Writes an id of a kind.
    pub(super) fn id(
        &mut self,
        kind: IdKind,
        stored: Option<RawBsonRef<'_>>,
        coordinate: (&str, &str),
    ) -> Written {
        let expected = match (kind, stored.and_then(Id::from_raw)) {
            (IdKind::ObjectId, Some(id @ Id::ObjectId(_)))
            | (IdKind::Uuid, Some(id @ Id::Uuid(_)))
            | (IdKind::String, Some(id @ Id::String(_))) => return self.text(&id.to_string()),
            (IdKind::ObjectId, _) => "an ObjectId",
            (IdKind::Uuid, _) => "a UUID",
            (IdKind::String, _) => "a string",
        };
        Err(self.misfit(coordinate, expected))
    }

    fn scalar(&mut self, scalar: Scalar, value: RawBsonRef<'_>, coordinate: (&str, &str)) -> Written {
        match (scalar, value) {
            (Scalar::String | Scalar::Id, RawBsonRef::String(text)) => self.text(text),
            (Scalar::Int, value) => match whole(value).and_then(|n| i32::try_from(n).ok()) {
                Some(n) => self.raw(&n.to_string()),
                None => Err(self.misfit(coordinate, "a 32-bit integer")),
            },
            (Scalar::Long, value) => match whole(value) {
                Some(n) => self.raw(&n.to_string()),
                None => Err(self.misfit(coordinate, "a 64-bit integer")),
            },
            (Scalar::Float, RawBsonRef::Double(x)) if x.is_finite() => self.float(x),
            (Scalar::Float, RawBsonRef::Int32(n)) => self.float(n.into()),
            // Beyond 2^53 the number would differ from the stored one.
            (Scalar::Float, RawBsonRef::Int64(n)) if n.unsigned_abs() <= 1 << 53 => self.float(n as f64),
            (Scalar::Boolean, RawBsonRef::Boolean(value)) => self.boolean(value),
            (Scalar::DateTime, RawBsonRef::DateTime(at)) => match moment::shown(at.timestamp_millis()) {
                Some(text) => self.text(&text),
                None => Err(self.misfit(coordinate, "a time of the years 0 to 9999")),
            },
            (Scalar::Date, RawBsonRef::DateTime(at)) => {
                let millis = at.timestamp_millis();
                match moment::shown(millis).filter(|_| millis.rem_euclid(DAY) == 0) {
                    Some(text) => self.text(&text[..10]),
                    None => Err(self.misfit(coordinate, "midnight in UTC of the years 0 to 9999")),
                }
            }
            (Scalar::Decimal, value) => match decimal(value) {
                Some(text) => self.text(&text),
                None => Err(self.misfit(coordinate, "an exact decimal number")),
            },
            (Scalar::Uuid, value) => match Id::from_raw(value) {
                Some(Id::Uuid(uuid)) => self.text(&uuid.to_string()),
                _ => Err(self.misfit(coordinate, "a UUID")),
            },
            (Scalar::Json, value) => match plain::json(value) {
                Some(json) => self.json(&json),
                None => Err(self.misfit(coordinate, "a value that JSON can say")),
            },
            (scalar, _) => Err(self.misfit(coordinate, scalar.name())),
        }
    }

    fn float(&mut self, x: f64) -> Written {
        let json = serde_json::Number::from_f64(x).map_or(Json::Null, Json::Number);
        self.json(&json)
    }

    fn misfit(&mut self, (ty, field): (&str, &str), expected: &str) -> Null {
        self.metrics.value_misfit(ty, field);
        let message = format!("The stored value of {ty}.{field} does not fit its type: expected {expected}.");
        self.fail(&[ApiError::new(ErrorCode::Internal, message)])
    }
}
