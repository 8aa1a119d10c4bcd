//! One target field: the origin of its value and the conversion.

use serde_json::{Map, Value as Json};

use super::coerce::coerce;
use super::definition::Definition;
use super::record_path::RecordPath;
use super::reference::Reference;
use super::transform::{self, Transform};
use crate::schema::{Collection, Field, FieldType, Filled, Kind, Model, Scalar};
use crate::spelling::suggestion;

/// A mapped field.
pub(super) struct Mapping {
    /// The field, and the fields inside embedded objects on the way to it.
    target: Vec<String>,
    /// What the field holds.
    kind: Kind,
    origin: Origin,
    transforms: Vec<Transform>,
    default: Option<Json>,
}

/// Where a value comes from.
enum Origin {
    Path(RecordPath),
    Constant(Json),
    Reference(Reference),
}

impl Mapping {
    /// Reads the mapping of one key of `[fields]`.
    pub(super) fn define(
        definition: &mut Definition<'_>,
        name: &str,
        value: toml::Value,
        model: &Model,
        collection: &Collection,
    ) -> Option<Mapping> {
        let target: Vec<String> = name.split('.').map(str::to_owned).collect();
        let ty = match find(model, collection, &target) {
            Ok(ty) => ty,
            Err(message) => {
                definition.fault(name, message);
                return None;
            }
        };
        match value {
            toml::Value::String(path) if !path.is_empty() => {
                let origin = Origin::Path(RecordPath::new(path));
                Some(Mapping { target, kind: ty.kind, origin, transforms: Vec::new(), default: None })
            }
            toml::Value::Table(table) => definition.inner(name, table, |inner| {
                let (origin, transforms, default) = describe(inner, model)?;
                if let Origin::Reference(_) = origin
                    && ty.kind != Kind::Scalar(Scalar::Id)
                {
                    inner
                        .fault("references", format!("{} is not an ID; it cannot refer to a document", name));
                }
                Some(Mapping { target, kind: ty.kind, origin, transforms, default })
            }),
            _ => {
                definition
                    .fault(name, "this has to be a path, or a table with `from`, `constant` or `references`");
                None
            }
        }
    }

    /// Name of the field of the target type.
    pub(super) fn root(&self) -> &str {
        &self.target[0]
    }

    /// Whether the mapping sets the field itself, not a field inside it.
    pub(super) fn is_whole(&self) -> bool {
        self.target.len() == 1
    }

    /// The reference, if the field is one.
    pub(super) fn reference(&self) -> Option<&Reference> {
        match &self.origin {
            Origin::Reference(reference) => Some(reference),
            _ => None,
        }
    }

    /// Key values of the document that a record refers to; `None` if it refers to none.
    pub(super) fn key(&self, reference: &Reference, record: &Json) -> Result<Option<Vec<Json>>, String> {
        let value = |path: &RecordPath| match path.find(record).cloned() {
            None | Some(Json::Null) => Ok(None),
            Some(value) => transform::apply(&self.transforms, value).map(Some),
        };
        reference
            .from
            .iter()
            .map(value)
            .collect::<Result<Option<Vec<_>>, _>>()
            .map_err(|error| self.say(error))
    }

    /// The value for a record; `None` leaves the field out. An unresolved reference gives the default or
    /// null.
    pub(super) fn value(&self, record: &Json) -> Result<Option<Json>, String> {
        let value = match &self.origin {
            Origin::Constant(value) => Some(value.clone()),
            Origin::Path(path) => path.find(record).cloned(),
            Origin::Reference(reference) => {
                // Missing everywhere leaves the field out; null anywhere says that there is none.
                let missing = reference.from.iter().all(|path| path.find(record).is_none());
                (!missing).then_some(Json::Null)
            }
        };
        let value = match (value, &self.default) {
            (None | Some(Json::Null), Some(default)) => return Ok(Some(default.clone())),
            (None, None) => return Ok(None),
            (Some(value), _) => value,
        };
        let value = transform::apply(&self.transforms, value).map_err(|error| self.say(error))?;
        Ok(Some(coerce(&self.kind, value)))
    }

    /// Puts a value at the target.
    pub(super) fn put(&self, value: Json, into: &mut Map<String, Json>) {
        put(&self.target, value, into);
    }

    /// A message with the field's name.
    pub(super) fn say(&self, message: impl std::fmt::Display) -> String {
        format!("{}: {message}", self.target.join("."))
    }
}

fn put(path: &[String], value: Json, into: &mut Map<String, Json>) {
    match path {
        [] => {}
        [name] => {
            into.insert(name.clone(), value);
        }
        [name, rest @ ..] => {
            let inner = into.entry(name.clone()).or_insert_with(|| Json::Object(Map::new()));
            if let Json::Object(inner) = inner {
                put(rest, value, inner);
            }
        }
    }
}

/// Reads the table of a mapping.
fn describe(
    definition: &mut Definition<'_>,
    model: &Model,
) -> Option<(Origin, Vec<Transform>, Option<Json>)> {
    if !["from", "constant", "references"].into_iter().any(|key| definition.has(key)) {
        definition.fault("", "this needs one of `from`, `constant` and `references`");
    }
    let from = definition.text("from").map(|path| Origin::Path(RecordPath::new(path)));
    let constant = definition.take("constant").map(|value| Origin::Constant(to_json(value)));
    let reference =
        definition.table("references", |inner| Reference::define(inner, model)).map(Origin::Reference);
    let transforms = match definition.take("transforms").as_ref().map(transform::list) {
        None => Vec::new(),
        Some(Ok(transforms)) => transforms,
        Some(Err(faults)) => {
            faults.into_iter().for_each(|fault| definition.fault("transforms", fault));
            Vec::new()
        }
    };
    let default = definition.take("default").map(to_json);

    let mut origins = [from, constant, reference].into_iter().flatten();
    let (origin, more) = (origins.next()?, origins.next());
    if more.is_some() {
        definition.fault("", "this has more than one of `from`, `constant` and `references`; keep one");
    }
    if default.is_some() && !matches!(origin, Origin::Path(_)) {
        definition.fault("default", "this is for `from` only");
    }
    if !transforms.is_empty() && matches!(origin, Origin::Constant(_)) {
        definition.fault("transforms", "a constant needs none; write it as it shall be");
    }
    Some((origin, transforms, default))
}

/// The type of the field that a target names, if it may be written.
fn find(model: &Model, collection: &Collection, target: &[String]) -> Result<FieldType, String> {
    let id = FieldType { kind: Kind::Scalar(Scalar::Id), required: true, list: None };
    if target[0] == "id" {
        return match collection.client_id {
            true => Ok(id),
            false => Err(format!(
                "{} makes its ids itself; give it `@id(client: true)` or leave this out",
                collection.name
            )),
        };
    }
    if let Some(relation) = collection.relation(&target[0]) {
        return Err(format!("`{}` is a relation; map its foreign key instead", relation.name));
    }
    let (mut owner, mut fields) = (&collection.name, &collection.fields);
    for (place, name) in target.iter().enumerate() {
        let field = named(fields, name).map_err(|hint| format!("{owner} has no field `{name}`; {hint}"))?;
        if !matches!(field.filled, Filled::ByClient | Filled::ReadOnly) {
            return Err(format!("`{name}` is filled by the server; leave it out"));
        }
        if place + 1 == target.len() {
            return Ok(field.ty.clone());
        }
        match &field.ty {
            FieldType { kind: Kind::Embedded(inner), list: None, .. }
                if let Some(inner) = model.embedded.get(inner) =>
            {
                (owner, fields) = (&inner.name, &inner.fields);
            }
            _ => return Err(format!("`{name}` has no fields of its own")),
        }
    }
    Err("this names no field".to_owned())
}

fn named<'a>(fields: &'a [Field], name: &str) -> Result<&'a Field, String> {
    let field = fields.iter().find(|field| &*field.name == name);
    field.ok_or_else(|| suggestion(name, fields.iter().map(|field| &*field.name)))
}

/// TOML's dates become texts.
fn to_json(value: toml::Value) -> Json {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(value) => value.into(),
        toml::Value::Datetime(moment) => moment.to_string().into(),
        toml::Value::Array(items) => items.into_iter().map(to_json).collect(),
        toml::Value::Table(table) => table.into_iter().map(|(key, value)| (key, to_json(value))).collect(),
    }
}
