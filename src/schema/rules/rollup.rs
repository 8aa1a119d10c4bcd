//! What `@rollup` says: figures about the documents of a collection that share the values of some fields.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::keys::field_of;
use super::lengths::seconds;
use super::shapes::{Owner, Shape};
use super::{did_you_mean, listed, partition};
use crate::schema::diagnostic::{SchemaFaults, quote};
use crate::schema::syntax::*;
use crate::schema::words::lower_camel;
use crate::schema::{Collection, Field, Kind, Rollup, RollupField, RollupWindow, Scalar};

mod measure;

/// Fields of `by` at the most: as many as a partition has.
const FIELDS: usize = 8;

/// The rows of a rollup: their type, and how it is written.
type Rows<'s, 'a> = (&'s Collection, &'s Owner<'a>);

/// The rollup that a type is; `fields` are its fields.
pub fn rollup(
    owner: &Owner<'_>,
    fields: Vec<Field>,
    collections: &[(Arc<Collection>, &Owner<'_>)],
    faults: &mut SchemaFaults,
) -> Option<Rollup> {
    check_alone(owner, faults);
    let rollup = directive(&owner.definition.directives, "rollup")?;
    let rows = rows(rollup, collections, faults)?;
    let by = by(rollup, rows, faults);
    let window = rollup.argument("window").and_then(|window| self::window(window, rows, faults));
    let time_zone = time_zone(rollup, faults);
    let common = measure::Common { rows: rows.0, by: &by, window: window.as_ref() };
    let field = |mut field: Field| {
        let member = owner.member(&field.name).filter(|member| matches!(member.shape, Shape::Stored(_)))?;
        let measure = measure::measure(member, &field, &common, faults)?;
        let source = measure.source().or(Some(&field.name)).and_then(|name| rows.0.field(name));
        field.references = source.and_then(|source| source.references.clone());
        Some(RollupField { field, measure })
    };
    let fields: Vec<RollupField> = fields.into_iter().filter_map(field).collect();
    Some(Rollup {
        name: owner.name().into(),
        description: owner.definition.description.clone(),
        query: lower_camel(owner.name()),
        of: rows.0.name.clone(),
        by,
        window,
        time_zone,
        fields,
    })
}

/// Reports directives that have no effect on types that are not stored.
fn check_alone(owner: &Owner<'_>, faults: &mut SchemaFaults) {
    for Directive { name, .. } in &owner.definition.directives {
        let known = ["access", "emit", "index", "partition", "ttl", "unique"];
        if known.contains(&name.node.as_str()) {
            let message = format!("`@{}` has no effect on `{}`, a rollup", name.node, owner.name());
            let help =
                "put it on the type whose documents are its rows; what holds for them holds for the rollup";
            faults.add(name.at, "rollup-alone", message, help);
        }
    }
}

/// The type of the rows, which has partitions.
fn rows<'s, 'a>(
    rollup: &Directive,
    collections: &'s [(Arc<Collection>, &'s Owner<'a>)],
    faults: &mut SchemaFaults,
) -> Option<Rows<'s, 'a>> {
    let of = rollup.string("of")?;
    let Some((rows, owner)) = collections.iter().find(|(collection, _)| *collection.name == *of.node) else {
        let known = collections.iter().map(|(collection, _)| &*collection.name);
        let message = format!("there is no collection {}", quote(of.node));
        faults.add(
            of.at,
            "rollup-of",
            message,
            did_you_mean(of.node, known, "name a type with `@collection`"),
        );
        return None;
    };
    Some((rows, owner))
}

fn by(rollup: &Directive, (rows, owner): Rows<'_, '_>, faults: &mut SchemaFaults) -> Vec<Arc<str>> {
    let (mut by, mut seen): (Vec<Arc<str>>, _) = (Vec::new(), HashSet::new());
    let Some(value) = rollup.argument("by") else { return by };
    let items = value.items();
    if items.is_empty() || items.len() > FIELDS {
        let message = format!("`by` names {} fields", items.len());
        faults.add(value.at, "rollup-by", message, format!("name at least one field and at most {FIELDS}"));
        return by;
    }
    for item in items {
        let Some(name) = item.node.as_str() else { continue };
        if !seen.insert(name) {
            let message = format!("the field {} is named twice", quote(name));
            faults.add(item.at, "rollup-by", message, "name each field once");
        } else if let Some(field) = field_of(owner, &rows.fields, item.at, name, faults) {
            match partition::unfit(field) {
                None => by.push(field.name.clone()),
                Some(reason) => {
                    let message = format!("rows cannot have `{name}` in common: it {reason}");
                    faults.add(item.at, "rollup-by", message, "name single scalars and enums");
                }
            }
        }
    }
    let together = rows.partition.as_ref().is_some_and(|partition| {
        // Those that are named wrongly are reported already.
        by.len() < items.len() || partition.by.iter().all(|field| by.contains(field))
    });
    // A partition that is written wrongly is reported where it stands.
    let written = directive(&owner.definition.directives, "partition");
    if !together && (rows.partition.is_some() || written.is_none()) {
        let message = match &rows.partition {
            Some(partition) => format!(
                "the rows are not cached together: the partitions of `{}` are by {}",
                rows.name,
                listed(partition.by.iter().map(|field| &**field))
            ),
            None => format!("the rows are not cached together: `{}` has no `@partition`", rows.name),
        };
        let fields: Vec<String> = by.iter().map(|field| format!("\"{field}\"")).collect();
        let help = match rows.partition {
            Some(_) => "name these fields too".to_owned(),
            None => format!("add `@partition(by: [{}])` to `{}`", fields.join(", "), rows.name),
        };
        faults.add(value.at, "rollup-partition", message, help);
    }
    by
}

/// The window that an object says.
fn window(
    value: &Spanned<Literal>,
    (rows, owner): Rows<'_, '_>,
    faults: &mut SchemaFaults,
) -> Option<RollupWindow> {
    let Literal::Object(members) = &value.node else { return None };
    let text = |name: &str| members.iter().find(|(key, _)| key.node == name).map(|(_, value)| value);
    for (key, _) in members.iter().filter(|(key, _)| !["field", "last"].contains(&key.node.as_str())) {
        let message = format!("a window has no {}", quote(&key.node));
        let help = did_you_mean(&key.node, ["field", "last"].into_iter(), "it has `field` and `last`");
        faults.add(key.at, "rollup-window", message, help);
    }
    let (Some(field), Some(last)) = (text("field"), text("last")) else {
        let message = "a window has a field and a time";
        faults.add(value.at, "rollup-window", message, "write `window: {field: \"at\", last: \"7d\"}`");
        return None;
    };
    let length = last.node.as_str().and_then(seconds);
    if length.is_none() {
        let message = "`last` is no length of time";
        let help =
            "write a whole number of at least 1 and a unit, `s`, `m`, `h` or `d`: `7d`; at most 68 years";
        faults.add(last.at, "rollup-window", message, help);
    }
    let name = field.node.as_str().unwrap_or_default();
    let known = field_of(owner, &rows.fields, field.at, name, faults)?;
    if !is_moment(known) {
        let message = format!("rows cannot be in a window by `{name}`, which is no moment");
        faults.add(field.at, "rollup-window", message, "name a field of type `DateTime`");
        return None;
    }
    let window = RollupWindow { field: known.name.clone(), seconds: length? };
    if let Some(ttl) =
        rows.ttl.as_ref().filter(|ttl| ttl.field == window.field && ttl.seconds < window.seconds)
    {
        let message = format!("rows expire before they leave the window, after {} seconds", ttl.seconds);
        let help = format!("choose a shorter window, or a longer `after` in the `@ttl` of `{}`", rows.name);
        faults.add(last.at, "rollup-window", message, help);
    }
    Some(window)
}

fn is_moment(field: &Field) -> bool {
    field.ty.kind == Kind::Scalar(Scalar::DateTime) && field.ty.list.is_none()
}

fn time_zone(rollup: &Directive, faults: &mut SchemaFaults) -> TimeZone {
    let Some(name) = rollup.string("timeZone") else { return TimeZone::UTC };
    TimeZone::get(name.node).unwrap_or_else(|_| {
        let message = format!("there is no time zone {}", quote(name.node));
        let help = "write a name of the IANA time zone database, for example \"Europe/Paris\" or \"UTC\"";
        faults.add(name.at, "rollup-time-zone", message, help);
        TimeZone::UTC
    })
}
