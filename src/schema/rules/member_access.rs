//! Who may read and write single fields: `@access` and `@owner` on fields and relations.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::access::{allowed, roles};
use super::listed;
use super::shapes::{Member, Owner, Shape};
use crate::schema::diagnostic::SchemaFaults;
use crate::schema::syntax::*;
use crate::schema::{Allowed, Field, Filled, Grant, Kind, MemberAccess, MemberRule, Scalar, is_for};

/// The rules of a collection's fields and relations that have some. `grants`: those of the type.
pub fn members(
    owner: &Owner<'_>,
    fields: &[Field],
    grants: &[Grant],
    faults: &mut SchemaFaults,
) -> BTreeMap<Arc<str>, MemberAccess> {
    let mut found = BTreeMap::new();
    for member in &owner.members {
        // On others, these directives are reported as misplaced.
        let is_field = match member.shape {
            Shape::Stored(_) => true,
            Shape::BelongsTo(_) | Shape::HasMany(_) => false,
            Shape::Id | Shape::Leads | Shape::Broken => continue,
        };
        let field = fields.iter().find(|field| is_field && *field.name == *member.name());
        let mut access = MemberAccess::default();
        for used in member.field.directives.iter().filter(|used| used.name.node == "access") {
            add(&mut access, used, member, field, faults);
        }
        if let (Some(used), Some(field)) = (directive(&member.field.directives, "owner"), field) {
            access.owner = claim(used, member, field, faults);
            access.create.get_or_insert_default();
            access.update.get_or_insert_default();
        }
        let has_rules = access.read.is_some() || access.create.is_some() || access.update.is_some();
        if has_rules {
            found.insert(Arc::from(member.name()), access);
        }
    }
    for field in fields {
        if let (Some(access), Some(member)) = (found.get(&field.name), owner.member(&field.name)) {
            check_required(owner, member, field, (grants, access), faults);
        }
    }
    found
}

/// Adds what one `@access` says.
fn add(
    access: &mut MemberAccess,
    used: &Directive,
    member: &Member<'_>,
    field: Option<&Field>,
    faults: &mut SchemaFaults,
) {
    let name = member.name();
    let mut wrong = |code, argument: &str, why: &str, help: &str| {
        let at = used.arguments.iter().find(|given| given.name.node == argument);
        let at = at.map_or(used.name.at, |given| given.name.at);
        faults.add(at, code, why.to_owned(), help.to_owned());
    };
    if used.argument("delete").is_some() {
        wrong(
            "access-field",
            "delete",
            "documents are deleted, not fields",
            "put it on the type, or remove it",
        );
    }
    for argument in ["write", "create", "update"] {
        let why = match field.map(|field| field.filled) {
            _ if used.argument(argument).is_none() => continue,
            Some(Filled::ByClient) => continue,
            Some(_) => format!("nobody writes `{name}` through the API"),
            None => format!("nobody writes the relation `{name}`, which is not stored"),
        };
        let help = if field.is_some() { "remove it" } else { "put it on the key" };
        wrong("access-field", argument, &why, help);
    }
    if used.arguments.iter().all(|given| given.name.node == "roles") {
        let help = "say who may read the field or write it: `read: true`, `write: false`, or a condition";
        wrong("access-nothing", "", "this rule says nothing", help);
    }
    let roles = roles(used, faults);
    let mut rule = |name| {
        let allowed = used.argument(name).map(|given| allowed(given, faults))?;
        Some(MemberRule { roles: roles.clone(), allowed })
    };
    let (read, write) = (rule("read"), rule("write"));
    let [create, update] = ["create", "update"].map(&mut rule).map(|own| own.or_else(|| write.clone()));
    for (rules, new) in [(&mut access.read, read), (&mut access.create, create), (&mut access.update, update)]
    {
        if let Some(new) = new {
            rules.get_or_insert_default().push(new);
        }
    }
}

/// The claim that fills a field.
fn claim(
    used: &Directive,
    member: &Member<'_>,
    field: &Field,
    faults: &mut SchemaFaults,
) -> Option<Arc<str>> {
    let fits = match &field.ty.kind {
        Kind::Scalar(scalar) => *scalar != Scalar::Json,
        Kind::Enum(_) => true,
        Kind::Embedded(_) => false,
    };
    if !fits {
        let message = format!("a claim cannot fill `{}`", field.name);
        faults.add(
            used.name.at,
            "owner-type",
            message,
            "put it on a field that holds a scalar, such as `String!`",
        );
    }
    if field.filled != Filled::ByClient || directive(&member.field.directives, "default").is_some() {
        let message = format!("`{}` is filled otherwise already", field.name);
        faults.add(used.name.at, "owner-filled", message, "keep one of the two");
    }
    let claim = used.string("claim")?;
    if claim.node.is_empty() {
        faults.add(claim.at, "owner-claim", "this names no claim", "name one, such as \"sub\"");
    }
    Some(claim.node.into())
}

/// Checks that whoever may create documents of the type may give the value that each of them has to have.
fn check_required(
    owner: &Owner<'_>,
    member: &Member<'_>,
    field: &Field,
    (grants, access): (&[Grant], &MemberAccess),
    faults: &mut SchemaFaults,
) {
    let has_default = directive(&member.field.directives, "default").is_some();
    let Some(rules) = access.create.as_ref().filter(|_| access.owner.is_none()) else { return };
    if !field.ty.required || has_default {
        return;
    }
    let creates = |had: &[Arc<str>]| {
        grants.iter().any(|grant| is_for(&grant.roles, had) && grant.create != Allowed::Never)
    };
    let gives = |had: &[Arc<str>]| {
        rules.iter().any(|rule| is_for(&rule.roles, had) && rule.allowed != Allowed::Never)
    };
    let named: BTreeSet<Arc<str>> = grants.iter().filter_map(|grant| grant.roles.clone()).flatten().collect();
    let blocked = |had: &[Arc<str>]| creates(had) && !gives(had);
    let who = match blocked(&[]) {
        true => "everybody".to_owned(),
        false => {
            let roles: Vec<Arc<str>> =
                named.into_iter().filter(|role| blocked(std::slice::from_ref(role))).collect();
            if roles.is_empty() {
                return;
            }
            listed(roles.iter().map(|role| &**role))
        }
    };
    let message = format!(
        "{who} may create documents of `{}`, but not give them the `{}` that each of them needs",
        owner.name(),
        field.name
    );
    let help =
        "allow `create` here for the same roles, or add `@default` or `@owner`, or make the field nullable";
    let at = directive(&member.field.directives, "access").map_or(member.field.name.at, |used| used.name.at);
    faults.add(at, "access-required", message, help);
}
