//! What `@partition` says: which documents of a collection are cached together.

use std::collections::HashSet;
use std::sync::Arc;

use super::keys::field_of;
use super::shapes::Owner;
use super::types::Class;
use crate::schema::diagnostic::{SchemaFaults, quote};
use crate::schema::syntax::*;
use crate::schema::{Field, FieldType, Filled, Kind, Partition, Scalar};

/// Documents of a partition at the most: the default, and the most that a file may say. A partition is read as a whole.
const MAX: u64 = 5_000;
const LARGEST: u64 = 50_000;
/// Fields at the most: each is a part of what identifies a partition.
const FIELDS: usize = 8;

/// Reports partitions of types that have no documents of their own.
pub fn check_places(owners: &[Owner<'_>], faults: &mut SchemaFaults) {
    for owner in owners.iter().filter(|owner| owner.class == Class::Embedded) {
        if let Some(partition) = directive(&owner.definition.directives, "partition") {
            let message = format!("`@partition` is for collections, and `{}` is none", owner.name());
            let help = "put it on the collection whose documents are to be cached together";
            faults.add(partition.name.at, "partition-place", message, help);
        }
    }
}

/// The partitions of a collection, if it has some.
pub fn partition(owner: &Owner<'_>, fields: &[Field], faults: &mut SchemaFaults) -> Option<Partition> {
    let partition = directive(&owner.definition.directives, "partition")?;
    let max = max(partition, faults);
    let value = partition.argument("by")?;
    let items = value.items();
    if items.is_empty() || items.len() > FIELDS {
        let message = format!("`by` names {} fields", items.len());
        let help = format!("name at least one field and at most {FIELDS}");
        faults.add(value.at, "partition-fields", message, help);
        return None;
    }
    let (mut by, mut seen): (Vec<Arc<str>>, _) = (Vec::new(), HashSet::new());
    for item in items {
        let Some(name) = item.node.as_str() else { continue };
        if !seen.insert(name) {
            let message = format!("the field {} is named twice", quote(name));
            faults.add(item.at, "partition-fields", message, "name each field once");
        } else if let Some(field) = field_of(owner, fields, item.at, name, faults) {
            match unfit(field) {
                None => by.push(field.name.clone()),
                Some(reason) => {
                    let message = format!("documents cannot be partitioned by `{name}`: it {reason}");
                    let help = "name single scalars and enums that documents have in common";
                    faults.add(item.at, "partition-fields", message, help);
                }
            }
        }
    }
    Some(Partition { by, max })
}

/// Why a field cannot tell documents that belong together from others, if it cannot.
pub fn unfit(field: &Field) -> Option<&'static str> {
    match &field.ty {
        _ if field.filled == Filled::Version => Some("is the document's version"),
        _ if field.filled == Filled::UpdatedAt => Some("changes with every update"),
        FieldType { list: Some(_), .. } => Some("is a list"),
        FieldType { kind: Kind::Embedded(_), .. } => Some("is an embedded object"),
        FieldType { kind: Kind::Scalar(Scalar::Json), .. } => Some("is JSON"),
        _ => None,
    }
}

fn max(partition: &Directive, faults: &mut SchemaFaults) -> u64 {
    let Some(value) = partition.argument("max") else { return MAX };
    let Literal::Int(digits) = &value.node else { return MAX };
    match digits.parse::<u64>() {
        Ok(max) if (1..=LARGEST).contains(&max) => max,
        _ => {
            let message = format!("`max` is {digits}");
            let help = format!("write a number from 1 to {LARGEST}; without it, it is {MAX}");
            faults.add(value.at, "partition-max", message, help);
            MAX
        }
    }
}
