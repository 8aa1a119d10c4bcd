//! Assembles the model from the results of the rules.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::diagnostic::SchemaFaults;
use super::rules::literals::Meanings;
use super::rules::relations::Keys;
use super::rules::shapes::{Owner, Shape};
use super::rules::types::{Class, Types};
use super::rules::{
    access, api, embedded, emit, filled, interfaces, keys, member_access, parent_bounds, partition,
    relations, rollup, shapes, ttl, types, values,
};
use super::syntax::*;
use super::{
    Collection, Embedded, Enum, Field, IdKind, Interface, Member, Model, Relation, RelationKind, Rollup,
    describe,
};

/// The model of a file that parses; `None` when there are too many faults to make one.
pub fn model(document: &Document, faults: &mut SchemaFaults) -> Option<Model> {
    let types = types::collect(document, faults);
    let owners = shapes::resolve(&types, faults);
    let keys = relations::resolve(&owners, faults);
    interfaces::check_implements(&types, faults);
    embedded::check(&types, &owners, faults);
    access::check_places(&owners, faults);
    ttl::check(&owners, faults);
    emit::check_places(&owners, faults);
    partition::check_places(&owners, faults);
    api::check_types(&types, faults);

    let of = |class| owners.iter().filter(move |owner| owner.class == class);
    let mut stored: HashMap<&str, Vec<Field>> =
        owners.iter().map(|owner| (owner.name(), fields(owner, &keys, faults))).collect();
    parent_bounds(&owners, &mut stored, faults);
    let enums = enums(&types);
    let mut embedded: BTreeMap<Arc<str>, Embedded> = of(Class::Embedded)
        .map(|owner| (Arc::from(owner.name()), embedded_type(owner, &mut stored)))
        .collect();
    defaults(&owners, &mut stored, &mut embedded, &enums, faults);

    let mut collections: Vec<(Arc<Collection>, &Owner<'_>)> = Vec::new();
    for owner in of(Class::Collection) {
        let fields = stored.remove(owner.name()).unwrap_or_default();
        filled::check(owner, faults);
        collections.push((Arc::new(collection(owner, &types, fields, &embedded, faults)), owner));
    }
    let embedded: BTreeMap<_, _> =
        embedded.into_iter().map(|(name, embedded)| (name, Arc::new(embedded))).collect();
    let interfaces: Vec<(Interface, &Owner<'_>)> =
        of(Class::Interface).map(|owner| (interface(owner, &owners, &collections, faults), owner)).collect();

    let rollups = of(Class::Rollup).filter_map(|owner| {
        let fields = stored.remove(owner.name()).unwrap_or_default();
        Some((rollup::rollup(owner, fields, &collections, faults)?, owner))
    });
    let rollups: Vec<(Rollup, &Owner<'_>)> = rollups.collect();

    api::check_collections(&collections, faults);
    api::check_fields(&collections, &interfaces, &rollups, faults);
    let lists = collections.iter().map(|(collection, owner)| (&collection.fields, owner));
    for (fields, owner) in lists.chain(interfaces.iter().map(|(interface, owner)| (&interface.fields, owner)))
    {
        api::check_orders(owner, fields, &embedded, faults);
    }
    if !faults.is_empty() {
        return None;
    }
    let mut model = Model {
        collections: collections.into_iter().map(|(collection, _)| collection).collect(),
        interfaces: interfaces.into_iter().map(|(interface, _)| Arc::new(interface)).collect(),
        embedded,
        rollups: rollups.into_iter().map(|(rollup, _)| Arc::new(rollup)).collect(),
        enums,
        fingerprint: String::new(),
    };
    model.fingerprint = describe::fingerprint(&model);
    Some(model)
}

fn enums(types: &Types<'_>) -> BTreeMap<Arc<str>, Arc<Enum>> {
    types
        .of(Class::Enum)
        .map(|definition| {
            let name: Arc<str> = definition.name.node.as_str().into();
            let values = definition.values.iter();
            let values = values.map(|value| (value.name.node.as_str().into(), value.description.clone()));
            let description = definition.description.clone();
            (name.clone(), Arc::new(Enum { name, description, values: values.collect() }))
        })
        .collect()
}

fn embedded_type(owner: &Owner<'_>, stored: &mut HashMap<&str, Vec<Field>>) -> Embedded {
    Embedded {
        name: owner.name().into(),
        description: owner.definition.description.clone(),
        fields: stored.remove(owner.name()).unwrap_or_default(),
    }
}

/// The stored fields of a type, without their defaults.
fn fields(owner: &Owner<'_>, keys: &Keys<'_>, faults: &mut SchemaFaults) -> Vec<Field> {
    let mut fields = Vec::new();
    for member in &owner.members {
        let Shape::Stored(ty) = &member.shape else { continue };
        // Those of an interface are explained by the implementing types.
        if owner.class == Class::Interface {
            continue;
        }
        fields.push(Field {
            name: member.name().into(),
            description: member.field.description.clone(),
            ty: ty.clone(),
            range: values::range(member.field, ty, faults),
            parent_bounds: Vec::new(),
            length: values::length(member.field, ty, faults),
            pattern: values::pattern(member.field, ty, faults),
            default: None,
            filled: filled::by(member.field),
            references: keys.get(&(owner.name(), member.name())).map(|target| Arc::from(*target)),
        });
    }
    fields
}

/// Adds the bounds that parents give, which need the fields of all types.
fn parent_bounds(owners: &[Owner<'_>], stored: &mut HashMap<&str, Vec<Field>>, faults: &mut SchemaFaults) {
    let mut found = Vec::new();
    for owner in owners {
        for (index, field) in stored.get(owner.name()).into_iter().flatten().enumerate() {
            let bounds = parent_bounds::of(owner, field, stored, faults);
            found.extend((!bounds.is_empty()).then_some((owner.name(), index, bounds)));
        }
    }
    for (owner, index, bounds) in found {
        if let Some(field) = stored.get_mut(owner).and_then(|fields| fields.get_mut(index)) {
            field.parent_bounds = bounds;
        }
    }
}

/// Adds the defaults, which need all fields to be known.
fn defaults(
    owners: &[Owner<'_>],
    stored: &mut HashMap<&str, Vec<Field>>,
    embedded: &mut BTreeMap<Arc<str>, Embedded>,
    enums: &BTreeMap<Arc<str>, Arc<Enum>>,
    faults: &mut SchemaFaults,
) {
    let ids: HashMap<&str, IdKind> = owners.iter().map(|owner| (owner.name(), id(owner).0)).collect();
    let meanings = Meanings { enums, embedded, ids: &ids };
    let mut found = Vec::new();
    for owner in owners {
        let fields = match owner.class {
            Class::Embedded => embedded.get(owner.name()).map(|embedded| &embedded.fields),
            _ => stored.get(owner.name()),
        };
        for (index, field) in fields.into_iter().flatten().enumerate() {
            let Some(member) = owner.member(&field.name) else { continue };
            if let Some(value) = values::default(member.field, field, &meanings, faults) {
                found.push((owner, index, value));
            }
        }
    }
    for (owner, index, value) in found {
        let fields = match owner.class {
            Class::Embedded => embedded.get_mut(owner.name()).map(|embedded| &mut embedded.fields),
            _ => stored.get_mut(owner.name()),
        };
        if let Some(field) = fields.and_then(|fields| fields.get_mut(index)) {
            field.default = Some(value);
        }
    }
}

/// What `@id` says: the kind of ids, and whether clients may give them.
fn id(owner: &Owner<'_>) -> (IdKind, bool) {
    let id = owner.member("id").and_then(|member| directive(&member.field.directives, "id"));
    let argument = |name| id.and_then(|id| id.argument(name)).map(|value| &value.node);
    let kind = match argument("as") {
        Some(Literal::Enum(kind)) if kind == "UUID" => IdKind::Uuid,
        Some(Literal::Enum(kind)) if kind == "STRING" => IdKind::String,
        _ => IdKind::ObjectId,
    };
    (kind, matches!(argument("client"), Some(Literal::Boolean(true))))
}

fn collection(
    owner: &Owner<'_>,
    types: &Types<'_>,
    fields: Vec<Field>,
    embedded: &BTreeMap<Arc<str>, Embedded>,
    faults: &mut SchemaFaults,
) -> Collection {
    let names = api::names_of(owner, faults);
    let (id, client_id) = id(owner);
    let uniques = keys::uniques(owner, &fields, faults);
    let ttl = ttl::of(owner, &fields, faults);
    let partition = partition::partition(owner, &fields, faults);
    let wanted = keys::Wanted { uniques: &uniques, ttl: ttl.as_ref(), partition: partition.as_ref() };
    let indexes = keys::indexes(owner, &fields, embedded, &wanted, faults);
    let relations: Vec<Relation> = owner
        .members
        .iter()
        .filter_map(|member| {
            let (directive, belongs_to) = match member.shape {
                Shape::BelongsTo(directive) => (directive, true),
                Shape::HasMany(directive) => (directive, false),
                _ => return None,
            };
            let field = Arc::from(directive.string("field")?.node);
            let kind = if belongs_to {
                RelationKind::BelongsTo { field, required: member.field.ty.required }
            } else {
                RelationKind::HasMany { field, on_delete: relations::on_delete(directive) }
            };
            let description = member.field.description.clone();
            Some(Relation { name: member.name().into(), description, target: member.target().into(), kind })
        })
        .collect();
    let interfaces = owner.definition.implements.iter().map(|name| name.node.as_str());
    let interfaces = interfaces.filter(|name| types.get(name).is_some()).map(Arc::from).collect();
    let access = access::grants(owner, faults);
    let members = member_access::members(owner, &fields, &access, faults);
    let emits = emit::emits(owner, faults);
    Collection {
        name: owner.name().into(),
        description: owner.definition.description.clone(),
        collection: api::collection_name(owner, &names, faults),
        names,
        id,
        client_id,
        order: order(owner, &fields, &relations),
        fields,
        relations,
        uniques,
        indexes,
        ttl,
        partition,
        access,
        members,
        emits,
        interfaces,
    }
}

fn interface(
    owner: &Owner<'_>,
    owners: &[Owner<'_>],
    collections: &[(Arc<Collection>, &Owner<'_>)],
    faults: &mut SchemaFaults,
) -> Interface {
    let implementing = interfaces::types_of(owner, owners, faults);
    implementing.iter().for_each(|implementing| interfaces::check_fields(owner, implementing, faults));
    implementing
        .iter()
        .for_each(|implementing| interfaces::check_shared(owner, implementing, owners, faults));
    let is_one = |name: &str| implementing.iter().any(|implementing| implementing.name() == name);
    let types: Vec<Arc<Collection>> = collections
        .iter()
        .filter(|(collection, _)| is_one(&collection.name))
        .map(|(collection, _)| collection.clone())
        .collect();
    interfaces::check_agreement(owner, &types, faults);
    let mut fields = Vec::new();
    let mut relations = Vec::new();
    for member in &owner.members {
        match &member.shape {
            Shape::Stored(ty) => fields.push(interfaces::field(member, ty, &types)),
            Shape::Leads => relations.extend(interfaces::relation(member, &types)),
            _ => {}
        }
    }
    Interface {
        name: owner.name().into(),
        description: owner.definition.description.clone(),
        names: api::names_of(owner, faults),
        order: order(owner, &fields, &relations),
        fields,
        relations,
        types: types.iter().map(|collection| collection.name.clone()).collect(),
    }
}

/// Where the fields of a type are found, in the order of the file.
fn order(owner: &Owner<'_>, fields: &[Field], relations: &[Relation]) -> Vec<Member> {
    let place = |name: &str| {
        let field = fields.iter().position(|field| &*field.name == name).map(Member::Field);
        field.or_else(|| relations.iter().position(|relation| &*relation.name == name).map(Member::Relation))
    };
    let members = owner.members.iter();
    members.filter_map(|m| if let Shape::Id = m.shape { Some(Member::Id) } else { place(m.name()) }).collect()
}
