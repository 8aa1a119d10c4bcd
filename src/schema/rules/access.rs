//! Who may read and write the documents of a type: `@access`.
//!
//! The conditions are filters, whose language the engine knows; here they are only read. `oponn check` has the engine
//! check them.

use std::sync::Arc;

use super::shapes::Owner;
use super::template::Reading;
use super::types::Class;
use crate::schema::diagnostic::{SchemaFaults, quote};
use crate::schema::syntax::*;
use crate::schema::{AccessCondition, Allowed, Grant};

/// What stands for a claim of the viewer, followed by the claim's name.
pub const CLAIM: &str = "$viewer.";

/// Checks that no embedded type has rules.
pub fn check_places(owners: &[Owner<'_>], faults: &mut SchemaFaults) {
    for owner in owners.iter().filter(|owner| owner.class == Class::Embedded) {
        for access in uses(owner) {
            let message =
                format!("`@access` has no effect on `{}`, {}", owner.name(), owner.class.describe());
            let help = "move it to the types with `@collection` whose documents it is about";
            faults.add(access.name.at, "access-place", message, help);
        }
    }
}

/// The rules of a collection.
pub fn grants(owner: &Owner<'_>, faults: &mut SchemaFaults) -> Vec<Grant> {
    let grants: Vec<(At, Grant)> =
        uses(owner).map(|access| (access.name.at, grant(access, faults))).collect();
    for (at, grant) in &grants {
        let writes = [&grant.create, &grant.update, &grant.delete];
        let reads = |role: Option<&Arc<str>>| {
            grants.iter().any(|(_, other)| {
                let fits = match (&other.roles, role) {
                    (None, _) => true,
                    (Some(roles), Some(role)) => roles.contains(role),
                    (Some(_), None) => false,
                };
                fits && other.read != Allowed::Never
            })
        };
        let blind = match &grant.roles {
            None => !reads(None),
            Some(roles) => roles.iter().any(|role| !reads(Some(role))),
        };
        if blind && writes.into_iter().any(|allowed| *allowed != Allowed::Never) {
            let message = format!("who writes a `{}` by this rule can read none", owner.name());
            let help = "add `read`: only documents that can be read can be written, and each write shows its document";
            faults.add(*at, "access-blind", message, help);
        }
    }
    grants.into_iter().map(|(_, grant)| grant).collect()
}

fn uses<'a>(owner: &Owner<'a>) -> impl Iterator<Item = &'a Directive> {
    owner.definition.directives.iter().filter(|directive| directive.name.node == "access")
}

fn grant(access: &Directive, faults: &mut SchemaFaults) -> Grant {
    let roles = roles(access, faults);
    let mut rule = |name| access.argument(name).map(|given| allowed(given, faults));
    let (read, write) = (rule("read"), rule("write"));
    let [create, update, delete] = ["create", "update", "delete"].map(&mut rule);
    let or_write = |own: Option<Allowed>| own.or_else(|| write.clone()).unwrap_or(Allowed::Never);
    let grant = Grant {
        roles,
        create: or_write(create),
        update: or_write(update),
        delete: or_write(delete),
        read: read.unwrap_or(Allowed::Never),
    };
    if grant.all().into_iter().all(|allowed| *allowed == Allowed::Never) {
        let help = "what no rule allows is refused already: remove this one, or add `read` or `write`";
        faults.add(access.name.at, "access-nothing", "this rule allows nothing", help);
    }
    grant
}

/// The roles that an `@access` names.
pub(super) fn roles(access: &Directive, faults: &mut SchemaFaults) -> Option<Vec<Arc<str>>> {
    let given = access.argument("roles")?;
    let mut roles: Vec<Arc<str>> =
        given.items().iter().filter_map(|role| role.node.as_str()).map(Arc::from).collect();
    if roles.is_empty() || roles.iter().any(|role| role.is_empty()) {
        let help = "name the roles, or leave `roles` out for everybody";
        faults.add(given.at, "access-roles", "this names no role", help);
    }
    roles.sort_unstable();
    roles.dedup();
    Some(roles)
}

/// What an argument of an `@access` allows.
pub(super) fn allowed(given: &Spanned<Literal>, faults: &mut SchemaFaults) -> Allowed {
    match &given.node {
        Literal::Boolean(true) => Allowed::Always,
        Literal::Boolean(false) => Allowed::Never,
        Literal::Object(_) | Literal::List(_) => {
            let mut conditions = Vec::new();
            for item in given.items() {
                match (&item.node, CONDITION.json(item, faults)) {
                    (Literal::Object(_), Some(filter)) => {
                        conditions.push(AccessCondition { at: item.at, filter })
                    }
                    (Literal::Object(_), None) => {}
                    (other, _) => {
                        let message = format!("a condition is an object, not {}", other.describe());
                        let help = "write a filter as in `where`: {ownerId: {eq: \"$viewer.sub\"}}";
                        faults.add(item.at, "access-condition", message, help);
                    }
                }
            }
            if given.items().is_empty() {
                let help = "write `false` for no document, `true` for all, or a condition";
                faults.add(given.at, "access-condition", "there is no condition in this list", help);
            }
            Allowed::If(conditions)
        }
        // Reported with the other arguments of directives.
        _ => Allowed::Always,
    }
}

/// What stands for a claim has its name.
const CONDITION: Reading = Reading {
    code: "access-condition",
    variable: ("a rule has no variables", "write a claim of the viewer in quotes: \"$viewer.sub\""),
    repeated: "keep one, or write `and: [{...}, {...}]`",
    text: |text| match text.starts_with('$') && !is_claim(text) {
        true => Err((format!("{} stands for no claim", quote(text)), "a claim is written \"$viewer.name\"")),
        false => Ok(()),
    },
};

fn is_claim(text: &str) -> bool {
    text.strip_prefix(CLAIM).is_some_and(|name| !name.is_empty())
}
