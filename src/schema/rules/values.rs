//! Constraints on stored values: `@range`, `@length`, `@pattern`, `@default`.

use std::cmp::Ordering;

use bson::Bson;
use regex::RegexBuilder;

use super::literals::{Meanings, compare, scalar};
use crate::schema::diagnostic::SchemaFaults;
use crate::schema::syntax::*;
use crate::schema::{Field, FieldType, IdKind, Kind, Scalar};

/// Bytes that a compiled `@pattern` may take.
const MAX_PATTERN: usize = 1 << 20;

/// The scalar of a field that is neither a list nor of another kind.
fn single(ty: &FieldType) -> Option<Scalar> {
    match (&ty.kind, ty.list) {
        (Kind::Scalar(scalar), None) => Some(*scalar),
        _ => None,
    }
}

/// The bounds that `@range` gives.
pub fn range(
    field: &FieldDefinition,
    ty: &FieldType,
    faults: &mut SchemaFaults,
) -> (Option<Bson>, Option<Bson>) {
    const ORDERED: [Scalar; 6] =
        [Scalar::Int, Scalar::Long, Scalar::Float, Scalar::Decimal, Scalar::DateTime, Scalar::Date];
    let Some(range) = directive(&field.directives, "range") else { return (None, None) };
    let Some(kind) = single(ty).filter(|kind| ORDERED.contains(kind)) else {
        let message = format!("`@range` cannot bound a value of type `{}`", field.ty);
        let help =
            "use it on Int, Long, Float, Decimal, DateTime or Date; `@length` bounds strings and lists";
        faults.add(range.name.at, "range-type", message, help);
        return (None, None);
    };
    let mut bound = |name: &str| {
        let value = range.argument(name)?;
        let literal = match &value.node {
            Literal::String(text) if kind == Scalar::Int => Literal::Int(text.clone()),
            Literal::String(text) if kind == Scalar::Float => Literal::Float(text.clone()),
            other => other.clone(),
        };
        scalar(&literal, kind, IdKind::String)
            .map_err(|expected| {
                let message = format!("`{name}` does not fit a field of type `{}`", kind.name());
                faults.add(value.at, "range-bound", message, format!("write {expected}"));
            })
            .ok()
    };
    let (min, max) = (bound("min"), bound("max"));
    check_bounds(range, min.as_ref().zip(max.as_ref()).and_then(|(min, max)| compare(min, max)), faults);
    (min, max)
}

/// The bounds that `@length` gives.
pub fn length(
    field: &FieldDefinition,
    ty: &FieldType,
    faults: &mut SchemaFaults,
) -> (Option<u64>, Option<u64>) {
    let Some(length) = directive(&field.directives, "length") else { return (None, None) };
    if ty.list.is_none() && single(ty) != Some(Scalar::String) {
        let message = format!("`@length` cannot bound a value of type `{}`", field.ty);
        faults.add(
            length.name.at,
            "length-type",
            message,
            "use it on strings and lists; `@range` bounds numbers",
        );
        return (None, None);
    }
    let mut bound = |name: &str| {
        let value = length.argument(name)?;
        let Literal::Int(digits) = &value.node else { return None };
        if digits.starts_with('-') {
            let message = format!("`{name}` is negative, which no length is");
            faults.add(value.at, "length-bound", message, "write 0 or more, or leave it out");
        }
        digits.parse().ok()
    };
    let (min, max): (Option<u64>, Option<u64>) = (bound("min"), bound("max"));
    check_bounds(length, min.zip(max).map(|(min, max)| min.cmp(&max)), faults);
    (min, max)
}

fn check_bounds(directive: &Directive, min_to_max: Option<Ordering>, faults: &mut SchemaFaults) {
    let Name { at, node: name } = &directive.name;
    let given = directive.arguments.iter().any(|argument| !matches!(argument.value.node, Literal::Null));
    if !given {
        let message = format!("`@{name}` has neither `min` nor `max`");
        faults.add(
            *at,
            "empty-bounds",
            message,
            format!("write `@{name}(min: ..., max: ...)`, or remove it"),
        );
    } else if min_to_max == Some(Ordering::Greater) {
        faults.add(*at, "crossed-bounds", "`min` is greater than `max`: nothing would fit", "swap them");
    }
}

/// The expression that `@pattern` gives.
pub fn pattern(
    field: &FieldDefinition,
    ty: &FieldType,
    faults: &mut SchemaFaults,
) -> Option<(String, regex::Regex)> {
    let pattern = directive(&field.directives, "pattern")?;
    if single(ty) != Some(Scalar::String) {
        let message = format!("`@pattern` cannot check a value of type `{}`", field.ty);
        faults.add(
            pattern.name.at,
            "pattern-type",
            message,
            "use it on fields of type `String` or `String!`",
        );
        return None;
    }
    let Spanned { at, node: text } = pattern.string("regex")?;
    match RegexBuilder::new(text).size_limit(MAX_PATTERN).build() {
        Ok(regex) => Some((text.to_owned(), regex)),
        Err(error) => {
            // The last line says what is wrong; those before it draw the expression.
            let error = error.to_string();
            let reason = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
            let message = format!("this is no regular expression: {reason}");
            faults.add(at, "pattern-regex", message, "correct it; a backslash in quotes is written `\\\\`");
            None
        }
    }
}

/// The stored value that `@default` gives.
pub fn default(
    field: &FieldDefinition,
    model: &Field,
    meanings: &Meanings<'_>,
    faults: &mut SchemaFaults,
) -> Option<Bson> {
    let value = directive(&field.directives, "default")?.argument("value")?;
    match meanings.stored(value, model) {
        Ok(stored) => Some(stored),
        Err(misfit) => {
            faults.add(misfit.at, "default-value", misfit.message, misfit.help);
            None
        }
    }
}
