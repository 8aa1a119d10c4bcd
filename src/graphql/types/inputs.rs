//! The inputs of writes: new documents, changes, embedded values.

use std::sync::Arc;

use async_graphql::dynamic::{Enum, EnumItem, InputObject, TypeRef};
use bson::Bson;

use super::objects::output;
use super::parts::{Types, input_value, reference};
use crate::schema::{
    Action, BoundSide, Collection, Field, Filled, Kind, ParentBound, Reach, UniqueKey, names,
};

/// The name of the type of new documents; `None` when clients can set nothing.
pub fn create(types: &mut Types<'_>, collection: &Collection) -> Option<String> {
    let fields = settable(types, collection, Action::Create);
    if fields.is_empty() && !collection.client_id {
        return None;
    }
    Some(types.once(names::input(&collection.name), |types, name| {
        let mut made = InputObject::new(name).description(format!("One {} to create.", collection.name));
        if collection.client_id {
            let text = "The document's id; without it, the server makes one.";
            made = made.field(input_value("id", TypeRef::named(TypeRef::ID), text));
        }
        // In the API of everything too: saved operations have to fit it as well as those of roles. Where nobody is asked
        // who they are, the engine misses the value.
        let filled =
            |field: &Field| collection.members.get(&field.name).is_some_and(|access| access.owner.is_some());
        let optional: Vec<&str> =
            fields.iter().filter(|field| filled(field)).map(|field| &*field.name).collect();
        with_fields(types, made, &fields, &optional).into()
    }))
}

/// The name of the type of changes; `None` when clients can change no field.
pub fn patch(types: &mut Types<'_>, collection: &Collection) -> Option<String> {
    let fields = settable(types, collection, Action::Update);
    if fields.is_empty() {
        return None;
    }
    Some(types.once(names::patch(&collection.name), |types, name| {
        let text = format!("Changes of one {}: what is left out stays as it is.", collection.name);
        let made = InputObject::new(name).description(text);
        let fields = fields.iter().map(|field| {
            let ty = reference(value(types, &field.ty.kind), &field.ty, false);
            input_value(&field.name, ty, described(types, field, field.ty.required.then_some("Not null.")))
        });
        fields.fold(made, InputObject::field).into()
    }))
}

/// The name of the type of one value in inputs.
pub fn value(types: &mut Types<'_>, kind: &Kind) -> String {
    match kind {
        Kind::Scalar(_) | Kind::Enum(_) => output(types, kind),
        Kind::Embedded(name) => {
            types.once(names::input(name), |types, made| embedded(types, name, made).into())
        }
    }
}

/// The type of an embedded value in inputs.
fn embedded(types: &mut Types<'_>, of: &str, name: &str) -> InputObject {
    let made = InputObject::new(name).description(format!("{of} as it is written: always as a whole."));
    let fields = types.model.embedded.get(of).map_or_else(Vec::new, |embedded| by_client(&embedded.fields));
    with_fields(types, made, &fields, &[])
}

/// The name of the enum of a collection's unique keys; `None` when it has none.
pub fn unique(types: &mut Types<'_>, collection: &Collection) -> Option<String> {
    let id = (names::UNIQUE_ID.to_owned(), vec!["id"]);
    let key = |key: &UniqueKey| names::screaming(&key.name);
    let keys = readable_keys(types, collection)
        .into_iter()
        .map(|unique| (key(unique), unique.fields.iter().map(|field| &**field).collect::<Vec<_>>()));
    let keys: Vec<_> = collection.client_id.then_some(id).into_iter().chain(keys).collect();
    if keys.is_empty() {
        return None;
    }
    Some(types.once(names::unique(&collection.name), |_, name| {
        let items = keys.iter().map(|(value, fields)| {
            EnumItem::new(value).description(format!("The same {}.", fields.join(" and ")))
        });
        let text = format!("What tells one {} from another.", collection.name);
        Enum::new(name).description(text).items(items).into()
    }))
}

/// The unique keys by which documents can be found: their fields can be read in every document.
pub fn readable_keys<'c>(types: &Types<'_>, collection: &'c Collection) -> Vec<&'c UniqueKey> {
    let readable = |field: &Arc<str>| types.reach(&collection.name, field) == Reach::Always;
    collection.uniques.iter().filter(|key| key.fields.iter().all(readable)).collect()
}

/// The fields of a collection that clients can set in an action.
fn settable<'c>(types: &Types<'_>, collection: &'c Collection, action: Action) -> Vec<&'c Field> {
    let mut fields = by_client(&collection.fields);
    fields.retain(|field| types.surface.sets(&collection.name, &field.name, action));
    fields
}

fn by_client(fields: &[Field]) -> Vec<&Field> {
    fields.iter().filter(|field| field.filled == Filled::ByClient).collect()
}

/// `optional`: names of fields that something else fills if they are left out.
fn with_fields(
    types: &mut Types<'_>,
    made: InputObject,
    fields: &[&Field],
    optional: &[&str],
) -> InputObject {
    let fields = fields.iter().map(|field| {
        let required = field.ty.required && field.default.is_none() && !optional.contains(&&*field.name);
        let ty = reference(value(types, &field.ty.kind), &field.ty, required);
        let default = field.default.as_ref().map(|default| format!("Without it: {}.", shown(field, default)));
        input_value(&field.name, ty, described(types, field, default.as_deref()))
    });
    fields.fold(made, InputObject::field)
}

/// The field's description, its bounds, and `more`.
fn described(types: &Types<'_>, field: &Field, more: Option<&str>) -> String {
    let mut text: Vec<String> = field.description.iter().cloned().collect();
    let bound = |word: &str, bound: &Option<Bson>| {
        bound.as_ref().map(|bound| format!("{word} {}.", shown(field, bound)))
    };
    text.extend(bound("At least", &field.range.0));
    text.extend(bound("At most", &field.range.1));
    let seen = |bound: &&ParentBound| types.reach(&bound.parent, &bound.field) != Reach::Never;
    text.extend(field.parent_bounds.iter().filter(seen).map(|bound| {
        let word = match bound.side {
            BoundSide::Min => "At least",
            BoundSide::Max => "At most",
        };
        format!("{word} {}.{}.", bound.relation, bound.field)
    }));
    text.extend(field.length.0.map(|min| format!("Length at least {min}.")));
    text.extend(field.length.1.map(|max| format!("Length at most {max}.")));
    text.extend(field.pattern.as_ref().map(|(pattern, _)| format!("Matches {pattern}")));
    text.extend(more.map(str::to_owned));
    text.join(" ")
}

/// A stored value of a field as the API writes it.
fn shown(field: &Field, stored: &Bson) -> String {
    match stored {
        Bson::String(text) if matches!(field.ty.kind, Kind::Enum(_)) => text.clone(),
        Bson::Decimal128(decimal) => decimal.to_string(),
        Bson::DateTime(moment) => moment.try_to_rfc3339_string().unwrap_or_else(|_| moment.to_string()),
        other => other.clone().into_relaxed_extjson().to_string(),
    }
}
