//! Bounds that a field of the parent gives: `@range(minOf)` and `@range(maxOf)`.

use std::collections::HashMap;
use std::sync::Arc;

use super::did_you_mean;
use super::shapes::{Owner, Shape};
use super::types::Class;
use crate::schema::diagnostic::SchemaFaults;
use crate::schema::syntax::*;
use crate::schema::{BoundSide, Field, Filled, Kind, ParentBound, Scalar};

/// The bounds of one field. `stored` has the stored fields of all types.
pub fn of(
    owner: &Owner<'_>,
    field: &Field,
    stored: &HashMap<&str, Vec<Field>>,
    faults: &mut SchemaFaults,
) -> Vec<ParentBound> {
    let range = owner.member(&field.name).and_then(|member| directive(&member.field.directives, "range"));
    let Some(range) = range else { return Vec::new() };
    let sides = [("minOf", BoundSide::Min), ("maxOf", BoundSide::Max)];
    let bound = |(argument, side)| {
        let path = range.string(argument)?;
        match bound(owner, field, side, path.node, stored) {
            Ok(bound) => bound,
            Err((message, help)) => {
                faults.add(path.at, "range-parent", message, help);
                None
            }
        }
    };
    sides.into_iter().filter_map(bound).collect()
}

/// The bound that a path gives, or what is wrong with the path and what to write instead. `None` when the fault is
/// reported elsewhere.
fn bound(
    owner: &Owner<'_>,
    field: &Field,
    side: BoundSide,
    path: &str,
    stored: &HashMap<&str, Vec<Field>>,
) -> Result<Option<ParentBound>, (String, String)> {
    if owner.class == Class::Embedded {
        let message = "an embedded type has no parent".to_owned();
        return Err((message, "put the field on the type with `@collection`".to_owned()));
    }
    let parents = || owner.names(|shape| matches!(shape, Shape::BelongsTo(_)));
    let relation_of_this = || match parents().next() {
        Some(relation) => format!("write a relation with `@belongsTo` and a field: `{relation}.size`"),
        None => format!("add a relation with `@belongsTo` to `{}`", owner.name()),
    };
    let Some((relation, name)) = path.split_once('.').filter(|(_, name)| !name.contains('.')) else {
        return Err((format!("`{path}` is no field of a parent"), relation_of_this()));
    };
    let Some(member) = owner.member(relation) else {
        let message = format!("`{}` has no relation `{relation}`", owner.name());
        return Err((message, did_you_mean(relation, parents(), &relation_of_this())));
    };
    let directive = match &member.shape {
        Shape::BelongsTo(directive) => directive,
        Shape::Broken => return Ok(None),
        _ => return Err((format!("`{relation}` does not lead to a parent"), relation_of_this())),
    };
    let parent = member.target();
    let fields = stored.get(parent).map_or(&[][..], Vec::as_slice);
    let Some(other) = fields.iter().find(|other| *other.name == *name) else {
        let known = fields.iter().filter(|other| comparable(field, other)).map(|other| &*other.name);
        let message = format!("`{parent}` has no stored field `{name}`");
        return Err((message, did_you_mean(name, known, &format!("name a stored field of `{parent}`"))));
    };
    if !comparable(field, field) {
        return Ok(None);
    }
    if !comparable(field, other) {
        let message = format!("`{name}` of `{parent}` cannot bound `{}`: their types differ", field.name);
        let help =
            "bound a number by a number, a DateTime by a DateTime, a Date by a Date; `@version` is no bound";
        return Err((message, help.to_owned()));
    }
    let Some(key) = directive.string("field") else { return Ok(None) };
    let (relation, parent, name) = (Arc::from(relation), Arc::from(parent), other.name.clone());
    Ok(Some(ParentBound { side, relation, key: Arc::from(key.node), parent, field: name }))
}

/// Whether values of one field can be compared with values of the other.
fn comparable(field: &Field, other: &Field) -> bool {
    let scalar = |field: &Field| match (&field.ty.kind, field.ty.list) {
        (Kind::Scalar(scalar), None) if field.filled != Filled::Version => Some(*scalar),
        _ => None,
    };
    let number = |scalar| matches!(scalar, Scalar::Int | Scalar::Long | Scalar::Float | Scalar::Decimal);
    match (scalar(field), scalar(other)) {
        (Some(a), Some(b)) => {
            (number(a) && number(b)) || (a == b && matches!(a, Scalar::DateTime | Scalar::Date))
        }
        _ => false,
    }
}
