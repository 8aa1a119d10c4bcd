//! Relations and their foreign keys: which `ID` field leads to which collection.

use std::collections::HashMap;

use super::did_you_mean;
use super::shapes::{Member, Owner, Shape};
use super::types::Class;
use crate::schema::diagnostic::{SchemaFaults, quote};
use crate::schema::syntax::*;
use crate::schema::words::lower_camel;
use crate::schema::{FieldType, Kind, OnDelete, Scalar};

/// For each key, as (its type, its name), the collection it leads to.
pub type Keys<'a> = HashMap<(&'a str, &'a str), &'a str>;

/// Checks all relations and finds their keys.
pub fn resolve<'a>(owners: &[Owner<'a>], faults: &mut SchemaFaults) -> Keys<'a> {
    let collections: Vec<&Owner<'a>> =
        owners.iter().filter(|owner| owner.class == Class::Collection).collect();
    let by_name: HashMap<&str, &Owner<'a>> = collections.iter().map(|owner| (owner.name(), *owner)).collect();
    let mut keys = Keys::new();
    // A key belongs to what its own type says; only where that is silent do parents decide.
    for child in &collections {
        for member in &child.members {
            if let Shape::BelongsTo(directive) = member.shape {
                belongs_to(child, member, directive, &mut keys, faults);
            }
        }
    }
    let mut children = HashMap::new();
    for parent in &collections {
        for member in &parent.members {
            let Shape::HasMany(directive) = member.shape else { continue };
            let Some(child) = by_name.get(member.target()) else { continue };
            let Some(key) = has_many(parent, child, directive, &mut keys, faults) else { continue };
            if let Some(other) = children.insert((parent.name(), child.name(), key), member.name()) {
                let message = format!("`{}` and `{other}` are the same relation", member.name());
                faults.add(directive.name.at, "duplicate-relation", message, "keep one, or use another key");
            }
        }
    }
    keys
}

fn belongs_to<'a>(
    child: &Owner<'a>,
    member: &Member<'a>,
    directive: &Directive,
    keys: &mut Keys<'a>,
    faults: &mut SchemaFaults,
) {
    let parent = member.target();
    let Some((key, ty)) = key(child, parent, directive, faults) else { return };
    let Some(at) = directive.string("field").map(|field| field.at) else { return };
    if member.field.ty.required && !ty.required {
        let message =
            format!("`{}` is never null, but its key `{}` may be", member.field.name.node, key.name());
        let help = format!("write `{}: ID!`, or make the relation `{parent}`", key.name());
        faults.add(member.field.ty.at, "nullable-key", message, help);
    }
    if let Some(other) = keys.insert((child.name(), key.name()), parent) {
        let message = if other == parent {
            format!("two relations go by the key `{}`", key.name())
        } else {
            format!("the key `{}` cannot lead both to `{other}` and to `{parent}`", key.name())
        };
        faults.add(at, "ambiguous-key", message, "give each relation its own key");
    }
}

/// The name of the key, when it is one.
fn has_many<'a>(
    parent: &Owner<'a>,
    child: &Owner<'a>,
    directive: &Directive,
    keys: &mut Keys<'a>,
    faults: &mut SchemaFaults,
) -> Option<&'a str> {
    let (key, ty) = key(child, parent.name(), directive, faults)?;
    let field = directive.string("field")?;
    let target = *keys.entry((child.name(), key.name())).or_insert(parent.name());
    if target != parent.name() {
        let message = format!("`{}` of `{}` leads to `{target}`, not here", key.name(), child.name());
        let help = format!("name a key of `{}` that leads to `{}`", child.name(), parent.name());
        faults.add(field.at, "ambiguous-key", message, help);
        return None;
    }
    if on_delete(directive) == OnDelete::SetNull && ty.required {
        let at = directive.argument("onDelete").map_or(directive.name.at, |value| value.at);
        let message = format!("`{}` of `{}` can never be null", key.name(), child.name());
        let help = format!("make the key `{}: ID`, or choose RESTRICT or CASCADE", key.name());
        faults.add(at, "set-null-required", message, help);
    }
    Some(key.name())
}

/// The effect of deletes according to `@hasMany`.
pub fn on_delete(directive: &Directive) -> OnDelete {
    match directive.argument("onDelete").map(|value| &value.node) {
        Some(Literal::Enum(name)) if name == "CASCADE" => OnDelete::Cascade,
        Some(Literal::Enum(name)) if name == "SET_NULL" => OnDelete::SetNull,
        _ => OnDelete::Restrict,
    }
}

/// The key that a relation names, as a field of the child, and its type.
fn key<'s, 'a>(
    child: &'s Owner<'a>,
    parent: &str,
    directive: &Directive,
    faults: &mut SchemaFaults,
) -> Option<(&'s Member<'a>, &'s FieldType)> {
    let Spanned { at, node: name } = directive.string("field")?;
    let Some(member) = child.member(name) else {
        let ids = child.names(|shape| matches!(shape, Shape::Stored(ty) if is_key(ty)));
        let otherwise =
            format!("add `{}Id: ID!` to `{}`, and name it here", lower_camel(parent), child.name());
        let message = format!("`{}` has no field {}", child.name(), quote(name));
        faults.add(at, "unknown-key", message, did_you_mean(name, ids, &otherwise));
        return None;
    };
    match &member.shape {
        Shape::Stored(ty) if is_key(ty) => Some((member, ty)),
        Shape::Broken => None,
        _ => {
            let message = format!("`{name}` of `{}` is no key: it is not of type `ID`", child.name());
            let message =
                if name == "id" { "`id` is the document's own id, no key".to_owned() } else { message };
            let help = format!("name a field of type `ID` or `ID!` that holds the id of a `{parent}`");
            faults.add(at, "key-type", message, help);
            None
        }
    }
}

fn is_key(ty: &FieldType) -> bool {
    ty.kind == Kind::Scalar(Scalar::Id) && ty.list.is_none()
}
