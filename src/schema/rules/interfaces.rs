//! Interfaces: each stands for collections that have all its fields, with types that fit.

use std::sync::Arc;

use super::did_you_mean;
use super::shapes::{Member, Owner, Shape};
use super::types::{Class, Types};
use crate::schema::diagnostic::SchemaFaults;
use crate::schema::syntax::*;
use crate::schema::{Collection, Field, FieldType, Filled, Relation, RelationKind};

/// Checks what every type says it implements.
pub fn check_implements(types: &Types<'_>, faults: &mut SchemaFaults) {
    for (class, definition) in &types.all {
        for Name { at, node: name } in &definition.implements {
            let (code, message, help) = match (class, types.get(name)) {
                (Class::Interface, _) => (
                    "interface-implements",
                    "an interface cannot implement another".to_owned(),
                    "let the types implement both".to_owned(),
                ),
                (_, None) => {
                    let known = types.of(Class::Interface).map(|known| known.name.node.as_str());
                    let message = format!("there is no interface `{name}`");
                    ("unknown-interface", message, did_you_mean(name, known, "define it, or remove it here"))
                }
                (_, Some((Class::Interface, _))) if !class.is_stored() => (
                    "embedded-implements",
                    format!("`{}` implements an interface without being a collection", definition.name.node),
                    "mark it with `@collection`".to_owned(),
                ),
                (_, Some((Class::Interface, _))) => continue,
                (_, Some((other, _))) => (
                    "unknown-interface",
                    format!("`{name}` is {}, no interface", other.describe()),
                    "name an interface".to_owned(),
                ),
            };
            faults.add(*at, code, message, help);
        }
    }
}

/// The collections behind an interface, in the order of the file.
pub fn types_of<'s, 'a>(
    interface: &Owner<'a>,
    owners: &'s [Owner<'a>],
    faults: &mut SchemaFaults,
) -> Vec<&'s Owner<'a>> {
    let implements = |owner: &Owner<'a>| {
        let mut names = owner.definition.implements.iter();
        owner.class == Class::Collection && names.any(|name| name.node == interface.name())
    };
    let found: Vec<&Owner<'a>> = owners.iter().filter(|owner| implements(owner)).collect();
    if found.is_empty() {
        let message = format!("no collection implements `{}`", interface.name());
        let help = format!("write `type ... implements {} @collection`, or remove it", interface.name());
        faults.add(interface.definition.name.at, "unused-interface", message, help);
    }
    found
}

/// Checks that a type has the interface's fields.
pub fn check_fields(interface: &Owner<'_>, owner: &Owner<'_>, faults: &mut SchemaFaults) {
    for wanted in &interface.members {
        let (name, ty) = (wanted.name(), &wanted.field.ty);
        let Some(found) = owner.member(name) else {
            // A missing id is reported for the type itself.
            if name != "id" {
                let message = format!("`{}` lacks `{name}` of `{}`", owner.name(), interface.name());
                let help = format!("add `{name}: {ty}`");
                faults.add(owner.definition.name.at, "missing-interface-field", message, help);
            }
            continue;
        };
        if !fits(wanted, found) {
            let message =
                format!("`{name}` is `{}` here, but `{ty}` in `{}`", found.field.ty, interface.name());
            faults.add(found.field.ty.at, "interface-field-type", message, format!("write `{name}: {ty}`"));
        }
    }
}

/// Checks that the interfaces of a type give a field one type: the API shows the type's field as they do.
pub fn check_shared(
    interface: &Owner<'_>,
    owner: &Owner<'_>,
    owners: &[Owner<'_>],
    faults: &mut SchemaFaults,
) {
    let is_other = |other: &&Owner<'_>| {
        other.class == Class::Interface
            && other.definition.name.at > interface.definition.name.at
            && owner.definition.implements.iter().any(|name| name.node == other.name())
    };
    for other in owners.iter().filter(is_other) {
        for member in &other.members {
            let Some(first) = interface.member(member.name()) else { continue };
            let (ours, theirs) = (first.field.ty.to_string(), member.field.ty.to_string());
            if ours != theirs && fits(first, member) | fits(member, first) {
                let name = member.name();
                let message = format!(
                    "`{name}` is `{theirs}` here, but `{ours}` in `{}`, and `{}` implements both",
                    interface.name(),
                    owner.name()
                );
                let help = format!("write `{name}` with the same type in both");
                faults.add(member.field.ty.at, "interface-disagreement", message, help);
            }
        }
    }
}

fn fits(wanted: &Member<'_>, found: &Member<'_>) -> bool {
    match (&wanted.shape, &found.shape) {
        (Shape::Broken, _) | (_, Shape::Broken) | (Shape::Id, Shape::Id) => true,
        (Shape::Stored(wanted), Shape::Stored(found)) => stored_fits(wanted, found),
        (Shape::Leads, Shape::BelongsTo(_)) => {
            let (wanted, found) = (&wanted.field.ty, &found.field.ty);
            matches!(wanted.inner, TypeInner::Named(_))
                && wanted.name().node == found.name().node
                && (found.required || !wanted.required)
        }
        (Shape::Leads, Shape::HasMany(_)) => wanted.field.ty.to_string() == found.field.ty.to_string(),
        _ => false,
    }
}

/// Whether every value of the one type is a value of the other.
fn stored_fits(wanted: &FieldType, found: &FieldType) -> bool {
    let items = match (wanted.list, found.list) {
        (None, None) => true,
        (Some(wanted), Some(found)) => found || !wanted,
        _ => false,
    };
    items && wanted.kind == found.kind && (found.required || !wanted.required)
}

/// Checks what the implementing types must agree on although the interface does not say it.
pub fn check_agreement(interface: &Owner<'_>, types: &[Arc<Collection>], faults: &mut SchemaFaults) {
    let Some((first, others)) = types.split_first() else { return };
    for member in &interface.members {
        let name = member.name();
        for other in others {
            let differs = match &member.shape {
                Shape::Id => (first.id != other.id).then_some("its ids are of another kind"),
                Shape::Stored(_) => match (first.field(name), other.field(name)) {
                    (Some(a), Some(b)) if a.references != b.references => Some("it leads to another type"),
                    (Some(a), Some(b)) if is_version(a) != is_version(b) => {
                        Some("only one of them has `@version`")
                    }
                    _ => None,
                },
                _ => None,
            };
            if let Some(differs) = differs {
                let message =
                    format!("`{name}` of `{}` differs from that of `{}`: {differs}", other.name, first.name);
                let help = "make them alike, or leave the field out of the interface";
                faults.add(member.field.name.at, "interface-disagreement", message, help);
                break;
            }
        }
    }
}

fn is_version(field: &Field) -> bool {
    field.filled == Filled::Version
}

/// A stored field of the interface: its type from there, its meaning from an implementing type.
pub fn field(member: &Member<'_>, ty: &FieldType, types: &[Arc<Collection>]) -> Field {
    let like = types.first().and_then(|first| first.field(member.name()));
    let alike = |filled: &Filled| {
        types.iter().all(|ty| ty.field(member.name()).is_some_and(|field| field.filled == *filled))
    };
    Field {
        name: member.name().into(),
        description: member.field.description.clone(),
        ty: ty.clone(),
        range: (None, None),
        parent_bounds: Vec::new(),
        length: (None, None),
        pattern: None,
        default: None,
        filled: like.map(|field| field.filled).filter(alike).unwrap_or(Filled::ByClient),
        references: like.and_then(|field| field.references.clone()),
    }
}

/// A relation of the interface, with the key of its first implementing type.
pub fn relation(member: &Member<'_>, types: &[Arc<Collection>]) -> Option<Relation> {
    let like = types.first()?.relation(member.name())?;
    let kind = match &like.kind {
        RelationKind::BelongsTo { field, .. } => {
            RelationKind::BelongsTo { field: field.clone(), required: member.field.ty.required }
        }
        has_many => has_many.clone(),
    };
    Some(Relation {
        name: member.name().into(),
        description: member.field.description.clone(),
        target: member.target().into(),
        kind,
    })
}
