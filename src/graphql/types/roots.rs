//! The root fields of queries and mutations.

use std::sync::Arc;

use async_graphql::dynamic::{Field, InputValue, Object, TypeRef};

use super::parts::{Slot, Types, input_value, safe};
use super::{filters, inputs, objects};
use crate::schema::{Action, Collection, Rollup, Scalar, UniqueKey, names};

/// The query type.
pub fn query(types: &mut Types<'_>) -> Object {
    let model = types.model;
    let mut slots = Vec::new();
    let readable = |name: &str| types.surface.reads(name);
    let collections: Vec<_> = model.collections.iter().filter(|of| readable(&of.name)).collect();
    for collection in collections {
        let name = &*collection.name;
        let text = format!("The {name} of an id; null when there is none.");
        let id = input_value("id", TypeRef::named_nn(TypeRef::ID), "The document's id.");
        slots.push(Slot::new(&collection.names.single, TypeRef::named(name), Some(text)).with(vec![id]));
        slots.extend(lookups(types, collection));
        slots.push(list(types, name, &collection.names.list));
    }
    let shown = |name: &str| !types.readable(name).is_empty();
    let interfaces: Vec<_> = model.interfaces.iter().filter(|of| shown(&of.name)).collect();
    for interface in interfaces {
        slots.push(list(types, &interface.name, &interface.names.list));
    }
    slots.extend(model.rollups.iter().filter_map(|rollup| figures(types, rollup)));
    let made = Object::new(names::QUERY).description("Everything that can be read.");
    slots.into_iter().map(Field::from).fold(made, Object::field)
}

/// The figures of a rollup, if something of it can be read.
fn figures(types: &mut Types<'_>, rollup: &Rollup) -> Option<Slot> {
    let ty = TypeRef::named_nn(objects::rollup(types, rollup)?);
    let arguments = arguments(types, types.model.collection(&rollup.of)?, &rollup.by);
    let text = format!("Figures about the {} documents with this {}.", rollup.of, listed(&rollup.by));
    Some(Slot::new(&rollup.query, ty, Some(text)).with(arguments))
}

/// One look-up per unique key.
fn lookups(types: &mut Types<'_>, collection: &Collection) -> Vec<Slot> {
    let keys = inputs::readable_keys(types, collection);
    let one = |key: &UniqueKey| {
        let text = format!("The {} with this {}; null when there is none.", collection.name, fields_of(key));
        let arguments = key_arguments(types, collection, key);
        let name = names::lookup(&collection.names.single, &key.name);
        Slot::new(name, TypeRef::named(&*collection.name), Some(text)).with(arguments)
    };
    keys.into_iter().map(one).collect()
}

/// The fields of a key in words.
fn fields_of(key: &UniqueKey) -> String {
    listed(&key.fields)
}

fn listed(fields: &[Arc<str>]) -> String {
    fields.iter().map(|field| &**field).collect::<Vec<_>>().join(" and ")
}

/// The arguments that name a document by a key.
fn key_arguments(types: &mut Types<'_>, collection: &Collection, key: &UniqueKey) -> Vec<InputValue> {
    arguments(types, collection, &key.fields)
}

/// The arguments that give the values of fields.
fn arguments(types: &mut Types<'_>, collection: &Collection, fields: &[Arc<str>]) -> Vec<InputValue> {
    let fields = fields.iter().filter_map(|name| collection.field(name));
    let argument = |field: &crate::schema::Field| {
        let ty = TypeRef::named_nn(inputs::value(types, &field.ty.kind));
        input_value(&field.name, ty, field.description.as_deref().unwrap_or_default())
    };
    fields.map(argument).collect()
}

fn list(types: &mut Types<'_>, of: &str, name: &str) -> Slot {
    let ty = TypeRef::named_nn(objects::connection(types, of));
    let text = format!("A page of the list of {of} documents that satisfy the filter.");
    Slot::new(name, ty, Some(text)).with(objects::page_arguments(types, of))
}

/// The mutation type; `None` when nothing can be written.
pub fn mutation(types: &mut Types<'_>) -> Option<Object> {
    let model = types.model;
    let mut slots = Vec::new();
    for collection in &model.collections {
        creations(types, collection, &mut slots);
        changes(types, collection, &mut slots);
    }
    let made = Object::new(names::MUTATION).description(safe(
        "Everything that can be written. An answer comes when the document is stored for good and no cached \
         list shows the old state.",
    ));
    (!slots.is_empty()).then(|| slots.into_iter().map(Field::from).fold(made, Object::field))
}

fn creations(types: &mut Types<'_>, collection: &Collection, slots: &mut Vec<Slot>) {
    let (name, plural) = (&*collection.name, &collection.names.plural);
    if !objects::creatable(collection) || !types.surface.has(name, Action::Create) {
        return;
    }
    let Some(input) = inputs::create(types, collection) else { return };
    // Nullable, so that one failed mutation does not take the answers of the others with it.
    let one = || TypeRef::named(name);
    let given = |text: &str| input_value("input", TypeRef::named_nn(&input), text);
    slots.push(
        Slot::new(names::create(name), one(), Some(format!("Creates one {name}.")))
            .with(vec![given("The new document.")]),
    );
    let text = format!(
        "Creates several {name} documents, each for itself: one that fails is null, with an error at its place."
    );
    let inputs = input_value("inputs", TypeRef::named_nn_list_nn(&input), "The new documents.");
    slots.push(Slot::new(names::create(plural), TypeRef::named_list_nn(name), Some(text)).with(vec![inputs]));
    if types.surface.has(name, Action::Update)
        && let Some(unique) = inputs::unique(types, collection)
    {
        let text = format!("Creates one {name}, or changes the one that is the same by a unique key.");
        let on = input_value("on", TypeRef::named_nn(unique), "By this key; the input must have its values.");
        let given = given("What the document has then; fields left out of it stay as they are.");
        let update = "Whether one that is there is changed. With false it stays as it is, and is the answer.";
        let update = input_value(names::UPDATE, TypeRef::named_nn(TypeRef::BOOLEAN), update);
        let update = update.default_value(async_graphql::Value::Boolean(true));
        slots.push(Slot::new(names::upsert(name), one(), Some(text)).with(vec![on, given, update]));
    }
}

fn changes(types: &mut Types<'_>, collection: &Collection, slots: &mut Vec<Slot>) {
    let (name, plural) = (&*collection.name, &collection.names.plural);
    let one = || TypeRef::named(name);
    let (updates, deletes) =
        (types.surface.has(name, Action::Update), types.surface.has(name, Action::Delete));
    if !updates && !deletes {
        return;
    }
    let bulk = TypeRef::named_nn(objects::bulk_result(types));
    let filter = filters::of_list(types, name);
    let which = || input_value("where", TypeRef::named_nn(&filter), "Which documents.");
    let all = || {
        let text = "Must be true when `where` has no condition, so that a forgotten variable does not reach every \
                    document.";
        let all = input_value("all", TypeRef::named_nn(TypeRef::BOOLEAN), text);
        all.default_value(async_graphql::Value::Boolean(false))
    };
    let id = || input_value("id", TypeRef::named_nn(TypeRef::ID), "The document's id.");
    let version = version(types);
    let keys: Vec<_> =
        inputs::readable_keys(types, collection).into_iter().filter(|key| key.names_writes()).collect();
    if updates && let Some(patch) = inputs::patch(types, collection) {
        let set = || input_value(names::SET, TypeRef::named_nn(&patch), "The fields to change.");
        let text = format!("Changes one {name}. An id without a document is an error.");
        let arguments = vec![id(), set(), version()];
        slots.push(Slot::new(names::update(name), one(), Some(text)).with(arguments));
        for key in &keys {
            let text = format!(
                "Changes the {name} with this {}. If there is none, that is an error.",
                fields_of(key)
            );
            let arguments =
                key_arguments(types, collection, key).into_iter().chain([set(), version()]).collect();
            slots.push(Slot::new(names::update_by(name, &key.name), one(), Some(text)).with(arguments));
        }
        let text = format!("Changes every {name} that satisfies the filter.");
        let arguments = vec![which(), set(), all()];
        slots.push(Slot::new(names::update(plural), bulk.clone(), Some(text)).with(arguments));
    }
    if !deletes {
        return;
    }
    let text = format!("Deletes one {name} and gives it as it was. An id without a document is an error.");
    slots.push(Slot::new(names::delete(name), one(), Some(text)).with(vec![id(), version()]));
    for key in &keys {
        let text = format!(
            "Deletes the {name} with this {} and gives it as it was; null when there is none.",
            fields_of(key)
        );
        let arguments = key_arguments(types, collection, key).into_iter().chain([version()]).collect();
        slots.push(Slot::new(names::delete_by(name, &key.name), one(), Some(text)).with(arguments));
    }
    let text = format!("Deletes every {name} that satisfies the filter.");
    slots.push(Slot::new(names::delete(plural), bulk, Some(text)).with(vec![which(), all()]));
}

fn version(types: &mut Types<'_>) -> impl Fn() -> InputValue + use<> {
    let long = types.scalar(Scalar::Long);
    move || input_value(names::IF_VERSION, TypeRef::named(&long), "Only if the document has this version.")
}
