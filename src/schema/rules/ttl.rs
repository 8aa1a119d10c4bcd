//! `@ttl`: which documents expire, and when.

use super::did_you_mean;
use super::lengths::seconds;
use super::shapes::{Owner, Shape};
use super::types::Class;
use crate::schema::diagnostic::SchemaFaults;
use crate::schema::syntax::*;
use crate::schema::{Field, Kind, Scalar, Ttl};

/// What `@ttl` says of a type.
pub fn of(owner: &Owner<'_>, fields: &[Field], faults: &mut SchemaFaults) -> Option<Ttl> {
    let ttl = directive(&owner.definition.directives, "ttl")?;
    let (field, after) = (ttl.string("field")?, ttl.string("after")?);
    let seconds = match seconds(after.node) {
        Some(seconds) => Some(seconds),
        None => {
            let message = format!("`{}` is no time after which documents expire", after.node);
            let help =
                "write a whole number of at least 1 and a unit, `s`, `m`, `h` or `d`: `7d`; at most 68 years";
            faults.add(after.at, "ttl-after", message, help);
            None
        }
    };
    let moment = |field: &&Field| field.ty.kind == Kind::Scalar(Scalar::DateTime) && field.ty.list.is_none();
    let Some(named) = fields.iter().find(|known| *known.name == *field.node) else {
        if !owner.member(field.node).is_some_and(|member| matches!(member.shape, Shape::Broken)) {
            let known = fields.iter().filter(moment).map(|field| &*field.name);
            let message = format!("`{}` has no stored field `{}`", owner.name(), field.node);
            let otherwise = "name a field of type `DateTime`";
            faults.add(field.at, "ttl-field", message, did_you_mean(field.node, known, otherwise));
        }
        return None;
    };
    if !moment(&named) {
        let message = format!("documents cannot expire by `{}`, which is no moment", named.name);
        faults.add(field.at, "ttl-field", message, "name a field of type `DateTime!` or `DateTime`");
        return None;
    }
    Some(Ttl { field: named.name.clone(), seconds: seconds? })
}

/// Checks what stands in relation to types whose documents expire.
pub fn check(owners: &[Owner<'_>], faults: &mut SchemaFaults) {
    let expires = |name: &str| {
        let target = owners.iter().find(|owner| owner.class == Class::Collection && owner.name() == name);
        target.is_some_and(|owner| directive(&owner.definition.directives, "ttl").is_some())
    };
    for owner in owners {
        if let (Class::Embedded, Some(ttl)) = (owner.class, directive(&owner.definition.directives, "ttl")) {
            let message = format!("`{}` is not stored by itself, and so cannot expire", owner.name());
            faults.add(ttl.name.at, "ttl-type", message, "put `@ttl` on a type with `@collection`");
        }
        for member in &owner.members {
            let leads = matches!(member.shape, Shape::BelongsTo(_)) && member.field.ty.required;
            if leads && expires(member.target()) {
                let message =
                    format!("`{}` is never null, but a `{}` may expire", member.name(), member.target());
                let help = format!("make the relation `{}`", member.target());
                faults.add(member.field.ty.at, "ttl-parent", message, help);
            }
        }
    }
}
