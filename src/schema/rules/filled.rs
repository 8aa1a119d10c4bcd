//! What fills a field: the client, the clock, the version counter, or nothing through the API.

use super::shapes::{Owner, Shape};
use crate::schema::diagnostic::SchemaFaults;
use crate::schema::syntax::*;
use crate::schema::{FieldType, Filled, Kind, Scalar};

/// The directives that say it.
const FILLERS: [(&str, Filled); 4] = [
    ("createdAt", Filled::CreatedAt),
    ("updatedAt", Filled::UpdatedAt),
    ("version", Filled::Version),
    ("readOnly", Filled::ReadOnly),
];

/// Who fills the field.
pub fn by(field: &FieldDefinition) -> Filled {
    let filler = FILLERS.iter().find(|(name, _)| directive(&field.directives, name).is_some());
    filler.map_or(Filled::ByClient, |(_, filled)| *filled)
}

/// Checks the fields of a type.
pub fn check(owner: &Owner<'_>, faults: &mut SchemaFaults) {
    let mut seen: Vec<(Filled, &str)> = Vec::new();
    for member in &owner.members {
        let Shape::Stored(ty) = &member.shape else { continue };
        let name = member.name();
        let mut fillers = member.field.directives.iter().filter_map(|directive| {
            let (_, filled) = FILLERS.iter().find(|(name, _)| *name == directive.name.node)?;
            Some((directive, *filled))
        });
        let Some((first, filled)) = fillers.next() else { continue };
        if let Some((second, _)) = fillers.next() {
            let message =
                format!("`{name}` cannot have both `@{}` and `@{}`", first.name.node, second.name.node);
            faults.add(second.name.at, "two-fillers", message, "keep one of them");
        }
        if filled == Filled::ReadOnly {
            continue;
        }
        check_type(first, filled, ty, member.field, faults);
        for other in &member.field.directives {
            if matches!(other.name.node.as_str(), "default" | "range" | "length" | "pattern") {
                let message =
                    format!("`@{}` has no effect: `@{}` fills `{name}`", other.name.node, first.name.node);
                faults.add(other.name.at, "filled-field", message, "remove one of them");
            }
        }
        match seen.iter().find(|(other, _)| *other == filled) {
            Some((_, other)) => {
                let message = format!("`{other}` has `@{}` already", first.name.node);
                faults.add(first.name.at, "repeated-filler", message, "keep one such field in a type");
            }
            None => seen.push((filled, name)),
        }
    }
}

fn check_type(
    by: &Directive,
    filled: Filled,
    ty: &FieldType,
    field: &FieldDefinition,
    faults: &mut SchemaFaults,
) {
    let (fits, expected) = match filled {
        Filled::Version => {
            (ty.required && matches!(ty.kind, Kind::Scalar(Scalar::Int | Scalar::Long)), "`Int!` or `Long!`")
        }
        _ => (ty.kind == Kind::Scalar(Scalar::DateTime), "`DateTime!` or `DateTime`"),
    };
    if !fits || ty.list.is_some() {
        let message = format!("`@{}` cannot fill a field of type `{}`", by.name.node, field.ty);
        faults.add(field.ty.at, "filler-type", message, format!("write {expected}"));
    }
}
