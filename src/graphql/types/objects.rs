//! The types of answers: the types of the schema file, and the connections between them.

use async_graphql::dynamic::{Enum, EnumItem, Field, InputValue, Interface, InterfaceField, Object, TypeRef};

use super::filters;
use super::parts::{Slot, Stricter, Types, input_value, reference, safe};
use crate::graphql::limits::max_offset;
use crate::schema::{
    self, Collection, Filled, Kind, Member, Reach, Relation, RelationKind, Rollup, Ttl, names,
};

/// Makes the types of the schema file.
pub fn register(types: &mut Types<'_>) {
    let model = types.model;
    if types.surface.is_whole() {
        // Also those that nothing refers to.
        let enums = model.enums.keys().cloned().map(Kind::Enum);
        let kinds: Vec<Kind> = enums.chain(model.embedded.keys().cloned().map(Kind::Embedded)).collect();
        kinds.iter().for_each(|kind| drop(output(types, kind)));
    }
    for interface in &model.interfaces {
        if types.readable(&interface.name).is_empty() {
            continue;
        }
        types.once(interface.name.to_string(), |types, name| {
            let slots = members(types, name, &interface.order, &interface.fields, &interface.relations);
            let made =
                slots.into_iter().map(InterfaceField::from).fold(Interface::new(name), Interface::field);
            match &interface.description {
                Some(description) => made.description(safe(description)).into(),
                None => made.into(),
            }
        });
    }
    for collection in &model.collections {
        if !types.surface.reads(&collection.name) {
            continue;
        }
        types.once(collection.name.to_string(), |types, name| {
            let own = members(types, name, &collection.order, &collection.fields, &collection.relations);
            let slots = as_its_interfaces(types, collection);
            let stricter = own.iter().zip(&slots).filter(|(own, shown)| own.ty != shown.ty);
            types.stricter.extend(stricter.map(|(own, _)| Stricter {
                on: name.to_owned(),
                field: own.name.clone(),
                ty: own.ty.to_string(),
            }));
            let expiry = collection.ttl.as_ref().map(expiry);
            let text: Vec<String> = collection.description.iter().cloned().chain(expiry).collect();
            let made = object(name, &Some(text.join("\n\n")).filter(|text| !text.is_empty()), slots);
            collection.interfaces.iter().fold(made, |made, interface| made.implement(&**interface)).into()
        });
    }
}

/// The name of the type of a rollup, after building the type on first use; `None` if nothing of it can be read.
pub fn rollup(types: &mut Types<'_>, rollup: &Rollup) -> Option<String> {
    let figures = types.surface.figures(rollup);
    if figures.is_empty() {
        return None;
    }
    Some(types.once(rollup.name.to_string(), |types, name| {
        let slots = figures.iter().map(|of| stored(types, &of.field, false)).collect();
        object(name, &rollup.description, slots).into()
    }))
}

/// The name of the type of one value in answers, after building the type on first use.
pub fn output(types: &mut Types<'_>, kind: &Kind) -> String {
    let model = types.model;
    match kind {
        Kind::Scalar(scalar) => types.scalar(*scalar),
        Kind::Enum(name) => types.once(name.to_string(), |_, made| match model.enums.get(name) {
            Some(of) => enum_type(of).into(),
            None => Enum::new(made).into(),
        }),
        Kind::Embedded(name) => types.once(name.to_string(), |types, made| {
            let embedded = model.embedded.get(name);
            let fields = embedded.map_or(&[][..], |embedded| &embedded.fields);
            let slots = fields.iter().map(|field| stored(types, field, false)).collect();
            object(made, &embedded.and_then(|embedded| embedded.description.clone()), slots).into()
        }),
    }
}

/// A collection's fields with the types that they have in its interfaces. A type may declare a field more strictly than
/// its interface does, but async-graphql refuses that: it compares the two the wrong way round. The stricter types are
/// noted, and put in afterwards.
fn as_its_interfaces(types: &mut Types<'_>, collection: &Collection) -> Vec<Slot> {
    let model = types.model;
    let mut slots =
        members(types, &collection.name, &collection.order, &collection.fields, &collection.relations);
    for interface in collection.interfaces.iter().filter_map(|name| model.interface(name)) {
        let shown =
            members(types, &interface.name, &interface.order, &interface.fields, &interface.relations);
        for shown in shown {
            if let Some(slot) = slots.iter_mut().find(|slot| slot.name == shown.name) {
                slot.ty = shown.ty;
            }
        }
    }
    slots
}

/// When documents expire, in words.
fn expiry(Ttl { field, seconds }: &Ttl) -> String {
    let units = [(86_400, "days"), (3_600, "hours"), (60, "minutes"), (1, "seconds")];
    let (scale, unit) = units.into_iter().find(|(scale, _)| seconds % scale == 0).unwrap_or((1, "seconds"));
    match seconds / scale {
        1 => format!("Expires one {} after `{field}`.", unit.trim_end_matches('s')),
        number => format!("Expires {number} {unit} after `{field}`."),
    }
}

fn object(name: &str, description: &Option<String>, slots: Vec<Slot>) -> Object {
    let made = slots.into_iter().map(Field::from).fold(Object::new(name), Object::field);
    match description {
        Some(description) => made.description(safe(description)),
        None => made,
    }
}

fn enum_type(of: &schema::Enum) -> Enum {
    let mut made = Enum::new(&*of.name);
    if let Some(description) = &of.description {
        made = made.description(safe(description));
    }
    made.items(of.values.iter().map(|(value, description)| {
        let item = EnumItem::new(&**value);
        match description {
            Some(description) => item.description(safe(description)),
            None => item,
        }
    }))
}

/// The fields of a collection type or interface that can be read.
fn members(
    types: &mut Types<'_>,
    of: &str,
    order: &[Member],
    fields: &[schema::Field],
    relations: &[Relation],
) -> Vec<Slot> {
    let one = |member: &Member| match member {
        Member::Id => {
            Some(Slot::new("id", TypeRef::named_nn(TypeRef::ID), Some("The document's id.".into())))
        }
        Member::Field(index) => {
            let field = fields.get(*index)?;
            let reach = types.reach(of, &field.name);
            (reach > Reach::Never).then(|| stored(types, field, reach == Reach::Sometimes))
        }
        Member::Relation(index) => {
            let relation = relations.get(*index)?;
            let reach = types.reach(of, &relation.name);
            (reach > Reach::Never).then(|| related(types, relation, reach == Reach::Sometimes))
        }
    };
    order.iter().filter_map(one).collect()
}

/// A stored field. `guarded`: it is null where the viewer may not see it.
fn stored(types: &mut Types<'_>, field: &schema::Field, guarded: bool) -> Slot {
    let ty = reference(output(types, &field.ty.kind), &field.ty, field.ty.required && !guarded);
    let by_server = match field.filled {
        Filled::ByClient | Filled::ReadOnly => None,
        Filled::CreatedAt => Some("When the document was created; the server fills it."),
        Filled::UpdatedAt => Some("When the document was last changed; the server fills it."),
        Filled::Version => Some("Counts the document's changes; for ifVersion."),
    };
    Slot::new(&*field.name, ty, field.description.clone().or(by_server.map(str::to_owned)))
}

fn related(types: &mut Types<'_>, relation: &Relation, guarded: bool) -> Slot {
    let target = &relation.target;
    match &relation.kind {
        RelationKind::BelongsTo { field, required } => {
            let ty = TypeRef::named(&**target);
            // A parent that the viewer may not see is none.
            let required = *required && !guarded && types.surface.read(target) == Reach::Always;
            let ty = if required { TypeRef::NonNull(Box::new(ty)) } else { ty };
            let description = relation.description.clone();
            Slot::new(
                &*relation.name,
                ty,
                description.or(Some(format!("The {target} whose id is in {field}."))),
            )
        }
        RelationKind::HasMany { field, .. } => {
            let description = relation.description.clone();
            let description =
                description.or(Some(format!("The {target} documents that have this one's id in {field}.")));
            let ty = TypeRef::named(connection(types, target));
            let ty = if guarded { ty } else { TypeRef::NonNull(Box::new(ty)) };
            Slot::new(&*relation.name, ty, description).with(page_arguments(types, target))
        }
    }
}

/// The arguments of a list of a collection type or interface.
pub fn page_arguments(types: &mut Types<'_>, of: &str) -> Vec<InputValue> {
    let (default, max) = (types.limits.page_default, types.limits.page_max);
    let filter = filters::of_list(types, of);
    let order = filters::order(types, of);
    let offset = match types.model.members(of).len() {
        0 | 1 => "So many are passed over at the start; not with last.".to_owned(),
        several => {
            let most = max_offset(several);
            format!("So many are passed over at the start, {most} at the most; not with last.")
        }
    };
    let int = || TypeRef::named(TypeRef::INT);
    let cursor = || TypeRef::named(TypeRef::STRING);
    vec![
        input_value("where", TypeRef::named(filter), "Which documents; without it, all."),
        input_value(
            "orderBy",
            TypeRef::named_nn_list(order),
            "What decides first, second, ...; last always the id.",
        ),
        input_value(
            "first",
            int(),
            format!("So many from the start, {max} at the most; not with last. Without both: {default}."),
        ),
        input_value("after", cursor(), "Only what comes after this cursor."),
        input_value(
            "last",
            int(),
            format!("So many from the end, {max} at the most; not with first or offset."),
        ),
        input_value("before", cursor(), "Only what comes before this cursor."),
        input_value("offset", int(), offset),
    ]
}

/// The name of the page type of a collection type or interface.
pub fn connection(types: &mut Types<'_>, of: &str) -> String {
    types.once(names::connection(of), |types, name| {
        let edge = edge(types, of);
        let info = page_info(types);
        let nodes = format!(
            "The {of} documents themselves. One whose stored values do not fit its type is null, with an error, so \
             that it does not take the page with it."
        );
        let edges = "The documents with their cursors.";
        let total = "How many documents the whole list has.";
        let slots = vec![
            Slot::new("nodes", TypeRef::named_list_nn(of), Some(nodes)),
            Slot::new("edges", TypeRef::named_list_nn(edge), Some(edges.to_owned())),
            Slot::new("pageInfo", TypeRef::named_nn(info), Some("Where the page stands in the list.".to_owned())),
            Slot::new("totalCount", TypeRef::named_nn(TypeRef::INT), Some(total.to_owned())),
        ];
        object(name, &Some(format!("A page of a list of {of} documents.")), slots).into()
    })
}

fn edge(types: &mut Types<'_>, of: &str) -> String {
    types.once(names::edge(of), |_, name| {
        let cursor = "The place in the list, for after and before.";
        let node = "The document; null, with an error, when its stored values do not fit its type.";
        let slots = vec![
            Slot::new("cursor", TypeRef::named_nn(TypeRef::STRING), Some(cursor.to_owned())),
            Slot::new("node", TypeRef::named(of), Some(node.to_owned())),
        ];
        object(name, &Some(format!("One {of} of a list.")), slots).into()
    })
}

fn page_info(types: &mut Types<'_>) -> String {
    types.once(names::PAGE_INFO.to_owned(), |_, name| {
        let flag = || TypeRef::named_nn(TypeRef::BOOLEAN);
        let cursor = || TypeRef::named(TypeRef::STRING);
        let slots = [
            ("hasNextPage", flag(), "Whether the list goes on after the page."),
            ("hasPreviousPage", flag(), "Whether the list has something before the page."),
            ("startCursor", cursor(), "The cursor of the first document of the page."),
            ("endCursor", cursor(), "The cursor of the last document of the page."),
        ];
        let slots = slots.map(|(field, ty, text)| Slot::new(field, ty, Some(text.to_owned()))).into();
        object(name, &Some("Where a page stands in its list.".to_owned()), slots).into()
    })
}

/// The name of the type that bulk writes return.
pub fn bulk_result(types: &mut Types<'_>) -> String {
    types.once(names::BULK_RESULT.to_owned(), |_, name| {
        let count = Some("How many documents there were.".to_owned());
        let slots = vec![Slot::new("count", TypeRef::named_nn(TypeRef::INT), count)];
        object(name, &Some("What a write to many documents did.".to_owned()), slots).into()
    })
}

/// Whether clients can create documents of the type: no required field may be one that only writers past the API can
/// set.
pub fn creatable(collection: &Collection) -> bool {
    let blocked = |field: &schema::Field| {
        field.filled == Filled::ReadOnly && field.ty.required && field.default.is_none()
    };
    !collection.fields.iter().any(blocked)
}
