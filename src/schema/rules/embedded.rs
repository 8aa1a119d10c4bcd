//! Embedded types and enums: none lies inside itself, and each is used.

use std::collections::{HashMap, HashSet};

use super::shapes::{Owner, Shape};
use super::types::{Class, Types};
use crate::schema::diagnostic::SchemaFaults;
use crate::schema::syntax::*;

/// Levels of embedded objects inside a document at the most.
const MAX_LEVELS: usize = 16;

/// Checks embedded types and enums.
pub fn check(types: &Types<'_>, owners: &[Owner<'_>], faults: &mut SchemaFaults) {
    check_unused(types, owners, faults);
    check_levels(owners, faults);
}

fn check_unused(types: &Types<'_>, owners: &[Owner<'_>], faults: &mut SchemaFaults) {
    let by_name: HashMap<&str, &Owner<'_>> = owners.iter().map(|owner| (owner.name(), owner)).collect();
    let mut used = HashSet::new();
    let mut left: Vec<&Owner<'_>> = owners.iter().filter(|owner| owner.class != Class::Embedded).collect();
    while let Some(owner) = left.pop() {
        for member in &owner.members {
            let target = member.target();
            if used.insert(target) {
                let inner = by_name.get(target).filter(|inner| inner.class == Class::Embedded);
                left.extend(inner.copied());
            }
        }
    }
    for (class, definition) in &types.all {
        let Name { at, node: name } = &definition.name;
        if matches!(class, Class::Embedded | Class::Enum) && !used.contains(name.as_str()) {
            let message = format!("nothing uses `{name}`, {}", class.describe());
            let help = match class {
                Class::Embedded => "remove it, use it as the type of a field, or mark it with `@collection`",
                _ => "remove it, or use it as the type of a field",
            };
            faults.add(*at, "unused-type", message, help);
        }
    }
}

/// Peels off, level by level, the embedded types that hold none that are left; what cannot be peeled off
/// lies inside itself, or around something that does.
fn check_levels(owners: &[Owner<'_>], faults: &mut SchemaFaults) {
    let mut left: HashMap<&str, &Owner<'_>> = owners
        .iter()
        .filter(|owner| owner.class == Class::Embedded)
        .map(|owner| (owner.name(), owner))
        .collect();
    for level in 0.. {
        let peeled: Vec<&str> =
            left.values().filter(|owner| inner(owner, &left).is_none()).map(|owner| owner.name()).collect();
        if peeled.is_empty() {
            break;
        }
        for name in peeled {
            let Some(owner) = left.remove(name) else { continue };
            if level == MAX_LEVELS {
                let message = format!("`{name}` holds objects in objects more than {MAX_LEVELS} levels deep");
                faults.add(
                    owner.definition.name.at,
                    "embedded-depth",
                    message,
                    "make some of them collections",
                );
            }
        }
    }
    for owner in left.values() {
        let Some(field) = inner(owner, &left).filter(|_| reaches_itself(owner, &left)) else { continue };
        let message = format!("`{}` lies inside itself", owner.name());
        let help = "mark a type of the cycle with `@collection` and use relations, or use `JSON`";
        faults.add(field.name.at, "embedded-cycle", message, help);
    }
}

/// The first field of the type that holds one of these embedded types.
fn inner<'a>(owner: &Owner<'a>, types: &HashMap<&str, &Owner<'a>>) -> Option<&'a FieldDefinition> {
    let holds = |shape: &Shape<'_>, target| matches!(shape, Shape::Stored(_)) && types.contains_key(target);
    owner.members.iter().find(|member| holds(&member.shape, member.target())).map(|member| member.field)
}

fn reaches_itself(owner: &Owner<'_>, types: &HashMap<&str, &Owner<'_>>) -> bool {
    let mut seen = HashSet::new();
    let mut left = vec![owner];
    while let Some(next) = left.pop() {
        for member in &next.members {
            if member.target() == owner.name() {
                return true;
            }
            if seen.insert(member.target()) {
                left.extend(types.get(member.target()).copied());
            }
        }
    }
    false
}
