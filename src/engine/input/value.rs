//! One field's value: checks its type and bounds, and gives its stored form.

use bson::{Bson, Document};
use serde_json::{Map, Value as Json};

use super::faults::Faults;
use super::id;
use super::scalar::{scalar, shown};
use crate::engine::InputFault;
use crate::query::encode_value;
use crate::schema::{Field, Filled, Kind, Model, Scalar};

/// A field's value in stored form, or all its faults at once. Paths of faults start inside the value.
pub fn value(model: &Model, field: &Field, given: &Json) -> Result<Bson, Vec<InputFault>> {
    let mut faults = Faults::default();
    let stored = read(model, field, given, &mut faults);
    faults.finish(stored)
}

/// The stored fields of a new document or embedded value. Notes faults.
pub fn read_fields(
    model: &Model,
    fields: &[Field],
    input: &Map<String, Json>,
    faults: &mut Faults,
) -> Document {
    let mut document = Document::new();
    for field in fields {
        let stored = faults.at(&field.name, |faults| match (input.get(&*field.name), settable(field)) {
            (Some(given), true) => read(model, field, given, faults),
            (Some(_), false) => {
                faults.add("is filled by the server; leave it out");
                None
            }
            (None, true) => {
                if field.ty.required && field.default.is_none() {
                    faults.add("is required");
                }
                field.default.clone()
            }
            (None, false) => None,
        });
        if let Some(stored) = stored {
            document.insert(&*field.name, stored);
        }
    }
    document
}

/// Whether an input may set the field.
pub fn settable(field: &Field) -> bool {
    matches!(field.filled, Filled::ByClient | Filled::ReadOnly)
}

/// Notes a fault for every key that names none of the fields.
pub fn refuse_unknown(fields: &[Field], input: &Map<String, Json>, faults: &mut Faults) {
    for key in input.keys().filter(|key| !fields.iter().any(|field| *field.name == ***key)) {
        faults.at(key, |faults| {
            let names: Vec<&str> = fields.iter().map(|field| &*field.name).collect();
            faults.add(format!("there is no such field; there are {}", names.join(", ")));
        });
    }
}

/// A field's value in stored form. Notes faults; if there are any, the result is meaningless.
pub fn read(model: &Model, field: &Field, given: &Json, faults: &mut Faults) -> Option<Bson> {
    if given.is_null() {
        return null(field.ty.required, faults);
    }
    let Some(items_required) = field.ty.list else {
        let stored = read_one(model, field, given, faults)?;
        if let Bson::String(text) = &stored {
            check_length(field, text.chars().count(), "characters", faults);
        }
        return Some(stored);
    };
    let Json::Array(items) = given else {
        faults.add(format!("expected a list, got {}", shown(given)));
        return None;
    };
    check_length(field, items.len(), "items", faults);
    let mut stored = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        stored.extend(faults.at_index(index, |faults| match item {
            Json::Null => null(items_required, faults),
            item => read_one(model, field, item, faults),
        }));
    }
    Some(Bson::Array(stored))
}

fn null(required: bool, faults: &mut Faults) -> Option<Bson> {
    if required {
        faults.add("must not be null");
    }
    Some(Bson::Null)
}

/// One value that is not null: the whole value of a field, or an item of its list.
fn read_one(model: &Model, field: &Field, given: &Json, faults: &mut Faults) -> Option<Bson> {
    if let Kind::Embedded(name) = &field.ty.kind {
        return embedded(model, name, given, faults);
    }
    let stored = faults.keep(leaf(model, field, given))?;
    let (min, max) = &field.range;
    if let Some(min) = min.as_ref().filter(|min| encode_value(&stored) < encode_value(min)) {
        faults.add(format!("must be at least {}, is {}", plain(min), shown(given)));
    }
    if let Some(max) = max.as_ref().filter(|max| encode_value(&stored) > encode_value(max)) {
        faults.add(format!("must be at most {}, is {}", plain(max), shown(given)));
    }
    if let (Some((text, regex)), Bson::String(stored)) = (&field.pattern, &stored)
        && !regex.is_match(stored)
    {
        faults.add(format!("must match the pattern {text}, is {}", shown(given)));
    }
    Some(stored)
}

/// The stored form of one value that is neither null nor embedded; bounds are not checked. An ID is stored
/// like the ids of the type that it references.
pub fn leaf(model: &Model, field: &Field, given: &Json) -> Result<Bson, String> {
    match &field.ty.kind {
        Kind::Scalar(Scalar::Id) => match field.references.as_deref().and_then(|name| model.collection(name))
        {
            Some(referenced) => id::id(referenced, given).map(|id| id.to_bson()),
            None => scalar(Scalar::Id, given),
        },
        Kind::Scalar(kind) => scalar(*kind, given),
        Kind::Enum(name) => enum_value(model, name, given),
        Kind::Embedded(name) => Err(format!("an object of the type {name} is not one value")),
    }
}

/// The stored form of an enum's value: its name.
fn enum_value(model: &Model, name: &str, given: &Json) -> Result<Bson, String> {
    let values: Vec<&str> = model
        .enums
        .get(name)
        .map_or_else(Vec::new, |of| of.values.iter().map(|(value, _)| &**value).collect());
    match given.as_str().filter(|text| values.contains(text)) {
        Some(text) => Ok(Bson::String(text.to_owned())),
        None => Err(format!("expected a {name} ({}), got {}", values.join(", "), shown(given))),
    }
}

fn embedded(model: &Model, name: &str, given: &Json, faults: &mut Faults) -> Option<Bson> {
    let (Some(embedded), Json::Object(input)) = (model.embedded.get(name), given) else {
        faults.add(format!("expected an object of the type {name}, got {}", shown(given)));
        return None;
    };
    refuse_unknown(&embedded.fields, input, faults);
    Some(Bson::Document(read_fields(model, &embedded.fields, input, faults)))
}

fn check_length(field: &Field, length: usize, unit: &str, faults: &mut Faults) {
    // A usize fits on all existing machines.
    let length = u64::try_from(length).unwrap_or(u64::MAX);
    let (min, max) = field.length;
    if let Some(min) = min.filter(|min| length < *min) {
        faults.add(format!("is too short: {length} {unit} of at least {min}"));
    }
    if let Some(max) = max.filter(|max| length > *max) {
        faults.add(format!("is too long: {length} {unit} of at most {max}"));
    }
}

/// A bound in its usual notation.
pub fn plain(bound: &Bson) -> String {
    match bound {
        Bson::DateTime(moment) => moment.try_to_rfc3339_string().unwrap_or_else(|_| moment.to_string()),
        other => other.to_string(),
    }
}
