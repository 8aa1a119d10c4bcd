//! Literals of a schema file as stored values.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::str::FromStr;
use std::sync::Arc;

use bigdecimal::BigDecimal;
use bson::{Bson, Decimal128, Document, oid::ObjectId};

use super::{did_you_mean, listed};
use crate::schema::diagnostic::quote;
use crate::schema::syntax::*;
use crate::schema::{Embedded, Enum, Field, IdKind, Kind, Scalar};
use crate::value::{Id, moment};

/// What is wrong with a literal, and where.
pub struct Misfit {
    /// Where.
    pub at: At,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

/// Names that literals can mean.
pub struct Meanings<'m> {
    /// The enums.
    pub enums: &'m BTreeMap<Arc<str>, Arc<Enum>>,
    /// The embedded types.
    pub embedded: &'m BTreeMap<Arc<str>, Embedded>,
    /// The kind of ids of each collection.
    pub ids: &'m HashMap<&'m str, IdKind>,
}

impl Meanings<'_> {
    /// How an `ID` field stores its values: as the type it leads to has its ids, else as strings.
    pub fn id_kind(&self, references: Option<&str>) -> IdKind {
        references.and_then(|target| self.ids.get(target).copied()).unwrap_or(IdKind::String)
    }

    /// The stored form of a literal for a field, its bounds included.
    pub fn stored(&self, value: &Spanned<Literal>, field: &Field) -> Result<Bson, Misfit> {
        let stored = match field.ty.list {
            None => self.item(value, field)?,
            Some(_) => {
                let Literal::List(items) = &value.node else {
                    return Err(misfit(value, &field.name, "a list in `[...]`"));
                };
                Bson::Array(items.iter().map(|item| self.item(item, field)).collect::<Result<_, _>>()?)
            }
        };
        match outside(field, &stored) {
            None => Ok(stored),
            Some(message) => {
                let help = format!("write a value that `{}` itself allows", field.name);
                Err(Misfit { at: value.at, message, help })
            }
        }
    }

    fn item(&self, value: &Spanned<Literal>, field: &Field) -> Result<Bson, Misfit> {
        match &field.ty.kind {
            Kind::Scalar(kind) => scalar(&value.node, *kind, self.id_kind(field.references.as_deref()))
                .map_err(|expected| misfit(value, &field.name, &expected)),
            Kind::Enum(name) => {
                let known = self.enums.get(name).into_iter().flat_map(|of| of.values.iter());
                let known: Vec<&str> = known.map(|(value, _)| &**value).collect();
                match &value.node {
                    Literal::Enum(given) if known.contains(&given.as_str()) => {
                        Ok(Bson::String(given.clone()))
                    }
                    Literal::Enum(given) => {
                        let otherwise = format!("write one of {}", listed(known.iter().copied()));
                        Err(Misfit {
                            at: value.at,
                            message: format!("`{name}` has no value {}", quote(given)),
                            help: did_you_mean(given, known.iter().copied(), &otherwise),
                        })
                    }
                    _ => Err(misfit(value, &field.name, &format!("a value of `{name}` without quotes"))),
                }
            }
            Kind::Embedded(name) => {
                let Literal::Object(fields) = &value.node else {
                    return Err(misfit(value, &field.name, "an object in `{...}`"));
                };
                self.embedded.get(name).map_or(Ok(Bson::Null), |of| self.object(value.at, fields, of))
            }
        }
    }

    fn object(&self, at: At, fields: &[(Name, Spanned<Literal>)], of: &Embedded) -> Result<Bson, Misfit> {
        let mut document = Document::new();
        for (name, value) in fields {
            let Some(field) = of.field(&name.node) else {
                return Err(Misfit {
                    at: name.at,
                    message: format!("`{}` has no field `{}`", of.name, name.node),
                    help: did_you_mean(&name.node, of.fields.iter().map(|field| &*field.name), "remove it"),
                });
            };
            if matches!(value.node, Literal::Null) && !field.ty.required {
                document.insert(&*field.name, Bson::Null);
            } else {
                document.insert(&*field.name, self.stored(value, field)?);
            }
        }
        match of.fields.iter().find(|field| field.ty.required && !document.contains_key(&*field.name)) {
            None => Ok(Bson::Document(document)),
            Some(missing) => Err(Misfit {
                at,
                message: format!("`{}` of `{}` is missing", missing.name, of.name),
                help: format!("add `{}: ...`", missing.name),
            }),
        }
    }
}

fn misfit(value: &Spanned<Literal>, field: &str, expected: &str) -> Misfit {
    Misfit {
        at: value.at,
        message: format!("{} does not fit `{field}`", describe(&value.node)),
        help: format!("write {expected}"),
    }
}

fn describe(literal: &Literal) -> String {
    match literal {
        Literal::String(text) => format!("the string {}", quote(text)),
        Literal::Int(text) | Literal::Float(text) => format!("the number {}", quote(text)),
        other => other.describe().to_owned(),
    }
}

/// The stored form of a literal for a scalar; else what was expected, in words.
pub fn scalar(literal: &Literal, scalar: Scalar, id: IdKind) -> Result<Bson, String> {
    let text = match literal {
        Literal::Int(text) | Literal::Float(text) | Literal::String(text) => text.as_str(),
        _ => "",
    };
    let is_string = matches!(literal, Literal::String(_));
    let is_int = matches!(literal, Literal::Int(_));
    let is_number = is_int || matches!(literal, Literal::Float(_));
    let string = || is_string.then_some(text);
    let (stored, expected) = match scalar {
        Scalar::String => (string().map(Bson::from), "a string in quotes"),
        Scalar::Boolean => match literal {
            Literal::Boolean(value) => (Some(Bson::Boolean(*value)), ""),
            _ => (None, "`true` or `false`"),
        },
        Scalar::Int => (text.parse().ok().filter(|_| is_int).map(Bson::Int32), "an integer of 32 bits"),
        Scalar::Long => {
            let value = text.parse().ok().filter(|_| is_int || is_string);
            (value.map(Bson::Int64), "an integer of 64 bits")
        }
        Scalar::Float => {
            let value = text.parse().ok().filter(|value: &f64| is_number && value.is_finite());
            (value.map(Bson::Double), "a number")
        }
        Scalar::Decimal => (decimal(text).map(Bson::Decimal128), "a decimal number of at most 34 digits"),
        Scalar::DateTime => (
            string().and_then(|text| moment::date_time(text).ok()).map(Bson::DateTime),
            "a moment in RFC 3339, for example \"2024-05-01T12:30:00Z\"",
        ),
        Scalar::Date => (
            string().and_then(|text| moment::date(text).ok()).map(Bson::DateTime),
            "a day, for example \"2024-05-01\"",
        ),
        Scalar::Uuid => {
            (string().and_then(uuid), "a UUID, for example \"0190163d-8694-739b-aea5-966c26f8ad91\"")
        }
        Scalar::Id => match id {
            IdKind::ObjectId => (
                string().and_then(|text| ObjectId::parse_str(text).ok()).map(Bson::ObjectId),
                "an ObjectId: 24 hexadecimal digits in quotes",
            ),
            IdKind::Uuid => (string().and_then(uuid), "a UUID in quotes"),
            IdKind::String => (string().filter(|text| !text.is_empty()).map(Bson::from), "an id in quotes"),
        },
        Scalar::Json => (json(literal), "JSON: strings in quotes, integers of at most 64 bits, no key twice"),
    };
    stored.ok_or_else(|| expected.to_owned())
}

fn decimal(text: &str) -> Option<Decimal128> {
    // The parser takes `NaN` and `Infinity` too.
    let is_number = text.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    if is_number { Decimal128::from_str(text).ok() } else { None }
}

fn uuid(text: &str) -> Option<Bson> {
    uuid::Uuid::try_parse(text).ok().map(|uuid| Id::Uuid(uuid).to_bson())
}

fn json(literal: &Literal) -> Option<Bson> {
    Some(match literal {
        Literal::Null => Bson::Null,
        Literal::Boolean(value) => Bson::Boolean(*value),
        Literal::Int(text) => match text.parse() {
            Ok(small) => Bson::Int32(small),
            Err(_) => Bson::Int64(text.parse().ok()?),
        },
        Literal::Float(text) => Bson::Double(text.parse().ok().filter(|value: &f64| value.is_finite())?),
        Literal::String(text) => Bson::String(text.clone()),
        Literal::List(items) => {
            Bson::Array(items.iter().map(|item| json(&item.node)).collect::<Option<_>>()?)
        }
        Literal::Object(fields) => {
            let mut document = Document::new();
            for (name, value) in fields {
                if document.insert(&name.node, json(&value.node)?).is_some() {
                    return None;
                }
            }
            Bson::Document(document)
        }
        Literal::Enum(_) | Literal::Variable => return None,
    })
}

/// Which of its own bounds a field's value breaks, if any.
fn outside(field: &Field, value: &Bson) -> Option<String> {
    let name = &field.name;
    let (min, max) = &field.range;
    let beyond =
        |bound: &Option<Bson>, side| bound.as_ref().is_some_and(|bound| compare(value, bound) == Some(side));
    if beyond(min, Ordering::Less) || beyond(max, Ordering::Greater) {
        return Some(format!("the value is outside the `@range` of `{name}`"));
    }
    let length = match value {
        Bson::Array(items) => Some(items.len()),
        Bson::String(text) => Some(text.chars().count()),
        _ => None,
    };
    let (min, max) = field.length;
    if length
        .is_some_and(|n| min.is_some_and(|min| (n as u64) < min) || max.is_some_and(|max| n as u64 > max))
    {
        return Some(format!("the value is outside the `@length` of `{name}`"));
    }
    let (pattern, text) = (field.pattern.as_ref()?, value.as_str()?);
    (!pattern.1.is_match(text)).then(|| format!("the value does not match the `@pattern` of `{name}`"))
}

/// The order of two stored values of one scalar that has an order.
pub fn compare(a: &Bson, b: &Bson) -> Option<Ordering> {
    match (a, b) {
        (Bson::Int32(a), Bson::Int32(b)) => Some(a.cmp(b)),
        (Bson::Int64(a), Bson::Int64(b)) => Some(a.cmp(b)),
        (Bson::Double(a), Bson::Double(b)) => a.partial_cmp(b),
        (Bson::DateTime(a), Bson::DateTime(b)) => Some(a.cmp(b)),
        (Bson::Decimal128(a), Bson::Decimal128(b)) => {
            let number = |decimal: &Decimal128| BigDecimal::from_str(&decimal.to_string()).ok();
            Some(number(a)?.cmp(&number(b)?))
        }
        _ => None,
    }
}
