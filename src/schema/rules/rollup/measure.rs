//! How a field of a rollup is computed, and whether its type can hold that.

use std::sync::Arc;

use super::is_moment;
use crate::schema::diagnostic::{SchemaFaults, quote};
use crate::schema::rules::lengths::seconds;
use crate::schema::rules::shapes::{MEASURES, Member};
use crate::schema::rules::{did_you_mean, partition};
use crate::schema::syntax::*;
use crate::schema::{Collection, Field, Kind, Measure, RollupWindow, Scalar, TimeUnit};

/// What all fields of a rollup have in common.
pub struct Common<'s> {
    /// The type of the rows.
    pub rows: &'s Collection,
    /// The fields that the rows share.
    pub by: &'s [Arc<str>],
    /// The window.
    pub window: Option<&'s RollupWindow>,
}

/// The measure of a field of a rollup.
pub fn measure(
    member: &Member<'_>,
    field: &Field,
    common: &Common<'_>,
    faults: &mut SchemaFaults,
) -> Option<Measure> {
    let is_measure = |directive: &&Directive| MEASURES.contains(&directive.name.node.as_str());
    let mut measures = member.field.directives.iter().filter(is_measure);
    let Some(directive) = measures.next() else { return key(member, field, common, faults) };
    if let Some(second) = measures.next() {
        let message = format!("`{}` would be computed in two ways", field.name);
        faults.add(second.name.at, "rollup-measure", message, "keep one of the directives");
        return None;
    }
    let unit = directive.argument("unit").and_then(|unit| {
        let Literal::Enum(name) = &unit.node else { return None };
        let (unit_of, _) = TimeUnit::ALL.iter().find(|(_, known)| known == name)?;
        Some((unit.at, *unit_of))
    });
    let name = directive.name.node.as_str();
    let by_time = name == "sessions" || name == "countDistinct" && unit.is_some();
    let measure = match name {
        "count" => Measure::Count,
        _ => {
            let rows = source(directive, field, by_time, common, faults)?;
            let source = rows.name.clone();
            match name {
                "countDistinct" => Measure::CountDistinct(source, unit.map(|(_, unit)| unit)),
                "sum" => Measure::Sum(source),
                "min" => Measure::Min(source),
                "max" => Measure::Max(source),
                "avg" => Measure::Avg(source),
                "mode" => Measure::Mode(source),
                _ => sessions(directive, source, unit, faults)?,
            }
        }
    };
    check_type(member, field, &measure, common, faults).then_some(measure)
}

/// A field that says nothing of how it is computed has what the rows share.
fn key(
    member: &Member<'_>,
    field: &Field,
    common: &Common<'_>,
    faults: &mut SchemaFaults,
) -> Option<Measure> {
    if !common.by.contains(&field.name) {
        let message = format!("nothing says how `{}` is computed", field.name);
        let help = "add `@count`, `@countDistinct`, `@sum`, `@min`, `@max`, `@avg`, `@mode` or `@sessions`, or name it in `by`";
        faults.add(member.field.name.at, "rollup-measure", message, help);
        return None;
    }
    check_type(member, field, &Measure::Key, common, faults).then_some(Measure::Key)
}

/// The field of the rows that a measure looks at.
fn source<'s>(
    directive: &Directive,
    field: &Field,
    by_time: bool,
    common: &Common<'s>,
    faults: &mut SchemaFaults,
) -> Option<&'s Field> {
    let given = directive.string("field");
    let (at, name) = match (&given, by_time, common.window) {
        (Some(given), ..) => (given.at, given.node),
        (None, true, Some(window)) => (directive.name.at, &*window.field),
        (None, ..) => (directive.name.at, &*field.name),
    };
    let Some(found) = common.rows.field(name) else {
        let known = common.rows.fields.iter().map(|field| &*field.name);
        let message = format!("`{}` has no stored field {}", common.rows.name, quote(name));
        let otherwise = format!("write `@{}(field: ...)` with a field of the rows", directive.name.node);
        faults.add(at, "rollup-source", message, did_you_mean(name, known, &otherwise));
        return None;
    };
    let measure = directive.name.node.as_str();
    let number =
        matches!(found.ty.kind, Kind::Scalar(Scalar::Int | Scalar::Long | Scalar::Float | Scalar::Decimal));
    let (fits, wanted) = match measure {
        "sum" | "avg" => (number, "a number"),
        _ if by_time => (is_moment(found), "a moment, `DateTime`"),
        _ => (true, "a single scalar or enum"),
    };
    if !fits || partition::unfit(found).is_some_and(|_| !is_moment(found)) {
        let message = format!("`@{measure}` cannot look at `{name}`, which is not {wanted}");
        faults.add(at, "rollup-source", message, format!("name a field of `{}` that is", common.rows.name));
        return None;
    }
    Some(found)
}

fn sessions(
    directive: &Directive,
    field: Arc<str>,
    unit: Option<(At, TimeUnit)>,
    faults: &mut SchemaFaults,
) -> Option<Measure> {
    let given = directive.string("gap")?;
    let gap = seconds(given.node);
    if gap.is_none() {
        let message = format!("{} is no length of time", quote(given.node));
        let help =
            "write a whole number of at least 1 and a unit, `s`, `m`, `h` or `d`: `30m`; at most 68 years";
        faults.add(given.at, "rollup-sessions", message, help);
    }
    let (at, unit) = unit.unwrap_or((directive.name.at, TimeUnit::Minute));
    if unit.millis().is_none() {
        let message = "sessions are not counted in weeks, months or years";
        faults.add(at, "rollup-sessions", message, "write `SECOND`, `MINUTE`, `HOUR` or `DAY`");
        return None;
    }
    Some(Measure::Sessions { field, gap: gap?, unit })
}

/// Reports a field whose type cannot hold its figure.
fn check_type(
    member: &Member<'_>,
    field: &Field,
    measure: &Measure,
    common: &Common<'_>,
    faults: &mut SchemaFaults,
) -> bool {
    let source = measure.source().unwrap_or(&field.name);
    let of_source = common.rows.field(source).map(|source| source.ty.kind.clone());
    let scalar = Kind::Scalar;
    let (kinds, nullable) = match measure {
        Measure::Key => (of_source.into_iter().collect(), false),
        Measure::Count | Measure::CountDistinct(..) | Measure::Sessions { .. } => {
            (vec![scalar(Scalar::Int), scalar(Scalar::Long)], false)
        }
        Measure::Sum(_) => match of_source {
            Some(Kind::Scalar(Scalar::Int | Scalar::Long)) => (vec![scalar(Scalar::Long)], false),
            other => (other.into_iter().collect(), false),
        },
        Measure::Avg(_) => match of_source {
            Some(Kind::Scalar(Scalar::Decimal)) => (vec![scalar(Scalar::Decimal)], true),
            _ => (vec![scalar(Scalar::Float)], true),
        },
        Measure::Min(_) | Measure::Max(_) | Measure::Mode(_) => (of_source.into_iter().collect(), true),
    };
    let fits = kinds.contains(&field.ty.kind) && field.ty.list.is_none();
    let wrong = if !fits {
        format!("`{}` cannot be `{}`", field.name, member.field.ty)
    } else if nullable && field.ty.required {
        format!("`{}` is null where there are no rows", field.name)
    } else {
        return true;
    };
    let named = kinds.iter().map(|kind| {
        let name = match kind {
            Kind::Scalar(scalar) => scalar.name(),
            Kind::Enum(name) | Kind::Embedded(name) => name,
        };
        format!("`{name}{}`", if nullable { "" } else { "!" })
    });
    let help = format!("write {}", named.collect::<Vec<_>>().join(" or "));
    faults.add(member.field.ty.at, "rollup-type", wrong, help);
    false
}
