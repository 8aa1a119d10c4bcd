//! Values of a document that events name: where they are stored, and what they are.

use crate::query::emit::{Shape, ShapeField, Side};
use crate::schema::names::stored_path;
use crate::schema::{Collection, Field, Filled, IdKind, Kind, Model, Scalar};
use crate::spelling::nearest;

/// What a text that begins with `$` says.
pub(super) enum Named<'a> {
    /// A document, or the value at a path of it.
    Of(Side, Option<&'a str>),
    /// The rest of the text as it is.
    Escaped(&'a str),
    /// Nothing that there is.
    Nothing,
}

/// What a text stands for; `None` for itself.
pub(super) fn named(text: &str) -> Option<Named<'_>> {
    let rest = text.strip_prefix('$')?;
    if rest.starts_with('$') {
        return Some(Named::Escaped(rest));
    }
    let (name, path) = rest.split_once('.').map_or((rest, None), |(name, path)| (name, Some(path)));
    let side = match name {
        "before" => Side::Before,
        "after" => Side::After,
        "document" => Side::Document,
        _ => return Some(Named::Nothing),
    };
    Some(Named::Of(side, path))
}

/// A value of the documents of a type.
pub(super) struct Found {
    /// Where it is stored.
    pub(super) path: String,
    pub(super) shape: Shape,
    /// Values compare within one class; `true` for lists.
    pub(super) class: (Class, bool),
}

/// A class of values that compare with each other.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Class {
    Number,
    Text,
    Boolean,
    Moment,
    Uuid,
    ObjectId,
    Json,
    /// An enum or an embedded type.
    Type(String),
}

impl Found {
    /// Whether its values have an order that means something.
    pub(super) fn is_ordered(&self) -> bool {
        !self.class.1 && !matches!(self.class.0, Class::Json) && !matches!(self.shape, Shape::Object(_))
    }
}

/// The documents of a type.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    model: &'a Model,
    of: &'a Collection,
}

impl<'a> Place<'a> {
    pub(super) fn new(model: &'a Model, of: &'a Collection) -> Place<'a> {
        Place { model, of }
    }

    /// The value at a path of fields. The error says what is wrong, and what to write instead.
    pub(super) fn find(self, path: &str) -> Result<Found, (String, String)> {
        if path == "id" {
            let class = (of_id(self.of.id), false);
            return Ok(Found { path: "_id".to_owned(), shape: Shape::Id, class });
        }
        let (mut fields, mut stored, mut names) =
            (&self.of.fields[..], String::new(), path.split('.').peekable());
        let mut owner = &*self.of.name;
        while let Some(name) = names.next() {
            let Some(field) = fields.iter().find(|field| *field.name == *name) else {
                return Err(self.unknown(owner, fields, name));
            };
            stored += stored_path(field);
            if names.peek().is_none() {
                return Ok(Found { path: stored, shape: self.shape(field), class: self.class(field) });
            }
            match &field.ty.kind {
                Kind::Embedded(_) if field.ty.list.is_some() => {
                    let message = format!("`{name}` is a list, whose items have no names");
                    return Err((message, "name the whole list".to_owned()));
                }
                Kind::Embedded(inner) => {
                    owner = inner;
                    fields = self.model.embedded.get(inner).map_or(&[][..], |inner| &inner.fields);
                    stored.push('.');
                }
                _ => {
                    let message = format!("`{name}` of `{owner}` has no fields");
                    return Err((message, "end the path there".to_owned()));
                }
            }
        }
        Err(self.unknown(owner, fields, ""))
    }

    fn unknown(self, owner: &str, fields: &[Field], name: &str) -> (String, String) {
        if owner == &*self.of.name && self.of.relation(name).is_some() {
            let message = format!("`{name}` leads to another document");
            return (message, "an event is about one document; name its key".to_owned());
        }
        let known = fields.iter().map(|field| &*field.name);
        let help = match nearest(name, known.clone()) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("there are {}", known.collect::<Vec<_>>().join(", ")),
        };
        (format!("`{owner}` has no field `{name}`"), help)
    }

    /// The whole document.
    pub(super) fn document(self) -> Shape {
        let id = ShapeField { name: "id".to_owned(), path: "_id".to_owned(), shape: Shape::Id };
        Shape::Object([id].into_iter().chain(self.of.fields.iter().map(|field| self.field(field))).collect())
    }

    fn field(self, field: &Field) -> ShapeField {
        let (name, path) = (field.name.to_string(), stored_path(field).to_owned());
        ShapeField { name, path, shape: self.shape(field) }
    }

    fn shape(self, field: &Field) -> Shape {
        let one = match &field.ty.kind {
            _ if field.filled == Filled::Version => Shape::Version,
            Kind::Scalar(scalar) => Shape::Scalar(*scalar),
            Kind::Enum(_) => Shape::Enum,
            Kind::Embedded(name) => {
                let fields = self.model.embedded.get(name).map_or(&[][..], |inner| &inner.fields);
                Shape::Object(fields.iter().map(|field| self.field(field)).collect())
            }
        };
        if field.ty.list.is_some() { Shape::List(Box::new(one)) } else { one }
    }

    fn class(self, field: &Field) -> (Class, bool) {
        let target = field.references.as_ref().and_then(|target| self.model.collection(target));
        let class = match &field.ty.kind {
            Kind::Scalar(Scalar::Id) => target.map_or(Class::Text, |target| of_id(target.id)),
            Kind::Scalar(Scalar::String) => Class::Text,
            Kind::Scalar(Scalar::Int | Scalar::Long | Scalar::Float | Scalar::Decimal) => Class::Number,
            Kind::Scalar(Scalar::Boolean) => Class::Boolean,
            Kind::Scalar(Scalar::DateTime | Scalar::Date) => Class::Moment,
            Kind::Scalar(Scalar::Uuid) => Class::Uuid,
            Kind::Scalar(Scalar::Json) => Class::Json,
            Kind::Enum(name) | Kind::Embedded(name) => Class::Type(name.to_string()),
        };
        (class, field.ty.list.is_some())
    }
}

fn of_id(kind: IdKind) -> Class {
    match kind {
        IdKind::ObjectId => Class::ObjectId,
        IdKind::Uuid => Class::Uuid,
        IdKind::String => Class::Text,
    }
}
